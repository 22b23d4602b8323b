import Detainers

/// Values of facts by the names of the facts; a fact that is not there is `unknown`.
typealias FactValues = [String: String]

/// One row: when these facts hold, this answer.
struct Row: Sendable, Equatable {
    var id: String
    var line: Int
    /// The row that this one overrides where both apply.
    var exceptionTo: String?
    var conditions: [Condition]
    var answer: String
    var role: String?
    var because: String
    /// Keys of the policy's law; the table's where the row names none.
    var law: [String]

    struct Condition: Sendable, Equatable {
        var fact: String
        var values: [String]
    }

    func matches(_ facts: FactValues) -> Bool {
        conditions.allSatisfy { $0.values.contains(facts[$0.fact] ?? FactDeclaration.unknown) }
    }
}

/// A fact and the values it may have besides `unknown`, which every fact may have.
struct FactDeclaration: Sendable, Equatable {
    static let unknown = "unknown"

    var name: String
    var values: [String]

    var domain: [String] { values + [Self.unknown] }
}

/// Rows of which exactly one answers each request.
struct Table: Sendable, Equatable {
    var name: String
    var line: Int
    var rows: [Row]

    enum Lookup: Equatable {
        case row(Row)
        case none
        case conflict([Row])
    }

    /// The row that applies: those that match, less those to which a matching row is an exception. Order never decides.
    ///
    /// An exception matches only where the row that it is an exception to does.
    func look(_ facts: FactValues) -> Lookup {
        let holding = rows.filter { $0.matches(facts) }
        let matching = holding.filter { row in
            chain(from: row).allSatisfy { base in holding.contains { $0.id == base } }
        }
        let overridden = Set(matching.compactMap(\.exceptionTo))
        let left = matching.filter { !overridden.contains($0.id) }
        switch left.count {
        case 0: return .none
        case 1: return .row(left[0])
        default: return .conflict(left)
        }
    }

    /// The rows that a row is an exception to, directly or through others; ends where it would go round.
    private func chain(from row: Row) -> [String] {
        var bases: [String] = []
        var next = row.exceptionTo
        while let base = next, !bases.contains(base) {
            bases.append(base)
            next = rows.first { $0.id == base }?.exceptionTo
        }
        return bases
    }

    /// The facts that any row asks for.
    var facts: Set<String> { Set(rows.flatMap { $0.conditions.map(\.fact) }) }
}
