/// One bit for each entry.
struct EntryBits: Sendable {
    fileprivate var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    subscript(_ position: Int) -> Bool { words[position >> 6] & 1 << UInt64(position & 63) != 0 }

    mutating func set(_ position: Int) { words[position >> 6] |= 1 << UInt64(position & 63) }

    var total: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Those of a range that are set, in order.
    func forEach<Failure: Error>(
        in range: Range<Int>, _ body: (Int) throws(Failure) -> Void
    ) throws(Failure) {
        guard !range.isEmpty else { return }
        for number in range.lowerBound >> 6...(range.upperBound - 1) >> 6 {
            var rest = words[number]
            while rest != 0 {
                let position = number * 64 + rest.trailingZeroBitCount
                rest &= rest - 1
                if range.contains(position) { try body(position) }
            }
        }
    }
}

/// Where each entry of a set stands among them.
struct EntryRanks {
    private static let wordsPerBlock = 8
    private let words: [UInt64]
    /// How many bits are set before each block of words.
    private var ranks: [UInt32] = []

    init(_ bits: EntryBits) {
        words = bits.words
        ranks.reserveCapacity(words.count / Self.wordsPerBlock + 1)
        var total = 0
        for (number, word) in words.enumerated() {
            if number % Self.wordsPerBlock == 0 { ranks.append(UInt32(total)) }
            total += word.nonzeroBitCount
        }
    }

    /// How many are before that entry.
    subscript(_ entry: Int) -> Int {
        let word = entry >> 6
        let block = word / Self.wordsPerBlock
        var rank = Int(ranks[block])
        for before in block * Self.wordsPerBlock..<word { rank += words[before].nonzeroBitCount }
        return rank + (words[word] & (1 << UInt64(entry & 63) - 1)).nonzeroBitCount
    }
}

/// Union-find, with halving of paths; four bytes a member.
struct EntryGroups {
    private var parents: [UInt32]

    init(count: Int) { parents = Array(0..<UInt32(count)) }

    mutating func root(_ member: Int) -> Int {
        var member = member
        while parents[member] != member {
            parents[member] = parents[Int(parents[member])]
            member = Int(parents[member])
        }
        return member
    }

    mutating func join(_ one: Int, _ other: Int) {
        let (one, other) = (root(one), root(other))
        // The earlier one stands for both, so that groups come in the order in which they began.
        parents[max(one, other)] = UInt32(min(one, other))
    }
}
