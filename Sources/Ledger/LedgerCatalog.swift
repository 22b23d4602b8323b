import Detainers

/// What several ledgers hold, as their indexes know it, so that ten million records can be counted without being read.
///
/// Sealed segments are known by their indexes; the open ones, and those that have none, are read once when the catalog
/// is opened. Memory: the segments that were read, and a few bytes an entry while ``linking()`` works.
public struct LedgerCatalog: Sendable {
    /// A segment with its index.
    struct Part: Sendable {
        var index: SegmentIndex
        /// Of the segment.
        var lines: FileBytes
        var path: String
        var directory: String
        /// Entries of the parts before it.
        var base: Int

        /// Its own, as numbers of the catalog.
        var entries: Range<Int> { base..<base + index.entryCount }
    }

    private(set) var parts: [Part] = []
    /// Where each ledger that was opened stood.
    public private(set) var heads: [LedgerUnion.Head] = []
    /// Sealed segments that had to be read, for want of an index.
    public private(set) var unindexed = 0

    public init() {}

    public var entryCount: Int { parts.last.map { $0.base + $0.index.entryCount } ?? 0 }

    public var jurisdictions: Set<String> { Set(parts.flatMap(\.index.jurisdictions)) }

    /// Opens every worker's ledger below these directories (or the directories themselves).
    ///
    /// - Throws: `LedgerError` where there is no ledger, or the files cannot be read; `RecordError` where a line is no
    ///   record of ours.
    public static func open(_ directories: [String]) throws -> LedgerCatalog {
        let workers = try directories.flatMap { try LedgerReader.directories(counting: $0) }
        // Each has an open segment to read: all cores take part.
        let opened = Parallel.map(0..<workers.count) { number in
            Result { try LedgerCatalog(LedgerReader(directory: workers[number])) }
        }
        var catalog = LedgerCatalog()
        for one in opened { catalog.add(try one.get()) }
        return catalog
    }

    private mutating func add(_ other: LedgerCatalog) {
        for part in other.parts { append(part.index, part.lines, part.path, part.directory) }
        heads += other.heads
        unindexed += other.unindexed
    }

    init(_ reader: LedgerReader) throws {
        var scan = SegmentScan()
        let segments = try reader.segments()
        // The open segment takes longest to look at, and so is the first: others are looked at meanwhile.
        let (sealed, open) = (segments.filter { !$0.isOpen }, segments.filter(\.isOpen))
        let order = open + sealed
        let looks = Parallel.map(order.indices) { position in
            Result { () throws(LedgerError) in try Self.look(at: order[position], reader) }
        }
        let found = Array(zip(order, looks))
        for (segment, look) in found[open.count...] + found[..<open.count] {
            try add(segment, try look.get(), reader, &scan)
        }
        heads.append(
            LedgerUnion.Head(
                directory: reader.directory, logID: scan.logID ?? "", records: scan.tree.count, root: scan.tree.root))
    }

    private typealias Segment = (number: Int, name: String, isOpen: Bool)

    /// What is known of a segment by itself.
    private enum Look: Sendable {
        /// It has none, or that is not whole: what rots in a column would only count otherwise.
        case noIndex
        case index(SegmentIndex)
        /// Of an open one, and its bytes.
        case reading(SegmentReading, FileBytes)
    }

    private static func look(at segment: Segment, _ reader: LedgerReader) throws(LedgerError) -> Look {
        if segment.isOpen {
            let bytes = try reader.open(segment.number)
            let path = reader.directory + "/" + segment.name
            return .reading(try SegmentReading(bytes, open: segment.number, path: path), FileBytes(bytes))
        }
        let index = SegmentIndexes.whole(segment.number, in: reader.directory, files: reader.files)
        return index.map(Look.index) ?? .noIndex
    }

