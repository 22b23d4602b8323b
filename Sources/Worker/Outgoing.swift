import AMQPClient
import Detainers

/// The messages a worker publishes, all of them persistent; the connection adds mandatory and confirm.
enum Outgoing {
    static func event(_ outcome: Outcome, token: UInt64, exchange: String, position: LedgerPosition) -> Publication {
        var properties = MessageProperties()
        properties.contentType = "application/cloudevents+json"
        properties.deliveryMode = 2
        properties.messageID = outcome.identity.eventID
        properties.type = "detainer.outcome.1"
        if let traceparent = outcome.traceparent { properties.headers = [("traceparent", .string(traceparent))] }
        return Publication(
            token: token, exchange: exchange, routingKey: OutcomeEvent.routingKey(outcome),
            message: Message(
                body: OutcomeEvent.json(outcome, ledger: position).serialized(), properties: properties))
    }
}
