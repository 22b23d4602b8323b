import Detainers

/// Walks through segments in order and checks every line and every root.
struct SegmentScan {
    private(set) var tree: MerkleTree
    private(set) var logID: String?
    private(set) var announcedThrough: UInt64 = 0
    private(set) var endsInCheckpoint = true
    /// Bytes of the open segment behind its last checkpoint: being written, or left by a run that was ended.
    private(set) var uncountedBytes = 0

    /// Whether records are read; otherwise their lines are only checked.
    var parsing: Bool

    init(watching sizes: Set<UInt64> = [], parsing: Bool = true) {
        tree = MerkleTree(watching: sizes)
        self.parsing = parsing
    }

    /// Goes on behind a sealed segment, which is known by its index.
    init(after index: SegmentIndex, watching sizes: Set<UInt64> = [], parsing: Bool = true) {
        tree = index.tree.watching(sizes)
        logID = index.logID
        announcedThrough = index.announcedThrough
        self.parsing = parsing
    }

    /// Keeps roots that are known otherwise, beside those that it passes.
    mutating func remember(_ roots: [UInt64: [UInt8]]) { tree.remember(roots) }

    /// What is known of the ledger up to here; of an empty one, nothing.
    var end: SegmentEnd { SegmentEnd(logID: logID ?? "", records: tree.count, root: tree.root) }

    /// Takes a sealed segment's index for the segment: all that is known of it then is where it ends.
    ///
    /// - Returns: whether the index follows what is before it; otherwise nothing is changed.
    mutating func skip(_ index: SegmentIndex) -> Bool {
        guard index.firstRecord == tree.count, index.previousRoot == tree.root, logID == nil || logID == index.logID
        else { return false }
        tree = index.tree
        logID = index.logID
        announcedThrough = max(announcedThrough, index.announcedThrough)
        endsInCheckpoint = true
        return true
    }

    /// Takes a sealed segment.
    ///
    /// - Throws: `.corrupted` with file and line at the first thing that is not as it was written.
    mutating func sealed(
        _ bytes: FileBytes, path: String, number: Int, record: (StoredRecord) throws(LedgerError) -> Void = { _ in }
    ) throws(LedgerError) {
        let count = try lines(LineReader(bytes), path: path, number: number, record: record)
        guard endsInCheckpoint, count > 0 else {
            throw LedgerError(
                code: .corrupted, message: "`\(path)`, line \(count): the segment does not end in a checkpoint")
        }
    }

    /// Takes what an open segment holds up to its last checkpoint.
    mutating func open(
        _ bytes: [UInt8], path: String, number: Int, record: (StoredRecord) throws(LedgerError) -> Void
    ) throws(LedgerError) {
        let end = Self.endOfLastCheckpoint(bytes)
        uncountedBytes = bytes.count - end
        try lines(LineReader(FileBytes(bytes), count: end), path: path, number: number, record: record)
    }

    /// Returns how many lines there are.
    @discardableResult
    private mutating func lines(
        _ lines: LineReader, path: String, number: Int, record: (StoredRecord) throws(LedgerError) -> Void
    ) throws(LedgerError) -> Int {
        var lines = lines
        var lineNumber = 0
        var offset = 0
        while let whole = try lines.next() {
            defer { offset = lines.offset }
            lineNumber += 1
            func corrupted(_ what: String) -> LedgerError {
                LedgerError(code: .corrupted, message: "`\(path)`, line \(lineNumber): \(what)")
            }
            guard whole.last == UInt8(ascii: "\n") else { throw corrupted("has no end") }
            let line = whole.dropLast()
            guard let content = SegmentLine(line, parsing: parsing) else { throw corrupted("its check is wrong") }
            switch content {
            case .header(let id, let segment, let firstRecord, let root):
                guard lineNumber == 1, segment == number, firstRecord == tree.count, root == tree.root,
                    logID == nil || logID == id
                else { throw corrupted("this header does not follow what is before it") }
                logID = id
            case .record(let value):
                if lineNumber == 1 { throw corrupted("the header is missing") }
                let stored = StoredRecord(
                    index: tree.count, read: value, line: Array(line), offset: offset, file: path,
                    lineNumber: lineNumber)
                tree.append(line)
                try record(stored)
                endsInCheckpoint = false
            case .checkpoint(let records, let root, let announced):
                guard records == tree.count, root == tree.root else {
                    throw corrupted("its root is not that of the records before it")
                }
                announcedThrough = max(announcedThrough, announced)
                endsInCheckpoint = true
            }
        }
        return lineNumber
    }

    /// The offset behind the last valid checkpoint line, or behind the header where there is none.
    static func endOfLastCheckpoint(_ bytes: [UInt8]) -> Int {
        var end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        while end > 0 {
            let start = bytes[..<(end - 1)].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            switch SegmentLine(bytes[start..<(end - 1)]) {
            case .checkpoint?: return end
            case .header? where start == 0: return end
            default: end = start
            }
        }
        return 0
    }
}
