import Detainers
import Glibc

// ids-00000001-00000008.run beside the segments 1 to 8: where each of their entries stands, by a hash of its identity,
// so that a worker knows a repeat without remembering it. Made from the segments alone; losing one costs only making it
// again.
//
//     {"format":"detainer.ids/1","first":1,"last":8,"logId":…,"records":n,"root":…,"entries":n,"filterBlocks":n,
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
// Parquet) of `filterBlocks` times 32 bytes, and its CRC-32C. A hash's upper half chooses the block, the lower one a
// bit in each of its eight words.
//
// Fences and filter are held in memory, 1.2 bytes an entry and a little more; a block is read, and its check computed,
// when the filter says that it may hold what is looked for. A hash that is found proves nothing: the line itself does.
struct RunFormat {
    static let name = "detainer.ids/1"
    static let blockBytes = 4_096
    static let entryBytes = 16
    static let blockEntries = 255
    static let checkBytes = 4
    /// Far above any header.
    static let maximumHeaderBytes = 4_096

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

/// A run on the disk, opened: its fences and its filter are in memory. Safe from any thread.
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
    private let filter: IdentityFilter

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
        let start = try read(0, RunFormat.maximumHeaderBytes)
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")), let header = LedgerFormat.value(start[..<end]),
            header["format"]?.stringValue == RunFormat.name, header["first"]?.intValue == segments.lowerBound,
            header["last"]?.intValue == segments.upperBound, let logID = header["logId"]?.stringValue,
            let records = header["records"]?.intValue.flatMap(UInt64.init(exactly:)),
            let root = header["root"]?.stringValue, let entryCount = header["entries"]?.intValue,
            let filterBlocks = header["filterBlocks"]?.intValue,
            entryCount >= 0, filterBlocks == IdentityFilter.blockCount(for: entryCount, segments: segments.count)
        else { return nil }
        let blockCount = (entryCount + RunFormat.blockEntries - 1) / RunFormat.blockEntries
        blocksOffset = end + 1
        let fencesOffset = blocksOffset + blockCount * RunFormat.blockBytes
        let fenceBytes = try read(fencesOffset, blockCount * 8 + RunFormat.checkBytes)
        guard fenceBytes.count == blockCount * 8 + RunFormat.checkBytes,
            CRC32C.checksum(fenceBytes.dropLast(RunFormat.checkBytes))
                == fenceBytes.number(at: blockCount * 8, as: UInt32.self),
            let filter = try IdentityFilter(
                blocks: filterBlocks,
                reading: { offset, count throws(LedgerError) in
                    try read(fencesOffset + fenceBytes.count + offset, count)
                })
        else { return nil }
        fences = (0..<blockCount).map { fenceBytes.number(at: $0 * 8, as: UInt64.self) }
        self.filter = filter
        (self.file, self.segments, self.path, self.files) = (file, segments, path, files)
        (self.entryCount, self.logID, self.records, self.root) = (entryCount, logID, records, root)
    }

    deinit { files.close(file) }

    /// Whether it may hold that hash: for few that it does not hold this is true all the same.
    func mayHold(_ hash: UInt64) -> Bool { filter.mayHold(hash) }

    /// The blocks that may hold that hash.
    private func blocks(with hash: UInt64) -> Range<Int> {
        var (low, high) = (0, fences.count)
        while low < high {
            let middle = (low + high) / 2
            if fences[middle] < hash { low = middle + 1 } else { high = middle }
        }
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
        guard bytes.count == RunFormat.blockBytes,
            CRC32C.checksum(bytes.dropLast(RunFormat.checkBytes))
                == bytes.number(at: RunFormat.blockBytes - RunFormat.checkBytes, as: UInt32.self)
        else { throw LedgerError(code: .corrupted, message: "`\(path)` is damaged in block \(number)") }
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

/// A split block Bloom filter.
struct IdentityFilter: Sendable {
    /// A large run gets by with fewer bits an entry: it holds most of them, and there are few large runs to ask. With
    /// these, one new id of some twenty is looked for on the disk for nothing, at ten million records and 11 MB.
    static func bits(perEntryOf segments: Int) -> Int {
        switch segments {
        case ..<8: 16
        case ..<64: 14
        case ..<512: 12
        default: 8
        }
    }

    static let blockBytes = 32
    /// The salts of Apache Parquet's filter.
    private static let salts = SIMD8<UInt32>(
        0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31)

    private var blocks: [SIMD8<UInt32>]

    static func blockCount(for entries: Int, segments: Int) -> Int {
        max(1, (entries * bits(perEntryOf: segments) + 255) / 256)
    }

    init(for entries: Int, segments: Int) {
        blocks = Array(repeating: .zero, count: Self.blockCount(for: entries, segments: segments))
    }

    /// - Returns: `nil` where the bytes are not as they were written.
    init?(
        blocks count: Int, reading: (_ offset: Int, _ count: Int) throws(LedgerError) -> [UInt8]
    ) throws(LedgerError) {
        // Piece by piece, so that it is in memory once.
        let piece = 1 << 15
        blocks = []
        blocks.reserveCapacity(count)
        var check = CRC32C.Sum()
        while blocks.count < count {
            let next = min(piece, count - blocks.count)
            let bytes = try reading(blocks.count * Self.blockBytes, next * Self.blockBytes)
            guard bytes.count == next * Self.blockBytes else { return nil }
            check.add(bytes[...])
            for block in 0..<next {
                var words = SIMD8<UInt32>.zero
                for word in 0..<8 {
                    words[word] = bytes.number(at: block * Self.blockBytes + word * 4, as: UInt32.self)
                }
                blocks.append(words)
            }
        }
        let end = try reading(count * Self.blockBytes, RunFormat.checkBytes)
        guard end.count == RunFormat.checkBytes, end.number(at: 0, as: UInt32.self) == check.value else { return nil }
    }

    private func position(_ hash: UInt64) -> Int { Int((hash >> 32 &* UInt64(blocks.count)) >> 32) }

    private static func bits(_ hash: UInt64) -> SIMD8<UInt32> {
        let places = (SIMD8(repeating: UInt32(truncatingIfNeeded: hash)) &* salts) &>> 27
        return SIMD8(repeating: 1) &<< places
    }

    mutating func add(_ hash: UInt64) { blocks[position(hash)] |= Self.bits(hash) }

    func mayHold(_ hash: UInt64) -> Bool {
        let bits = Self.bits(hash)
        return blocks[position(hash)] & bits == bits
    }

    /// Hands its bytes on, piece by piece, and its check behind them.
    func write<Failure: Error>(_ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
        var check = CRC32C.Sum()
        let piece = 1 << 13
        for start in stride(from: 0, to: blocks.count, by: piece) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(piece * Self.blockBytes)
            for block in blocks[start..<min(blocks.count, start + piece)] {
                for word in 0..<8 { bytes.append(block[word]) }
            }
            check.add(bytes[...])
            try body(bytes)
        }
        var end: [UInt8] = []
        end.append(check.value)
        try body(end)
    }
}
