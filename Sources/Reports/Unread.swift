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

    var figures: [(name: String, number: Int)] {
        [("waiting", waiting), ("discarded", discarded), ("replayed", replayed)]
    }

    /// What a report says of them; they are those of the moment at which it is made, whatever it counts.
    static func sentence(_ unread: Unread?) -> String {
        guard let unread else {
            return "Messages that could not be read are in no figure; how many there are is not known here, for no "
                + "dead-letter store lies beside these ledgers."
        }
        return "Messages that could not be read, of any year and as far as they are collected, are in no figure: waiting, "
            + "\(unread.waiting); discarded by a person with a reason, \(unread.discarded)."
    }
}
