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

    public init(exchange: String, routingKey: String) {
        self.exchange = exchange
        self.routingKey = routingKey
    }
}

extension StoredLetter {
    /// Where a replay of it goes: to the exchange and with the routing key that it was published with.
    public func route(_ intake: IntakeRoute) -> IntakeRoute {
        [letter.exchange, letter.routingKey].contains(BrokerLetter.unknown) || letter.exchange.isEmpty
            ? intake : IntakeRoute(exchange: letter.exchange, routingKey: letter.routingKey)
    }

    /// The message as it is published again: persistent, without what would change its way, and with a note of this
    /// replay that travels with it.
    public func replay(token: UInt64, at now: Moment, intake: IntakeRoute) -> Publication {
        var properties = Envelope.replayed(letter.envelope)
        let history = letter.claimedReplays.adding(
            .init(letter: id.text, diedAt: letter.deadAt, replayedAt: now.text))
        properties.headers.append((ReplayHistory.header, .string(history.text)))
        let route = route(intake)
        return Publication(
            token: token, exchange: route.exchange, routingKey: route.routingKey,
            message: Message(body: letter.body, properties: properties))
    }
}
