// A CloudEvents 1.0 object as the intake queue takes it.
//
// Structured, content type application/cloudevents+json:
//
//     { "specversion": "1.0", "id": "…", "source": "…", "type": "…", "data": { "schema": "detainer.request/1", … } }
//
// Binary (CloudEvents AMQP binding): the body is the message, each attribute a header whose name has one of two
// prefixes: cloudEvents:specversion or cloudEvents_specversion.
//
// In both forms specversion, id, source and type are required. What else CloudEvents names, and extensions of any name
// of lower-case letters and digits, may stand there; nothing of it is used. `data_base64` is refused: the message
// is JSON.

/// What is asked of the CloudEvent that a message comes in.
///
/// An error names an attribute of CloudEvents or the event as a whole, never a value.
public enum CloudEvent {
    /// An attribute, and its value where that is text.
    public struct Attribute: Sendable {
        public var name: String
        public var text: String?

        public init(name: String, text: String?) {
            self.name = name
            self.text = text
        }
    }

    /// Of headers, as the AMQP binding has them; the second for brokers and clients that take no colon.
    public static let headerPrefixes = ["cloudEvents:", "cloudEvents_"]

    static let required = ["specversion", "id", "source", "type"]
    /// Attributes that CloudEvents itself defines as text.
    private static let texts = required + ["datacontenttype", "dataschema", "subject"]

    /// The message in a structured event.
    static func data(of event: JSONNode) throws(ContractError) -> JSONNode {
        guard let members = event.objectValue else {
            throw ContractError(reason: .schema, path: "", explanation: "must be an object")
        }
        var data: JSONNode?
        var attributes: [Attribute] = []
        for (name, value) in members {
            switch name {
            case "data": data = value
            case "data_base64":
                throw ContractError(
                    reason: .schema, path: "/data_base64", explanation: "is not read: send the message as `data`")
            default: attributes.append(try attribute(name, value.value))
            }
        }
        try check(attributes, at: "", separator: "/")
        guard let data else { throw ContractError(reason: .schema, path: "/data", explanation: "is required") }
        return data
    }

    private static func attribute(_ name: String, _ value: JSONValue) throws(ContractError) -> Attribute {
        switch value {
        case .string(let text): return Attribute(name: name, text: text)
        case .number, .bool: return Attribute(name: name, text: nil)
        // Whatever it says would be lost: it belongs into `data`.
        case .null, .array, .object:
            throw ContractError(
                reason: .schema, path: "", explanation: "has a member beside `data` that is no text, number or boolean")
        }
    }

    /// - Parameters:
    ///   - place: where the attributes are, as an error's path begins.
    ///   - separator: what stands between that and an attribute's name.
    public static func check(
        _ attributes: [Attribute], at place: String, separator: String
    ) throws(ContractError) {
        var known: [String: String?] = [:]
        for attribute in attributes {
            guard !attribute.name.isEmpty, attribute.name.utf8.allSatisfy(isAttributeByte) else {
                throw ContractError(
                    reason: .schema, path: place,
                    explanation: "the name of an attribute of CloudEvents is lower-case letters and digits")
            }
            guard known.updateValue(attribute.text, forKey: attribute.name) == nil else {
                throw ContractError(
                    reason: .schema, path: place, explanation: "an attribute of CloudEvents stands there twice")
            }
        }
        func wrong(_ name: String, _ explanation: String) -> ContractError {
            ContractError(reason: .schema, path: place + separator + name, explanation: explanation)
        }
        for name in texts {
            guard let value = known[name] else {
                if required.contains(name) { throw wrong(name, "is required") }
                continue
            }
            guard let text = value, !text.isEmpty else { throw wrong(name, "must be text, and not empty") }
        }
        if known["specversion"] != "1.0" { throw wrong("specversion", "must be `1.0`") }
        if let type = known["datacontenttype"] ?? nil, !isJSON(type) {
            throw wrong("datacontenttype", "must be `\(IntakeForm.messageType)`")
        }
        // In headers it may be a timestamp.
        if let time = known["time"] ?? nil, Moment(text: time) == nil {
            throw wrong("time", "must be a date and time with an offset (RFC 3339)")
        }
    }

    private static func isJSON(_ type: String) -> Bool {
        type.lowercased().hasPrefix(IntakeForm.messageType) && IntakeForm(contentType: type) == .message
    }

    private static func isAttributeByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
