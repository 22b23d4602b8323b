/// Looks at every combination of the facts that a table asks for, `unknown` included.
enum Completeness {
    /// Far more than tables that a person can read have; a larger one is refused rather than believed.
    static let maximumCombinations = 100_000

    /// Refuses a table that leaves a combination without an answer or with two.
    static func check(_ table: Table, _ declarations: [FactDeclaration], file: String) throws(PolicyError) {
        let asked = declarations.filter { table.facts.contains($0.name) }
        let combinations = asked.reduce(1) { min(maximumCombinations + 1, $0 * $1.domain.count) }
        guard combinations <= maximumCombinations else {
            throw PolicyError(
                file: file, line: table.line,
                explanation: "table `\(table.name)` has more than \(maximumCombinations) combinations of facts")
        }
        for number in 0..<combinations {
            let facts = combination(number, of: asked)
            switch table.look(facts) {
            case .row: continue
            case .none:
                throw PolicyError(
                    file: file, line: table.line,
                    explanation: "no row of `\(table.name)` answers a request with \(words(facts, asked))")
            case .conflict(let rows):
                throw PolicyError(
                    file: file, line: rows[0].line,
                    explanation: "rows "
                        + rows.map { "\($0.id) (line \($0.line))" }.joined(separator: " and ")
                        + " both answer a request with \(words(facts, asked)); say which is the exception")
            }
        }
    }

    private static func combination(_ number: Int, of asked: [FactDeclaration]) -> FactValues {
        var rest = number
        var facts: FactValues = [:]
        for declaration in asked {
            facts[declaration.name] = declaration.domain[rest % declaration.domain.count]
            rest /= declaration.domain.count
        }
        return facts
    }

    private static func words(_ facts: FactValues, _ asked: [FactDeclaration]) -> String {
        if asked.isEmpty { return "any facts" }
        return asked.map { "\($0.name): \(facts[$0.name] ?? FactDeclaration.unknown)" }.joined(separator: ", ")
    }
}
