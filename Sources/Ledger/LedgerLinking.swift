public import Detainers

/// Which entries of a catalog have to do with each other, and how many there are of those that stand alone.
///
/// Two entries that share a tie (an id, a booking, a person) may belong together, and so may those that share one with
/// either of them: such a group is read in full. An outcome that shares none with any other is what it would be if it
/// were the only one on file, and is counted by its traits. Chance (two ties with one hash) only makes a group larger
/// than it need be.
public struct LedgerLinking: Sendable {
    private let catalog: LedgerCatalog
    /// Entries that are to be read in full.
    private let linked: EntryBits
    /// Pairs of entries that share a tie, as each step found them.
    private let pairs: [[Pair]]

    private typealias Pair = (UInt32, UInt32)

    /// How many entries are read at once on a core: some two megabytes of them.
    private static let batch = 1_024
    /// How many ties are compared at once on a core: some ten megabytes of them.
    private static let tiesAtOnce = 1 << 19
    /// First bytes of hashes, by which ties are told apart.
    private static let firstBytes = 256

    /// Half of the files that a process may have open stay free for whatever else it does.
    private static var mostHeldOpen: Int { FileSystem.openFileLimit / 2 }

    /// - Parameter mostHeldOpen: how many indexes stay open meanwhile; more are opened each time.
    init(_ catalog: LedgerCatalog, mostHeldOpen: Int = mostHeldOpen) throws {
        self.catalog = catalog
        var linked = EntryBits(count: catalog.entryCount)
        let opened = OpenedIndexes(catalog, atMost: mostHeldOpen)
        for (number, part) in catalog.parts.enumerated() {
            let traits = try part.index.traits.read(from: opened[number])
            for (entry, trait) in traits.enumerated() where trait == 0 { linked.set(part.base + entry) }
        }
        // More ties take more steps, not more memory: up to a hundred million, of some thirty million entries.
        let ties = catalog.parts.reduce(0) { $0 + $1.index.tieHashes.count }
        let steps = min(Self.firstBytes, ties / Self.tiesAtOnce + Parallel.cores)
        let found = Parallel.map(0..<steps) { [catalog] step in
            Result {
                try Self.pairs(
                    catalog, opened, step * Self.firstBytes / steps..<(step + 1) * Self.firstBytes / steps)
            }
        }
        pairs = try found.map { try $0.get() }
        for (first, second) in pairs.joined() {
            linked.set(Int(first))
            linked.set(Int(second))
        }
        self.linked = linked
    }

    /// What a function finds in parts, in their order: a list for each stretch of them.
    private static func collected<Element: Sendable>(
        _ parts: Range<Int>, _ find: @Sendable (Int, inout [Element]) throws -> Void
    ) throws -> [[Element]] {
        let stretches = Parallel.stretches(of: parts)
        return try Parallel.map(stretches.indices) { number in
            Result {
                var found: [Element] = []
                for part in stretches[number] { try find(part, &found) }
                return found
            }
        }.map { try $0.get() }
    }

    /// Finds the entries that share a tie whose hash has one of these first bytes.
    ///
    /// Most ties are of one entry alone: the hashes are gone over once to see which may come twice, and only those are
    /// compared.
    private static func pairs(
        _ catalog: LedgerCatalog, _ opened: OpenedIndexes, _ firstBytes: Range<Int>
    ) throws -> [Pair] {
        let columns = try catalog.parts.indices.map { number throws(LedgerError) in
            let range = catalog.parts[number].index.ties(firstBytes)
            if range.isEmpty { return (range, [UInt64]()) }
            return (range, try catalog.parts[number].index.tieHashes.read(range, from: opened[number]))
        }
        var seen = SeenHashes(for: columns.reduce(0) { $0 + $1.1.count })
        for (_, hashes) in columns { seen.add(hashes) }
        var table = TieTable()
        for (number, (range, hashes)) in columns.enumerated() where hashes.contains(where: seen.mayComeTwice) {
            let part = catalog.parts[number]
            let entries = try part.index.tieEntries.read(range, from: opened[number])
            let (base, entryCount) = (UInt32(part.base), part.index.entryCount)
            for position in hashes.indices where seen.mayComeTwice(hashes[position]) {
                guard entries[position] < entryCount else { throw part.index.damage(in: part.directory) }
                table.add(hashes[position], base + entries[position])
            }
        }
        return table.pairs().filter { $0 != $1 }
    }

    /// The entries that share a tie with another one, in order: all that can be on record twice are among them.
    var paired: [Int] {
        var all = EntryBits(count: catalog.entryCount)
        for (first, second) in pairs.joined() {
            all.set(Int(first))
            all.set(Int(second))
        }
        var positions: [Int] = []
        positions.reserveCapacity(all.total)
        all.forEach(in: 0..<catalog.entryCount) { positions.append($0) }
        return positions
    }

    /// How many entries are read in full.
    public var linkedCount: Int { linked.total }

    /// Entries that are read together: groups that are whole, some thousand entries of them.
    public struct Batch: Sendable {
        fileprivate let entries: [Int]
    }

