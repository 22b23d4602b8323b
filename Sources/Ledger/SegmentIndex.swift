import Detainers
import Foundation

// segment-00000001.index beside segment-00000001.jsonl: what readers need to know of a sealed segment without reading
// it. Made from the segment alone; losing it only costs making it again.
//
//     {"format":"detainer.index/1","segment":1,"segmentBytes":n,"logId":…,"firstRecord":n,"previousRoot":…,
//      "records":n,"subtrees":[…],"announcedThrough":n,"jurisdictions":[…],"entries":n,"ties":n,"traits":n,
//      "bodyBytes":n,"body":…,"check":…}                                                                 one line
//
// and behind its newline the body, `bodyBytes` long and with the CRC-32C `body`: columns of little-endian numbers, an
// item for each entry (a record that is an outcome or a record of a case), in the order of the segment,
//
//     offset      u32   where its line begins in the segment
//     record      u32   its index in the ledger, less firstRecord
//     recordedAt  u32   seconds since 1970; 0: not known
//     day         u32   the day that chooses its period, as yyyymmdd
//     traits      u32   which of the traits below it has, from 1; 0: it has to be read
//
// then, for each of 257 values, how many ties have a hash whose first byte is below it,
//
//     ties        u32
//
// then, for each tie of an entry to others (OutcomeTraits.swift), by hash,
//
//     hash        u64
//     entry       u32   the entry that it ties, from 0
//
// then, for each of the traits,
//
//     end         u32   where its line ends in what follows
//
// and at last the traits: each a line of JSON, an outcome without what is its own.
//
// `subtrees` are the hashes of the full RFC 6962 subtrees of all records up to the segment's end, largest first, so
// that the tree can go on from there. A tampered index cannot pass for the segment's: `ledger verify` makes it again
// and compares.
struct SegmentIndex: Sendable {
    static let format = "detainer.index/1"
    /// Far above any header: some 64 hashes and a few names of jurisdictions.
    private static let maximumHeaderBytes = 64 << 10
    /// Nearly all are shorter.
    private static let usualHeaderBytes = 4 << 10
    private static let startCount = 257

    let bytes: FileBytes
    let segmentBytes: Int
    let logID: String
    let firstRecord: UInt64
    let previousRoot: String
    /// Of all records up to the segment's end.
    let tree: MerkleTree
    let announcedThrough: UInt64
    let jurisdictions: [String]

    let offsets: NumberColumn<UInt32>
    let records: NumberColumn<UInt32>
    let recordedAt: NumberColumn<UInt32>
    let days: NumberColumn<UInt32>
    let traits: NumberColumn<UInt32>
    /// How many ties have a hash whose first byte is below each of the values from 0 to 256.
    let tieStarts: [UInt32]
    let tieHashes: NumberColumn<UInt64>
    let tieEntries: NumberColumn<UInt32>
    private let traitEnds: NumberColumn<UInt32>
    private let bodyCheck: String

