import Foundation

@testable import AMQPClient
@testable import Detainers
@testable import Worker

/// The forms that a message is sent in: the same message in each of them, and a refusal that names places of the form
/// and no value.
enum EventFuzz {
    static func read(_ message: Message) -> Result<IntakeMessage, ContractError> {
        Result { () throws(ContractError) in try Unwrapping.message(in: message, by: .current) }
    }

    static func run(_ bytes: [UInt8]) {
        let sent = message(bytes)
        let found = read(sent)
        check(found == read(sent), "reading is deterministic")
        form(sent.properties.contentType)
        switch found {
        case .success(let message): inEveryForm(message)
        case .failure(let error): refused(error)
        }
        if sent.properties.contentEncoding == nil { likeItsData(sent, found) }
        for body in Marking.bodies(of: sent.body) {
            if case .failure(let error) = read(Message(body: body, properties: sent.properties)) { refused(error) }
        }
    }

    // MARK: - what is sent

    /// The first bytes say what properties there are, the rest is the body.
    private static func message(_ bytes: [UInt8]) -> Message {
        var instructions = Instructions(bytes)
        let kind = instructions.byte()
        var properties = MessageProperties()
        switch kind % 4 {
        case 0: properties.contentType = IntakeForm.eventType
        case 1: properties.contentType = instructions.text()
        default:
            for _ in 0..<instructions.byte() % 8 { properties.headers.append(header(&instructions)) }
        }
        if kind & 64 != 0 { properties.contentEncoding = instructions.text() }
        return Message(body: Array(instructions.rest), properties: properties)
    }

    private static let names = ["specversion", "id", "source", "type", "datacontenttype", "time", "subject"]

    private static func header(_ instructions: inout Instructions) -> (String, FieldValue) {
        let kind = instructions.byte()
        let name = kind & 16 != 0 ? instructions.text() : names[Int(kind & 7) % names.count]
        let prefix = CloudEvent.headerPrefixes[kind & 8 == 0 ? 0 : 1]
        let value: FieldValue =
            switch kind >> 6 {
            case 0: .string(kind & 7 == 0 ? "1.0" : "e")
            case 1: .string(instructions.text())
            case 2: .bytes([instructions.byte()])
            default: .timestamp(UInt64(instructions.byte()))
            }
        return (kind & 32 != 0 ? name : prefix + name, value)
    }

    // MARK: - what holds

    private static func form(_ type: String?) {
        guard let type, type.utf8.allSatisfy({ $0 < 0x80 }) else { return }
        let form = IntakeForm(contentType: type)
        check(form == IntakeForm(contentType: type.uppercased()), "types have no case")
        check(form == IntakeForm(contentType: " " + type + "\t"), "types have no space around them")
    }

    private static func inEveryForm(_ message: IntakeMessage) {
        let body = MessageFuzz.json(message).serialized()
        func same(_ form: String, _ body: [UInt8], _ change: (inout MessageProperties) -> Void) {
            var properties = MessageProperties()
            change(&properties)
            let again = read(Message(body: body, properties: properties))
            check(again == .success(message), "the same message \(form): \(again)")
        }
        same("plain", body) { _ in }
        let attributes = #"{"specversion":"1.0","id":"e","source":"s","type":"t","data":"#
        same("in an event", Array(attributes.utf8) + body + [UInt8(ascii: "}")]) {
            $0.contentType = IntakeForm.eventType
        }
        same("with headers of an event", body) {
            $0.headers = ["specversion", "id", "source", "type"].map {
                ("cloudEvents_" + $0, .string($0 == "specversion" ? "1.0" : "e"))
            }
        }
    }

    static func refused(_ error: ContractError) {
        check(isOurs(error.path), "a path names places of the form: \(error.path)")
        check(error.explanation.utf8.count <= MessageFuzz.longestExplanation, "an explanation is a sentence")
        check(error.explanation.utf8.allSatisfy { (0x20..<0x7f).contains($0) }, "an explanation is ours alone")
        check(!error.explanation.isEmpty, "a refusal says why")
        check(!error.description.contains(Marking.word), "a refusal holds no value")
    }

    private static func isOurs(_ path: String) -> Bool {
        if ["", "headers", "properties/content_type", "properties/content_encoding"].contains(path) { return true }
        for prefix in ["headers/cloudEvents:", "headers/cloudEvents_", "/"] where path.hasPrefix(prefix) {
            if (names + ["data", "data_base64", "dataschema"]).contains(String(path.dropFirst(prefix.count))) {
                return true
            }
        }
        let pointer = path.hasPrefix("/data/") ? String(path.dropFirst("/data".count)) : path
        return pointer == RequestMembers.pointer(pointer)
    }

    /// A structured event is what its `data` is, read by itself.
    private static func likeItsData(_ sent: Message, _ found: Result<IntakeMessage, ContractError>) {
        // Why it is no event, if that is why, is told first.
        guard IntakeForm(contentType: sent.properties.contentType) == .event,
            let data = try? JSONValue.parse(sent.body)["data"]
        else { return }
        let plain = read(Message(body: data.serialized()))
        switch found {
        case .success: check(found == plain, "an event is its data")
        case .failure(let error) where error.path.hasPrefix("/data/"):
            guard case .failure(let other) = plain else {
                broken("what the event is refused for, its data is: \(error)")
            }
            check(
                "/data" + other.path == error.path && other.explanation == error.explanation,
                "both are refused for the same: \(error), \(other)")
        case .failure: break
        }
    }
}
