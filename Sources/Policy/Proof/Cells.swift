/// A fact's values sorted into cells, so that no condition in hand tells two values of one cell apart.
///
/// With its cells every fact is finite, and every condition is a set of them: one bit each. The last cell is `unknown`.
struct Cells: Sendable, Equatable {
    /// One bit a cell in a machine word; a fact with more distinctions than this is none that a person can follow.
    static let maximumCount = 64

    /// Each word doubles the cells; with `none` one word less fits.
    private static let maximumWords = 5

    /// What keeps a fact of this type within the bound, for its author.
    static func bound(_ type: FactType) -> String {
        switch type {
        case .anyOf: "name at most \(maximumWords - 1) of its words in one policy, or \(maximumWords) and never `none`"
        case .word, .date, .wholeNumber: "use fewer limits in one policy"
        }
    }

    let type: FactType
    /// Of a number or a date: where each cell begins, in order.
    private let starts: [Int]
    /// Of any number of words: those that conditions name, as positions of the type.
    private let named: [Int]
    /// Whether conditions tell apart if words that none of them names are there.
    private let seesOthers: Bool
    let count: Int

    /// - Returns: `nil` where there would be more than ``maximumCount``.
    init?(_ type: FactType, for alternatives: [Condition.Alternative]) {
        var starts: Set<Int> = []
        var named: Set<Int> = []
        var seesOthers = false
        for alternative in alternatives {
            switch alternative {
            case .range(let low, let high):
                if let low { starts.insert(low) }
                if let high, high < type.limits.upperBound { starts.insert(high + 1) }
            case .includes(let word), .lacks(let word): named.insert(word)
            case .empty: seesOthers = true
            case .unknown, .word: break
            }
        }
        self.type = type
        self.starts = starts.union([type.limits.lowerBound]).sorted()
        self.named = named.sorted()
        // Where every word is named there are no others.
        if case .anyOf(let words) = type, named.count == words.count { seesOthers = false }
        self.seesOthers = seesOthers
        let known: Int
        switch type {
        case .word(let words): known = words.count
        case .anyOf:
            guard named.count <= Self.maximumWords else { return nil }
            known = 1 << (named.count + (seesOthers ? 1 : 0))
        case .date, .wholeNumber: known = self.starts.count
        }
        guard known < Self.maximumCount else { return nil }
        count = known + 1
    }

    var unknown: Int { count - 1 }
    /// All of them.
    var all: UInt64 { ~0 >> UInt64(64 - count) }

    /// The cell that a value lies in.
    func cell(of value: FactValue) -> Int {
        switch value {
        case .unknown: return unknown
        case .word(let position): return position
        case .anyOf(let bits):
            var cell = 0
            var rest = bits
            for (position, word) in named.enumerated() where bits & 1 << UInt32(word) != 0 {
                cell |= 1 << position
                rest &= ~(1 << UInt32(word))
            }
            return seesOthers && rest != 0 ? cell | 1 << named.count : cell
        case .number(let number):
            var (low, high) = (0, starts.count)
            while high - low > 1 {
                let middle = (low + high) / 2
                if starts[middle] <= number { low = middle } else { high = middle }
            }
            return low
        }
    }

    /// The cells of these values; only of facts that are one word, of which each has a cell of its own.
    func set(of values: [FactValue]) -> UInt64 { values.reduce(0) { $0 | 1 << UInt64(cell(of: $1)) } }

    /// The cells where one of the alternatives holds.
    func set(of alternatives: [Condition.Alternative]) -> UInt64 {
        alternatives.reduce(0) { $0 | set(of: $1) }
    }

    private func set(of alternative: Condition.Alternative) -> UInt64 {
        switch alternative {
        case .unknown: return 1 << UInt64(unknown)
        case .word(let position): return 1 << UInt64(position)
        case .includes(let word): return known { $0 & bit(word) != 0 }
        case .lacks(let word): return known { $0 & bit(word) == 0 }
        case .empty: return known { $0 == 0 }
        case .range(let low, let high):
            return known { cell in
                starts[cell] >= low ?? .min && starts[cell] <= high ?? .max
            }
        }
    }

