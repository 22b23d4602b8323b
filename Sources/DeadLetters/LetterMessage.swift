public import AMQPClient
public import Detainers

extension DeadLetter {
    /// The message by which a worker sends a letter: the body untouched, all else in headers of ours.
    public func publication(token: UInt64, exchange: String) -> Publication {
        var properties = MessageProperties()
        properties.contentType = "application/octet-stream"
        properties.deliveryMode = 2
        properties.headers = headers.map { ($0.name, FieldValue.string($0.value)) }
        return Publication(
            token: token, exchange: exchange, routingKey: BrokerLetter.workerRoutingKey,
            message: Message(body: body, properties: properties))
    }
}

/// Where replays go whose own way is not known: what the broker dead-lettered need not say where it came from.
public struct IntakeRoute: Sendable, Equatable {
    public var exchange: String
    public var routingKey: String
    /// Exchanges that no replay may reach: what workers publish to.
    var forbidden: Set<String>

    public init(exchange: String, routingKey: String, forbidden: Set<String> = []) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.forbidden = forbidden
    }
}

extension StoredLetter {
    /// Where a replay of it goes: to the exchange and with the routing key that it was published with.
    ///
    /// What a broker's letter says of its way, a publisher may have written: it is followed into the intake exchange
    /// alone. Nothing is ever replayed into what workers publish to.
    public func route(_ intake: IntakeRoute) -> IntakeRoute {
        let isKnown = !letter.exchange.isEmpty && ![letter.exchange, letter.routingKey].contains(BrokerLetter.unknown)
        let isTrusted = letter.worker != BrokerLetter.unknown || letter.exchange == intake.exchange
        guard isKnown, isTrusted, !intake.forbidden.contains(letter.exchange) else { return intake }
        return IntakeRoute(exchange: letter.exchange, routingKey: letter.routingKey)
    }

    /// The message as it is published again: persistent, without what would change its way, and with a note of this
    /// replay that travels with it.
    ///
    /// - Parameter signing: what a message is signed with that was mended here: its sender's signature is of another
    ///   body. All others keep the one they came with.
    public func replay(
        token: UInt64, at now: Moment, intake: IntakeRoute, signing: PublisherSigningKey? = nil
    ) -> Publication {
        var properties = Envelope.replayed(letter.envelope)
        let history = letter.claimedReplays.adding(
            .init(letter: id.text, diedAt: letter.deadAt, replayedAt: now.text))
        properties.headers.append((ReplayHistory.header, .string(history.text)))
        if editOf != nil, let signing {
            let signature = signing.headers(signing: letter.body)
            properties.headers.removeAll { header in signature.contains { $0.name == header.0 } }
            properties.headers += signature.map { ($0.name, .string($0.value)) }
        }
        let route = route(intake)
        return Publication(
            token: token, exchange: route.exchange, routingKey: route.routingKey,
            message: Message(body: letter.body, properties: properties))
    }
}
