import Detainers
import Glibc

/// The indexes of one ledger's sealed segments: which are there, and the making of those that are not.
///
/// Making one reads its segment, and needs no lock: a sealed segment never changes, and an index takes its place whole
/// or not at all.
public struct SegmentIndexes: Sendable {
    private let reader: LedgerReader

    public init(_ reader: LedgerReader) { self.reader = reader }

    /// The index of a sealed segment; `nil` where there is none, or it is not that of the segment as it lies there.
    static func open(_ number: Int, in directory: String, files: FileSystem) -> SegmentIndex? {
        do {
            let bytes = try FileBytes(path: directory + "/" + LedgerFormat.indexName(number), files: files)
            guard let index = try SegmentIndex(bytes, segment: number),
                try files.size(directory + "/" + LedgerFormat.sealedName(number)) == index.segmentBytes
            else { return nil }
            return index
        } catch {
            // It is not there, or not to be read: then its segment is.
            return nil
        }
    }

    /// The numbers of the sealed segments that have no index yet.
    public func missing() throws(LedgerError) -> [Int] {
        try reader.segments().filter { !$0.isOpen }.map(\.number).filter {
            Self.open($0, in: reader.directory, files: reader.files) == nil
        }
    }

    /// Makes those that are missing, in order.
    ///
    /// - Parameter progress: called after each with how many are made; false: enough.
    /// - Returns: how many were made.
    /// - Throws: `LedgerError` where a segment is damaged or the index cannot be written; `RecordError` where a line is
    ///   intact but no record of ours.
    @discardableResult
    public func make(_ progress: (Int) -> Bool = { _ in true }) throws -> Int {
        var scan = SegmentScan()
        var made = 0
        for segment in try reader.segments() where !segment.isOpen {
            if let index = Self.open(segment.number, in: reader.directory, files: reader.files), scan.skip(index) {
                continue
            }
            let bytes = try reader.content(reader.directory + "/" + segment.name)
            let index = try reader.index(bytes, of: segment, &scan)
            try write(index, LedgerFormat.indexName(segment.number))
            made += 1
            if !progress(made) { break }
        }
        return made
    }

    private func write(_ bytes: [UInt8], _ name: String) throws(LedgerError) {
        let path = reader.directory + "/" + name
        // Of its own for each process: several may make the same one at once.
        let draft = path + ".\(getpid()).new"
        do throws(FileSystem.Errno) {
            let file = try reader.files.open(draft, O_CREAT | O_WRONLY | O_TRUNC)
            defer { reader.files.close(file) }
            try reader.files.writeAll(file, bytes)
            try reader.files.dataSync(file)
            try reader.files.rename(draft, path)
            try reader.files.syncDirectory(reader.directory)
        } catch {
            throw .failed("write", path, error)
        }
    }
}

extension LedgerReader {
    /// Reads one segment and makes the bytes of its index.
    func index(
        _ bytes: [UInt8], of segment: (number: Int, name: String, isOpen: Bool), _ scan: inout SegmentScan
    ) throws -> [UInt8] {
        let path = directory + "/" + segment.name
        var builder = SegmentIndexBuilder(segment: segment.number, after: scan)
        var failure: RecordError?
        func add(_ record: StoredRecord) {
            do throws(RecordError) { try builder.add(record) } catch { failure = failure ?? error }
        }
        if segment.isOpen {
            try scan.open(bytes, path: path, number: segment.number) { record throws(LedgerError) in add(record) }
        } else {
            try scan.sealed(bytes, path: path, number: segment.number) { record throws(LedgerError) in add(record) }
        }
        if let failure { throw failure }
        return builder.bytes(segmentBytes: bytes.count - scan.uncountedBytes, through: scan)
    }
}

/// Makes each index again while its segment is verified, and compares it with the one on the disk.
struct IndexComparison {
    private(set) var problems: [String] = []
    private let directory: String
    private let files: FileSystem
    private var builder: SegmentIndexBuilder?
    private var path = ""

    init(directory: String, files: FileSystem) {
        self.directory = directory
        self.files = files
    }

    mutating func begin(_ segment: Int, after scan: SegmentScan) {
        path = directory + "/" + LedgerFormat.indexName(segment)
        builder = files.exists(path) ? SegmentIndexBuilder(segment: segment, after: scan) : nil
    }

    mutating func add(_ record: StoredRecord) {
        do throws(RecordError) { try builder?.add(record) } catch {
            // A segment with such a line has no right index; the reader of its records says what is wrong with it.
            builder = nil
            problems.append("`\(path)` belongs to a segment with a line that is no record of ours: delete it")
        }
    }

    mutating func end(segmentBytes: Int, through scan: SegmentScan) throws(LedgerError) {
        guard let builder else { return }
        let found: [UInt8]
        do throws(FileSystem.Errno) { found = try files.content(path) } catch { throw .failed("read", path, error) }
        if found != builder.bytes(segmentBytes: segmentBytes, through: scan) {
            problems.append("`\(path)` is not what its segment gives: delete it, and run `detainer ledger index`")
        }
    }
}
