import Detainers

/// A policy made ready for deciding: everything that does not depend on the request is worked out beforehand.
struct Decider: Sendable {
    private struct AskedFact: Sendable {
        var fact: WorldFact
        var name: String
        var type: FactType
        var cells: Cells
        /// Of a fact that is one word: the words, `unknown` behind them, by cell.
        var words: [String]
    }

    private let asked: [AskedFact]
    private let lookups: [TableLookup]
    /// By question and row; hold, transfer, notify.
    private let answers: [[GivenAnswer?]]
    private let lines: [(line: String, rule: String)]
    private let name: String
    private let digest: String
    private let file: String

    init(_ draft: PolicyDraft, _ space: FactSpace, digest: String, file: String) {
        asked = zip(draft.facts, space.cells).map { declaration, cells in
            var words: [String] = []
            if case .word(let all) = declaration.type { words = all + [FactValue.unknownWord] }
            return AskedFact(
                fact: declaration.fact, name: declaration.name, type: declaration.type, cells: cells, words: words)
        }
        lookups = draft.tables.map { TableLookup($0, in: space) }
        answers = draft.tables.prefix(3).map { table in
            table.rows.map { row in
                AnswerKind(rawValue: row.answer).map { GivenAnswer(answer: $0, rule: row.id, to: row.role) }
            }
        }
        lines = draft.tables.count > 3 ? draft.tables[3].rows.map { ($0.answer, $0.id) } : []
        name = draft.name
        self.digest = digest
        self.file = file
    }

    func look(_ table: Int, _ point: borrowing FactPoint) -> TableLookup.Result { lookups[table].look(point) }

    func decide(_ request: borrowing Request) throws(PolicyError) -> Decision {
        var taking = Taking(asked.count)
        for position in asked.indices { take(asked[position].fact.value(of: request), position, &taking) }
        return try decision(taking)
    }

    /// - Parameter values: one for each fact that the policy asks for.
    func decide(_ values: [FactValue]) throws(PolicyError) -> Decision {
        var taking = Taking(asked.count)
        for position in asked.indices { take(values[position], position, &taking) }
        return try decision(taking)
    }

    private struct Taking {
        var point = FactPoint()
        var facts: [Fact] = []

        init(_ count: Int) { facts.reserveCapacity(count) }
    }

    private func take(_ value: FactValue, _ position: Int, _ taking: inout Taking) {
        let cell = asked[position].cells.cell(of: value)
        taking.point[position] = 1 << UInt64(cell)
        let text = asked[position].words.isEmpty ? asked[position].type.text(value) : asked[position].words[cell]
        taking.facts.append(Fact(name: asked[position].name, value: text))
    }

    private func decision(_ taking: borrowing Taking) throws(PolicyError) -> Decision {
        let hold = try answer(0, taking.point)
        let transfer = try answer(1, taking.point)
        let notify = try answer(2, taking.point)
        guard case .row(let line) = lookups[3].look(taking.point) else { throw undecided(3) }
        return Decision(
            hold: hold, transfer: transfer, notify: notify, reportLine: lines[line].line, reportRule: lines[line].rule,
            facts: taking.facts, policyName: name, policyDigest: digest)
    }

    private func answer(_ table: Int, _ point: borrowing FactPoint) throws(PolicyError) -> GivenAnswer {
        guard case .row(let row) = lookups[table].look(point), let answer = answers[table][row] else {
            throw undecided(table)
        }
        return answer
    }

    private func undecided(_ table: Int) -> PolicyError {
        PolicyError(
            file: file, explanation: "table `\(PolicyReader.tableNames[table])` has no single answer to this request")
    }
}
