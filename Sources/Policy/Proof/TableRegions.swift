/// Where each row of a table holds and where it answers, as exact regions of facts.
struct TableRegions: Sendable {
    let table: Table
    let space: FactSpace
    /// Where a row's own conditions and those of the rows that it is an exception to hold.
    let holds: [Box]
    /// Where a row answers: it holds, and no exception to it does.
    let answers: [Region]

    /// - Parameter side: the side of the space for a fact of the table.
    init(_ table: Table, in space: FactSpace, side: (Int) -> Int = { $0 }) {
        self.table = table
        self.space = space
        let own = table.rows.map { space.box($0.conditions, side) }
        let holds = table.rows.indices.map { row in
            table.chain(from: row).reduce(own[row]) { $0.intersection(own[$1]) }
        }
        self.holds = holds
        answers = table.rows.indices.map { row in
            table.rows.indices.reduce(Region([holds[row]])) { region, other in
                table.rows[other].exceptionTo == table.rows[row].id ? region.subtracting(holds[other]) : region
            }
        }
    }

    /// What no row answers, though a request can have such facts.
    var gap: Region { space.withoutImpossible(holds.reduce(Region([space.everything])) { $0.subtracting($1) }) }

    /// Whether there is a request that a row answers.
    func canAnswer(_ row: Int) -> Bool { answers[row].isTooLarge || space.possible(in: answers[row]) != nil }

    /// Where two rows both answer, for each such pair.
    var conflicts: [(one: Int, other: Int, region: Region)] {
        var found: [(Int, Int, Region)] = []
        for one in table.rows.indices {
            for other in table.rows.indices where other > one {
                let both = space.withoutImpossible(Self.both(self, one, self, other))
                if !both.isEmpty { found.append((one, other, both)) }
            }
        }
        return found
    }

    /// Whether it takes more boxes than anyone can follow to say where a row answers.
    var isTooLarge: Bool {
        gap.isTooLarge || answers.contains { $0.isTooLarge } || conflicts.contains { $0.region.isTooLarge }
    }

    /// Where a row of one table and a row of another, in the same space, both answer: where both hold, less where an
    /// exception to either does.
    static func both(_ one: TableRegions, _ row: Int, _ other: TableRegions, _ otherRow: Int) -> Region {
        let start = Region([one.holds[row].intersection(other.holds[otherRow])])
        return (one.exceptions(to: row) + other.exceptions(to: otherRow)).reduce(start) { $0.subtracting($1) }
    }

    private func exceptions(to row: Int) -> [Box] {
        table.rows.indices.filter { table.rows[$0].exceptionTo == table.rows[row].id }.map { holds[$0] }
    }
}
