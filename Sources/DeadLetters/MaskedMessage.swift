public import Detainers
import Foundation

/// A letter's message as it may be shown: shape and closed words stay, everything that could be about a person is
/// covered.
///
/// It names what stays and covers the rest, so that a member nobody thought of is covered too.
public enum MaskedMessage {
    /// Members that stay, where their value is of the kind that it must be.
    private static let open: [String: @Sendable (String) -> Bool] = [
        "schema": isToken, "requestId": isUUID, "revision": isNumber, "receivedBy.agency": isToken,
        "receipt.channel": isWord(Request.Channel.self), "receipt.receivedAt": isMoment, "receipt.foundAt": isMoment,
        "receipt.pages": isNumber, "form.kind": isWord(Request.FormKind.self), "form.formDate": isMoment,
        "form.asks.hold": isWord(Request.Answer.self), "form.asks.transfer": isWord(Request.Answer.self),
        "form.asks.notice": isWord(Request.Answer.self), "form.probableCause": isWord(Request.ProbableCause.self),
        "form.resumeCustody": isWord(Request.Answer.self), "form.defects": isWord(Request.Defect.self),
        "custody.status": isWord(Request.CustodyStatus.self), "custody.eligibleForReleaseAt": isMoment,
        "attachments.kind": isWord(Request.AttachmentKind.self), "attachments.issuer": isWord(Request.Issuer.self),
        "attachments.standing": isWord(Request.Standing.self),
        "attachments.namesSubject": isWord(Request.Answer.self),
        "recordId": isUUID, "kind": isWord(CaseKind.self), "agency": isToken, "happenedAt": isMoment,
        "about.requestId": isUUID, "about.formDate": isMoment,
        "correction.reason": isWord(CaseMessage.CorrectionReason.self),
        "correction.withdrawn": isWord(Request.Answer.self),
        "detail.reason": {
            CaseDetail.LiftReason(rawValue: $0) != nil || CaseDetail.DetentionReason(rawValue: $0) != nil
        },
        "detail.hold": isWord(CaseDetail.PersonsAnswer.self),
        "detail.transfer": isWord(CaseDetail.PersonsAnswer.self),
        "detail.notify": isWord(CaseDetail.PersonsAnswer.self), "detail.basis": isWord(CaseDetail.Paper.self),
        "detail.authority": isWord(CaseDetail.TransferAuthority.self),
        "detail.outcome": isWord(CaseDetail.CustodyEnd.self),
    ]
    private static let openProperties: [String: @Sendable (String) -> Bool] = [
        "contentType": isToken, "contentEncoding": isToken, "messageId": isUUID, "type": isToken,
        "timestamp": isNumber, "deliveryMode": isNumber, "priority": isNumber, "expiration": isNumber,
    ]
    private static let openHeaders: [String: @Sendable (String) -> Bool] = [
        "traceparent": { $0.utf8.count == 55 && $0.allSatisfy { $0.isHexDigit || $0 == "-" } },
        ReplayHistory.header: { ReplayHistory(text: $0) != nil },
    ]

    private static func isWord<Word: RawRepresentable & Sendable>(
        _ type: Word.Type
    ) -> @Sendable (String) -> Bool where Word.RawValue == String {
        { Word(rawValue: $0) != nil }
    }

    @Sendable private static func isMoment(_ text: String) -> Bool { Moment(text: text) != nil }

    @Sendable private static func isNumber(_ text: String) -> Bool {
        text.utf8.count <= 12 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    @Sendable private static func isUUID(_ text: String) -> Bool {
        text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { position, byte in
                [8, 13, 18, 23].contains(position)
                    ? byte == UInt8(ascii: "-") : Character(Unicode.Scalar(byte)).isHexDigit
            }
    }

    /// A name of an office, a schema or a type: lower-case letters, digits and a few signs, no space.
    @Sendable private static func isToken(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (0x30...0x39).contains($0)
                    || "./+-".utf8.contains($0)
            }
    }

    /// The body, indented; `nil` where it is no JSON, of which nothing can be told apart.
    public static func body(_ body: [UInt8]) -> [String]? {
        guard let value = json(body) else { return nil }
        return lines(masked(value), indent: 0, prefix: "", suffix: "")
    }

