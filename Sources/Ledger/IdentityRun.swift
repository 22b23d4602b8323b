import Detainers
import Glibc

// ids-00000001-00000008.run beside the segments 1 to 8: where each of their entries stands, by a hash of its identity,
// so that a worker knows a repeat without remembering it. Made from the segments alone; losing one costs only making it
// again.
//
//     {"format":"detainer.ids/2","first":1,"last":8,"logId":…,"records":n,"root":…,"entries":n,"filterBlocks":n,
//      "check":…}                                                                                        one line
//
// `records` and `root` are those of the ledger up to the end of the last segment: a run is that of the segments that
// lie there only where they are theirs. Behind the newline, in little-endian numbers, blocks of 4,096 bytes, each of up
// to 255 entries, all entries ascending,
//
//     hash        u64     the first 64 bits of the SHA-256 of the identity (EntryKey.swift)
//     segment     u32     the number of the segment that its line stands in
//     offset      u32     where the line begins there
//
// with zeros up to the last four bytes, which are the CRC-32C of all before them in the block; then, for each block,
//
//     fence       u64     the hash of its first entry
//
// and the CRC-32C of all fences; then a split block Bloom filter (Putze, Sanders and Singler, 2007; the one of Apache
// Parquet) of `filterBlocks` times 32 bytes, in pages of 1,024 bytes: 31 blocks, zeros where the last has fewer, and up
// to the last four bytes, which are the CRC-32C of all before them in the page. A hash's upper half chooses the block,
// the lower one a bit in each of its eight words.
//
// The fences are held in memory, 8 bytes for each 255 entries, and the filter of a run of few segments: so memory stays
// the same however many records there are. Of a larger run's filter the page is read that an identity falls into. A
// block is read when the filter says that it may hold what is looked for. Whatever is read, its check is computed. A
// hash that is found proves nothing: the line itself does.
struct RunFormat {
    static let name = "detainer.ids/2"
    static let blockBytes = 4_096
    static let entryBytes = 16
    static let blockEntries = 255
    static let checkBytes = 4
    /// Smaller runs hold their filters: seven of eight segments and as many of one, some 2 MB together. A larger one's
    /// is read a page at a time.
    static let leastSegmentsOnDisk = 64
    /// Far above any header.
    static let maximumHeaderBytes = 4_096

    /// Whether a block, or a page of a filter, ends in the check of what is before.
    static func isWhole(_ bytes: ArraySlice<UInt8>) -> Bool {
        var check: UInt32 = 0
        for byte in bytes.suffix(checkBytes).reversed() { check = check << 8 | UInt32(byte) }
        return CRC32C.checksum(bytes.dropLast(checkBytes)) == check
    }

    static func fileName(_ segments: ClosedRange<Int>) -> String {
        "ids-" + LedgerFormat.padded(segments.lowerBound) + "-" + LedgerFormat.padded(segments.upperBound) + ".run"
    }

    /// The segments of a run by its name; `nil` for any other file.
    static func segments(of name: String) -> ClosedRange<Int>? {
        let parts = name.dropLast(".run".count).split(separator: "-")
        guard parts.count == 3, let first = Int(parts[1]), let last = Int(parts[2]), 0 < first, first <= last,
            name == fileName(first...last)
        else { return nil }
        return first...last
    }
}

/// An entry of a run.
struct RunEntry: Comparable {
    var hash: UInt64
    var segment: UInt32
    var offset: UInt32

    static func < (left: RunEntry, right: RunEntry) -> Bool {
        (left.hash, left.segment, left.offset) < (right.hash, right.segment, right.offset)
    }
}

/// A run on the disk, opened: its fences are in memory, and so is the filter of a small one. Safe from any thread.
final class IdentityRun: Sendable {
    let segments: ClosedRange<Int>
    let path: String
    let entryCount: Int
    let logID: String
    let records: UInt64
    let root: String
    private let files: FileSystem
    private let file: Int32
    private let blocksOffset: Int
    private let fences: [UInt64]
    private let filterOffset: Int
    private let filterBlocks: Int
    /// That of a small run.
    private let held: IdentityFilter?

