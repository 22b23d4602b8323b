/// The fewest papers, and findings of a person at the agency besides, that would have changed an answer; never what the
/// form is or asks, and never a paper less.
///
/// Exact: every standing of the papers and every finding is looked at, as regions.
struct NearestChange {
    private(set) var changes: [Explanation.Change] = []
    private let document: PolicyDocument
    private let regions: TableRegions
    private let findings: [Int]

    private typealias Paper = (fact: WorldFact, standing: Int)

    /// One way to another answer.
    private struct Way {
        var count: Int
        var row: Int
        var papers: [Paper]
        var findings: [String]
    }

    init(_ document: PolicyDocument, table: Int, values: [FactValue], now: Row) {
        self.document = document
        regions = TableRegions(document.tables[table], in: document.space)
        let asked = document.tables[table].facts
        findings = asked.filter { document.facts[$0].fact.isFinding }
        // Warrants first: one raises the order with it.
        let papers = asked.filter { document.facts[$0].fact.isPaper }.sorted {
            document.facts[$0].fact.rawValue < document.facts[$1].fact.rawValue
        }
        var ways: [Way] = []
        for (raised, with) in raising(papers, from: values) {
            for (position, row) in regions.table.rows.enumerated() where row.words != now.words {
                ways += finding(position, raised, with)
            }
        }
        if let fewest = ways.map(\.count).min() { tell(ways.filter { $0.count == fewest }) }
    }

    /// Every way to have better papers than are here, none better included, the strongest first.
    private func raising(_ papers: [Int], from values: [FactValue]) -> [(values: [FactValue], papers: [Paper])] {
        papers.reduce([(values: values, papers: [])]) { ways, paper in
            ways.flatMap { way in
                better(than: way.values[paper]).map { standing in
                    (raised(paper, to: standing, in: way.values), way.papers + [(document.facts[paper].fact, standing)])
                } + [way]
            }
        }
    }

    /// Standings above the one that it has, the strongest first.
    private func better(than value: FactValue) -> [Int] {
        var now = 0
        if case .word(let position) = value { now = position }
        return WorldFact.standings.indices.reversed().filter { $0 > now }
    }

    /// A judge's criminal warrant is a judge's order too, and where papers have come none is unknown any more.
    private func raised(_ paper: Int, to standing: Int, in values: [FactValue]) -> [FactValue] {
        var values = values
        values[paper] = .word(standing)
        let isWarrant = document.facts[paper].fact == .criminalWarrant
        guard
            let other = document.facts.firstIndex(where: {
                $0.fact == (isWarrant ? .judicialOrder : .criminalWarrant)
            })
        else { return values }
        if isWarrant, better(than: values[other]).contains(standing) { values[other] = .word(standing) }
        if values[other] == .unknown { values[other] = .word(0) }
        return values
    }

    /// What else would be found where a row answers: the fewest findings that are not as they are now.
    private func finding(_ row: Int, _ values: [FactValue], _ papers: [Paper]) -> [Way] {
        let here = document.space.point(values)
        var open = here
        for fact in findings {
            let cells = document.space.cells[fact]
            open.sides[fact] |= cells.all & ~(1 << UInt64(cells.unknown))
        }
        let region = Region(regions.answers[row].boxes.map { $0.intersection(open) }).simplified()
        return region.boxes.map { box in
            let changed = findings.filter { box.sides[$0] & here.sides[$0] == 0 }
            return Way(
                count: papers.count + changed.count, row: row, papers: papers,
                findings: changed.map {
                    "\(document.facts[$0].name) were \(document.space.cells[$0].words(box.sides[$0]))"
                })
        }
    }

    /// Ways that differ in one paper's standing alone are told in one sentence.
    private mutating func tell(_ ways: [Way]) {
        var told: [(way: Way, standings: [String])] = []
        for way in ways {
            let standing = way.papers.last.map { WorldFact.standings[$0.standing] } ?? ""
            let known = told.firstIndex { other, _ in
                other.row == way.row && other.findings == way.findings
                    && other.papers.map(\.fact) == way.papers.map(\.fact)
                    && other.papers.dropLast().map(\.standing) == way.papers.dropLast().map(\.standing)
            }
            if let known { told[known].standings.append(standing) } else { told.append((way, [standing])) }
        }
        changes = told.map { way, standings in
            let papers = way.papers.enumerated().map { position, paper in
                let isLast = position == way.papers.count - 1
                return Self.words(paper.fact, isLast ? standings : [WorldFact.standings[paper.standing]])
            }
            let row = regions.table.rows[way.row]
            return Explanation.Change(
                condition: (papers + way.findings).joined(separator: " and "), words: row.words, rule: row.id)
        }
    }

    private static func words(_ fact: WorldFact, _ standings: [String]) -> String {
        let paper = fact == .criminalWarrant ? "a judge's criminal warrant" : "a judge's order"
        return "\(paper) for this person were \(standings.joined(separator: " or "))"
    }
}
