import AMQPClient
import Detainers

/// The messages a worker publishes; the connection adds mandatory and confirm.
enum Outgoing {
    static func event(_ prepared: PreparedEntry, token: UInt64, exchange: String, position: LedgerPosition)
        -> Publication
    {
        var properties = MessageProperties()
        properties.contentType = LedgerEvent.contentType
        properties.deliveryMode = 2
        properties.messageID = prepared.eventID
        properties.type = prepared.eventType
        if let traceparent = prepared.traceparent { properties.headers = [("traceparent", .string(traceparent))] }
        return Publication(
            token: token, exchange: exchange, routingKey: prepared.routingKey,
            message: Message(
                body: prepared.event(at: position), properties: properties))
    }

    /// Through the default exchange, which takes a queue's name; not persistent, for a reply that is lost is asked for
    /// by sending the message again.
    static func reply(_ addressed: AddressedReply, token: UInt64) -> Publication {
        var properties = MessageProperties()
        properties.contentType = IntakeForm.messageType
        properties.type = Reply.schema
        properties.correlationID = addressed.address.correlationID
        properties.expiration = String(Replies.lifeMilliseconds)
        return Publication(
            token: token, exchange: "", routingKey: addressed.address.queue,
            message: Message(body: addressed.reply.json.serialized(), properties: properties))
    }
}
