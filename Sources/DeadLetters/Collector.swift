public import AMQPClient
public import Detainers
import Ledger

/// Brings what waits in the dead-letter queue into the store: record, sync, acknowledge.
public enum Collector {
    /// Letters written with one sync; also the bound of what is in memory.
    static let batchCount: UInt16 = 500
    /// The queue said that more letters wait than came: after this long without one, another consumer has them.
    static let quietMilliseconds = 2_000

    private enum Step: Sendable {
        case amqp(AMQPEvent)
        case quiet(after: Int)
    }

    /// Collects what waits now and returns how many letters that were.
    ///
    /// Killed at any moment it loses nothing: a letter is acknowledged only after its record is synced, and one that is
    /// recorded twice has the same id.
    ///
    /// - Throws: `AMQPError` without a broker or queue, `LedgerError` where the store is in use or cannot be written.
    public static func collect(
        _ address: BrokerAddress, queue: String, ledger: String, key: PseudonymKey, now: @Sendable () -> Moment
    ) async throws -> Int {
        let waiting = try await AMQPAdministration.perform(address, name: "dead-letters", timeoutSeconds: 20) {
            channel in
            try channel.declareQueue(name: queue, arguments: [], passive: true).messageCount
        }
        if waiting == 0 { return 0 }
        var opening = try LedgerWriter.open(directory: ledger, worker: LetterStore.folder, now: now())
        let (steps, continuation) = AsyncStream.makeStream(of: Step.self)
        let connection = AMQPConnection.open(address, name: "dead-letters collect") { continuation.yield(.amqp($0)) }
        defer { connection.close() }
        var collected = 0
        func watch() {
            let seen = collected
            // Unstructured: it only rings a bell, and a bell nobody hears is harmless.
            Task {
                try await Task.sleep(for: .milliseconds(quietMilliseconds))
                continuation.yield(.quiet(after: seen))
            }
        }
        for await step in steps {
            switch step {
            case .amqp(.opened): connection.consume(queue: queue, prefetch: batchCount)
            case .amqp(.consuming): watch()
            case .amqp(.deliveries(let deliveries)):
                let at = now()
                var records: [JSONValue] = []
                for delivery in deliveries {
                    let letter = letter(from: delivery, at: at)
                    let id = key.letterID(of: letter)
                    if LetterStore.isLarge(letter) {
                        try opening.writer.keep(letter.body, folder: LetterStore.bodies, name: id)
                    }
                    records.append(LetterStore.record(id: id, letter))
                }
                _ = try opening.writer.append(records, announcedThrough: 0, now: at)
                if let last = deliveries.last {
                    connection.acknowledge(deliveryTag: last.deliveryTag, multiple: true)
                }
                collected += deliveries.count
                if collected >= Int(waiting) {
                    opening.takeWriter().close()
                    return await finish(connection, steps, collected)
                }
                watch()
            case .amqp(.closed(let error)): throw error
            case .quiet(let seen) where seen == collected:
                opening.takeWriter().close()
                return await finish(connection, steps, collected)
            case .quiet, .amqp: break
            }
        }
        return collected
    }

    /// Closes the connection and waits for it, so that the last acknowledgement is on its way before the process ends.
    private static func finish(
        _ connection: AMQPConnection, _ steps: AsyncStream<Step>, _ collected: Int
    ) async -> Int {
        connection.close()
        for await step in steps {
            if case .amqp(.closed) = step { break }
            if case .quiet = step { break }
        }
        return collected
    }

    /// What arrived as a letter; only routing key `worker` is one of ours, all else comes from the broker itself.
    static func letter(from delivery: Delivery, at now: Moment) -> DeadLetter {
        var headers: [String: String] = [:]
        for case (let name, .string(let text)) in delivery.message.properties.headers { headers[name] = text }
        if delivery.routingKey == "worker", let letter = DeadLetter(headers: headers, body: delivery.message.body) {
            return letter
        }
        return DeadLetter(
            reason: .infrastructure, detail: "unknown: dead-lettered by the broker itself", deadAt: now.text,
            attempts: 0, worker: "unknown", exchange: "unknown", routingKey: "unknown",
            envelope: .object([
                JSONMember(
                    name: "messageId", value: delivery.message.properties.messageID.map(JSONValue.string) ?? .null)
            ]),
            body: delivery.message.body)
    }
}
