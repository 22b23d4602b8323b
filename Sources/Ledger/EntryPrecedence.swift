import Detainers

/// Where a worker's ledger has a record that an aggregator took, as its event told.
struct EntrySource: Sendable, Equatable {
    let logID: String
    let index: UInt64

    /// - Returns: `nil` for a record that no aggregator took.
    init?(_ record: JSONNode) {
        guard let source = record["source"], let logID = source["logId"]?.stringValue,
            let index = source["index"]?.intValue.flatMap(UInt64.init(exactly:))
        else { return nil }
        (self.logID, self.index) = (logID, index)
    }
}

/// By which of several records of one identity it is known which one stands: the earliest, and of those of one time the
/// first by log id and position in the ledgers of the workers.
///
/// Whether a worker's record is read, or what an aggregator took of it, every reader chooses alike.
struct EntryPrecedence: Sendable, Comparable {
    private let recordedAt: String
    private let logID: String
    private let index: UInt64
    /// 1: behind the record that it was taken of.
    private let taken: Int

    /// - Parameters:
    ///   - logID: of the ledger that it was read in.
    ///   - index: in that ledger.
    init(_ recordedAt: Moment, logID: String, index: UInt64, source: EntrySource?) {
        self.recordedAt = recordedAt.text
        self.logID = source?.logID ?? logID
        self.index = source?.index ?? index
        taken = source == nil ? 0 : 1
    }

    static func < (one: EntryPrecedence, other: EntryPrecedence) -> Bool {
        (one.recordedAt, one.logID, one.index, one.taken) < (other.recordedAt, other.logID, other.index, other.taken)
    }
}
