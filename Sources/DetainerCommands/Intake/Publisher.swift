import AMQPClient
import Detainers

/// Publishes a list of messages and waits until the broker answered for each.
enum Publisher {
    /// A message for the intake, as a careful sender publishes it.
    ///
    /// - Parameters:
    ///   - read: `nil` where the contract refuses it.
    ///   - signing: `nil`: it is not signed.
    static func intake(
        _ body: [UInt8], _ read: IntakeMessage?, exchange: String, token: UInt64, signing: PublisherSigningKey?
    ) -> Publication {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.deliveryMode = 2
        properties.messageID = read?.id
        properties.type = read?.schema
        properties.headers = (signing?.headers(signing: body) ?? []).map { ($0.name, FieldValue.string($0.value)) }
        var routingKey = "request"
        if case .record = read { routingKey = "record" }
        return Publication(
            token: token, exchange: exchange, routingKey: routingKey,
            message: Message(body: body, properties: properties))
    }

    struct Tally {
        var confirmed = 0
        var refused = 0
    }

    private enum Step: Sendable {
        case amqp(AMQPEvent)
        case patience(answered: Int)
    }

    /// - Throws: `AMQPError` where the connection is lost or nothing is answered for `patienceSeconds`.
    static func publish(
        _ publications: [Publication], to address: BrokerAddress, window: Int, patienceSeconds: Int
    ) async throws -> Tally {
        var tally = Tally()
        if publications.isEmpty { return tally }
        let (steps, continuation) = AsyncStream.makeStream(of: Step.self)
        let connection = AMQPConnection.open(address, name: "intake submit") { continuation.yield(.amqp($0)) }
        var next = 0
        func send() {
            let room = window - (next - tally.confirmed - tally.refused)
            let batch = publications[next..<min(publications.count, next + max(0, room))]
            next += batch.count
            if !batch.isEmpty { connection.publish(Array(batch)) }
        }
        func wait(answered: Int) {
            // Unstructured: it only rings a bell, and a bell nobody hears is harmless.
            Task {
                try await Task.sleep(for: .seconds(patienceSeconds))
                continuation.yield(.patience(answered: answered))
            }
        }
        wait(answered: 0)
        var isDone = false
        for await step in steps {
            switch step {
            case .amqp(.opened): send()
            case .amqp(.published(let results)):
                for result in results {
                    if result.result == .confirmed { tally.confirmed += 1 } else { tally.refused += 1 }
                }
                send()
                if tally.confirmed + tally.refused == publications.count {
                    isDone = true
                    connection.close()
                }
            case .amqp(.closed(let error)):
                if isDone { return tally }
                throw error
            case .patience(let answered):
                if isDone { return tally }
                let now = tally.confirmed + tally.refused
                if answered == now {
                    connection.abort()
                    throw AMQPError(code: .timeout, message: "the broker confirmed nothing for \(patienceSeconds) s")
                }
                wait(answered: now)
            case .amqp: break
            }
        }
        return tally
    }
}
