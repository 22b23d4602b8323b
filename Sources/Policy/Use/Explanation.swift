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
                lines.append("    no warrant or order would change this, whatever else were found")
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
