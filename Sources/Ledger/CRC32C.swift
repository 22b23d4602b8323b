import CFileSystem

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), which finds every error of up to five flipped bits in a short line.
enum CRC32C {
    /// Eight tables, so that eight bytes are taken at once (the slicing-by-8 of Kounavis and Berry, 2005): the nth
    /// tells what a byte does that has n others behind it.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        for index in UInt32(0)..<256 {
            var value = index
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables.append(value)
        }
        for position in 256..<2_048 {
            let before = tables[position - 256]
            tables.append(tables[Int(before & 0xff)] ^ before >> 8)
        }
        return tables
    }()

    /// Whether the processor has an instruction for it (SSE 4.2): six times as fast as the tables.
    static let isInstruction = detainer_has_crc32c() == 1

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = Sum()
        sum.add(bytes)
        return sum.value
    }

    /// The checksum of bytes that come in pieces.
    struct Sum {
        private var rest = ~UInt32(0)
        var value: UInt32 { ~rest }

        mutating func add(_ bytes: ArraySlice<UInt8>) { rest = CRC32C.step(rest, bytes) }
    }

    private static func step(_ before: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
        guard isInstruction else { return stepByTables(before, bytes) }
        // INVARIANT: the processor has the instruction, and the pointer is good for so many bytes.
        return unsafe bytes.withUnsafeBytes { unsafe detainer_crc32c(before, $0.baseAddress, $0.count) }
    }

    /// The same, where there is no such instruction.
    static func stepByTables(_ before: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe tables.withUnsafeBufferPointer { table in
            unsafe bytes.withUnsafeBytes { bytes in
                var value = before
                var position = 0
                while position + 8 <= bytes.count {
                    let word = unsafe UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                    let first = UInt32(truncatingIfNeeded: word) ^ value
                    let second = UInt32(truncatingIfNeeded: word >> 32)
                    // INVARIANT: each index is below 2,048, for a byte is below 256.
                    value = unsafe table[1_792 + Int(first & 0xff)] ^ table[1_536 + Int(first >> 8 & 0xff)]
                    value ^= unsafe table[1_280 + Int(first >> 16 & 0xff)] ^ table[1_024 + Int(first >> 24)]
                    value ^= unsafe table[768 + Int(second & 0xff)] ^ table[512 + Int(second >> 8 & 0xff)]
                    value ^= unsafe table[256 + Int(second >> 16 & 0xff)] ^ table[Int(second >> 24)]
                    position += 8
                }
                while position < bytes.count {
                    value = unsafe table[Int((value ^ UInt32(bytes[position])) & 0xff)] ^ value >> 8
                    position += 1
                }
                return value
            }
        }
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String { text(checksum(bytes)) }

    static func text(_ checksum: UInt32) -> String {
        let text = String(checksum, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
