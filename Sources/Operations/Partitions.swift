/// Several queues in place of the one that workers share, each with one worker that consumes at a time.
///
/// The intake exchange passes everything on to a second exchange, of the type `x-consistent-hash`, which gives each
/// message to one queue by its property `message_id`: the same request, sent again, goes to the queue where it was
/// before, and so to the worker that remembers it. What has no `message_id` goes to one of the queues, always the same.
///
/// Nothing depends on it. When the number of partitions changes, or a standby takes over, a request's repeats go to
/// two workers, as with one queue they always may; both records have the same event id, and count once.
public struct Partitions: Sendable, Equatable {
    /// A partition needs a worker of its own, and each of its queues is a group of replicas with a log on every node:
    /// more than the largest pool has workers serve nobody.
    public static let maximum = 64

    public let count: Int
    /// The exchange that spreads.
    public let exchange: String
    private let base: String

    /// - Parameter base: the name of the one queue; those of the partitions are made from it.
    init(count: Int, exchange: String, base: String) {
        precondition((2...Self.maximum).contains(count), "the settings were checked")
        (self.count, self.exchange, self.base) = (count, exchange, base)
    }

    /// - Parameter number: from 1 on.
    public func queue(_ number: Int) -> String { Self.queue(number, of: base) }

    /// The name of a partition's queue, whether these settings have it or others.
    static func queue(_ number: Int, of base: String) -> String { "\(base).\(number)" }

    public var queues: [String] { (1...count).map(queue) }

    /// The partition of a worker that is told none: the number at the end of its name, counted round, so that as many
    /// workers with consecutive numbers as there are partitions take one each, and the next ones stand by.
    ///
    /// - Returns: `nil` where the name ends in no number.
    func number(ofWorker name: String) -> Int? {
        let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.reversed()
        // Worker names have at most 64 bytes, so a number may be too large for an integer; its end tells as much.
        guard let number = Int(String(digits.suffix(9))) else { return nil }
        return (number + count - 1) % count + 1
    }

    // MARK: - on the broker

    static let exchangeType = "x-consistent-hash"
    /// The plugin that knows this type.
    static let plugin = "rabbitmq_consistent_hash_exchange"
    /// What the exchange goes by, as its argument `hash-property`.
    static let property = "message_id"
    /// To that type a binding's key is a weight; with the same weight each queue gets the same share.
    static let weight = "1"
}