    /// What an event of CloudEvents says of itself is covered; its data is the message.
    private static func masked(_ value: JSONValue) -> JSONValue {
        guard value["specversion"] != nil, let members = value.objectValue else { return masked(value, path: []) }
        return .object(
            members.map { member in
                member.name == "data"
                    ? JSONMember(name: member.name, value: masked(member.value, path: []))
                    : JSONMember(name: cover(member.name), value: covered(member.value))
            })
    }

    /// The properties and headers that the message had.
    public static func envelope(_ envelope: JSONValue) -> JSONValue {
        guard let members = envelope.objectValue else { return covered(envelope) }
        return .object(
            members.map { member in
                guard member.name == "headers", let headers = member.value.objectValue else {
                    return JSONMember(name: member.name, value: checked(member.value, openProperties[member.name]))
                }
                let shown = headers.map { header in
                    JSONMember(
                        name: openHeaders[header.name] == nil ? cover(header.name) : header.name,
                        value: checked(header.value, openHeaders[header.name]))
                }
                return JSONMember(name: "headers", value: .object(shown))
            })
    }

    /// Shows a message as it is.
    public static func revealed(_ body: [UInt8]) -> [String] {
        if let value = json(body) { return lines(value, indent: 0, prefix: "", suffix: "") }
        guard let text = String(validating: body, as: UTF8.self) else {
            return ["base64: " + Data(body).base64EncodedString()]
        }
        // A message must not steer the terminal that it is shown on.
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.unicodeScalars.map { scalar in
                scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
            }.joined()
        }
    }

    /// A name of an exchange, a key or a program, as any sender may have written it: covered where it is none.
    public static func name(_ text: String) -> String {
        let isName =
            text.utf8.count <= 128
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                    || "./+-_:#*".utf8.contains(byte)
            }
        return isName ? text : cover(text)
    }

    /// A sentence of a worker's, which somebody else may have written: one line, and not without end.
    public static func sentence(_ text: String) -> String {
        let line = text.unicodeScalars.prefix(400).map { scalar in
            scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? "?" : String(scalar)
        }.joined()
        return line.unicodeScalars.count < text.unicodeScalars.count ? line + " …" : line
    }

    private static func json(_ body: [UInt8]) -> JSONValue? {
        // What is no JSON is told by its length alone.
        do { return try JSONValue.parse(body) } catch { return nil }
    }

    private static func masked(_ value: JSONValue, path: [String]) -> JSONValue {
        switch value {
        case .object(let members):
            return .object(
                members.map { member in
                    guard RequestMembers.names.contains(member.name) else {
                        return JSONMember(name: cover(member.name), value: covered(member.value))
                    }
                    return JSONMember(name: member.name, value: masked(member.value, path: path + [member.name]))
                })
        case .array(let values): return .array(values.map { masked($0, path: path) })
        case .null: return value
        // The contract has none: whatever it says, it may be about a person.
        case .bool: return covered(value)
        case .string, .number:
            return checked(value, open[path.joined(separator: ".")])
        }
    }

    private static func checked(_ value: JSONValue, _ isOpen: ((String) -> Bool)?) -> JSONValue {
        switch value {
        case .string(let text), .number(let text): isOpen?(text) == true ? value : covered(value)
        case .null: value
        case .bool, .array, .object: covered(value)
        }
    }

    private static func covered(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(cover(text))
        case .number, .bool: .string("▒▒▒")
        case .null: value
        case .array(let values): .array(values.map(covered))
        case .object(let members):
            .object(members.map { JSONMember(name: cover($0.name), value: covered($0.value)) })
        }
    }

    private static func cover(_ text: String) -> String { text.isEmpty ? "" : "▒▒▒" }

    // MARK: - for people

    private static func lines(_ value: JSONValue, indent: Int, prefix: String, suffix: String) -> [String] {
        let margin = String(repeating: "  ", count: indent) + prefix
        let children: [(String, JSONValue)]
        let (begin, end): (String, String)
        switch value {
        case .object(let members) where !members.isEmpty:
            (begin, end) = ("{", "}")
            children = members.map { (text(.string($0.name)) + ": ", $0.value) }
        case .array(let values) where !values.isEmpty:
            (begin, end) = ("[", "]")
            children = values.map { ("", $0) }
        default: return [margin + text(value) + suffix]
        }
        var lines = [margin + begin]
        for (position, child) in children.enumerated() {
            lines += self.lines(
                child.1, indent: indent + 1, prefix: child.0, suffix: position + 1 < children.count ? "," : "")
        }
        return lines + [String(repeating: "  ", count: indent) + end + suffix]
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.serialized(), as: UTF8.self) }
}
