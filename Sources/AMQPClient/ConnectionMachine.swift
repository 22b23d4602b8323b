/// What a connection does, without any input or output: commands and frames in, methods and events out.
///
/// Nothing here waits for an answer: what the broker says is taken whenever it comes, so no frame is ever put aside in
/// the library, where 0.11 may lose it.
struct ConnectionMachine: Sendable {
    enum Step: Sendable, Equatable {
        case send(OutboundMethod)
        /// The end; what was said to be sent before is sent first.
        case finish(AMQPError)
    }

    /// The one channel of a connection.
    static let channel: UInt16 = 1
    /// Publications sent and not confirmed, at most; the others wait here.
    static let flightLimit = 8192
    static let publicationHeader = "x-publication"

    private enum Consumer: Sendable, Equatable {
        case none
        case starting(tag: String)
        case active(tag: String)
        case stopping(tag: String)
    }

    private var consumer = Consumer.none
    private var consumersStarted = 0
    private var assembly: ContentAssembly
    private var held: HeldBodies
    private var confirms = Confirms()
    private var waiting = FirstInFirstOut<Publication>()
    private var isBlocked = false
    /// Part of a message came since the owner last heard.
    private var hasReceivedPart = false
    private(set) var isClosing = false
    private var hasSentClose = false
    private var events: [AMQPEvent] = []
    private var deliveries: [Delivery] = []
    private var results: [PublishResult] = []

    init(maximumBodyBytes: Int = AMQPConnection.maximumBodyBytes, maximumHeldBytes: Int = .max) {
        assembly = ContentAssembly(maximumBodyBytes: maximumBodyBytes)
        held = HeldBodies(maximumBytes: maximumHeldBytes)
    }

    // MARK: - what the owner asks

    mutating func handle(_ command: Command) -> [Step] {
        if command == .abort { return [.finish(.localClose)] }
        if isClosing { return [] }
        switch command {
        case .consume(let queue, let prefetch, let exclusive, let tag):
            return startConsumer(queue: queue, prefetch: prefetch, exclusive: exclusive, tag: tag)
        case .stopConsuming: return stopConsumer()
        case .acknowledge(let tag, let multiple):
            held.answered(tag, multiple: multiple)
            return [.send(.ack(deliveryTag: tag, multiple: multiple))]
        case .reject(let tag, let requeue):
            held.answered(tag, multiple: false)
            return [.send(.reject(deliveryTag: tag, requeue: requeue))]
        case .letGo:
            held = HeldBodies(maximumBytes: .max)
            return []
        case .publish(let publications): return enqueue(publications)
        case .close:
            isClosing = true
            return []
        case .abort: return []
        }
    }

    private mutating func startConsumer(
        queue: String, prefetch: UInt16, exclusive: Bool, tag: String?
    ) -> [Step] {
        guard consumer == .none else { return [] }
        guard queue.utf8.count <= ShortString.maximumBytes else {
            return [.finish(AMQPError(code: .notFound, message: "a queue's name has at most 255 bytes"))]
        }
        consumersStarted += 1
        let tag = tag ?? "consumer-\(consumersStarted)"
        guard tag.utf8.count <= ShortString.maximumBytes else {
            return [.finish(AMQPError(code: .preconditionFailed, message: "a consumer's tag has at most 255 bytes"))]
        }
        consumer = .starting(tag: tag)
        return [
            .send(.qos(prefetch: prefetch)), .send(.consume(queue: queue, consumerTag: tag, exclusive: exclusive)),
        ]
    }

    private mutating func stopConsumer() -> [Step] {
        switch consumer {
        case .none, .stopping: return []
        case .starting(let tag), .active(let tag):
            consumer = .stopping(tag: tag)
            return [.send(.cancel(consumerTag: tag))]
        }
    }

    private mutating func enqueue(_ publications: [Publication]) -> [Step] {
        for publication in publications { waiting.append(publication) }
        guard waiting.count + confirms.count > AMQPConnection.maximumPublications else { return [] }
        let message =
            "more than \(AMQPConnection.maximumPublications) publications wait: publish more after results came"
        return [.finish(AMQPError(code: .tooManyPublications, message: message))]
    }

    // MARK: - what goes out by and by

    /// Whether a publication may be sent now.
    var mayPublish: Bool { !waiting.isEmpty && !isBlocked && !hasSentClose && confirms.count < Self.flightLimit }

    /// The next publication to send, with its sequence number in a header, and what it takes on the wire at most.
    ///
    /// - Parameter frameBytes: the largest frame; one whose properties do not fit is answered as returned and not
    ///   sent, for the library would notice only after half of it was written.
    mutating func nextPublication(frameBytes: Int) -> (publication: Publication, bytes: Int)? {
        while mayPublish, var publication = waiting.popFirst() {
            publication.message.properties.headers.removeAll { $0.0 == Self.publicationHeader }
            let number = FieldValue.int(Int64(bitPattern: confirms.nextSequence))
            publication.message.properties.headers.append((Self.publicationHeader, number))
            do throws(WireSize.Problem) {
                let head = try WireSize.head(of: publication, frameBytes: frameBytes)
                _ = confirms.add(token: publication.token)
                return (publication, head + publication.message.body.count)
            } catch {
                let outcome = PublishResult.Outcome.returned(code: PublishResult.contentTooLarge, text: error.sentence)
                results.append(PublishResult(token: publication.token, result: outcome))
            }
        }
        return nil
    }

