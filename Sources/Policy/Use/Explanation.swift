public import Detainers

/// A decision in words: for each question the answer, its reason, the law, the exceptions that were considered, and the
/// nearest change of a warrant or an order that would have changed it.
///
/// A function of the recorded facts and of the policy's text alone.
public struct Explanation: Sendable, Equatable {
    public struct Answer: Sendable, Equatable {
        public var question: String
        /// `decline`, or `refer to the duty supervisor`.
        public var words: String
        public var rule: String
        public var because: String
        public var law: [String]
        public var exceptions: [Exception]
        /// Empty: no warrant or order would have changed it.
        public var changes: [Change]
        /// Whether a paper could matter at all: only to what was asked.
        public var isOpenToChange: Bool
    }

    /// An exception that was considered and does not apply.
    public struct Exception: Sendable, Equatable {
        public var rule: String
        public var because: String
    }

    public struct Change: Sendable, Equatable {
        public var condition: String
        public var words: String
        public var rule: String
    }

    public struct Duty: Sendable, Equatable {
        public var rule: String
        public var text: String
        public var law: [String]
    }

    public var answers: [Answer]
    public var duties: [Duty]

    /// For people, one line a thought.
    public var lines: [String] {
        var lines: [String] = []
        for answer in answers {
            lines.append("\(answer.question): \(answer.words). \(answer.because) [\(answer.rule)]")
            lines += answer.law.map { "    " + $0 }
            lines += answer.exceptions.map { "    not \($0.rule): \($0.because)" }
            lines += answer.changes.map { "    would be: \($0.words), if \($0.condition) [\($0.rule)]" }
            if answer.changes.isEmpty, answer.isOpenToChange {
                lines.append("    no warrant or order alone would change this")
            }
        }
        for duty in duties {
            lines.append("duty: \(duty.text) [\(duty.rule)]")
            lines += duty.law.map { "    " + $0 }
        }
        return lines
    }

    public var json: JSONValue {
        [
            "answers": .array(answers.map(Self.json)),
            "duties": .array(
                duties.map { ["rule": .string($0.rule), "do": .string($0.text), "law": Self.strings($0.law)] }),
        ]
    }

    private static func strings(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }

    private static func json(_ answer: Answer) -> JSONValue {
        let exceptions = answer.exceptions.map { exception -> JSONValue in
            ["rule": .string(exception.rule), "because": .string(exception.because)]
        }
        let changes = answer.changes.map { change -> JSONValue in
            ["if": .string(change.condition), "answer": .string(change.words), "rule": .string(change.rule)]
        }
        return [
            "question": .string(answer.question), "answer": .string(answer.words), "rule": .string(answer.rule),
            "because": .string(answer.because), "law": strings(answer.law),
            "exceptionsConsidered": .array(exceptions), "nearestChanges": .array(changes),
        ]
    }
}

extension PolicyDocument {
    /// Explains a decision that this policy made.
    ///
    /// - Throws: where its facts are not ones that this policy could have been given.
    public func explain(_ decision: Decision) throws(PolicyError) -> Explanation {
        let values = try values(of: decision.facts)
        var answers: [Explanation.Answer] = []
        for table in tables.indices {
            guard let row = row(of: table, at: values) else {
                throw PolicyError(file: file, explanation: "table `\(tables[table].name)` has no single answer")
            }
            answers.append(
                Explanation.Answer(
                    question: tables[table].name, words: row.words, rule: row.id, because: row.because,
                    law: sentences(row.law), exceptions: exceptions(table, row, values),
                    changes: NearestChange(self, table: table, values: values, now: row).changes,
                    isOpenToChange: table < 3 && row.answer != AnswerKind.notAsked.rawValue))
        }
        return Explanation(
            answers: answers,
            duties: duties(at: values).map { .init(rule: $0.id, text: $0.text, law: sentences($0.law)) })
    }

    private func sentences(_ keys: [String]) -> [String] {
        keys.compactMap { key in law.first { $0.key == key }?.sentence }
    }

    /// Exceptions to the row that answers, and to the rows that it is itself an exception to.
    private func exceptions(_ table: Int, _ row: Row, _ values: [FactValue]) -> [Explanation.Exception] {
        let rows = tables[table].rows
        guard let position = rows.firstIndex(of: row) else { return [] }
        let related = [row.id] + tables[table].chain(from: position).map { rows[$0].id }
        return rows.filter { $0.id != row.id && !related.contains($0.id) && related.contains($0.exceptionTo ?? "") }
            .map { other in
                let point = space.point(values)
                let failing = other.conditions.filter { condition in
                    space.cells[condition.fact].set(of: condition.alternatives) & point.sides[condition.fact] == 0
                }
                let reasons = failing.map { condition in
                    let cells = space.cells[condition.fact]
                    return "\(facts[condition.fact].name) is \(facts[condition.fact].type.text(values[condition.fact]))"
                        + ", not \(cells.words(cells.set(of: condition.alternatives)))"
                }
                return Explanation.Exception(rule: other.id, because: reasons.joined(separator: "; "))
            }
    }
}

