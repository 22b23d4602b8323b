public import AMQPClient
public import Detainers
import Ledger

/// Takes events from the aggregator's queue into its flat files: record, sync, acknowledge.
///
/// Killed at any moment it loses nothing: an event is acknowledged only after its record is synced, and one that is
/// recorded twice is a repeat. It blocks its thread.
public struct Follower: Sendable {
    /// Events in hand at once, and so the most that are written with one sync; it bounds the memory.
    static let prefetch: UInt16 = 500
    /// Bodies in hand together: whoever may publish to the exchange may send some as large as a broker takes.
    static let heldBytes = 32 << 20
    /// A wait is cut into these, so that a stop is seen.
    static let stepMilliseconds: Int64 = 200
    /// For the broker's answer to a close; without it what was acknowledged last may come again, which is a repeat.
    static let closingMilliseconds: Int64 = 2_000
    /// For opening the connection.
    static let patienceMilliseconds: Int64 = 30_000

    public struct Summary: Sendable, Equatable {
        public var events = 0
        /// Messages that are no events of a worker; they are kept too.
        public var unreadable = 0
    }

    private let address: BrokerAddress
    private let queue: String
    private let store: AggregateStore
    private let now: @Sendable () -> Moment

    public init(
        _ address: BrokerAddress, queue: String, store: AggregateStore, now: @escaping @Sendable () -> Moment
    ) {
        self.address = address
        self.queue = queue
        self.store = store
        self.now = now
    }

    /// Follows until it is told to stop, or until nothing came for so long.
    ///
    /// - Parameter idleMilliseconds: `nil`: until it is told to.
    /// - Throws: `AMQPError` where the broker is lost, `LedgerError` where the files cannot be written; what came
    ///   before is kept.
    public func follow(
        idleMilliseconds: Int64?, shouldStop: () -> Bool, progress: (Summary) -> Void
    ) throws -> Summary {
        var writer = try store.open(now: now())
        let inbox = Inbox<AMQPEvent>()
        // A message is kept whole, whatever a broker took.
        let connection = AMQPConnection.open(
            address, name: "report follow", maximumBodyBytes: .max, maximumHeldBytes: Self.heldBytes
        ) { inbox.post($0) }
        defer { connection.abort() }
        var summary = Summary()
        var isOpen = false
        var last = SteadyClock.milliseconds()
        while !shouldStop() {
            var deliveries: [Delivery] = []
            for event in inbox.wait(milliseconds: Self.stepMilliseconds) {
                switch event {
                case .opened:
                    connection.consume(queue: queue, prefetch: Self.prefetch)
                    (isOpen, last) = (true, SteadyClock.milliseconds())
                case .deliveries(let more): deliveries += more
                case .cancelled:
                    throw AMQPError(
                        code: .notFound, message: "the broker cancelled the consumer of `\(queue)`: was it deleted?")
                case .closed(let error): throw error
                case .receiving: last = SteadyClock.milliseconds()
                case .consuming, .published, .blocked, .unblocked: break
                }
            }
            if let newest = deliveries.last {
                try take(deliveries, &writer, &summary)
                connection.acknowledge(deliveryTag: newest.deliveryTag, multiple: true)
                last = SteadyClock.milliseconds()
                progress(summary)
            }
            let quiet = SteadyClock.milliseconds() - last
            if !isOpen, quiet > Self.patienceMilliseconds {
                throw AMQPError(code: .timeout, message: "the broker's connection did not open")
            }
            if isOpen, let idleMilliseconds, quiet > idleMilliseconds { break }
        }
        writer.close()
        connection.closeAndWait(inbox, milliseconds: Self.closingMilliseconds)
        return summary
    }

    private func take(
        _ deliveries: [Delivery], _ writer: inout LedgerWriter, _ summary: inout Summary
    ) throws(LedgerError) {
        let at = now()
        let taken = deliveries.map { AggregateStore.record(of: $0.message.body, at: at) }
        // A record names no file that is not on the disk.
        for (delivery, kept) in zip(deliveries, taken) {
            guard let name = kept.bodyName else { continue }
            _ = try writer.keep(delivery.message.body, folder: AggregateStore.bodies, name: name)
        }
        _ = try writer.append(taken.map(\.record), announcedThrough: 0, now: at)
        summary.events += taken.count { $0.isReadable }
        summary.unreadable += taken.count { !$0.isReadable }
    }
}