    /// - Returns: `nil` where these are not the bytes of a run of those segments, whole and undamaged; its blocks are
    ///   checked when they are read.
    /// - Throws: where they cannot be read.
    static func open(
        _ segments: ClosedRange<Int>, in directory: String, files: FileSystem
    ) throws(LedgerError) -> IdentityRun? {
        let path = directory + "/" + RunFormat.fileName(segments)
        let file: Int32
        do throws(FileSystem.Errno) { file = try files.open(path, O_RDONLY) } catch {
            if error.number == ENOENT { return nil }
            throw .failed("read", path, error)
        }
        do throws(LedgerError) {
            let run = try IdentityRun(file, segments, path, files)
            if run == nil { files.close(file) }
            return run
        } catch {
            files.close(file)
            throw error
        }
    }

    private init?(
        _ file: Int32, _ segments: ClosedRange<Int>, _ path: String, _ files: FileSystem
    ) throws(LedgerError) {
        func read(_ offset: Int, _ count: Int) throws(LedgerError) -> [UInt8] {
            do throws(FileSystem.Errno) { return try files.wholeAt(file, offset, count) } catch {
                throw .failed("read", path, error)
            }
        }
        let bytes: Int
        do throws(FileSystem.Errno) { bytes = try files.size(path) } catch {
            // Merged meanwhile.
            if error.number == ENOENT { return nil }
            throw .failed("read", path, error)
        }
        let start = try read(0, RunFormat.maximumHeaderBytes)
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")), let header = LedgerFormat.value(start[..<end]),
            header["format"]?.stringValue == RunFormat.name, header["first"]?.intValue == segments.lowerBound,
            header["last"]?.intValue == segments.upperBound, let logID = header["logId"]?.stringValue,
            let records = header["records"]?.intValue.flatMap(UInt64.init(exactly:)),
            let root = header["root"]?.stringValue, let entryCount = header["entries"]?.intValue,
            let filterBlocks = header["filterBlocks"]?.intValue,
            // No number in it is worked with beyond what the file holds: anybody can write a header, check and all.
            (0...bytes / RunFormat.entryBytes).contains(entryCount),
            filterBlocks == IdentityFilter.blockCount(for: entryCount, segments: segments.count)
        else { return nil }
        let blockCount = (entryCount + RunFormat.blockEntries - 1) / RunFormat.blockEntries
        blocksOffset = end + 1
        let fencesOffset = blocksOffset + blockCount * RunFormat.blockBytes
        let fenceBytes = try read(fencesOffset, blockCount * 8 + RunFormat.checkBytes)
        guard fenceBytes.count == blockCount * 8 + RunFormat.checkBytes,
            CRC32C.checksum(fenceBytes.dropLast(RunFormat.checkBytes))
                == fenceBytes.number(at: blockCount * 8, as: UInt32.self)
        else { return nil }
        filterOffset = fencesOffset + fenceBytes.count
        if segments.count < RunFormat.leastSegmentsOnDisk {
            var filter = IdentityFilter(blockCount: filterBlocks)
            for page in 0..<IdentityFilter.pageCount(of: filterBlocks) {
                let bytes = try read(filterOffset + page * IdentityFilter.pageBytes, IdentityFilter.pageBytes)
                guard filter.take(bytes, page: page) else { return nil }
            }
            held = filter
        } else {
            held = nil
        }
        fences = (0..<blockCount).map { fenceBytes.number(at: $0 * 8, as: UInt64.self) }
        self.filterBlocks = filterBlocks
        (self.file, self.segments, self.path, self.files) = (file, segments, path, files)
        (self.entryCount, self.logID, self.records, self.root) = (entryCount, logID, records, root)
    }

    deinit { files.close(file) }

    /// Whether it may hold that hash, as far as that can be told without reading: of a large run it cannot.
    func mayHoldUnread(_ hash: UInt64) -> Bool { held?.mayHold(hash) ?? true }

    /// Whether it may hold that hash: for few that it does not hold this is true all the same.
    ///
    /// - Throws: `.corrupted` where the filter is not as it was written.
    func mayHold(_ hash: UInt64) throws(LedgerError) -> Bool {
        var page: FilterPage?
        return try mayHold(hash, &page)
    }

