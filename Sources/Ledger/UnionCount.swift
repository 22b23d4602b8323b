public import Detainers

/// What a ``LedgerUnion`` of ledgers would count, without holding their entries: those that share a hash of their
/// identity are read, and no others.
public struct UnionCount: Sendable {
    public private(set) var outcomes = 0
    public private(set) var records = 0
    public private(set) var repeats = 0
    /// Identities under which different content is on record, in the order of the ledgers.
    public private(set) var conflictingOutcomes: [RequestIdentity] = []
    public private(set) var conflictingRecords: [RecordIdentity] = []

    public var conflicts: Int { conflictingOutcomes.count + conflictingRecords.count }

    /// - Parameter partCount: how many parts of all hashes are gone over at once.
    /// - Throws: `LedgerError` where the files cannot be read.
    init(_ ledgers: [VerifiedEntries], parts partCount: Int = Parallel.cores) throws {
        outcomes = ledgers.reduce(0) { $0 + $1.outcomes }
        records = ledgers.reduce(0) { $0 + $1.caseRecords }
        let others = ledgers.map { $0.others.sorted() }
        // Each core takes a part of all hashes; those of one identity are in one part.
        let parts = Parallel.map(0..<partCount) { number in
            Result { try Part(ledgers, others, number, of: partCount) }
        }
        var found: [Conflict] = []
        for part in parts {
            let part = try part.get()
            outcomes += part.outcomes
            records += part.records
            repeats += part.repeats
            found += part.found
        }
        found.sort {
            ($0.place.ledger, $0.place.entry.segment, $0.place.entry.offset)
                < ($1.place.ledger, $1.place.entry.segment, $1.place.entry.offset)
        }
        for conflict in found {
            switch conflict.identity {
            case .request(let identity): conflictingOutcomes.append(identity)
            case .record(let identity): conflictingRecords.append(identity)
            }
        }
    }

    private typealias Place = (ledger: Int, entry: RunEntry)

    private struct Conflict: Sendable {
        /// Of the entry that showed it.
        var place: Place
        var identity: LedgerEntry.Identity
    }

    /// What differs from the sum of the ledgers because of entries that share a hash, for a part of all hashes.
    private struct Part {
        var outcomes = 0
        var records = 0
        var repeats = 0
        var found: [Conflict] = []

        /// - Parameter others: sorted, of each ledger.
        init(_ ledgers: [VerifiedEntries], _ others: [[RunEntry]], _ number: Int, of count: Int) throws {
            func bound(_ number: Int) -> UInt64 { UInt64.max / UInt64(count) * UInt64(number) }
            let (first, end) = (bound(number), number + 1 == count ? nil : bound(number + 1))
            var cursors: [RunCursor] = []
            for (number, ledger) in ledgers.enumerated() {
                for run in ledger.runs {
                    cursors.append(try RunCursor(run, of: number, from: first, removingDamaged: false))
                }
                cursors.append(RunCursor(others[number], of: number, from: first))
            }
            var merge = EntryMerge(cursors)
            var group: [Place] = []
            while let next = try merge.next() {
                if let end, next.entry.hash >= end { break }
                if group.first?.entry.hash != next.entry.hash {
                    try add(group, ledgers)
                    group.removeAll(keepingCapacity: true)
                }
                group.append(next)
            }
            try add(group, ledgers)
        }

        /// - Parameter group: all entries with one hash, in the order of the ledgers.
        private mutating func add(_ group: [Place], _ ledgers: [VerifiedEntries]) throws {
            if group.count < 2 { return }
            var union = LedgerUnion()
            for place in group {
                let ledger = ledgers[place.ledger]
                let (entry, source) = try ledger.reader.entry(at: place.entry)
                switch entry {
                case .outcome: outcomes -= 1
                case .record: records -= 1
                }
                let before = union.conflicts
                // Places grow as indices do, and only their order counts; what an aggregator took of a record, whose
                // index is told, has its content.
                union.add(
                    entry, index: UInt64(place.entry.segment) << 32 | UInt64(place.entry.offset), logID: ledger.logID,
                    directory: ledger.reader.directory, source: source)
                if union.conflicts > before { found.append(Conflict(place: place, identity: entry.identity)) }
            }
            outcomes += union.outcomes.count
            records += union.records.count
            repeats += union.repeats
        }
    }
}

/// Verifies ledgers one after the other, and counts what they hold as one.
public struct UnionVerification: Sendable {
    private var ledgers: [VerifiedEntries] = []
    private var histories: [LedgerHistory] = []

    public init() {}

    /// ``LedgerReader/verify(key:earlier:progress:)``; a ledger without problems is counted. A line that is intact and
    /// no record of ours is a problem here, for what it says cannot be counted, and so is another history of a log that
    /// was verified before.
    public mutating func verify(
        _ reader: LedgerReader, key: LedgerPublicKey? = nil, earlier: [TreeHead] = [],
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(LedgerError) -> VerifyReport {
        let (verified, entries) = try reader.verified(
            key: key, earlier: earlier, others: histories, progress: progress)
        var report = verified
        if let failure = entries.failure { report.problems.append(failure) }
        if let history = entries.history { histories.append(history) }
        if report.problems.isEmpty { ledgers.append(entries) }
        return report
    }

    /// - Throws: `LedgerError` where the files cannot be read.
    public func count() throws -> UnionCount { try UnionCount(ledgers) }

    func count(parts: Int) throws -> UnionCount { try UnionCount(ledgers, parts: parts) }
}

extension LedgerReader {
    /// The entry whose line begins there.
    fileprivate func entry(at place: RunEntry) throws -> (entry: LedgerEntry, source: EntrySource?) {
        let number = Int(place.segment)
        let sealed = directory + "/" + LedgerFormat.sealedName(number)
        let path = files.exists(sealed) ? sealed : directory + "/" + LedgerFormat.openName(number)
        let line = try IdentityRuns.line(path, at: Int(place.offset), files: files)
        guard let line, let value = LedgerFormat.value(line[...]), let entry = try LedgerEntry(json: value) else {
            throw LedgerError(
                code: .corrupted, message: "`\(path)` no longer holds a record at byte \(place.offset): run this again")
        }
        return (entry, EntrySource(value))
    }
}
