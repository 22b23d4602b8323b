public import AMQPClient
public import Detainers

/// A message's properties and headers as data, so that none of them has an effect on a dead letter's way.
public enum Envelope {
    /// Headers that could not travel within one frame of 128 KiB are left out, and the envelope says so.
    static let maximumBytes = 65_536

    public static func json(_ properties: MessageProperties, headersLost: Bool) -> JSONValue {
        var members: [JSONMember] = []
        func add(_ name: String, _ value: String?) {
            if let value { members.append(JSONMember(name: name, value: .string(value))) }
        }
        func add(_ name: String, number: (some BinaryInteger)?) {
            if let number { members.append(JSONMember(name: name, value: .number(String(number)))) }
        }
        add("contentType", properties.contentType)
        add("contentEncoding", properties.contentEncoding)
        add("messageId", properties.messageID)
        add("correlationId", properties.correlationID)
        add("type", properties.type)
        add("appId", properties.appID)
        add("userId", properties.userID)
        add("replyTo", properties.replyTo)
        add("expiration", properties.expiration)
        add("timestamp", number: properties.timestamp)
        add("deliveryMode", number: properties.deliveryMode)
        add("priority", number: properties.priority)
        let headers = json(.table(properties.headers))
        if headersLost || !isReadable(headers) {
            members.append(JSONMember(name: "headersLost", value: .bool(true)))
        } else {
            members.append(JSONMember(name: "headers", value: headers))
        }
        return .object(members)
    }

    private static func json(_ value: FieldValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .bytes(let bytes): .object([JSONMember(name: "bytes", value: .string(Hexadecimal.text(bytes)))])
        case .int(let number): .number(String(number))
        case .bool(let flag): .bool(flag)
        case .double(let number): number.isFinite ? .number(String(number)) : .string(String(number))
        case .timestamp(let seconds): .object([JSONMember(name: "timestamp", value: .number(String(seconds)))])
        case .table(let fields): object(fields)
        case .array(let values): .array(values.map(json))
        case .null: .null
        }
    }

    /// Whether it is short enough to travel, and not so deep that nobody could read it back.
    private static func isReadable(_ headers: JSONValue) -> Bool {
        let bytes = headers.serialized()
        guard bytes.count <= maximumBytes else { return false }
        // Read back within two levels more, as a member of the envelope.
        var limits = JSONLimits()
        limits.depth -= 2
        // Only whether it reads is asked, not what is wrong with it.
        return (try? JSONValue.parse(bytes, limits: limits)) != nil
    }

    /// A table may name a field twice, and JSON may not: such a one is written as a list of pairs.
    private static func object(_ fields: [(String, FieldValue)]) -> JSONValue {
        if Set(fields.map { Array($0.0.utf8) }).count == fields.count {
            return .object(fields.map { JSONMember(name: $0.0, value: json($0.1)) })
        }
        return [pairs: .array(fields.map { .array([.string($0.0), json($0.1)]) })]
    }

    private static let pairs = "fields"

    private static func fields(_ value: JSONValue) -> [(String, FieldValue)] {
        let members = value.objectValue ?? []
        guard members.count == 1, members[0].name == pairs, let list = members[0].value.arrayValue else {
            return members.map { ($0.name, field($0.value)) }
        }
        return list.compactMap { pair in
            guard let parts = pair.arrayValue, parts.count == 2, let name = parts[0].stringValue else { return nil }
            return (name, field(parts[1]))
        }
    }

    /// What a replayed message gets back of the properties and headers that it had.
    ///
    /// Left out is what would change its way or its fate: `user_id` (one of another user closes the channel for ever),
    /// `expiration` (it would die of it again), the headers `CC` and `BCC` (they make copies), and what brokers and
    /// ourselves write. It is persistent, whatever it was.
    public static func replayed(_ envelope: JSONValue) -> MessageProperties {
        var properties = MessageProperties()
        properties.contentType = envelope["contentType"]?.stringValue
        properties.contentEncoding = envelope["contentEncoding"]?.stringValue
        properties.messageID = envelope["messageId"]?.stringValue
        properties.correlationID = envelope["correlationId"]?.stringValue
        properties.type = envelope["type"]?.stringValue
        properties.appID = envelope["appId"]?.stringValue
        properties.replyTo = envelope["replyTo"]?.stringValue
        properties.timestamp = envelope["timestamp"]?.intValue.flatMap(UInt64.init(exactly:))
        properties.priority = envelope["priority"]?.intValue.flatMap(UInt8.init(exactly:))
        properties.deliveryMode = 2
        properties.headers = fields(envelope["headers"] ?? .null).filter { !isLeftOut($0.0) }
        return properties
    }

    private static func isLeftOut(_ name: String) -> Bool {
        let lower = name.lowercased()
        return ["cc", "bcc", "x-death", "x-delivery-count", "x-publication"].contains(lower)
            || lower.hasPrefix("x-detainer-") || lower.hasPrefix("x-first-death-") || lower.hasPrefix("x-last-death-")
    }

    private static func field(_ value: JSONValue) -> FieldValue {
        switch value {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .number(let text): return Int64(text).map(FieldValue.int) ?? Double(text).map(FieldValue.double) ?? .null
        case .string(let text): return .string(text)
        case .array(let values): return .array(values.map(field))
        case .object(let members):
            if members.count == 1, let only = members.first {
                if only.name == "bytes", let bytes = only.value.stringValue.flatMap(bytes) { return .bytes(bytes) }
                if only.name == "timestamp", let seconds = only.value.intValue.flatMap(UInt64.init(exactly:)) {
                    return .timestamp(seconds)
                }
            }
            return .table(fields(value))
        }
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[position], let low = digits[position + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
