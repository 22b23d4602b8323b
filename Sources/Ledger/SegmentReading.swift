import Detainers

/// A segment as it stands by itself: every line checked and read, and every leaf hashed. That takes nothing of the
/// segments before it, so that the cores read several at once; ``SegmentScan/take(_:path:number:)`` tells then whether
/// it follows them.
///
/// Memory: 32 bytes a record, what its index holds, and a piece of the file.
struct SegmentReading: Sendable {
    /// A header or a checkpoint, and what stands before it.
    struct Mark: Sendable {
        var line: Int
        /// Records of the segment before it.
        var records: Int
        var content: SegmentLine
    }

    private(set) var marks: [Mark] = []
    private(set) var leaves: [[UInt8]] = []
    private(set) var lineCount = 0
    /// Of the segment; of an open one, behind its last checkpoint.
    private(set) var byteCount = 0
    private(set) var uncountedBytes = 0
    /// At the first line that is not as it was written, behind which nothing was read.
    private(set) var failure: LedgerError?

    /// Knows of no segment before it.
    private(set) var index: SegmentIndexBuilder
    /// At the first line that is intact and no record of ours.
    private(set) var recordFailure: RecordError?
    private(set) var recordFailureLine = 0
    /// The digests of the policies that were loaded.
    private(set) var policies: Set<String> = []
    private(set) var outcomes = 0
    private(set) var caseRecords = 0

    /// Reads a sealed segment.
    ///
    /// - Parameter makingIndex: whether the bytes of its index will be asked for.
    init(_ bytes: FileBytes, sealed number: Int, path: String, makingIndex: Bool) throws(LedgerError) {
        index = SegmentIndexBuilder(segment: number)
        byteCount = bytes.count
        try read(LineReader(bytes), path)
        if makingIndex { index.makeBody() }
    }

    /// Reads what an open segment holds up to its last checkpoint.
    init(_ bytes: [UInt8], open number: Int, path: String) throws(LedgerError) {
        index = SegmentIndexBuilder(segment: number)
        byteCount = SegmentScan.endOfLastCheckpoint(bytes)
        uncountedBytes = bytes.count - byteCount
        try read(LineReader(FileBytes(bytes), count: byteCount), path)
    }

    private mutating func read(_ lines: LineReader, _ path: String) throws(LedgerError) {
        var lines = lines
        var offset = 0
        while let whole = try lines.next() {
            defer { offset = lines.offset }
            lineCount += 1
            guard let content = SegmentLine(whole: whole) else {
                failure = SegmentScan.damaged(whole, path, lineCount)
                return
            }
            guard case .record(let value) = content else {
                marks.append(Mark(line: lineCount, records: leaves.count, content: content))
                continue
            }
            if lineCount == 1 {
                failure = SegmentScan.headerMissing(path)
                return
            }
            if let value { add(value, offset) }
            leaves.append(MerkleTree.leaf(whole.dropLast()))
        }
    }

    private mutating func add(_ value: JSONNode, _ offset: Int) {
        if recordFailure != nil { return }
        do throws(RecordError) {
            guard let entry = try LedgerEntry(json: value) else {
                policies.formUnion(PolicyTexts.digests(in: value))
                return
            }
            switch entry {
            case .outcome: outcomes += 1
            case .record: caseRecords += 1
            }
            index.add(entry, record: UInt64(leaves.count), offset: offset)
        } catch { (recordFailure, recordFailureLine) = (error, lineCount) }
    }
}
