import Glibc

/// The lines of a file that does not change meanwhile, one after the other.
///
/// Memory: a piece of the file, and the longest line.
struct LineReader {
    private static let pieceBytes = 256 << 10

    private let bytes: FileBytes.OpenedBytes
    private let count: Int
    private var piece: [UInt8] = []
    private var position = 0
    /// Where the next line begins.
    private(set) var offset = 0

    /// - Parameter count: so many bytes from the first on; by default all.
    init(_ bytes: FileBytes, count: Int? = nil) throws(LedgerError) {
        self.bytes = try bytes.opened()
        self.count = count ?? bytes.count
    }

    /// The next line, with its newline where it has one; `nil` behind the last.
    mutating func next() throws(LedgerError) -> ArraySlice<UInt8>? {
        var searched = position
        while true {
            if let end = Self.newline(in: piece, from: searched) {
                defer { (position, offset) = (end + 1, offset + end + 1 - position) }
                return piece[position...end]
            }
            searched = piece.count - position
            let start = offset + searched
            let more = try bytes.read(start..<min(count, start + Self.pieceBytes))
            if more.isEmpty { return last() }
            piece = Array(piece[position...]) + more
            position = 0
        }
    }

    private mutating func last() -> ArraySlice<UInt8>? {
        if position == piece.count { return nil }
        defer { (position, offset) = (piece.count, offset + piece.count - position) }
        return piece[position...]
    }

    static func newline(in bytes: [UInt8], from position: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, position < bytes.count,
                let found = unsafe memchr(base + position, Int32(UInt8(ascii: "\n")), bytes.count - position)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}
