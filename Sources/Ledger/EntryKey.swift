import Crypto
public import Detainers

/// The identity of an entry in three words, to remember many of them by.
///
/// Two identities have two keys: an id that is a UUID in lower case, as the contracts demand, is kept whole; any other
/// by 128 bits of SHA-256.
public struct EntryKey: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64
    /// The revision, then a bit for an id that was hashed, then one for a record of a case.
    private let tail: UInt64

    public init(_ identity: LedgerEntry.Identity) {
        let (id, revision, kind): (String, Int, UInt64) =
            switch identity {
            case .request(let request): (request.requestID, request.revision, 0)
            case .record(let record): (record.recordID, record.revision, 1)
            }
        if let (high, low) = Self.words(ofUUID: id), (0..<1 << 61).contains(revision) {
            (self.high, self.low, tail) = (high, low, UInt64(revision) << 2 | kind)
        } else {
            var digest = SHA256.hash(data: Array("\(revision) \(id)".utf8)).makeIterator()
            func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(digest.next() ?? 0) } }
            (high, low, tail) = (word(), word(), 2 | kind)
        }
    }

    /// What it is sorted and looked for by in a run: 64 bits of SHA-256, so that nobody can choose ids that all come
    /// out the same.
    var hash: UInt64 {
        let words = (high.littleEndian, low.littleEndian, tail.littleEndian)
        return unsafe withUnsafeBytes(of: words) { bytes in
            var hash = SHA256()
            unsafe hash.update(bufferPointer: bytes)
            return unsafe hash.finalize().withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt64.self) }.bigEndian
        }
    }

    /// Where a UUID has its hyphens, a bit for each place.
    private static let hyphens: UInt64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23

    /// The 128 bits of a UUID as text; `nil` for any other text.
    private static func words(ofUUID text: String) -> (UInt64, UInt64)? {
        let bytes = text.utf8.span
        guard bytes.count == 36 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for position in bytes.indices {
            let byte = bytes[position]
            if hyphens >> UInt64(position) & 1 == 1 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
            high = high << 4 | low >> 60
            low = low << 4 | digit
        }
        return (high, low)
    }
}
