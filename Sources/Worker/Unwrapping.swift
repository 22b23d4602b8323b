import AMQPClient
import Detainers

/// Takes a message out of what it was sent in: gzip, a CloudEvents object, or headers of CloudEvents.
///
/// What comes out is the same however it was sent, and so is its content key. Signatures are over the body as it was
/// sent, and are judged before.
enum Unwrapping {
    static func message(
        in sent: Message, by contract: IntakeContract
    ) throws(ContractError) -> IntakeMessage {
        let body = try unpacked(sent)
        let form = IntakeForm(contentType: sent.properties.contentType)
        switch form {
        case .unreadable(let why):
            throw ContractError(reason: .wrongEncoding, path: "properties/content_type", explanation: why)
        case .message: try checkHeaders(sent.properties.headers)
        case .event: break
        }
        return try contract.read(body, as: form)
    }

    private static func unpacked(_ sent: Message) throws(ContractError) -> [UInt8] {
        guard let encoding = sent.properties.contentEncoding else { return sent.body }
        switch encoding.lowercased() {
        case "", "utf-8", "identity": return sent.body
        case "gzip": break
        default: throw wrongEncoding("send plain UTF-8, or gzip")
        }
        let maximum = RequestContract.maximumBodyBytes
        if sent.body.count > maximum { return sent.body }
        do { return try Gzip.unpacked(sent.body, atMost: maximum) } catch {
            switch error {
            case .tooLarge:
                throw ContractError(
                    reason: .tooLarge, path: "", explanation: "unpacked it is larger than \(maximum) bytes")
            case .cutShort: throw wrongEncoding("the body is cut short: it is no whole gzip")
            case .damaged: throw wrongEncoding("the body is no gzip, or is damaged")
            case .followed: throw wrongEncoding("something stands behind the first gzip member: send one")
            }
        }
    }

    private static func wrongEncoding(_ explanation: String) -> ContractError {
        ContractError(reason: .wrongEncoding, path: "properties/content_encoding", explanation: explanation)
    }

    /// One header of CloudEvents makes the message an event, which has all that an event must have.
    private static func checkHeaders(_ headers: [(String, FieldValue)]) throws(ContractError) {
        var attributes: [CloudEvent.Attribute] = []
        var used: String?
        for (name, value) in headers {
            guard let prefix = CloudEvent.headerPrefixes.first(where: name.hasPrefix) else { continue }
            used = used ?? prefix
            var text: String?
            if case .string(let found) = value { text = found }
            attributes.append(CloudEvent.Attribute(name: String(name.dropFirst(prefix.count)), text: text))
        }
        if let used { try CloudEvent.check(attributes, at: "headers", separator: "/" + used) }
    }
}