    /// A page of a filter, checked.
    struct FilterPage {
        fileprivate var number: Int
        fileprivate var bytes: [UInt8]
    }

    /// The same, for who asks for hashes that ascend.
    ///
    /// - Parameter page: the one that was read last.
    func mayHold(_ hash: UInt64, _ page: inout FilterPage?) throws(LedgerError) -> Bool {
        if let held { return held.mayHold(hash) }
        let block = IdentityFilter.block(of: hash, among: filterBlocks)
        let number = block / IdentityFilter.pageBlocks
        let read: FilterPage
        if let page, page.number == number { read = page } else { read = try filterPage(number) }
        page = read
        return IdentityFilter.mayHold(hash, in: read.bytes, block: block % IdentityFilter.pageBlocks)
    }

    private func filterPage(_ number: Int) throws(LedgerError) -> FilterPage {
        let bytes: [UInt8]
        do throws(FileSystem.Errno) {
            let offset = filterOffset + number * IdentityFilter.pageBytes
            bytes = try files.wholeAt(file, offset, IdentityFilter.pageBytes)
        } catch { throw .failed("read", path, error) }
        guard IdentityFilter.isWhole(bytes) else {
            throw LedgerError(code: .corrupted, message: "`\(path)` is damaged in page \(number) of its filter")
        }
        return FilterPage(number: number, bytes: bytes)
    }

    /// The first block that may hold that hash, or one above it.
    func firstBlock(from hash: UInt64) -> Int { max(0, firstFence(from: hash) - 1) }

    private func firstFence(from hash: UInt64) -> Int {
        var (low, high) = (0, fences.count)
        while low < high {
            let middle = (low + high) / 2
            if fences[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The blocks that may hold that hash.
    private func blocks(with hash: UInt64) -> Range<Int> {
        let low = firstFence(from: hash)
        // The block before the first fence that is not below may end in the hash.
        var end = low
        while end < fences.count, fences[end] == hash { end += 1 }
        return max(0, low - 1)..<end
    }

    /// Whether one looks for an entry in that block.
    func isSought(_ hash: UInt64, inBlock number: Int) -> Bool { blocks(with: hash).contains(number) }

    /// The entries with that hash, in the order of the ledger.
    ///
    /// - Throws: `.corrupted` where a block is not as it was written.
    func entries(with hash: UInt64) throws(LedgerError) -> [RunEntry] {
        var found: [RunEntry] = []
        for number in blocks(with: hash) { found += try block(number).filter { $0.hash == hash } }
        return found
    }

    /// The entries of a block.
    ///
    /// - Throws: `.corrupted` where it is not as it was written.
    func block(_ number: Int) throws(LedgerError) -> [RunEntry] {
        let bytes: [UInt8]
        do throws(FileSystem.Errno) {
            bytes = try files.wholeAt(file, blocksOffset + number * RunFormat.blockBytes, RunFormat.blockBytes)
        } catch { throw .failed("read", path, error) }
        let count = min(RunFormat.blockEntries, entryCount - number * RunFormat.blockEntries)
        guard bytes.count == RunFormat.blockBytes, RunFormat.isWhole(bytes[...]) else {
            throw LedgerError(code: .corrupted, message: "`\(path)` is damaged in block \(number)")
        }
        return (0..<count).map { position in
            let start = position * RunFormat.entryBytes
            return RunEntry(
                hash: bytes.number(at: start, as: UInt64.self), segment: bytes.number(at: start + 8, as: UInt32.self),
                offset: bytes.number(at: start + 12, as: UInt32.self))
        }
    }

    var blockCount: Int { fences.count }

    /// What to tell of an error: a damaged run is removed first, so that the next start makes it again.
    func removed(because error: LedgerError) -> LedgerError {
        guard error.code == .corrupted else { return error }
        do throws(FileSystem.Errno) { try files.remove(path) } catch {
            return LedgerError(
                code: .corrupted, message: "`\(path)` is damaged: remove it, and the next start makes it again")
        }
        return LedgerError(
            code: .corrupted, message: error.message + ": it was removed, and the next start makes it again")
    }
}