    /// The close that was asked for, once all that was handed over before is sent or cannot be.
    mutating func closing() -> [Step] {
        guard isClosing, !hasSentClose, !mayPublish else { return [] }
        hasSentClose = true
        return [.send(.connectionClose)]
    }

    // MARK: - what the broker says

    /// Whether the next frame may be read: with enough in its owner's hands the rest waits at the broker. At the end
    /// the broker's last word is read all the same.
    var mayRead: Bool { isClosing || !held.isFull }

    mutating func receive(_ frame: InboundFrame) throws(AMQPError) -> [Step] {
        switch frame {
        case .method(let channel, let method):
            return channel == 0 ? try connectionMethod(method) : try channelMethod(method)
        case .header(_, let header):
            if let content = try assembly.take(header) { try finish(content) }
        case .body(_, let fragment):
            hasReceivedPart = true
            if let content = try assembly.take(fragment) { try finish(content) }
        }
        return []
    }

    private mutating func connectionMethod(_ method: InboundMethod) throws(AMQPError) -> [Step] {
        switch method {
        case .blocked(let reason):
            isBlocked = true
            add(.blocked(reason: reason))
            return []
        case .unblocked:
            isBlocked = false
            add(.unblocked)
            return []
        case .connectionClose(let code, let text):
            let error = AMQPError.closed(replyCode: code, text: text, wholeConnection: true)
            return [.send(.connectionCloseOk), .finish(isClosing ? .localClose : error)]
        case .connectionCloseOk where hasSentClose: return [.finish(.localClose)]
        default: throw .violation("a method that does not belong on channel 0")
        }
    }

    private mutating func channelMethod(_ method: InboundMethod) throws(AMQPError) -> [Step] {
        if assembly.isUnderWay { throw .violation("a method within a message") }
        switch method {
        case .deliver(_, let tag, let redelivered, let exchange, let routingKey):
            try assembly.begin(
                .delivery(deliveryTag: tag, redelivered: redelivered, exchange: exchange, routingKey: routingKey))
        case .returned(let code, let text): try assembly.begin(.returned(code: code, text: text))
        case .ack(let tag, let multiple):
            results += try confirms.settle(upTo: tag, multiple: multiple, as: .confirmed)
        case .nack(let tag, let multiple):
            results += try confirms.settle(upTo: tag, multiple: multiple, as: .nacked)
        case .consumeOk(let tag): consuming(tag)
        case .cancelOk(let tag): cancelled(tag, byBroker: false)
        case .cancel(let tag, let noWait):
            cancelled(tag, byBroker: true)
            if !noWait { return [.send(.cancelOk(consumerTag: tag))] }
        case .qosOk: break
        case .channelClose(let code, let text):
            let error = AMQPError.closed(replyCode: code, text: text, wholeConnection: false)
            return [.send(.channelCloseOk), .finish(error)]
        default: throw .violation("a method that does not belong on a channel")
        }
        return []
    }

    private mutating func consuming(_ tag: String) {
        guard consumer == .starting(tag: tag) else { return }
        consumer = .active(tag: tag)
        add(.consuming)
    }

    /// The broker's own cancel and the answer to this client's may cross; the owner hears of one.
    private mutating func cancelled(_ tag: String, byBroker: Bool) {
        switch consumer {
        case .starting(tag), .active(tag), .stopping(tag):
            consumer = .none
            add(.cancelled(byBroker: byBroker))
        default: break
        }
    }

    private mutating func finish(_ content: ContentAssembly.Complete) throws(AMQPError) {
        var properties = content.header.properties
        switch content.kind {
        case .delivery(let tag, let redelivered, let exchange, let routingKey):
            properties.headers.removeAll { $0.0 == Self.publicationHeader }
            held.add(tag, (content.body, properties.headers))
            deliveries.append(
                Delivery(
                    deliveryTag: tag, redelivered: redelivered, exchange: exchange, routingKey: routingKey,
                    message: Message(body: content.body, properties: properties),
                    headersTooDeep: content.header.headersTooDeep, bodyTooLarge: content.isDropped))
        case .returned(let code, let text):
            guard case .int(let number)? = properties.headers.last(where: { $0.0 == Self.publicationHeader })?.1 else {
                throw .violation("a returned message without the header it was sent with")
            }
            try confirms.returned(sequence: UInt64(bitPattern: number), code: code, text: text)
        }
    }

    // MARK: - what the owner hears

    private mutating func add(_ event: AMQPEvent) {
        gather()
        events.append(event)
    }

    private mutating func gather() {
        if !deliveries.isEmpty { events.append(.deliveries(deliveries)) }
        if !results.isEmpty { events.append(.published(results)) }
        deliveries = []
        results = []
    }

    /// All that happened since the last call, in order: the deliveries of one turn are one event, and so are its
    /// results.
    mutating func takeEvents() -> [AMQPEvent] {
        gather()
        if hasReceivedPart, assembly.isUnderWay, events.isEmpty { events.append(.receiving) }
        hasReceivedPart = false
        defer { events = [] }
        return events
    }
}
