/// A value in a header table or in the arguments of a declaration.
public enum FieldValue: Sendable, Equatable {
    case string(String)
    /// Bytes, or text that is not UTF-8.
    case bytes([UInt8])
    case int(Int64)
    case bool(Bool)
    case double(Double)
    /// Seconds since 1970.
    case timestamp(UInt64)
    case table([(String, FieldValue)])
    case array([FieldValue])
    case null

    public static func == (left: FieldValue, right: FieldValue) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): a == b
        case (.bytes(let a), .bytes(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.bool(let a), .bool(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.timestamp(let a), .timestamp(let b)): a == b
        case (.table(let a), .table(let b)): a.elementsEqual(b) { $0.0 == $1.0 && $0.1 == $1.1 }
        case (.array(let a), .array(let b)): a == b
        case (.null, .null): true
        default: false
        }
    }
}

/// The properties of a message; one that is nil is absent on the wire.
public struct MessageProperties: Sendable, Equatable {
    public var contentType: String?
    public var contentEncoding: String?
    public var messageID: String?
    public var correlationID: String?
    public var type: String?
    public var appID: String?
    public var userID: String?
    public var replyTo: String?
    public var expiration: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// 2 is persistent.
    public var deliveryMode: UInt8?
    public var priority: UInt8?
    public var headers: [(String, FieldValue)] = []

    public init() {}

    public static func == (left: MessageProperties, right: MessageProperties) -> Bool {
        let (ours, theirs) = (left.texts, right.texts)
        return ours.indices.allSatisfy { ours[$0] == theirs[$0] } && left.timestamp == right.timestamp
            && left.deliveryMode == right.deliveryMode && left.priority == right.priority
            && FieldValue.table(left.headers) == .table(right.headers)
    }

    /// All properties that AMQP writes as short strings.
    var texts: InlineArray<9, String?> {
        [contentType, contentEncoding, messageID, correlationID, type, appID, userID, replyTo, expiration]
    }
}

/// A message's body with its properties.
public struct Message: Sendable, Equatable {
    public var body: [UInt8]
    public var properties: MessageProperties

    public init(body: [UInt8], properties: MessageProperties = MessageProperties()) {
        self.body = body
        self.properties = properties
    }
}

/// A message that a queue delivered.
public struct Delivery: Sendable, Equatable {
    /// Valid on the connection that delivered it only.
    public var deliveryTag: UInt64
    public var redelivered: Bool
    /// By reference: a delivery is handed on many times, and its texts are many.
    private let content: Content

    private final class Content: Sendable, Equatable {
        let exchange: String
        let routingKey: String
        let message: Message
        let headersTooDeep: Bool

        init(exchange: String, routingKey: String, message: Message, headersTooDeep: Bool) {
            self.exchange = exchange
            self.routingKey = routingKey
            self.message = message
            self.headersTooDeep = headersTooDeep
        }

        static func == (one: Content, other: Content) -> Bool {
            one.exchange == other.exchange && one.routingKey == other.routingKey && one.message == other.message
                && one.headersTooDeep == other.headersTooDeep
        }
    }

    public var exchange: String { content.exchange }
    public var routingKey: String { content.routingKey }
    public var message: Message { content.message }
    /// Of the message, which has many other texts.
    public var headers: [(String, FieldValue)] { content.message.properties.headers }
    /// Its headers are nested deeper than 32 levels; none of them is in `message`.
    public var headersTooDeep: Bool { content.headersTooDeep }
    /// Its body is longer than the connection keeps; nothing of it is in `message`.
    public let bodyTooLarge: Bool

    public init(
        deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String, message: Message,
        headersTooDeep: Bool = false, bodyTooLarge: Bool = false
    ) {
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        self.bodyTooLarge = bodyTooLarge
        content = Content(
            exchange: exchange, routingKey: routingKey, message: message, headersTooDeep: headersTooDeep)
    }
}

/// A message to publish, always mandatory and with a confirm.
public struct Publication: Sendable, Equatable {
    /// The caller's own name for it, which its result carries.
    public var token: UInt64
    public var exchange: String
    public var routingKey: String
    public var message: Message

    public init(token: UInt64, exchange: String, routingKey: String, message: Message) {
        self.token = token
        self.exchange = exchange
        self.routingKey = routingKey
        self.message = message
    }
}

/// What became of a publication.
public struct PublishResult: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// The broker has it in a queue.
        case confirmed
        /// The broker could not take it.
        case nacked
        /// No queue took it: code and text are the broker's, or ``contentTooLarge`` where it is too large to be sent
        /// at all.
        case returned(code: Int, text: String)
    }

    /// AMQP 0-9-1's content-too-large, told by this client itself.
    public static let contentTooLarge = 311

    public var token: UInt64
    public var result: Outcome

    public init(token: UInt64, result: Outcome) {
        self.token = token
        self.result = result
    }
}

/// What the broker says of itself when a connection opens.
public struct ServerProperties: Sendable, Equatable {
    public var product: String
    public var version: String

    public init(product: String, version: String) {
        self.product = product
        self.version = version
    }
}

/// Something that happened on a connection.
public enum AMQPEvent: Sendable, Equatable {
    case opened(ServerProperties)
    /// The broker accepted the consumer.
    case consuming
    /// The consumer is gone: by the broker, as when its queue was deleted, or as asked.
    case cancelled(byBroker: Bool)
    /// All messages that had arrived by then, in the queue's order.
    case deliveries([Delivery])
    /// Of a message that is not whole yet, more has come, and nothing else: a large one takes longer than a
    /// wait for the next.
    case receiving
    case published([PublishResult])
    /// The broker is short of memory or disk and takes no publications.
    case blocked(reason: String)
    case unblocked
    /// The end; nothing comes after it. Publications without a result have none.
    case closed(AMQPError)
}
