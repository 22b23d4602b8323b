import AMQPClient
import Detainers

/// The messages a worker publishes, all of them persistent; the connection adds mandatory and confirm.
enum Outgoing {
    static func event(_ prepared: PreparedEntry, token: UInt64, exchange: String, position: LedgerPosition)
        -> Publication
    {
        let entry = prepared.entry
        var properties = MessageProperties()
        properties.contentType = LedgerEvent.contentType
        properties.deliveryMode = 2
        properties.messageID = prepared.eventID
        properties.type = LedgerEvent.type(entry)
        if let traceparent = entry.traceparent { properties.headers = [("traceparent", .string(traceparent))] }
        return Publication(
            token: token, exchange: exchange, routingKey: LedgerEvent.routingKey(entry),
            message: Message(
                body: prepared.event(at: position), properties: properties))
    }
}
