/// Messages that no worker could read or decide; they are in no figure of a report.
public struct Unread: Sendable, Equatable {
    /// Nobody has dealt with them.
    public var waiting = 0
    /// Given up by a person, with a reason.
    public var discarded = 0
    /// Sent again, mended or not: what was decided then is counted.
    public var replayed = 0

    public init(waiting: Int = 0, discarded: Int = 0, replayed: Int = 0) {
        self.waiting = waiting
        self.discarded = discarded
        self.replayed = replayed
    }
}
