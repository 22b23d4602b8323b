public import Detainers

/// What lies beside a segment of one of its entries: its items in the index, and what a run knows it by. Made where the
/// entry is at hand, so that nobody has to keep all of its texts until it is written.
public struct IndexedEntry: Sendable {
    /// Its identity.
    public let key: EntryKey
    /// What it is sorted and looked for by in a run.
    let hash: UInt64
    let jurisdiction: String
    /// Seconds since 1970; 0: not known.
    let recordedAt: UInt32
    /// yyyymmdd
    let day: UInt32
    let ties: [UInt64]
    /// `nil`: they do not tell how it counts, and it has to be read.
    let traits: OutcomeTraits?

    public init(_ entry: LedgerEntry) { self.init(entry, traits: OutcomeTraits.init) }

    /// - Parameter traits: those of an outcome; the same ones may be given to many.
    init(_ entry: LedgerEntry, traits: (Outcome) -> OutcomeTraits?) {
        key = EntryKey(entry.identity)
        hash = key.hash
        jurisdiction = entry.jurisdiction
        recordedAt = entry.recordedAt.secondsSinceEpoch.flatMap { UInt32(exactly: $0) } ?? 0
        ties = entry.ties
        switch entry {
        case .outcome(let outcome):
            day = outcome.date.date.digits
            self.traits = traits(outcome)
        case .record(let record):
            day = record.date.digits
            self.traits = nil
        }
    }
}

extension CivilDate {
    /// yyyymmdd
    var digits: UInt32 { UInt32(year * 10_000 + month * 100 + day) }
}
