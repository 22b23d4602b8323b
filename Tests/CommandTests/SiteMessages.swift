import AMQPClient
import Foundation
import Testing

/// Messages put into a site's queues and taken out of them by hand, as another program would.
extension Site {
    /// Publishes and waits for the broker to have them all.
    func publish(
        _ messages: [Message], to exchange: String = "intake", key: String = "request", as otherURL: String? = nil
    ) async throws {
        let address = try BrokerAddress(url: try #require(otherURL ?? url))
        let (stream, continuation) = AsyncStream.makeStream(of: AMQPEvent.self)
        let connection = AMQPConnection.open(address, name: "sender") { continuation.yield($0) }
        defer { connection.close() }
        var left = messages.count
        for await event in stream {
            switch event {
            case .opened:
                connection.publish(
                    messages.enumerated().map {
                        Publication(
                            token: UInt64($0.offset), exchange: prefix + "." + exchange, routingKey: key,
                            message: $0.element)
                    })
            case .published(let results):
                for result in results { #expect(result.result == .confirmed) }
                left -= results.count
                if left == 0 { return }
            case .closed(let error): throw error
            default: break
            }
        }
    }

    func takeLetters() async throws -> [Message] { try await take(prefix + ".dead-letters") }

    /// Takes and acknowledges all that waits in a queue.
    func take(_ queue: String) async throws -> [Message] {
        let count = try await waiting(queue)
        var messages: [Message] = []
        if count == 0 { return [] }
        try await consume(queue) { connection, deliveries in
            messages += deliveries.map(\.message)
            if let last = deliveries.last { connection.acknowledge(deliveryTag: last.deliveryTag, multiple: true) }
            return messages.count >= count
        }
        return messages
    }

    /// Gives every delivery back until the broker gives the message up, which it does some time after the last one.
    func rejectUntilDead(_ queue: String) async throws {
        let address = try BrokerAddress(url: try #require(url))
        let (stream, continuation) = AsyncStream.makeStream(of: AMQPEvent.self)
        let connection = AMQPConnection.open(address, name: "consumer") { continuation.yield($0) }
        let rejecting = Task {
            for await event in stream {
                switch event {
                case .opened: connection.consume(queue: queue, prefetch: 1_000)
                case .deliveries(let deliveries):
                    for delivery in deliveries { connection.reject(deliveryTag: delivery.deliveryTag, requeue: true) }
                case .closed: return
                default: break
                }
            }
        }
        try await eventually("it is dead") { try await waiting(prefix + ".dead-letters") > 0 }
        connection.close()
        await rejecting.value
    }

    private func consume(
        _ queue: String, _ isDone: (AMQPConnection, [Delivery]) async throws -> Bool
    ) async throws {
        let address = try BrokerAddress(url: try #require(url))
        let (stream, continuation) = AsyncStream.makeStream(of: AMQPEvent.self)
        let connection = AMQPConnection.open(address, name: "consumer") { continuation.yield($0) }
        defer { connection.close() }
        for await event in stream {
            switch event {
            case .opened: connection.consume(queue: queue, prefetch: 1_000)
            case .closed(let error): throw error
            case .deliveries(let deliveries): if try await isDone(connection, deliveries) { return }
            default: break
            }
        }
    }
}