    private func bit(_ word: Int) -> Int { named.firstIndex(of: word).map { 1 << $0 } ?? 0 }

    private func known(where isIn: (Int) -> Bool) -> UInt64 {
        (0..<unknown).reduce(0) { isIn($1) ? $0 | 1 << UInt64($1) : $0 }
    }

    /// A value that stands for a cell: the one nearest to the limit that made it.
    func sample(_ cell: Int) -> FactValue {
        if cell == unknown { return .unknown }
        switch type {
        case .word: return .word(cell)
        case .anyOf(let words):
            var bits: UInt32 = 0
            for (position, word) in named.enumerated() where cell & 1 << position != 0 { bits |= 1 << UInt32(word) }
            if seesOthers, cell & 1 << named.count != 0 {
                let other = words.indices.first { !named.contains($0) } ?? 0
                bits |= 1 << UInt32(other)
            }
            return .anyOf(bits)
        case .date, .wholeNumber:
            return .number(cell == 0 && starts.count > 1 ? starts[1] - 1 : starts[cell])
        }
    }

    // MARK: - in words

    /// A set of cells as a policy's author would write it: `yes or unknown`, `at most 5`.
    func words(_ set: UInt64) -> String {
        var parts: [String] = []
        switch type {
        case .word(let words): parts = words.indices.filter { set & 1 << UInt64($0) != 0 }.map { words[$0] }
        case .anyOf(let words): parts = anyOfWords(set, words)
        case .date, .wholeNumber: parts = rangeWords(set)
        }
        if set & 1 << UInt64(unknown) != 0 { parts.append(FactValue.unknownWord) }
        guard let last = parts.popLast() else { return "nothing" }
        return parts.isEmpty ? last : parts.joined(separator: ", ") + " or " + last
    }

    private func anyOfWords(_ set: UInt64, _ words: [String]) -> [String] {
        let known = set & ~(1 << UInt64(unknown))
        for word in named {
            if known == self.set(of: .includes(word)) { return ["includes \(words[word])"] }
            if known == self.set(of: .lacks(word)) { return ["lacks \(words[word])"] }
        }
        if known == self.known(where: { _ in true }) { return ["known"] }
        return (0..<unknown).filter { known & 1 << UInt64($0) != 0 }.map { cell in
            if case .anyOf(0) = sample(cell), seesOthers { return FactValue.none }
            let there = named.enumerated().map { position, word in
                (cell & 1 << position != 0 ? "includes " : "lacks ") + words[word]
            }
            return (there + (seesOthers && cell >> named.count != 0 ? ["others"] : [])).joined(separator: " and ")
        }
    }

    private func rangeWords(_ set: UInt64) -> [String] {
        var parts: [String] = []
        var cell = 0
        while cell < unknown {
            guard set & 1 << UInt64(cell) != 0 else {
                cell += 1
                continue
            }
            let first = cell
            while cell < unknown, set & 1 << UInt64(cell) != 0 { cell += 1 }
            let low = first == 0 ? nil : starts[first]
            let high = cell == unknown ? nil : starts[cell] - 1
            parts.append(rangeWords(low, high))
        }
        return parts
    }

    private func rangeWords(_ low: Int?, _ high: Int?) -> String {
        func text(_ number: Int) -> String { type.text(.number(number)) }
        let isDate = type == .date
        switch (low, high) {
        case (let low?, let high?): return low == high ? text(low) : "\(text(low)) to \(text(high))"
        case (let low?, nil): return isDate ? "from \(text(low))" : "more than \(text(low - 1))"
        case (nil, let high?): return isDate ? "before \(text(high + 1))" : "at most \(text(high))"
        case (nil, nil): return "known"
        }
    }
}
