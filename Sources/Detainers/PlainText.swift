/// Bytes that JSON's strings hold as they are (RFC 8259, section 7): neither controls nor quotes nor backslashes.
enum PlainText {
    /// Where the first byte stands, from a place on, that is none of them; the end of the bytes where all are.
    ///
    /// Eight bytes are looked at as one number (Bit Twiddling Hacks, "haszero"): a subtraction carries into the upper
    /// bit of each byte that is below what is subtracted, and of others only behind such a one.
    static func end(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position <= bytes.count - 8 {
            let word = word(bytes, position)
            let ends = (word &- ones &* 0x20) | zeros(word ^ ones &* 0x22) | zeros(word ^ ones &* 0x5c)
            // Bytes above 0x7f are parts of characters.
            let marks = ends & ~word & upperBits
            if marks != 0 { return position + marks.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count, isPlain(bytes[position]) { position += 1 }
        return position
    }

    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let upperBits: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }

    /// Eight bytes, the first one lowest; one load.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ position: Int) -> UInt64 {
        let eight = bytes.extracting(position..<position + 8)
        var word: UInt64 = 0
        for offset in 0..<8 { word |= UInt64(eight[offset]) &<< UInt64(8 &* offset) }
        return word
    }
}