    /// Reads a batch in full.
    ///
    /// - Throws: `LedgerError` where the files cannot be read, `RecordError` where a line is no record of ours.
    public func read(_ batch: Batch) throws -> LedgerUnion { try catalog.union(batch.entries) }

    /// All groups with an entry of one of these days.
    ///
    /// - Parameter moment: what was recorded later is left out.
    public func linkedBatches(_ days: ClosedRange<CivilDate>, by moment: Moment) throws -> [Batch] {
        var groups = EntryGroups(count: linked.total)
        let ranks = EntryRanks(linked)
        for (first, second) in pairs.joined() { groups.join(ranks[Int(first)], ranks[Int(second)]) }
        let bound = Bound(days, moment)
        let ofPeriod = try Self.collected(catalog.parts.indices) { [catalog, linked] number, entries in
            let part = catalog.parts[number]
            let days = try part.index.days.read(from: part.index.bytes.opened())
            linked.forEach(in: part.entries) { entry in
                if bound.isOfPeriod(days[entry - part.base]) { entries.append(UInt32(entry)) }
            }
        }
        var isTouched = EntryBits(count: linked.total)
        for entry in ofPeriod.joined() { isTouched.set(groups.root(ranks[Int(entry)])) }
        // By groups, which come in the order in which they began.
        var order: [(group: UInt32, entry: UInt32)] = []
        var member = 0
        for part in catalog.parts {
            // Most parts have nothing to do with a period, and then nothing else of them is read.
            var recordedAt: [UInt32] = []
            try linked.forEach(in: part.entries) { entry throws(LedgerError) in
                let group = groups.root(member)
                member += 1
                guard isTouched[group] else { return }
                if recordedAt.isEmpty {
                    recordedAt = try part.index.recordedAt.read(from: part.index.bytes.opened())
                }
                if bound.isRecorded(recordedAt[entry - part.base]) { order.append((UInt32(group), UInt32(entry))) }
            }
        }
        order.sort { $0 < $1 }
        return batches(
            order.map { Int($0.entry) }, endsGroup: { $0 + 1 == order.count || order[$0].group != order[$0 + 1].group })
    }

    /// Those of the outcomes that stand alone whose day is one of these.
    ///
    /// - Parameter moment: what was recorded later is left out.
    public func loneBatches(_ days: ClosedRange<CivilDate>, by moment: Moment) throws -> [Batch] {
        let bound = Bound(days, moment)
        let lone = try Self.collected(catalog.parts.indices) { [catalog, linked] number, entries in
            let part = catalog.parts[number]
            let opened = try part.index.bytes.opened()
            let recordedAt = try part.index.recordedAt.read(from: opened)
            for (entry, day) in try part.index.days.read(from: opened).enumerated() where bound.isOfPeriod(day) {
                if bound.isRecorded(recordedAt[entry]), !linked[part.base + entry] { entries.append(part.base + entry) }
            }
        }
        return batches(Array(lone.joined()), endsGroup: { _ in true })
    }

    private func batches(_ entries: [Int], endsGroup: (Int) -> Bool) -> [Batch] {
        var batches: [Batch] = []
        var batch: [Int] = []
        for (position, entry) in entries.enumerated() {
            batch.append(entry)
            if batch.count < Self.batch || !endsGroup(position), position + 1 < entries.count { continue }
            // In their order, so that each segment is opened once.
            batches.append(Batch(entries: batch.sorted()))
            batch.removeAll(keepingCapacity: true)
        }
        return batches
    }

    /// Outcomes that stand alone, alike ones together.
    public struct Alike: Sendable {
        /// What they have in common; its date is the first day of theirs that is in the month.
        public var outcome: Outcome
        public var count: Int
    }

    /// The outcomes that stand alone, by traits and month.
    ///
    /// - Parameters:
    ///   - days: others are left out.
    ///   - moment: what was recorded later is left out too.
    /// - Throws: `LedgerError` where an index holds traits that cannot be read.
    public func lone(_ days: ClosedRange<CivilDate>, by moment: Moment) throws -> [Alike] {
        let (bound, months) = (Bound(days, moment), MonthSpan(days))
        let stretches = Parallel.stretches(of: catalog.parts.indices)
        var counts = LoneCounts(months: months.count)
        try Parallel.inOrder(stretches.indices) { number in
            Result {
                var counts = LoneCounts(months: months.count)
                for part in catalog.parts[stretches[number]] { try count(part, bound, months, into: &counts) }
                return counts
            }
        } take: { _, stretch in
            counts.add(try stretch.get())
        }
        var alike: [Alike] = []
        for (number, line) in counts.lines.enumerated() {
            var outcome: Outcome?
            for (month, count) in counts.months(of: number).enumerated() where count > 0 {
                let read = try outcome ?? Self.outcome(line)
                outcome = read
                var dated = read
                dated.date = RequestDate(date: max(months.firstDay(month), days.lowerBound), basis: read.date.basis)
                alike.append(Alike(outcome: dated, count: count))
            }
        }
        return alike
    }

