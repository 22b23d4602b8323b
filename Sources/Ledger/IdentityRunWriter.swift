import Detainers
import Glibc

/// Writes a run, entry after entry, into a draft that takes its place when it is whole.
///
/// Memory: the fences, and buffers of half a megabyte, however many entries there are.
struct IdentityRunWriter: ~Copyable {
    private let directory: String
    private let path: String
    private var draft: DraftFile
    private let entryCount: Int
    private var written = 0
    private var last: RunEntry?
    private var block: [UInt8] = []
    private var fences: [UInt8] = []
    private let filterBlocks: Int
    /// Where the blocks begin.
    private let blocksOffset: Int

    /// - Parameter end: of the last segment.
    init(
        _ segments: ClosedRange<Int>, end: SegmentEnd, entries: Int, in directory: String, files: FileSystem
    ) throws(LedgerError) {
        self.directory = directory
        path = directory + "/" + RunFormat.fileName(segments)
        entryCount = entries
        filterBlocks = IdentityFilter.blockCount(for: entries, segments: segments.count)
        func number(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
        let header: JSONValue = [
            "format": .string(RunFormat.name), "first": number(segments.lowerBound),
            "last": number(segments.upperBound), "logId": .string(end.logID), "records": number(end.records),
            "root": .string(end.root), "entries": number(entries),
            "filterBlocks": number(filterBlocks),
        ]
        draft = try Self.begin(path, LedgerFormat.line(header), files)
        blocksOffset = draft.count
    }

    private static func begin(
        _ path: String, _ header: [UInt8], _ files: FileSystem
    ) throws(LedgerError) -> DraftFile {
        do throws(FileSystem.Errno) {
            var draft = try DraftFile(path, files: files)
            try draft.write(header)
            return draft
        } catch { throw .failed("write", path, error) }
    }

    /// Takes the next entry.
    mutating func add(_ entry: RunEntry) throws(LedgerError) {
        precondition(last.map { $0 <= entry } ?? true, "the entries of a run ascend")
        last = entry
        if written % RunFormat.blockEntries == 0 { fences.append(entry.hash) }
        block.append(entry.hash)
        block.append(entry.segment)
        block.append(entry.offset)
        written += 1
        if written % RunFormat.blockEntries == 0 { try endBlock() }
    }

    private mutating func endBlock() throws(LedgerError) {
        block += repeatElement(0, count: RunFormat.blockBytes - RunFormat.checkBytes - block.count)
        block.append(CRC32C.checksum(block[...]))
        try write(block)
        block.removeAll(keepingCapacity: true)
    }

    private mutating func write(_ bytes: [UInt8]) throws(LedgerError) {
        do throws(FileSystem.Errno) { try draft.write(bytes) } catch { throw .failed("write", path, error) }
    }

    /// Puts it in its place, synced.
    consuming func finish() throws(LedgerError) {
        precondition(written == entryCount, "a run has as many entries as it was made for")
        if !block.isEmpty { try endBlock() }
        fences.append(CRC32C.checksum(fences[...]))
        try write(fences)
        let (directory, path) = (directory, path)
        do throws(FileSystem.Errno) {
            try writeFilter()
            try draft.finish(directory)
        } catch { throw .failed("write", path, error) }
    }

    /// So many blocks are read at once.
    private static let blocksAtOnce = 64

    /// The filter lies behind the blocks that it is of. These are read again: held until then, the filter would be the
    /// largest thing that a worker has.
    private mutating func writeFilter() throws(FileSystem.Errno) {
        var pages = IdentityFilter.PageMaker(blockCount: filterBlocks)
        let bytesAtOnce = Self.blocksAtOnce * RunFormat.blockBytes
        var rest = entryCount
        var offset = blocksOffset
        while rest > 0 {
            let bytes = try draft.read(offset, bytesAtOnce)
            var start = 0
            while start + RunFormat.blockBytes <= bytes.count, rest > 0 {
                guard RunFormat.isWhole(bytes[start..<start + RunFormat.blockBytes]) else {
                    throw FileSystem.Errno(number: EIO)
                }
                for entry in 0..<min(rest, RunFormat.blockEntries) {
                    let hash = bytes.number(at: start + entry * RunFormat.entryBytes, as: UInt64.self)
                    try pages.add(hash) { page throws(FileSystem.Errno) in try draft.write(page) }
                }
                rest -= min(rest, RunFormat.blockEntries)
                start += RunFormat.blockBytes
            }
            // It was written just now; who cut it meanwhile must not keep us here for ever.
            if start == 0 { throw FileSystem.Errno(number: EIO) }
            offset += start
        }
        try pages.finish { page throws(FileSystem.Errno) in try draft.write(page) }
    }
}

/// Where a segment ends: what is known of the ledger there.
struct SegmentEnd: Sendable, Equatable {
    var logID: String
    var records: UInt64
    /// In base64.
    var root: String
}

/// Makes one run of several that follow one another.
struct RunMerge {
    /// So many of one size make one of the next: an id is written four times until it is among five hundred segments,
    /// and is looked for in some twenty filters at most.
    static let fanIn = 8
    /// Larger ones are not merged: a merge of eight million entries takes seconds already.
    static let largest = 512

    /// The first runs that are to be merged, largest first, so that a backlog of small ones is not merged twice.
    ///
    /// A run of 1, 8, 64 or 512 segments begins behind a multiple of its size; eight that are whole make the next.
    static func due(_ runs: [ClosedRange<Int>]) -> ClosedRange<Int>? {
        let all = Set(runs)
        var size = 1
        while size < largest {
            let next = size * fanIn
            for run in runs where run.count == size && (run.lowerBound - 1) % next == 0 {
                let parts = (0..<fanIn).map { run.lowerBound + $0 * size...run.lowerBound + ($0 + 1) * size - 1 }
                if parts.allSatisfy(all.contains) { return run.lowerBound...run.lowerBound + next - 1 }
            }
            size = next
        }
        return nil
    }

    /// Writes it; its parts are left as they are.
    ///
    /// - Parameter goesOn: asked now and then; false: enough.
    /// - Returns: whether it was written.
    /// - Throws: `.corrupted` where a part is damaged; it is removed, so that the next start makes it again.
    static func merge(
        _ parts: [IdentityRun], in directory: String, files: FileSystem, goesOn: () -> Bool = { true }
    ) throws(LedgerError) -> Bool {
        guard let first = parts.first, let last = parts.last else { return false }
        var writer = try IdentityRunWriter(
            first.segments.lowerBound...last.segments.upperBound,
            end: SegmentEnd(logID: last.logID, records: last.records, root: last.root),
            entries: parts.reduce(0) { $0 + $1.entryCount }, in: directory, files: files)
        var merge = EntryMerge(
            try parts.map { run throws(LedgerError) in try RunCursor(run, removingDamaged: true) })
        var untilAsked = 0
        while let next = try merge.next() {
            try writer.add(next.entry)
            untilAsked += 1
            if untilAsked == 1 << 14 {
                untilAsked = 0
                if !goesOn() { return false }
            }
        }
        try writer.finish()
        return true
    }
}
