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
        try end(path, lines: count)
    }

    private func end(_ path: String, lines: Int) throws(LedgerError) {
        guard endsInCheckpoint, lines > 0 else {
            throw Self.corrupted(path, lines, "the segment does not end in a checkpoint")
        }
    }

    /// Takes a segment that was read by itself.
    ///
    /// - Throws: `.corrupted` with file and line at the first thing that is not as it was written.
    mutating func take(
        _ reading: SegmentReading, path: String, number: Int, isOpen: Bool
    ) throws(LedgerError) {
        var taken = 0
        func hashes(to end: Int) -> ArraySlice<[UInt8]> { reading.leaves[taken..<end] }
        for mark in reading.marks {
            take(hashes(to: mark.records))
            taken = mark.records
            try take(mark.content, path, number, mark.line)
        }
        take(hashes(to: reading.leaves.count))
        if let failure = reading.failure { throw failure }
        if isOpen { uncountedBytes = reading.uncountedBytes } else { try end(path, lines: reading.lineCount) }
    }

    private mutating func take(_ leaves: ArraySlice<[UInt8]>) {
        if leaves.isEmpty { return }
        for leaf in leaves { tree.append(hash: leaf) }
        endsInCheckpoint = false
    }

    /// Takes a header or a checkpoint.
    private mutating func take(
        _ mark: SegmentLine, _ path: String, _ number: Int, _ line: Int
    ) throws(LedgerError) {
        switch mark {
        case .header(let id, let segment, let firstRecord, let root):
            guard line == 1, segment == number, firstRecord == tree.count, root == tree.root,
                logID == nil || logID == id
            else { throw Self.corrupted(path, line, "this header does not follow what is before it") }
            logID = id
        case .checkpoint(let records, let root, let announced):
            guard records == tree.count, root == tree.root else {
                throw Self.corrupted(path, line, "its root is not that of the records before it")
            }
            guard announced <= records else {
                throw Self.corrupted(path, line, "it announces more records than there are")
            }
            announcedThrough = max(announcedThrough, announced)
            endsInCheckpoint = true
        case .record: preconditionFailure("a record is no mark")
        }
    }

    private static func corrupted(_ path: String, _ line: Int, _ what: String) -> LedgerError {
        LedgerError(code: .corrupted, message: "`\(path)`, line \(line): \(what)")
    }

    static func headerMissing(_ path: String) -> LedgerError { corrupted(path, 1, "the header is missing") }

    /// Why a line is not valid.
    static func damaged(_ whole: ArraySlice<UInt8>, _ path: String, _ line: Int) -> LedgerError {
        corrupted(path, line, whole.last == UInt8(ascii: "\n") ? "its check is wrong" : "has no end")
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
            guard let content = SegmentLine(whole: whole, parsing: parsing) else {
                throw Self.damaged(whole, path, lineNumber)
            }
            guard case .record(let value) = content else {
                try take(content, path, number, lineNumber)
                continue
            }
            if lineNumber == 1 { throw Self.headerMissing(path) }
            let line = whole.dropLast()
            let stored = StoredRecord(
                index: tree.count, read: value, line: Array(line), offset: offset, file: path, lineNumber: lineNumber)
            tree.append(line)
            try record(stored)
            endsInCheckpoint = false
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
