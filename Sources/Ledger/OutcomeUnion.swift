public import Detainers

/// The outcomes of several ledgers as one: every request and revision once, whichever worker recorded it.
///
/// The same content written twice is a repeat and changes nothing. Different content under one id and revision is a
/// conflict: the earliest record stands (by time, then by log id and position, so that every reader chooses alike), and
/// the conflict is told.
public struct OutcomeUnion: Sendable {
    public struct Entry: Sendable {
        public var outcome: Outcome
        public var index: UInt64
        public var logID: String
        public var directory: String
    }

    public private(set) var repeats = 0
    /// Identities under which different content is on record.
    public private(set) var conflicts: [RequestIdentity] = []
    private var entries: [RequestIdentity: Entry] = [:]
    private var conflicting: Set<RequestIdentity> = []

    public init() {}

    /// Adds what a worker's ledger holds up to its last checkpoint.
    ///
    /// - Throws: `LedgerError` where the files cannot be read, `RecordError` where a line is no record of ours.
    public mutating func add(_ reader: LedgerReader) throws {
        let logID = try reader.logID()
        var added: [Entry] = []
        try reader.records { record in
            guard record.value["kind"]?.stringValue == Outcome.kind else { return }
            added.append(
                Entry(
                    outcome: try Outcome(json: record.value), index: record.index, logID: logID,
                    directory: reader.directory))
        }
        for entry in added { add(entry) }
    }

    private mutating func add(_ entry: Entry) {
        let identity = entry.outcome.identity
        guard let known = entries[identity] else {
            entries[identity] = entry
            return
        }
        if known.outcome.contentKey == entry.outcome.contentKey {
            repeats += 1
        } else if conflicting.insert(identity).inserted {
            conflicts.append(identity)
        }
        if Self.rank(entry) < Self.rank(known) { entries[identity] = entry }
    }

    private static func rank(_ entry: Entry) -> (String, String, UInt64) {
        (entry.outcome.recordedAt.text, entry.logID, entry.index)
    }

    public var count: Int { entries.count }

    public subscript(_ identity: RequestIdentity) -> Entry? { entries[identity] }

    /// All of them, by date, then by id and revision.
    public func sorted() -> [Entry] {
        entries.values.sorted {
            let (one, other) = ($0.outcome, $1.outcome)
            return (one.date.date, one.identity.requestID, one.identity.revision)
                < (other.date.date, other.identity.requestID, other.identity.revision)
        }
    }

    /// Opens every worker's ledger below these directories (or the directories themselves) and adds them.
    public static func read(_ directories: [String]) throws -> OutcomeUnion {
        var union = OutcomeUnion()
        for directory in directories {
            for worker in try LedgerReader.workerDirectories(under: directory) {
                try union.add(LedgerReader(directory: worker))
            }
        }
        return union
    }
}
