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
    private var linked: Bits
    /// Pairs of entries that share a tie.
    private var pairs: [(UInt32, UInt32)] = []

    /// How many entries are read at once: some ten megabytes of them.
    private static let batch = 4_096
    /// First bytes of hashes whose ties are read at once, a part of 32: some ten megabytes of ten million entries.
    private static let firstBytes = 8

    init(_ catalog: LedgerCatalog) throws {
        self.catalog = catalog
        linked = Bits(count: catalog.entryCount)
        for part in catalog.parts {
            let traits = try part.index.traits.read(from: part.index.bytes.opened())
            for (entry, trait) in traits.enumerated() where trait == 0 { linked.set(part.base + entry) }
        }
        let steps = 256 / Self.firstBytes
        let found = Parallel.map(0..<steps) { [catalog] step in
            Result { try Self.pairs(catalog, step * Self.firstBytes..<(step + 1) * Self.firstBytes) }
        }
        for step in found {
            for (first, second) in try step.get() {
                linked.set(Int(first))
                linked.set(Int(second))
                pairs.append((first, second))
            }
        }
    }

    /// Finds the entries that share a tie whose hash has one of these first bytes.
    ///
    /// Most ties are of one entry alone: the hashes are gone over once to see which may come twice, and only those are
    /// compared.
    private static func pairs(_ catalog: LedgerCatalog, _ firstBytes: Range<Int>) throws -> [(UInt32, UInt32)] {
        let columns = try catalog.parts.map { part throws(LedgerError) in
            let range = part.index.tieStarts[firstBytes.lowerBound]..<part.index.tieStarts[firstBytes.upperBound]
            if range.isEmpty { return (range, [UInt64]()) }
            return (range, try part.index.tieHashes.read(range, from: part.index.bytes.opened()))
        }
        var seen = SeenHashes(for: columns.reduce(0) { $0 + $1.1.count })
        for (_, hashes) in columns { seen.add(hashes) }
        var table = TieTable()
        for (part, (range, hashes)) in zip(catalog.parts, columns) where !range.isEmpty {
            let entries = try part.index.tieEntries.read(range, from: part.index.bytes.opened())
            for position in hashes.indices where seen.mayComeTwice(hashes[position]) {
                guard entries[position] < part.index.entryCount else { throw part.index.damage(in: part.directory) }
                table.add(hashes[position], UInt32(part.base) + entries[position])
            }
        }
        var pairs: [(UInt32, UInt32)] = []
        table.pairs { first, second in if first != second { pairs.append((first, second)) } }
        return pairs
    }

    /// The entries that share a tie with another one, in order: all that can be on record twice are among them.
    var paired: [Int] {
        var all = Bits(count: catalog.entryCount)
        for (first, second) in pairs {
            all.set(Int(first))
            all.set(Int(second))
        }
        return all.positions
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
        let members = linked.positions
        var groups = Groups(count: members.count)
        let ranks = Ranks(members)
        for (first, second) in pairs { groups.join(ranks[first], ranks[second]) }
        let bound = Bound(days, moment)
        var isTouched = [Bool](repeating: false, count: members.count)
        var isRecorded = isTouched
        try eachPart(of: members) { part, range in
            let opened = try part.index.bytes.opened()
            let days = try part.index.days.read(from: opened)
            let recordedAt = try part.index.recordedAt.read(from: opened)
            for member in range {
                let entry = members[member] - part.base
                isRecorded[member] = bound.isRecorded(recordedAt[entry])
                if bound.isOfPeriod(days[entry]) { isTouched[groups.root(member)] = true }
            }
        }
        // By groups, which come in the order in which they began.
        var order: [(group: Int, entry: Int)] = []
        for member in members.indices where isRecorded[member] {
            let group = groups.root(member)
            if isTouched[group] { order.append((group, members[member])) }
        }
        order.sort { $0 < $1 }
        return batches(
            order.map(\.entry), endsGroup: { $0 + 1 == order.count || order[$0].group != order[$0 + 1].group })
    }

    /// Those of the outcomes that stand alone whose day is one of these.
    ///
    /// - Parameter moment: what was recorded later is left out.
    public func loneBatches(_ days: ClosedRange<CivilDate>, by moment: Moment) throws -> [Batch] {
        let bound = Bound(days, moment)
        var entries: [Int] = []
        for part in catalog.parts {
            let opened = try part.index.bytes.opened()
            let recordedAt = try part.index.recordedAt.read(from: opened)
            for (entry, day) in try part.index.days.read(from: opened).enumerated() where bound.isOfPeriod(day) {
                if bound.isRecorded(recordedAt[entry]), !linked[part.base + entry] { entries.append(part.base + entry) }
            }
        }
        return batches(entries, endsGroup: { _ in true })
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

    /// - Parameter entries: in their order.
    private func eachPart(of entries: [Int], _ body: (LedgerCatalog.Part, Range<Int>) throws -> Void) throws {
        var start = 0
        for part in catalog.parts {
            let end = part.base + part.index.entryCount
            var next = start
            while next < entries.count, entries[next] < end { next += 1 }
            if next > start { try body(part, start..<next) }
            start = next
        }
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
        var numbers: [String: Int] = [:]
        var lines: [String] = []
        // By traits, then by month of the period.
        let months = MonthSpan(days)
        var counts: [Int] = []
        for part in catalog.parts {
            let opened = try part.index.bytes.opened()
            let known = try part.index.traitLines(opened).map { line in
                if let number = numbers[line] { return number }
                numbers[line] = lines.count
                lines.append(line)
                counts += [Int](repeating: 0, count: months.count)
                return lines.count - 1
            }
            try count(part, opened, known, Bound(days, moment), months, into: &counts)
        }
        var alike: [Alike] = []
        for (number, line) in lines.enumerated() {
            var outcome: Outcome?
            for month in 0..<months.count where counts[number * months.count + month] > 0 {
                let read = try outcome ?? Self.outcome(line)
                outcome = read
                var dated = read
                dated.date = RequestDate(date: max(months.firstDay(month), days.lowerBound), basis: read.date.basis)
                alike.append(Alike(outcome: dated, count: counts[number * months.count + month]))
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
        _ part: LedgerCatalog.Part, _ opened: FileBytes.OpenedBytes, _ known: [Int], _ bound: Bound,
        _ months: MonthSpan, into counts: inout [Int]
    ) throws {
        let traits = try part.index.traits.read(from: opened)
        let recordedAt = try part.index.recordedAt.read(from: opened)
        for (entry, day) in try part.index.days.read(from: opened).enumerated() where bound.isOfPeriod(day) {
            let trait = Int(traits[entry])
            guard trait > 0, trait <= known.count, bound.isRecorded(recordedAt[entry]), !linked[part.base + entry]
            else { continue }
            let month = months.number(day)
            // A day such as the 99th month of a year lies between two days too.
            guard (0..<months.count).contains(month) else { throw part.index.damage(in: part.directory) }
            counts[known[trait - 1] * months.count + month] += 1
        }
    }
}

/// What is counted: what has one of these days, and was recorded by then.
private struct Bound {
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
private struct MonthSpan {
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

/// Which hashes may come twice: all that do, and one in eight of the others.
///
/// Two bits for each of eight places a hash: whether one hash fell there, and whether a second one did.
private struct SeenHashes {
    private static let placesPerHash = 8
    private static let both: UInt64 = 0b11

    private var words: [UInt64]
    private let mask: UInt64

    init(for count: Int) {
        var places = 64
        while places < count * Self.placesPerHash { places <<= 1 }
        mask = UInt64(places - 1)
        words = [UInt64](repeating: 0, count: places / 32)
    }

    mutating func add(_ hashes: [UInt64]) {
        for hash in hashes {
            let place = hash & mask
            let (word, bit) = (Int(truncatingIfNeeded: place >> 5), place & 31 &* 2)
            // 00 becomes 01, and 01 and 11 become 11.
            words[word] |= (words[word] >> bit & 1 &* 2 | 1) << bit
        }
    }

    func mayComeTwice(_ hash: UInt64) -> Bool {
        let place = hash & mask
        return words[Int(truncatingIfNeeded: place >> 5)] >> (place & 31 &* 2) & Self.both == Self.both
    }
}

/// Finds equal hashes: open addressing, linear probing.
private struct TieTable {
    private var ties: [(hash: UInt64, entry: UInt32)] = []

    mutating func add(_ hash: UInt64, _ entry: UInt32) { ties.append((hash, entry)) }

    /// Each entry with the first one that has the same tie.
    func pairs(_ body: (UInt32, UInt32) -> Void) {
        guard ties.count > 1 else { return }
        var size = 4
        while size < ties.count * 2 { size <<= 1 }
        // 0: free; else the tie's number, from 1.
        var slots = [UInt32](repeating: 0, count: size)
        for (number, tie) in ties.enumerated() {
            // The upper bits are the bucket's.
            var slot = Int(truncatingIfNeeded: tie.hash & UInt64(size - 1))
            while slots[slot] != 0 {
                let other = ties[Int(slots[slot]) - 1]
                if other.hash == tie.hash {
                    body(other.entry, tie.entry)
                    break
                }
                slot = (slot + 1) & (size - 1)
            }
            if slots[slot] == 0 { slots[slot] = UInt32(number + 1) }
        }
    }
}

/// One bit for each entry.
private struct Bits: Sendable {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    subscript(_ position: Int) -> Bool { words[position >> 6] & 1 << UInt64(position & 63) != 0 }

    mutating func set(_ position: Int) { words[position >> 6] |= 1 << UInt64(position & 63) }

    var total: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// In order.
    var positions: [Int] {
        var positions: [Int] = []
        for (number, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                positions.append(number * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return positions
    }
}

/// Where each entry stands among those that are linked.
private struct Ranks {
    private let members: [Int]

    init(_ members: [Int]) { self.members = members }

    subscript(_ entry: UInt32) -> Int {
        var (low, high) = (0, members.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if members[middle] <= Int(entry) { low = middle } else { high = middle }
        }
        return low
    }
}

/// Union-find, with halving of paths.
private struct Groups {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    mutating func root(_ member: Int) -> Int {
        var member = member
        while parents[member] != member {
            parents[member] = parents[parents[member]]
            member = parents[member]
        }
        return member
    }

    mutating func join(_ one: Int, _ other: Int) {
        let (one, other) = (root(one), root(other))
        // The earlier one stands for both, so that groups come in the order in which they began.
        parents[max(one, other)] = min(one, other)
    }
}