/// The fewest papers, and what a person at the agency may find out besides, that would have changed an answer; never
/// what the form is or asks.
private struct NearestChange {
    /// A warrant, a conviction and its age: no law asks for more at once.
    private static let mostFacts = 3
    /// More are not near.
    private static let mostChanges = 6

    private(set) var changes: [Explanation.Change] = []
    private let document: PolicyDocument
    private let table: Int
    private let values: [FactValue]
    private let now: Row

    init(_ document: PolicyDocument, table: Int, values: [FactValue], now: Row) {
        (self.document, self.table, self.values, self.now) = (document, table, values, now)
        let asked = document.tables[table].facts
        let papers = asked.filter { document.facts[$0].fact.isPaper }
        let findings = asked.filter { document.facts[$0].fact.isFinding }
        for count in 1...Self.mostFacts where changes.isEmpty {
            for paper in papers { change(paper, with: findings, count: count - 1) }
            // Where the best paper is here already, what else would be found.
            if changes.isEmpty { change(findings, count: count) }
        }
        changes = Array(changes.prefix(Self.mostChanges))
    }

    private mutating func change(_ paper: Int, with findings: [Int], count: Int) {
        // The strongest first; alone, the weaker ones too.
        let better = better(than: values[paper])
        var told: [(rule: String, standings: [String], row: Row)] = []
        for standing in count == 0 ? better : Array(better.prefix(1)) {
            for (more, words) in combinations(findings, count) {
                guard let row = document.row(of: table, at: raised(paper, to: standing, in: more)),
                    row.words != now.words
                else { continue }
                let name = WorldFact.standings[standing]
                if count == 0, let known = told.firstIndex(where: { $0.rule == row.id }) {
                    told[known].standings.append(name)
                } else if count == 0 {
                    told.append((row.id, [name], row))
                } else {
                    add(row, ([Self.words(document.facts[paper].fact, [name])] + words).joined(separator: " and "))
                }
            }
        }
        for (_, standings, row) in told { add(row, Self.words(document.facts[paper].fact, standings)) }
    }

    private mutating func change(_ findings: [Int], count: Int) {
        for (more, words) in combinations(findings, count) {
            guard let row = document.row(of: table, at: more), row.words != now.words else { continue }
            add(row, words.joined(separator: " and "))
        }
    }

    private mutating func add(_ row: Row, _ condition: String) {
        changes.append(.init(condition: condition, words: row.words, rule: row.id))
    }

    /// Standings above the one that it has, the strongest first.
    private func better(than value: FactValue) -> [Int] {
        var now = 0
        if case .word(let position) = value { now = position }
        return WorldFact.standings.indices.reversed().filter { $0 > now }
    }

    /// A judge's criminal warrant is a judge's order too.
    private func raised(_ paper: Int, to standing: Int, in values: [FactValue]) -> [FactValue] {
        var values = values
        values[paper] = .word(standing)
        if document.facts[paper].fact == .criminalWarrant,
            let order = document.facts.firstIndex(where: { $0.fact == .judicialOrder }),
            better(than: values[order]).contains(standing)
        {
            values[order] = .word(standing)
        }
        return values
    }

    /// Every way to find out so many of these facts, with its words.
    private func combinations(_ findings: [Int], _ count: Int) -> [(values: [FactValue], words: [String])] {
        var all = [(values: values, words: [String](), next: 0)]
        for _ in 0..<count {
            all = all.flatMap { made in
                findings.indices.filter { $0 >= made.next }.flatMap { position in
                    known(findings[position]).map { value, words in
                        var values = made.values
                        values[findings[position]] = value
                        return (values, made.words + [words], position + 1)
                    }
                }
            }
        }
        return all.map { ($0.values, $0.words) }
    }

    private func known(_ fact: Int) -> [(FactValue, String)] {
        let cells = document.space.cells[fact]
        return (0..<cells.unknown).filter { $0 != cells.cell(of: values[fact]) }.map { cell in
            (cells.sample(cell), "\(document.facts[fact].name) were \(cells.words(1 << UInt64(cell)))")
        }
    }

    private static func words(_ fact: WorldFact, _ standings: [String]) -> String {
        let paper = fact == .criminalWarrant ? "a judge's criminal warrant" : "a judge's order"
        return "\(paper) for this person were \(standings.joined(separator: " or "))"
    }
}
