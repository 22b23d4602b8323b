import Detainers

/// The good and the damaged lines of an open segment.
struct Salvage {
    private(set) var tree: MerkleTree
    private(set) var logID: String?
    private(set) var announcedThrough: UInt64
    /// The highest that a checkpoint tells which is kept.
    private(set) var written: UInt64
    private(set) var damaged: [[UInt8]] = []
    private let number: Int
    private let path: String
    private var lineNumber = 1
    /// Records up to the last checkpoint that is kept.
    private var covered: UInt64
    /// Where there is damage, it is not known which record was the nth behind the last checkpoint before it, for lines
    /// can be gone without a trace: all of those are announced again.
    private var certainCount: UInt64?

    init(scan: SegmentScan, number: Int, path: String) {
        tree = scan.tree
        logID = scan.logID
        announcedThrough = scan.announcedThrough
        written = scan.announcedThrough
        covered = scan.tree.count
        self.number = number
        self.path = path
    }

    /// Whether a checkpoint is missing at the end: records are behind the last, or it tells less than is known.
    var lacksCheckpoint: Bool { covered < tree.count || written < announcedThrough }

    /// Takes the first line where it is the header; the new file has one of its own.
    ///
    /// - Throws: `.corrupted` where it is intact and follows something else. No crash leaves that, for a header is
    ///   written when all before it is synced: a segment was exchanged or cut short, and what it held is not given up
    ///   by going on.
    mutating func takeHeader(_ line: ArraySlice<UInt8>) throws(LedgerError) -> Bool {
        guard case .header(let id, let segment, let firstRecord, let root)? = SegmentLine(whole: line) else {
            return false
        }
        guard segment == number, firstRecord == tree.count, root == tree.root, logID == nil || logID == id else {
            throw LedgerError(
                code: .corrupted,
                message: "`\(path)`, line 1: this header does not follow what is before it: put back the segment that "
                    + "was exchanged or cut short, from a copy")
        }
        logID = id
        return true
    }

    /// Takes the next line.
    ///
    /// - Parameter offset: where it stands in the new file, if it is kept.
    /// - Returns: the line, where it is to be kept: a record, or a checkpoint that still holds, byte for byte.
    mutating func take(
        _ line: ArraySlice<UInt8>, at offset: Int, _ record: (StoredRecord) throws(LedgerError) -> Void
    ) throws(LedgerError) -> ArraySlice<UInt8>? {
        guard line.last == UInt8(ascii: "\n"), let content = SegmentLine(line.dropLast()) else {
            damage(line)
            return nil
        }
        switch content {
        case .header:
            damage(line)
            return nil
        case .record(let value):
            lineNumber += 1
            let stored = StoredRecord(
                index: tree.count, read: value, line: Array(line.dropLast()), offset: offset, file: path,
                lineNumber: lineNumber)
            tree.append(line.dropLast())
            try record(stored)
            return line
        case .checkpoint(let records, let root, let announced):
            guard announced <= records else {
                damage(line)
                return nil
            }
            announcedThrough = max(announcedThrough, announced)
            if certainCount == nil, records != tree.count || root != tree.root {
                damage(line)
                return nil
            }
            // Behind damage a root cannot hold any more; the records it covered are kept all the same.
            guard certainCount == nil else { return nil }
            written = max(written, announced)
            covered = records
            lineNumber += 1
            return line
        }
    }

    /// There are no more lines: what is announced for certain is known.
    mutating func end() { announcedThrough = min(announcedThrough, certainCount ?? tree.count) }

    private mutating func damage(_ line: ArraySlice<UInt8>) {
        damaged.append(Array(line))
        if certainCount == nil { certainCount = covered }
    }
}