    /// Adds the next segment.
    private mutating func add(
        _ segment: Segment, _ look: Look, _ reader: LedgerReader, _ scan: inout SegmentScan
    ) throws {
        let path = reader.directory + "/" + segment.name
        switch look {
        case .index(let index) where scan.skip(index):
            append(index, try reader.bytes(path), path, reader.directory)
        case .index, .noIndex:
            unindexed += 1
            let bytes = try reader.bytes(path)
            let made = try reader.indexed(bytes, sealed: segment.number, &scan).index
            append(try Self.opened(made, segment.number), bytes, path, reader.directory)
        case .reading(let reading, let bytes):
            var made = reading.index
            made.follow(scan)
            try scan.take(reading, path: path, number: segment.number, isOpen: true)
            if let failure = reading.recordFailure { throw failure }
            let index = made.bytes(segmentBytes: reading.byteCount, through: scan)
            append(try Self.opened(index, segment.number), bytes, path, reader.directory)
        }
    }

    private static func opened(_ made: [UInt8], _ segment: Int) throws(LedgerError) -> SegmentIndex {
        guard let index = try SegmentIndex(FileBytes(made), segment: segment) else {
            preconditionFailure("an index that was just made cannot be read")
        }
        return index
    }

    private mutating func append(_ index: SegmentIndex, _ lines: FileBytes, _ path: String, _ directory: String) {
        parts.append(Part(index: index, lines: lines, path: path, directory: directory, base: entryCount))
    }

    /// Reads some entries in full.
    ///
    /// - Parameter entries: in their order, so that each segment is opened once.
    func union(_ entries: [Int]) throws -> LedgerUnion {
        var union = LedgerUnion()
        try read(entries) { _, entry, place in
            union.add(
                entry, index: place.index, logID: place.logID, directory: place.directory, source: place.source)
        }
        return union
    }

    /// Where an entry stands.
    typealias Place = (index: UInt64, logID: String, directory: String, source: EntrySource?)

    /// - Parameter body: called with each entry's number, itself, and its place.
    func read(_ entries: [Int], _ body: (Int, LedgerEntry, Place) throws -> Void) throws {
        var opened: (number: Int, part: OpenedPart)?
        for entry in entries {
            let number = part(of: entry)
            let part = parts[number]
            let lines: OpenedPart
            if let opened, opened.number == number { lines = opened.part } else { lines = try OpenedPart(part) }
            opened = (number, lines)
            let found = try lines.entry(entry - part.base)
            try body(entry, found.entry, (found.index, part.index.logID, part.directory, found.source))
        }
    }

    /// The last part that begins at or before an entry; an empty one is followed by another with the same base.
    private func part(of entry: Int) -> Int {
        var (low, high) = (0, parts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if parts[middle].base <= entry { low = middle } else { high = middle }
        }
        return low
    }
}

/// A segment of which some entries are read.
private struct OpenedPart {
    private let part: LedgerCatalog.Part
    private let lines: FileBytes.OpenedBytes
    private let offsets: [UInt32]
    private let records: [UInt32]

    init(_ part: LedgerCatalog.Part) throws(LedgerError) {
        self.part = part
        lines = try part.lines.opened()
        let index = try part.index.bytes.opened()
        offsets = try part.index.offsets.read(from: index)
        records = try part.index.records.read(from: index)
    }

    /// - Parameter number: of the entry in its part.
    func entry(_ number: Int) throws -> (entry: LedgerEntry, index: UInt64, source: EntrySource?) {
        let start = Int(offsets[number])
        // Up to the next one's line; a checkpoint may stand between.
        let next = number + 1 < offsets.count ? Int(offsets[number + 1]) : part.lines.count
        let end = min(max(start, next), start + LedgerFormat.maximumLineBytes + 1)
        guard let line = try lines.line(start..<end), let value = LedgerFormat.value(line[...]),
            let entry = try LedgerEntry(json: value)
        else {
            throw LedgerError(
                code: .corrupted,
                message: "`\(part.path)` holds no record at byte \(start): run `detainer ledger verify`")
        }
        return (entry, part.index.firstRecord + UInt64(records[number]), EntrySource(value))
    }
}
