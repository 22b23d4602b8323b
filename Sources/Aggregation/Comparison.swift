import Detainers
public import Ledger

/// Whether an aggregator's count is the ledgers' own: every request and record of either side on the other, with the
/// same content.
public struct Comparison: Sendable {
    /// On both sides alike.
    public private(set) var equal = 0
    /// In the ledgers alone: not announced yet, or lost on the way.
    public private(set) var onlyLedgers: [String] = []
    /// At the aggregator alone: a ledger was cut short or rolled back, or is not among these.
    public private(set) var onlyAggregate: [String] = []
    /// On both sides, with different content.
    public private(set) var different: [String] = []

    public var isEqual: Bool { onlyLedgers.isEmpty && onlyAggregate.isEmpty && different.isEmpty }

    public init(ledgers: LedgerUnion, aggregate: LedgerUnion) {
        compare(ledgers.outcomes, aggregate.outcomes) { "request \($0.requestID), revision \($0.revision)" }
        compare(ledgers.records, aggregate.records) { "record \($0.recordID), revision \($0.revision)" }
    }

    private mutating func compare<Value: LedgerValue>(
        _ ledgers: ValueUnion<Value>, _ aggregate: ValueUnion<Value>, _ name: (Value.Identity) -> String
    ) {
        for entry in ledgers.sorted() {
            guard let other = aggregate[entry.value.identity] else {
                onlyLedgers.append(name(entry.value.identity))
                continue
            }
            // Not the time of the record: of two workers that recorded one message either may be the one that is read.
            if other.value.contentKey == entry.value.contentKey {
                equal += 1
            } else {
                different.append(name(entry.value.identity))
            }
        }
        for entry in aggregate.sorted() where ledgers[entry.value.identity] == nil {
            onlyAggregate.append(name(entry.value.identity))
        }
    }
}

/// The two counts that are compared, read apart: nothing that an aggregator took stands for what workers recorded.
public struct ComparedSides: Sendable {
    public let ledgers: LedgerUnion
    public let aggregate: LedgerUnion

    /// - Parameters:
    ///   - ledgers: directories of ledgers; the files of an aggregator that lie below them are left out.
    ///   - aggregate: the aggregator's folder, of which its files alone are read.
    /// - Throws: `LedgerError` where either side has no ledger, one is on both, or the files cannot be read;
    ///   `RecordError` where a line is no record of ours.
    public init(ledgers: [String], aggregate: String) throws {
        var (ours, theirs) = (LedgerUnion(), LedgerUnion())
        for ledger in ledgers {
            for worker in try LedgerReader.directories(ofWorkers: ledger) {
                try ours.add(LedgerReader(directory: worker))
            }
        }
        try theirs.add(LedgerReader(directory: LedgerReader.directory(ofAggregator: aggregate)))
        // A copy under another name has the log id of what it was copied from.
        for head in theirs.heads where !head.logID.isEmpty {
            guard let same = ours.heads.first(where: { $0.logID == head.logID }) else { continue }
            throw LedgerError(
                code: .inputOutput,
                message: "`\(same.directory)` and `\(head.directory)` have one log id: a ledger that is compared with "
                    + "itself proves nothing; name the workers' by --ledger and the aggregator's by --with")
        }
        (self.ledgers, self.aggregate) = (ours, theirs)
    }
}
