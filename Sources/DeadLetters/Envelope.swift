import AMQPClient
import Detainers

/// A message's properties and headers as data, so that none of them has an effect on a dead letter's way.
enum Envelope {
    static func json(_ properties: MessageProperties, headersLost: Bool, maximumBytes: Int) -> JSONValue {
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
        let headers = JSONValue.object(
            properties.headers.map { JSONMember(name: $0.0, value: json($0.1)) })
        if headersLost || headers.serialized().count > maximumBytes {
            members.append(JSONMember(name: "headersLost", value: .bool(true)))
        } else {
            members.append(JSONMember(name: "headers", value: headers))
        }
        return .object(members)
    }

    private static func json(_ value: FieldValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .bytes(let bytes): .object([JSONMember(name: "bytes", value: .string(hexadecimal(bytes)))])
        case .int(let number): .number(String(number))
        case .bool(let flag): .bool(flag)
        case .double(let number): number.isFinite ? .number(String(number)) : .string(String(number))
        case .timestamp(let seconds): .object([JSONMember(name: "timestamp", value: .number(String(seconds)))])
        case .table(let fields): .object(fields.map { JSONMember(name: $0.0, value: json($0.1)) })
        case .array(let values): .array(values.map(json))
        case .null: .null
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
