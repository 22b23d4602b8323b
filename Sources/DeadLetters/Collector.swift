public import AMQPClient
public import Detainers

/// Brings what waits in the dead-letter queue into the store: record, sync, acknowledge.
///
/// Killed at any moment it loses nothing: a letter is acknowledged only after its record is synced, and one that is
/// recorded twice has the same id and the same death.
public struct Collector: Sendable {
    /// Letters in hand at once, and so the most that are written with one sync; it bounds the memory.
    static let prefetch: UInt16 = 250
    /// Their bodies together: a broker takes some of hundreds of megabytes, and would send as many as that at once. One
    /// sync costs next to nothing beside writing so much.
    static let heldBytes = 32 << 20
    /// For closing in order; all is acknowledged by then.
    static let closingMilliseconds: Int64 = 2_000
    /// How often is looked at whether nothing came for too long.
    private static let lookMilliseconds: Int64 = 200
    /// For one question to the broker.
    private static let lookSeconds = 20

    private let address: BrokerAddress
    private let queue: String
    private let requestQueues: Set<String>
    private let store: LetterStore
    private let key: PseudonymKey
    private let now: @Sendable () -> Moment

    /// - Parameter requestQueues: whose letters the broker itself may have sent here.
    public init(
        _ address: BrokerAddress, queue: String, requestQueues: Set<String>, store: LetterStore, key: PseudonymKey,
        now: @escaping @Sendable () -> Moment
    ) {
        self.address = address
        self.queue = queue
        self.requestQueues = requestQueues
        self.store = store
        self.key = key
        self.now = now
    }

    /// How many letters wait in the queue, and how many consume it already.
    ///
    /// - Throws: `AMQPError` without a broker or queue.
    public func look() async throws -> AdministrationChannel.QueueCount {
        let queue = queue
        return try await AMQPAdministration.perform(
            address, name: "dead-letters", timeoutSeconds: Self.lookSeconds
        ) { channel in
            try channel.declareQueue(name: queue, arguments: [], passive: true)
        }
    }

    /// Collects the letters that waited, or as many as come, and returns how many that were. Blocks its thread: after
    /// the last byte of a letter up to a minute, where fewer come and nobody else consumed the queue, and ten seconds
    /// where somebody did.
    ///
    /// - Throws: `AMQPError` where the broker is lost, `.notFound` where it took the queue away, with what had come on
    ///   file; `LedgerError` where the store is in use or cannot be written.
    public func collect(
        _ count: AdministrationChannel.QueueCount, progress: (_ done: Int) -> Void = { _ in }
    ) throws -> Int {
        let waiting = count.messageCount
        if waiting == 0 { return 0 }
        var writer = try store.open(now: now())
        let inbox = Inbox<AMQPEvent>()
        // A letter keeps its body whole, whatever a broker took.
        let connection = AMQPConnection.open(
            address, name: "dead-letters collect", maximumBodyBytes: .max, maximumHeldBytes: Self.heldBytes
        ) { inbox.post($0) }
        defer { connection.abort() }
        var collected = 0
        var patience = CollectorPatience(others: count.consumerCount, at: SteadyClock.milliseconds())
        while collected < waiting {
            // Everything that came while the disk was busy is written together.
            let (deliveries, isTakenAway) = try deliveries(
                inbox.wait(milliseconds: Self.lookMilliseconds), connection, &patience)
            if let newest = deliveries.last {
                try writer.append(records(deliveries), now: now())
                connection.acknowledge(deliveryTag: newest.deliveryTag, multiple: true)
                collected += deliveries.count
                patience.heard(at: SteadyClock.milliseconds())
                progress(collected)
            } else if patience.isOver(at: SteadyClock.milliseconds()) {
                break
            }
            if isTakenAway, collected < waiting {
                connection.closeAndWait(inbox, milliseconds: Self.closingMilliseconds)
                throw AMQPError(
                    code: .notFound,
                    message: "the broker took the queue `\(queue)` away after \(collected) of \(waiting) letters:"
                        + " it was deleted or moved, and what it held may be lost")
            }
        }
        try writer.close()
        connection.closeAndWait(inbox, milliseconds: Self.closingMilliseconds)
        return collected
    }

    private func deliveries(
        _ events: [AMQPEvent], _ connection: AMQPConnection, _ patience: inout CollectorPatience
    ) throws -> (deliveries: [Delivery], isTakenAway: Bool) {
        var deliveries: [Delivery] = []
        var isTakenAway = false
        for event in events {
            switch event {
            case .opened:
                connection.consume(queue: queue, prefetch: Self.prefetch)
                patience.heard(at: SteadyClock.milliseconds())
            case .deliveries(let more): deliveries += more
            case .receiving: patience.heard(at: SteadyClock.milliseconds())
            case .closed(let error): throw error
            case .cancelled(let byBroker): isTakenAway = byBroker
            case .consuming, .published, .blocked, .unblocked: break
            }
        }
        return (deliveries, isTakenAway)
    }

    private func records(_ deliveries: [Delivery]) -> [LetterRecord] {
        let at = now()
        return deliveries.map { delivery in
            let letter = BrokerLetter.letter(from: delivery, queues: requestQueues, at: at)
            return .letter(StoredLetter(id: LetterID(letter, key), arrivedAt: at.text, letter: letter))
        }
    }
}