    /// - Returns: `nil` where these are not the bytes of an index of that segment.
    /// - Throws: where they cannot be read.
    init?(_ bytes: FileBytes, segment: Int) throws(LedgerError) {
        let opened = try bytes.opened()
        guard let line = try Self.headerLine(opened),
            let header = LedgerFormat.value(line[...]), header["format"]?.stringValue == Self.format,
            header["segment"]?.intValue == segment
        else { return nil }
        func number(_ name: String) -> Int? { header[name]?.intValue }
        func large(_ name: String) -> UInt64? { header[name]?.intValue.flatMap(UInt64.init(exactly:)) }
        guard let segmentBytes = number("segmentBytes"), let logID = header["logId"]?.stringValue,
            let firstRecord = large("firstRecord"), let previousRoot = header["previousRoot"]?.stringValue,
            let records = large("records"), firstRecord <= records, let subtrees = header["subtrees"]?.arrayValue,
            let announcedThrough = large("announcedThrough"), let jurisdictions = header["jurisdictions"]?.arrayValue,
            let entries = number("entries"), let ties = number("ties"), let traitCount = number("traits"),
            number("bodyBytes") == bytes.count - line.count - 1, let bodyCheck = header["body"]?.stringValue,
            let tree = MerkleTree(
                subtrees: subtrees.compactMap { $0.stringValue.flatMap { Data(base64Encoded: $0) }.map(Array.init) },
                count: records)
        else { return nil }
        guard let offsets = NumberColumn<UInt32>(offset: line.count + 1, count: entries, within: bytes.count),
            let recordColumn = NumberColumn<UInt32>(offset: offsets.end, count: entries, within: bytes.count),
            let recordedAt = NumberColumn<UInt32>(offset: recordColumn.end, count: entries, within: bytes.count),
            let days = NumberColumn<UInt32>(offset: recordedAt.end, count: entries, within: bytes.count),
            let traits = NumberColumn<UInt32>(offset: days.end, count: entries, within: bytes.count),
            let starts = NumberColumn<UInt32>(offset: traits.end, count: Self.startCount, within: bytes.count),
            let tieHashes = NumberColumn<UInt64>(offset: starts.end, count: ties, within: bytes.count),
            let tieEntries = NumberColumn<UInt32>(offset: tieHashes.end, count: ties, within: bytes.count),
            let traitEnds = NumberColumn<UInt32>(offset: tieEntries.end, count: traitCount, within: bytes.count)
        else { return nil }
        tieStarts = try starts.read(from: opened)
        guard tieStarts.last.map(Int.init) == ties, zip(tieStarts, tieStarts.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        self.bytes = bytes
        self.bodyCheck = bodyCheck
        (self.segmentBytes, self.logID, self.firstRecord) = (segmentBytes, logID, firstRecord)
        (self.previousRoot, self.tree, self.announcedThrough) = (previousRoot, tree, announcedThrough)
        self.jurisdictions = jurisdictions.compactMap(\.stringValue)
        (self.offsets, self.records, self.recordedAt, self.days) = (offsets, recordColumn, recordedAt, days)
        (self.traits, self.tieHashes, self.tieEntries, self.traitEnds) = (traits, tieHashes, tieEntries, traitEnds)
    }

    private static func headerLine(_ opened: FileBytes.OpenedBytes) throws(LedgerError) -> [UInt8]? {
        if let line = try opened.line(0..<usualHeaderBytes) { return line }
        return try opened.line(0..<maximumHeaderBytes)
    }

    var entryCount: Int { offsets.count }

    /// Whether its body is the one that was made: whoever counts by its columns asks before, for what rots in them only
    /// counts otherwise.
    func isWhole() throws(LedgerError) -> Bool {
        let opened = try bytes.opened()
        var sum = CRC32C.Sum()
        var start = offsets.offset
        while start < bytes.count {
            let piece = try opened.read(start..<min(bytes.count, start + Self.pieceBytes))
            // It became shorter.
            if piece.isEmpty { return false }
            sum.add(piece[...])
            start += piece.count
        }
        return CRC32C.text(sum.value) == bodyCheck
    }

    /// What is summed up at once: it stays in a core's cache, and the allocator has it at hand. A body of a megabyte at
    /// once is fetched from the kernel page by page.
    private static let pieceBytes = 64 << 10

    /// Which ties have a hash with one of these first bytes.
    func ties(_ firstBytes: Range<Int>) -> Range<Int> {
        Int(tieStarts[firstBytes.lowerBound])..<Int(tieStarts[firstBytes.upperBound])
    }

    /// One of its numbers leads nowhere: its body was damaged since it was made.
    func damage(in directory: String) -> LedgerError {
        LedgerError(
            code: .corrupted,
            message: "an index of a segment in `\(directory)` is damaged: run `detainer ledger verify`, which names it")
    }

    /// The lines of the traits, each of JSON; the first one is number 1 in the column.
    func traitLines(_ opened: FileBytes.OpenedBytes) throws(LedgerError) -> [String] {
        let ends = try traitEnds.read(from: opened)
        let lines = try opened.read(traitEnds.end..<bytes.count)
        var start = 0
        return ends.map { end in
            let end = min(max(start, Int(end)), lines.count)
            defer { start = end }
            return String(decoding: lines[start..<end], as: UTF8.self)
        }
    }
}

/// Makes the index of a segment from its records, in order.
struct SegmentIndexBuilder: Sendable {
    private let segment: Int
    private var firstRecord: UInt64
    private var previousRoot: String
    private var offsets: [UInt32] = []
    private var records: [UInt32] = []
    private var recordedAt: [UInt32] = []
    private var days: [UInt32] = []
    private var traits: [UInt32] = []
    private var ties: [(hash: UInt64, entry: UInt32)] = []
    private var traitLines: [[UInt8]] = []
    private var knownTraits: [OutcomeTraits] = []
    /// Their numbers, from 1, by hash.
    private var traitNumbers: [Int: [UInt32]] = [:]
    private var jurisdictions: Set<String> = []
    /// Nearly all entries have that of the one before.
    private var lastJurisdiction: String?
    /// What the run of the segment holds, in the order of the segment.
    private(set) var identities: [RunEntry] = []
    /// Once it was made.
    private var body: [UInt8]?

