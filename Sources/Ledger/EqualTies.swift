/// Which hashes may come twice: all that do, and one in eight of the others.
///
/// Two bits for each of eight places a hash: whether one hash fell there, and whether a second one did.
struct SeenHashes {
    private static let placesPerHash = 8
    private static let both: UInt64 = 0b11

    private var words: [UInt64]
    private let mask: UInt64

    init(for count: Int) {
        var places = 64
        while places < count * Self.placesPerHash { places <<= 1 }
        mask = UInt64(places - 1)
        words = [UInt64](repeating: 0, count: places / 32)
    }

    mutating func add(_ hashes: [UInt64]) {
        for hash in hashes {
            let place = hash & mask
            let (word, bit) = (Int(truncatingIfNeeded: place >> 5), place & 31 &* 2)
            // 00 becomes 01, and 01 and 11 become 11.
            words[word] |= (words[word] >> bit & 1 &* 2 | 1) << bit
        }
    }

    func mayComeTwice(_ hash: UInt64) -> Bool {
        let place = hash & mask
        return words[Int(truncatingIfNeeded: place >> 5)] >> (place & 31 &* 2) & Self.both == Self.both
    }
}

/// Finds equal hashes: open addressing, linear probing.
struct TieTable {
    private var ties: [(hash: UInt64, entry: UInt32)] = []

    mutating func add(_ hash: UInt64, _ entry: UInt32) { ties.append((hash, entry)) }

    /// Each entry with the first one that has the same tie.
    func pairs() -> [(UInt32, UInt32)] {
        var pairs: [(UInt32, UInt32)] = []
        var size = 4
        while size < ties.count * 2 { size <<= 1 }
        // 0: free; else the tie's number, from 1.
        var slots = [UInt32](repeating: 0, count: size)
        for (number, tie) in ties.enumerated() {
            // The upper bits are the bucket's.
            var slot = Int(truncatingIfNeeded: tie.hash & UInt64(size - 1))
            while slots[slot] != 0 {
                let other = ties[Int(slots[slot]) - 1]
                if other.hash == tie.hash {
                    pairs.append((other.entry, tie.entry))
                    break
                }
                slot = (slot + 1) & (size - 1)
            }
            if slots[slot] == 0 { slots[slot] = UInt32(number + 1) }
        }
        return pairs
    }
}
