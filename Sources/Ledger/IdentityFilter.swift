/// A split block Bloom filter: held whole, or asked by the page; IdentityRun.swift tells how it lies in a run.
struct IdentityFilter: Sendable {
    /// A large run gets by with fewer bits an entry: it holds most of them, and there are few large runs to ask. With
    /// these, of some twenty new ids one has a block of entries read for nothing, at ten million records.
    static func bits(perEntryOf segments: Int) -> Int {
        switch segments {
        case ..<8: 16
        case ..<64: 14
        case ..<512: 12
        default: 8
        }
    }

    private static let blockBytes = 32
    /// A page is what is read for one identity, and so is small.
    static let pageBlocks = 31
    static let pageBytes = 1_024
    /// The salts of Apache Parquet's filter.
    private static let salts = SIMD8<UInt32>(
        0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31)

    private var blocks: [SIMD8<UInt32>]

    static func blockCount(for entries: Int, segments: Int) -> Int {
        max(1, (entries * bits(perEntryOf: segments) + 255) / 256)
    }

    static func pageCount(of blocks: Int) -> Int { (blocks + pageBlocks - 1) / pageBlocks }

    init(blockCount: Int) { blocks = Array(repeating: .zero, count: blockCount) }

    // MARK: - what it holds

    static func block(of hash: UInt64, among count: Int) -> Int { Int((hash >> 32 &* UInt64(count)) >> 32) }

    private static func bits(_ hash: UInt64) -> SIMD8<UInt32> {
        let places = (SIMD8(repeating: UInt32(truncatingIfNeeded: hash)) &* salts) &>> 27
        return SIMD8(repeating: 1) &<< places
    }

    func mayHold(_ hash: UInt64) -> Bool {
        Self.mayHold(hash, blocks[Self.block(of: hash, among: blocks.count)])
    }

    private static func mayHold(_ hash: UInt64, _ block: SIMD8<UInt32>) -> Bool {
        let bits = Self.bits(hash)
        return block & bits == bits
    }

    // MARK: - its pages

    /// Whether a page is as it was written.
    static func isWhole(_ page: [UInt8]) -> Bool {
        page.count == pageBytes && RunFormat.isWhole(page[...])
    }

    private static func words(_ page: [UInt8], block: Int) -> SIMD8<UInt32> {
        var words = SIMD8<UInt32>.zero
        for word in 0..<8 { words[word] = page.number(at: block * blockBytes + word * 4, as: UInt32.self) }
        return words
    }

    /// Whether a block of a page may hold that hash, which falls into it.
    static func mayHold(_ hash: UInt64, in page: [UInt8], block: Int) -> Bool {
        mayHold(hash, words(page, block: block))
    }

    /// Takes a page's blocks in.
    ///
    /// - Returns: false where the page is not as it was written.
    mutating func take(_ page: [UInt8], page number: Int) -> Bool {
        guard Self.isWhole(page) else { return false }
        let first = number * Self.pageBlocks
        for block in first..<min(blocks.count, first + Self.pageBlocks) {
            blocks[block] = Self.words(page, block: block - first)
        }
        return true
    }

    /// Makes the pages of a filter of hashes that ascend, one after the other: their upper halves choose the blocks, so
    /// that a page is whole when a hash of the next one comes.
    struct PageMaker {
        private let blockCount: Int
        private var page = 0
        private var blocks = [SIMD8<UInt32>](repeating: .zero, count: pageBlocks)

        init(blockCount: Int) { self.blockCount = blockCount }

        mutating func add<Failure: Error>(
            _ hash: UInt64, _ write: ([UInt8]) throws(Failure) -> Void
        ) throws(Failure) {
            let block = IdentityFilter.block(of: hash, among: blockCount)
            precondition(block / pageBlocks >= page, "the hashes of a filter ascend")
            while page < block / pageBlocks { try endPage(write) }
            blocks[block % pageBlocks] |= IdentityFilter.bits(hash)
        }

        /// Makes the last ones.
        consuming func finish<Failure: Error>(_ write: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
            while page < pageCount(of: blockCount) { try endPage(write) }
        }

        private mutating func endPage<Failure: Error>(
            _ write: ([UInt8]) throws(Failure) -> Void
        ) throws(Failure) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(pageBytes)
            for block in blocks.indices {
                for word in 0..<8 { bytes.append(blocks[block][word]) }
                blocks[block] = .zero
            }
            bytes += repeatElement(0, count: pageBytes - RunFormat.checkBytes - bytes.count)
            bytes.append(CRC32C.checksum(bytes[...]))
            try write(bytes)
            page += 1
        }
    }
}