    private static func outcome(_ line: String) throws -> Outcome {
        do { return try Outcome(json: JSONText(Array(line.utf8)).root) } catch {
            throw LedgerError(
                code: .corrupted, message: "an index holds traits that cannot be read: run `detainer ledger verify`")
        }
    }

    private func count(
        _ part: LedgerCatalog.Part, _ bound: Bound, _ months: MonthSpan, into counts: inout LoneCounts
    ) throws {
        let opened = try part.index.bytes.opened()
        let days = try part.index.days.read(from: opened)
        // Most parts have no day of the period, and then nothing else of them is read.
        guard days.contains(where: bound.isOfPeriod) else { return }
        let known = try part.index.traitLines(opened).map { counts.number(of: $0) }
        let traits = try part.index.traits.read(from: opened)
        let recordedAt = try part.index.recordedAt.read(from: opened)
        for (entry, day) in days.enumerated() where bound.isOfPeriod(day) {
            let trait = Int(traits[entry])
            guard trait > 0, trait <= known.count, bound.isRecorded(recordedAt[entry]), !linked[part.base + entry]
            else { continue }
            let month = months.number(day)
            // A day such as the 99th month of a year lies between two days too.
            guard (0..<months.count).contains(month) else { throw part.index.damage(in: part.directory) }
            counts.add(1, of: known[trait - 1], in: month)
        }
    }
}

/// How many outcomes stand alone, by traits and by month of a period.
private struct LoneCounts: Sendable {
    private let monthCount: Int
    private var numbers: [String: Int] = [:]
    /// The traits, each a line of JSON, in the order in which they came.
    private(set) var lines: [String] = []
    /// By traits, then by month.
    private var counts: [Int] = []

    init(months: Int) { monthCount = months }

    mutating func number(of line: String) -> Int {
        if let number = numbers[line] { return number }
        numbers[line] = lines.count
        lines.append(line)
        counts += [Int](repeating: 0, count: monthCount)
        return lines.count - 1
    }

    mutating func add(_ count: Int, of number: Int, in month: Int) { counts[number * monthCount + month] += count }

    mutating func add(_ other: LoneCounts) {
        for (number, line) in other.lines.enumerated() {
            let own = self.number(of: line)
            for (month, count) in other.months(of: number).enumerated() { add(count, of: own, in: month) }
        }
    }

    func months(of number: Int) -> ArraySlice<Int> { counts[number * monthCount..<(number + 1) * monthCount] }
}

/// The indexes of a catalog, open: each is asked many times for a part of its ties.
private struct OpenedIndexes: Sendable {
    private let parts: [LedgerCatalog.Part]
    /// Those of the first parts.
    private let held: [FileBytes.OpenedBytes]

    init(_ catalog: LedgerCatalog, atMost bound: Int) {
        parts = catalog.parts
        var held: [FileBytes.OpenedBytes] = []
        for part in parts.prefix(bound) {
            // Where no more can be open, what is held is enough: the rest is opened for each step.
            do throws(LedgerError) { held.append(try part.index.bytes.opened()) } catch { break }
        }
        // Some stay free for who opens the rest.
        self.held = held.count < min(bound, parts.count) ? Array(held.prefix(held.count / 2)) : held
    }

    subscript(_ part: Int) -> FileBytes.OpenedBytes {
        get throws(LedgerError) { part < held.count ? held[part] : try parts[part].index.bytes.opened() }
    }
}

/// What is counted: what has one of these days, and was recorded by then.
private struct Bound: Sendable {
    private let first: UInt32
    private let last: UInt32
    private let moment: UInt32

    init(_ days: ClosedRange<CivilDate>, _ moment: Moment) {
        (first, last) = (days.lowerBound.digits, days.upperBound.digits)
        self.moment = moment.secondsSinceEpoch.map { UInt32(clamping: $0) } ?? .max
    }

    func isOfPeriod(_ day: UInt32) -> Bool { first <= day && day <= last }

    /// Of what has no time that is known (0) nobody can say that it was recorded later.
    func isRecorded(_ at: UInt32) -> Bool { at <= moment }
}

extension LedgerCatalog {
    public func linking() throws -> LedgerLinking { try LedgerLinking(self) }
}

/// The months from one day's to another's.
private struct MonthSpan: Sendable {
    private let first: Int
    let count: Int

    init(_ days: ClosedRange<CivilDate>) {
        first = days.lowerBound.year * 12 + days.lowerBound.month - 1
        count = days.upperBound.year * 12 + days.upperBound.month - first
    }

    /// - Parameter day: yyyymmdd, one of the days.
    func number(_ day: UInt32) -> Int { Int(day / 10_000) * 12 + Int(day / 100 % 100) - 1 - first }

    func firstDay(_ month: Int) -> CivilDate {
        let number = first + month
        // INVARIANT: there is a first of every month.
        return CivilDate(year: number / 12, month: number % 12 + 1, day: 1) ?? CivilDate(daysSinceEpoch: 0)
    }
}