    /// - Parameters:
    ///   - firstRecord: how many records there are before the segment.
    ///   - previousRoot: theirs.
    init(segment: Int, firstRecord: UInt64, previousRoot: String) {
        (self.segment, self.firstRecord, self.previousRoot) = (segment, firstRecord, previousRoot)
    }

    /// Counts records from the segment's first one, until ``follow(_:)`` tells what is before it.
    init(segment: Int) { self.init(segment: segment, firstRecord: 0, previousRoot: "") }

    /// - Parameter scan: as it stood before the segment.
    mutating func follow(_ scan: SegmentScan) { (firstRecord, previousRoot) = (scan.tree.count, scan.tree.root) }

    /// - Parameter scan: as it stood before the segment.
    init(segment: Int, after scan: SegmentScan) {
        self.init(segment: segment, firstRecord: scan.tree.count, previousRoot: scan.tree.root)
    }

    /// - Throws: `RecordError` where the record is intact but none of ours.
    mutating func add(_ record: StoredRecord) throws(RecordError) {
        guard let entry = try LedgerEntry(json: record.json) else { return }
        add(entry, record: record.index, offset: record.offset)
    }

    /// - Parameters:
    ///   - record: its index in the ledger.
    ///   - offset: where its line begins in the segment.
    mutating func add(_ entry: LedgerEntry, record: UInt64, offset: Int) {
        add(IndexedEntry(entry, traits: traits(of:)), record: record, offset: offset)
    }

    /// - Parameters:
    ///   - record: its index in the ledger.
    ///   - offset: where its line begins in the segment.
    mutating func add(_ entry: IndexedEntry, record: UInt64, offset: Int) {
        let number = UInt32(offsets.count)
        // INVARIANT: segments are far below 4 GiB; one that were not has no index, and is read.
        guard let offset = UInt32(exactly: offset) else { return }
        offsets.append(offset)
        records.append(UInt32(record - firstRecord))
        identities.append(RunEntry(hash: entry.hash, segment: UInt32(segment), offset: offset))
        recordedAt.append(entry.recordedAt)
        days.append(entry.day)
        traits.append(entry.traits.map { traitNumber(of: $0) } ?? 0)
        if entry.jurisdiction != lastJurisdiction {
            lastJurisdiction = entry.jurisdiction
            jurisdictions.insert(entry.jurisdiction)
        }
        for tie in entry.ties { ties.append((tie, number)) }
    }

    /// Those that are known, where they are its own: nearly all entries of a segment share a few.
    private func traits(of outcome: Outcome) -> OutcomeTraits? {
        for number in traitNumbers[OutcomeTraits.hash(outcome)] ?? [] {
            let known = knownTraits[Int(number) - 1]
            if known.areOf(outcome) { return known }
        }
        return OutcomeTraits(outcome)
    }

