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
    /// The queue said that more letters wait than came: after so long without a byte of one, another consumer has
    /// them. A broker under load takes seconds to find and read a body of a hundred megabytes.
    static let quietMilliseconds: Int64 = 10_000
    /// For closing in order; all is acknowledged by then.
    static let closingMilliseconds: Int64 = 2_000
    /// For opening the connection.
    static let patienceMilliseconds: Int64 = 30_000

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

    /// How many letters wait in the queue.
    ///
    /// - Throws: `AMQPError` without a broker or queue.
    public func waiting() async throws -> Int {
        let queue = queue
        return try await AMQPAdministration.perform(address, name: "dead-letters", timeoutSeconds: 20) { channel in
            try channel.declareQueue(name: queue, arguments: [], passive: true).messageCount
        }
    }

    /// Collects so many letters, or as many as come, and returns how many that were. Blocks its thread.
    ///
    /// - Throws: `AMQPError` where the broker is lost, `LedgerError` where the store is in use or cannot be written.
    public func collect(_ waiting: Int, progress: (_ done: Int) -> Void = { _ in }) throws -> Int {
        if waiting == 0 { return 0 }
        var writer = try store.open(now: now())
        let inbox = Inbox<AMQPEvent>()
        // A letter keeps its body whole, whatever a broker took.
        let connection = AMQPConnection.open(
            address, name: "dead-letters collect", maximumBodyBytes: .max, maximumHeldBytes: Self.heldBytes
        ) { inbox.post($0) }
        defer { connection.abort() }
        var collected = 0
        // A connection takes its time to open, and says so when it does not.
        var last = SteadyClock.milliseconds() + Self.patienceMilliseconds
        while collected < waiting {
            // Everything that came while the disk was busy is written together.
            let deliveries = try deliveries(inbox.wait(milliseconds: 200), connection, &last)
            if let newest = deliveries.last {
                try writer.append(records(deliveries), now: now())
                connection.acknowledge(deliveryTag: newest.deliveryTag, multiple: true)
                collected += deliveries.count
                last = SteadyClock.milliseconds()
                progress(collected)
            } else if SteadyClock.milliseconds() - last > Self.quietMilliseconds {
                break
            }
        }
        try writer.close()
        connection.closeAndWait(inbox, milliseconds: Self.closingMilliseconds)
        return collected
    }

    /// - Parameter last: when something came, a part of a letter included; opening has more time than
    ///   a queue that says it is not empty.
    private func deliveries(
        _ events: [AMQPEvent], _ connection: AMQPConnection, _ last: inout Int64
    ) throws -> [Delivery] {
        var deliveries: [Delivery] = []
        for event in events {
            switch event {
            case .opened:
                connection.consume(queue: queue, prefetch: Self.prefetch)
                last = SteadyClock.milliseconds()
            case .deliveries(let more): deliveries += more
            case .receiving: last = SteadyClock.milliseconds()
            case .closed(let error): throw error
            case .consuming, .cancelled, .published, .blocked, .unblocked: break
            }
        }
        return deliveries
    }

    private func records(_ deliveries: [Delivery]) -> [LetterRecord] {
        let at = now()
        return deliveries.map { delivery in
            let letter = BrokerLetter.letter(from: delivery, queues: requestQueues, at: at)
            return .letter(StoredLetter(id: LetterID(letter, key), arrivedAt: at.text, letter: letter))
        }
    }
}
