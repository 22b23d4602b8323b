public import Detainers

/// What several ledgers hold, as one, in the order in which it is told: by date, then by id and revision.
///
/// Memory: five bytes an entry, the entries of a few days, and what is known of those that share an id, a booking or a
/// person with another one.
public struct LedgerListing: Sendable {
    private let catalog: LedgerCatalog
    /// Entries by day; those of one day in the order of the ledgers.
    private let order: [UInt32]
    /// Where the entries of each day end.
    private let ends: [Int]
    /// Entries that another one of their identity comes before, whichever day that is of.
    private let superseded: Set<UInt32>
    /// Entries that may be records of cases.
    private let mayBeRecord: [Bool]

    /// So many entries are read at once, and all of a day: some ten megabytes of them.
    private static let batch = 4_096

    /// Opens every worker's ledger below these directories (or the directories themselves).
    ///
    /// - Throws: `LedgerError` where the files cannot be read, `RecordError` where a line is no record of ours.
    public init(_ directories: [String]) throws {
        catalog = try LedgerCatalog.open(directories)
        superseded = try Self.superseded(catalog)
        (order, ends) = try Self.byDay(catalog)
        var mayBeRecord: [Bool] = []
        mayBeRecord.reserveCapacity(catalog.entryCount)
        for part in catalog.parts {
            mayBeRecord += try part.index.traits.read(from: part.index.bytes.opened()).map { $0 == 0 }
        }
        self.mayBeRecord = mayBeRecord
    }

    /// Counts the entries of each day, then puts each in its place.
    private static func byDay(_ catalog: LedgerCatalog) throws -> (order: [UInt32], ends: [Int]) {
        var counts: [UInt32: Int] = [:]
        for part in catalog.parts {
            for day in try part.index.days.read(from: part.index.bytes.opened()) { counts[day, default: 0] += 1 }
        }
        var (places, ends, end): ([UInt32: Int], [Int], Int) = ([:], [], 0)
        for (day, count) in counts.sorted(by: { $0.key < $1.key }) {
            places[day] = end
            end += count
            ends.append(end)
        }
        var order = [UInt32](repeating: 0, count: end)
        for part in catalog.parts {
            for (entry, day) in try part.index.days.read(from: part.index.bytes.opened()).enumerated() {
                // INVARIANT: each of the days was counted, and a file of ours does not change.
                guard let place = places[day], place < end else { throw part.index.damage(in: part.directory) }
                order[place] = UInt32(part.base + entry)
                places[day] = place + 1
            }
        }
        return (order, ends)
    }

    /// Several entries may have one identity and different days: the union of all that may be told which stands.
    private static func superseded(_ catalog: LedgerCatalog) throws -> Set<UInt32> {
        let paired = try catalog.linking().paired
        var standing: [EntryKey: (entry: UInt32, rank: EntryPrecedence)] = [:]
        var superseded: Set<UInt32> = []
        try catalog.read(paired) { number, entry, place in
            let rank = EntryPrecedence(entry.recordedAt, logID: place.logID, index: place.index, source: place.source)
            let own = (entry: UInt32(number), rank: rank)
            let key = EntryKey(entry.identity)
            guard let known = standing[key] else {
                standing[key] = own
                return
            }
            let (first, second) = own.rank < known.rank ? (own, known) : (known, own)
            standing[key] = first
            superseded.insert(second.entry)
        }
        return superseded
    }

    /// Every outcome.
    public func outcomes(_ body: (Outcome) throws -> Void) throws {
        try unions(of: { _ in true }) { union in for entry in union.outcomes.sorted() { try body(entry.value) } }
    }

    /// Every record of a case. Outcomes that their index tells from these are not read.
    public func records(_ body: (CaseRecord) throws -> Void) throws {
        try unions(of: { mayBeRecord[$0] }) { union in for entry in union.records.sorted() { try body(entry.value) } }
    }

    /// Reads the entries of some days at once, day after day.
    private func unions(of isAsked: (Int) -> Bool, _ body: (LedgerUnion) throws -> Void) throws {
        var (start, entries): (Int, [Int]) = (0, [])
        for end in ends {
            for entry in order[start..<end] where isAsked(Int(entry)) && !superseded.contains(entry) {
                entries.append(Int(entry))
            }
            start = end
            if entries.count < Self.batch, end < order.count { continue }
            try body(catalog.union(entries.sorted()))
            entries.removeAll(keepingCapacity: true)
        }
    }
}