    private mutating func traitNumber(of traits: OutcomeTraits) -> UInt32 {
        for number in traitNumbers[traits.hash] ?? [] where knownTraits[Int(number) - 1] == traits { return number }
        knownTraits.append(traits)
        traitLines.append(traits.outcome.json().serialized())
        traitNumbers[traits.hash, default: []].append(UInt32(knownTraits.count))
        return UInt32(knownTraits.count)
    }

    /// - Parameter scan: as it stands behind the segment.
    func bytes(segmentBytes: Int, through scan: SegmentScan) -> [UInt8] {
        bytes(
            segmentBytes: segmentBytes, logID: scan.logID ?? "", tree: scan.tree,
            announcedThrough: scan.announcedThrough)
    }

    /// - Parameters:
    ///   - tree: as it stands behind the segment.
    ///   - announcedThrough: the highest that a checkpoint up to there tells.
    func bytes(segmentBytes: Int, logID: String, tree: MerkleTree, announcedThrough: UInt64) -> [UInt8] {
        let body = body ?? columns()
        func number(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
        let header: JSONValue = [
            "format": .string(SegmentIndex.format), "segment": number(segment), "segmentBytes": number(segmentBytes),
            "logId": .string(logID), "firstRecord": number(firstRecord),
            "previousRoot": .string(previousRoot), "records": number(tree.count),
            "subtrees": .array(tree.subtrees.map { .string(Data($0).base64EncodedString()) }),
            "announcedThrough": number(announcedThrough),
            "jurisdictions": .array(jurisdictions.sorted().map(JSONValue.string)), "entries": number(offsets.count),
            "ties": number(ties.count), "traits": number(traitLines.count), "bodyBytes": number(body.count),
            "body": .string(CRC32C.text(body[...])),
        ]
        return LedgerFormat.line(header) + body
    }

    /// Makes what does not depend on the segments before, which is nearly all, so that ``bytes(segmentBytes:through:)``
    /// has little left to do. Nothing is added behind it.
    mutating func makeBody() { body = columns() }

    /// Upper bits of a hash, by which ties are told apart before they are sorted: some thirty of a segment of sixteen
    /// megabytes share them, and few at a time are sorted in a third of the time.
    private static let upperBits: UInt64 = 11

    /// The ties by hash, then by entry.
    private func sortedTies() -> [(hash: UInt64, entry: UInt32)] {
        func part(_ hash: UInt64) -> Int { Int(hash >> (64 - Self.upperBits)) }
        // Where each part ends, once its ties were placed: it begins where the one before ends.
        var places = [Int](repeating: 0, count: 1 << Self.upperBits + 1)
        for tie in ties { places[part(tie.hash) + 1] += 1 }
        for number in 1..<places.count { places[number] += places[number - 1] }
        var sorted = ties
        for tie in ties {
            sorted[places[part(tie.hash)]] = tie
            places[part(tie.hash)] += 1
        }
        var start = 0
        for end in places.dropLast() {
            sorted[start..<end].sort { ($0.hash, $0.entry) < ($1.hash, $1.entry) }
            start = end
        }
        return sorted
    }

    private func columns() -> [UInt8] {
        var body: [UInt8] = []
        func append(_ column: [UInt32]) { for number in column { body.append(number) } }
        for column in [offsets, records, recordedAt, days, traits] { append(column) }
        let ties = sortedTies()
        var start = 0
        for value in 0...256 {
            while start < ties.count, ties[start].hash >> 56 < value { start += 1 }
            body.append(UInt32(start))
        }
        for tie in ties { body.append(tie.hash) }
        for tie in ties { body.append(tie.entry) }
        var end: UInt32 = 0
        for line in traitLines {
            end += UInt32(line.count + 1)
            body.append(end)
        }
        for line in traitLines { body += line + [UInt8(ascii: "\n")] }
        return body
    }
}
