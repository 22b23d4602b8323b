public import Detainers

/// What a union of ledgers tells apart.
public protocol LedgerValue: Sendable {
    associatedtype Identity: Hashable, Sendable
    var identity: Identity { get }
    var contentKey: String { get }
    var recordedAt: Moment { get }
    /// Date, id, revision: the order in which they are told.
    var order: (CivilDate, String, Int) { get }
}

extension Outcome: LedgerValue {
    public var order: (CivilDate, String, Int) { (date.date, identity.requestID, identity.revision) }
}

extension CaseRecord: LedgerValue {
    public var order: (CivilDate, String, Int) { (date, identity.recordID, identity.revision) }
}

/// What several ledgers hold of one kind, as one: every id and revision once, whichever worker recorded it.
///
/// The same content written twice is a repeat and changes nothing. Different content under one id and revision is a
/// conflict: the earliest record stands (by time, then by log id and position, so that every reader chooses alike, also
/// one of an aggregator's files), and the conflict is told.
public struct ValueUnion<Value: LedgerValue>: Sendable {
    public struct Entry: Sendable {
        public var value: Value
        public var index: UInt64
        public var logID: String
        public var directory: String
        /// Where a worker's ledger has it, where this one is an aggregator's.
        var source: EntrySource?

        public init(value: Value, index: UInt64, logID: String, directory: String) {
            self.value = value
            self.index = index
            self.logID = logID
            self.directory = directory
        }
    }

    public private(set) var repeats = 0
    /// Identities under which different content is on record.
    public private(set) var conflicts: [Value.Identity] = []
    private var entries: [Value.Identity: Entry] = [:]
    private var conflicting: Set<Value.Identity> = []

    public init() {}

    public mutating func add(_ entry: Entry) {
        let identity = entry.value.identity
        guard let known = entries[identity] else {
            entries[identity] = entry
            return
        }
        if known.value.contentKey == entry.value.contentKey {
            repeats += 1
        } else if conflicting.insert(identity).inserted {
            conflicts.append(identity)
        }
        if Self.rank(entry) < Self.rank(known) { entries[identity] = entry }
    }

    private static func rank(_ entry: Entry) -> EntryPrecedence {
        EntryPrecedence(entry.value.recordedAt, logID: entry.logID, index: entry.index, source: entry.source)
    }

    public var count: Int { entries.count }

    /// In no order.
    public var all: some Collection<Entry> { entries.values }

    /// What had been recorded by then.
    func recorded(by moment: Moment) -> ValueUnion {
        var union = ValueUnion()
        for entry in entries.values where Self.isRecorded(entry.value.recordedAt, by: moment) { union.add(entry) }
        return union
    }

    private static func isRecorded(_ at: Moment, by moment: Moment) -> Bool {
        guard let seconds = at.secondsSinceEpoch, let bound = moment.secondsSinceEpoch else { return true }
        return seconds <= bound
    }

    public subscript(_ identity: Value.Identity) -> Entry? { entries[identity] }

    /// All of them, by date, then by id and revision.
    public func sorted() -> [Entry] { entries.values.sorted(on: { $0.value.order }, by: <) }
}

/// The outcomes and the records of several ledgers as one.
public struct LedgerUnion: Sendable {
    public private(set) var outcomes = ValueUnion<Outcome>()
    public private(set) var records = ValueUnion<CaseRecord>()
    /// Where each ledger that was read stood.
    public private(set) var heads: [Head] = []

    /// A ledger as it was read: the checkpoint that all its records lie below.
    public struct Head: Sendable, Equatable {
        public var directory: String
        public var logID: String
        public var records: UInt64
        public var root: String
    }

    public init() {}

    /// The same as it was then; the heads are those of today, which it lies below.
    public func asOf(_ moment: Moment) -> LedgerUnion {
        var union = LedgerUnion()
        union.outcomes = outcomes.recorded(by: moment)
        union.records = records.recorded(by: moment)
        union.heads = heads
        return union
    }

    public var jurisdictions: Set<String> {
        Set(outcomes.all.map(\.value.jurisdiction)).union(records.all.map(\.value.jurisdiction))
    }

    /// The years that anything on file is dated in.
    public var years: Set<Int> {
        Set(outcomes.all.map(\.value.date.date.year)).union(records.all.map(\.value.date.year))
    }

    public var repeats: Int { outcomes.repeats + records.repeats }
    public var conflicts: Int { outcomes.conflicts.count + records.conflicts.count }

    /// Adds what a worker's ledger holds up to its last checkpoint.
    ///
    /// - Throws: `LedgerError` where the files cannot be read, `RecordError` where a line is no record of ours.
    public mutating func add(_ reader: LedgerReader) throws {
        let logID = try reader.logID()
        var added: [(entry: LedgerEntry, index: UInt64, source: EntrySource?)] = []
        let extent = try reader.extent { record in
            guard let entry = try LedgerEntry(json: record.json) else { return }
            added.append((entry, record.index, EntrySource(record.json)))
        }
        for (entry, index, source) in added {
            add(entry, index: index, logID: logID, directory: reader.directory, source: source)
        }
        heads.append(Head(directory: reader.directory, logID: logID, records: extent.records, root: extent.root))
    }

    mutating func add(
        _ entry: LedgerEntry, index: UInt64, logID: String, directory: String, source: EntrySource?
    ) {
        switch entry {
        case .outcome(let outcome):
            var added = ValueUnion<Outcome>.Entry(value: outcome, index: index, logID: logID, directory: directory)
            added.source = source
            outcomes.add(added)
        case .record(let record):
            var added = ValueUnion<CaseRecord>.Entry(value: record, index: index, logID: logID, directory: directory)
            added.source = source
            records.add(added)
        }
    }

    /// Opens every worker's ledger below these directories (or the directories themselves) and adds them.
    public static func read(_ directories: [String]) throws -> LedgerUnion {
        var union = LedgerUnion()
        for directory in directories {
            for worker in try LedgerReader.directories(counting: directory) {
                try union.add(LedgerReader(directory: worker))
            }
        }
        return union
    }
}
