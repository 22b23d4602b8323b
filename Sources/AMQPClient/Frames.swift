/// What a frame from the broker says, copied out of the library's memory.
enum InboundFrame: Sendable, Equatable {
    case method(channel: UInt16, InboundMethod)
    case header(channel: UInt16, ContentHeader)
    case body(channel: UInt16, [UInt8])
}

/// The methods a broker sends on its own or in answer to what this client sends.
enum InboundMethod: Sendable, Equatable {
    case qosOk
    case consumeOk(consumerTag: String)
    case cancelOk(consumerTag: String)
    case cancel(consumerTag: String, noWait: Bool)
    case deliver(consumerTag: String, deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
    case returned(code: Int, text: String)
    case ack(deliveryTag: UInt64, multiple: Bool)
    case nack(deliveryTag: UInt64, multiple: Bool)
    case blocked(reason: String)
    case unblocked
    case channelClose(code: Int, text: String)
    case connectionClose(code: Int, text: String)
    case connectionCloseOk
    case other(id: UInt32)
}

/// The frame that stands between a method and its body.
struct ContentHeader: Sendable, Equatable {
    var bodySize: UInt64
    var properties: MessageProperties
    var headersTooDeep = false
}

/// What this client sends besides publications; none of it waits for an answer.
enum OutboundMethod: Sendable, Equatable {
    case qos(prefetch: UInt16)
    case consume(queue: String, consumerTag: String, exclusive: Bool)
    case cancel(consumerTag: String)
    case cancelOk(consumerTag: String)
    case ack(deliveryTag: UInt64, multiple: Bool)
    case reject(deliveryTag: UInt64, requeue: Bool)
    case channelCloseOk
    case connectionClose
    case connectionCloseOk
}

/// A message on its way in: a method, then a header, then as many body frames as the header says.
struct ContentAssembly: Sendable {
    enum Kind: Sendable, Equatable {
        case delivery(deliveryTag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case returned(code: Int, text: String)
    }

    struct Complete: Sendable, Equatable {
        var kind: Kind
        var header: ContentHeader
        /// Nothing of it where it is longer than what is kept.
        var body: [UInt8]
        var isDropped: Bool
    }

    /// A broker could claim any size; memory is set aside for what has come.
    private static let reservedBytes: UInt64 = 1 << 20

    /// A longer body is counted and not kept.
    private let maximumBodyBytes: UInt64
    private var kind: Kind?
    private var header: ContentHeader?
    private var body: [UInt8] = []
    private var arrivedBytes: UInt64 = 0

    init(maximumBodyBytes: Int) { self.maximumBodyBytes = UInt64(max(0, maximumBodyBytes)) }

    private var isDropped: Bool { (header?.bodySize ?? 0) > maximumBodyBytes }

    var isUnderWay: Bool { kind != nil }

    mutating func begin(_ kind: Kind) throws(AMQPError) {
        if isUnderWay { throw .violation("a message within a message") }
        self.kind = kind
    }

    mutating func take(_ header: ContentHeader) throws(AMQPError) -> Complete? {
        guard isUnderWay, self.header == nil else { throw .violation("a message header out of place") }
        self.header = header
        if !isDropped { body.reserveCapacity(Int(min(header.bodySize, Self.reservedBytes))) }
        return complete()
    }

    mutating func take(_ fragment: [UInt8]) throws(AMQPError) -> Complete? {
        guard let header else { throw .violation("a message body out of place") }
        arrivedBytes += UInt64(fragment.count)
        if !isDropped { if body.isEmpty { body = fragment } else { body += fragment } }
        if arrivedBytes > header.bodySize { throw .violation("a message body longer than its header says") }
        return complete()
    }

    private mutating func complete() -> Complete? {
        guard let kind, let header, arrivedBytes == header.bodySize else { return nil }
        defer { self = ContentAssembly(maximumBodyBytes: Int(clamping: maximumBodyBytes)) }
        return Complete(kind: kind, header: header, body: body, isDropped: isDropped)
    }
}
