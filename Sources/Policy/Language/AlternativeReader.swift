import Detainers

/// Reads what a condition says of one fact: `verified`, `includes final-order`, `before 2017-04-02`, `at most 5`.
struct AlternativeReader {
    let declaration: FactDeclaration

    /// What was expected instead.
    var explanation: String {
        let name = declaration.name
        switch declaration.type {
        case .word(let words): return "`\(name)` is one of \((words + ["unknown"]).joined(separator: ", "))"
        case .anyOf(let words):
            return
                "`\(name)` takes `includes` or `lacks` and one of \(words.joined(separator: ", ")), or none, or unknown"
        case .date:
            return "`\(name)` takes a date such as 2017-04-02, `before` or `from` a date, a date `to` a later one, "
                + "or unknown; no date is before 0001-01-01"
        case .wholeNumber:
            return
                "`\(name)` takes a whole number up to \(FactType.largestNumber), `at most` or `more than` one, one `to` "
                + "a larger one, or unknown"
        }
    }

    /// `nil` where it cannot be read.
    func read(_ text: String) -> Condition.Alternative? {
        if text == FactValue.unknownWord { return .unknown }
        switch declaration.type {
        case .word(let words): return words.firstIndex(of: text).map(Condition.Alternative.word)
        case .anyOf(let words):
            if text == FactValue.none { return .empty }
            if let word = rest(of: text, after: "includes ") { return words.firstIndex(of: word).map { .includes($0) } }
            if let word = rest(of: text, after: "lacks ") { return words.firstIndex(of: word).map { .lacks($0) } }
            return nil
        case .date:
            if let day = rest(of: text, after: "before ") { return number(day).flatMap { ending(at: $0 - 1) } }
            if let day = rest(of: text, after: "from ") { return number(day).map { .range($0, nil) } }
            return range(text)
        case .wholeNumber:
            if let limit = rest(of: text, after: "at most ") { return number(limit).map { .range(nil, $0) } }
            if let limit = rest(of: text, after: "more than ") {
                return number(limit).flatMap { beginning(at: $0 + 1) }
            }
            return range(text)
        }
    }

    /// `nil` where no value is so small.
    private func ending(at last: Int) -> Condition.Alternative? {
        last < declaration.type.limits.lowerBound ? nil : .range(nil, last)
    }

    /// `nil` where no value is so large.
    private func beginning(at first: Int) -> Condition.Alternative? {
        first > declaration.type.limits.upperBound ? nil : .range(first, nil)
    }

    private func range(_ text: String) -> Condition.Alternative? {
        let ends = text.split(separator: " to ", omittingEmptySubsequences: false).map { number(String($0)) }
        guard ends.count <= 2, let low = ends[0], let high = ends[ends.count - 1], low <= high else { return nil }
        return .range(low, high)
    }

    private func number(_ text: String) -> Int? {
        guard case .number(let number)? = declaration.type.value(text) else { return nil }
        return number
    }

    private func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }
}
