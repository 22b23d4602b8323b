import Detainers

/// What values a fact can have; besides these, every fact may be unknown.
enum FactType: Sendable, Equatable {
    /// One of these words.
    case word([String])
    /// Any number of these words, none included.
    case anyOf([String])
    case date
    case wholeNumber

    /// The first and the last value of an ordered type; dates as days since 1970-01-01.
    var limits: ClosedRange<Int> {
        switch self {
        case .word(let words), .anyOf(let words): 0...max(0, words.count - 1)
        case .date: Self.firstDay...Self.lastDay
        case .wholeNumber: 0...Self.largestNumber
        }
    }

    /// Ages, years and counts of papers are far below.
    static let largestNumber = 1_000_000
    private static let firstDay = Int(CivilDate(year: 1, month: 1, day: 1)?.daysSinceEpoch ?? 0)
    private static let lastDay = Int(CivilDate(year: 9999, month: 12, day: 31)?.daysSinceEpoch ?? 0)

    /// The value in words, as policies, records and explanations write it.
    func text(_ value: FactValue) -> String {
        switch (self, value) {
        case (.word(let words), .word(let position)): words[position]
        case (.anyOf(let words), .anyOf(let bits)):
            bits == 0
                ? FactValue.none
                : words.indices.filter { bits & 1 << UInt32($0) != 0 }.map { words[$0] }.joined(separator: ", ")
        case (.date, .number(let days)): CivilDate(daysSinceEpoch: Int64(days)).description
        case (.wholeNumber, .number(let number)): String(number)
        default: FactValue.unknownWord
        }
    }

    /// Reads what ``text(_:)`` wrote; `nil` where it is no value of this type.
    func value(_ text: String) -> FactValue? {
        if text == FactValue.unknownWord { return .unknown }
        switch self {
        case .word(let words): return words.firstIndex(of: text).map(FactValue.word)
        case .anyOf:
            if text == FactValue.none { return .anyOf(0) }
            return anyOf(text.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init))
        case .date: return CivilDate(text).map { .number(Int($0.daysSinceEpoch)) }
        case .wholeNumber:
            guard let number = Int(text), limits.contains(number), String(number) == text else { return nil }
            return .number(number)
        }
    }

    /// The value that has just these words; `nil` where one is not of this type or stands there twice.
    func anyOf(_ chosen: [String]) -> FactValue? {
        guard case .anyOf(let words) = self else { return nil }
        var bits: UInt32 = 0
        for word in chosen {
            guard let position = words.firstIndex(of: word), bits & 1 << UInt32(position) == 0 else { return nil }
            bits |= 1 << UInt32(position)
        }
        return .anyOf(bits)
    }
}

/// What is known of one fact.
enum FactValue: Sendable, Hashable {
    static let unknownWord = "unknown"
    /// Of a fact that is any number of words: that there are none.
    static let none = "none"

    case unknown
    /// Position among the words of the type.
    case word(Int)
    /// Bit n is set where the nth word of the type is among them.
    case anyOf(UInt32)
    /// A whole number, or a date as days since 1970-01-01.
    case number(Int)
}
