/// What the broker tells of one consumer of this worker, and whether that speaks against it.
///
/// A consumer that the broker forgot, as after a partition of a cluster, gets nothing and hears nothing: only the
/// broker knows. AMQP tells how many consumers a queue has, and not whose; the management API names each by its tag. It
/// counts every few seconds, so that a consumer which was never on its list may be too new to be there.
public struct ConsumerEvidence: Sendable, Equatable {
    public enum Sighting: Sendable, Equatable {
        /// The management API lists it. Whether it gets the messages, or stands by for the one that does; `nil` where
        /// that is not told.
        case listed(isActive: Bool?)
        /// The management API lists so many consumers, and it is none of them.
        case unlisted(others: Int)
        /// So many consumers, by AMQP's count; and why the management API was of no use, where one is set.
        case counted(Int, otherwise: String?)
        /// The broker was not to be asked: the worker's own connections tell what is wrong with it.
        case nothing
    }

    /// What the broker calls it.
    public let tag: String
    /// On the steady clock, in milliseconds.
    let startedAt: Int64
    public private(set) var last = Sighting.nothing
    private var wasListed = false
    private var isTooNew = false

    /// The API's own period is 5 s unless `collect_statistics_interval` sets another, and each look may find the list
    /// of the period before; one that is not on it after twelve of them is not there.
    static let listingMilliseconds: Int64 = 60_000

    public init(tag: String, startedAt: Int64) {
        (self.tag, self.startedAt) = (tag, startedAt)
    }

    mutating func saw(_ sighting: Sighting, at now: Int64) {
        last = sighting
        if case .listed = sighting { wasListed = true }
        isTooNew = !wasListed && now - startedAt < Self.listingMilliseconds
    }

    /// Why the worker gets nothing although it believes to consume; `nil`: nothing speaks for that.
    var reason: String? {
        switch last {
        case .unlisted(let others) where !isTooNew:
            "the broker does not list this worker's consumer at the queue, but \(others) others: `detainer worker quiet` "
                + "and `resume` start a new one"
        case .counted(0, _): "the broker counts no consumer at the queue: `detainer doctor` looks at it"
        case .listed, .unlisted, .counted, .nothing: nil
        }
    }

    /// How it was looked for and what was seen, as a sentence for people.
    public var sentence: String {
        switch last {
        case .listed(true?), .listed(nil): "the broker lists it"
        case .listed(false?): "the broker lists it, standing by for the one that gets the messages"
        case .unlisted(let others) where isTooNew: "not listed yet, beside \(others) others: it is new"
        case .unlisted(let others): "not listed, beside \(others) others"
        case .counted(let count, let why?): "\(count) counted over AMQP, which does not tell whose: \(why)"
        case .counted(let count, nil): "\(count) counted over AMQP, which does not tell whose"
        case .nothing: "not looked for yet, or the broker was not to be asked"
        }
    }
}
