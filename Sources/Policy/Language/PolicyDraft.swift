import Detainers

/// What a policy file says, read and not yet proved.
struct PolicyDraft {
    var name = ""
    var jurisdiction = ""
    var receivers: [String] = []
    var inForceFrom = CivilDate(daysSinceEpoch: 0)
    var timeZone: TimeZoneName
    var status = PolicyDocument.Status.draft
    var approvedBy: String?
    var notKnown: [String] = []
    var law: [Citation] = []
    var facts: [FactDeclaration] = []
    var tables: [Table] = []
    var duties: [Duty] = []
    var examples: [Example] = []

    /// Everything that any row or duty asks of a fact.
    func alternatives(of fact: Int) -> [Condition.Alternative] {
        let conditions = tables.flatMap { $0.rows.flatMap(\.conditions) } + duties.flatMap(\.conditions)
        return conditions.filter { $0.fact == fact }.flatMap(\.alternatives)
    }

    /// - Throws: where a fact is told apart in more ways than a machine word has bits.
    func space(file: String) throws(PolicyError) -> FactSpace {
        var cells: [Cells] = []
        for (position, declaration) in facts.enumerated() {
            guard let made = Cells(declaration.type, for: alternatives(of: position)) else {
                throw PolicyError([
                    PolicyProblem(
                        file: file, line: declaration.mark.line, column: declaration.mark.column,
                        explanation: "`\(declaration.name)` is told apart in more ways than anyone can follow: "
                            + Cells.bound(declaration.type))
                ])
            }
            cells.append(made)
        }
        return FactSpace(facts: facts.map(\.fact), cells: cells)
    }
}
