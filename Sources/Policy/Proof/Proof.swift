/// Proves a policy, or tells all that is wrong with it.
///
/// Over every combination of facts that a request can have, `unknown` included: each table answers it, no two rows of a
/// table both do, and each row answers something. By subtracting boxes, which is exact, and not by trying. Also: the
/// examples cover every value that an exception names and every one it does not, and come out as they say.
struct Proof {
    private let document: PolicyDocument
    private(set) var problems: [PolicyProblem] = []

    init(_ document: PolicyDocument) {
        self.document = document
        for table in document.tables { prove(TableRegions(table, in: document.space)) }
        checkLaw()
        problems += document.runExamples().compactMap(\.problem)
        // What an example lacks is told when the tables themselves hold.
        if problems.isEmpty { problems += Coverage(document).problems }
    }

    private mutating func add(_ mark: Mark, _ row: String?, _ explanation: String) {
        problems.append(
            PolicyProblem(
                file: document.file, line: mark.line, column: mark.column, row: row, explanation: explanation))
    }

    private mutating func prove(_ regions: TableRegions) {
        let table = regions.table
        if regions.isTooLarge {
            add(
                table.mark, nil,
                "table `\(table.name)` is told apart in more ways than anyone can follow, and cannot be proved: ask for "
                    + "fewer facts in a row, or use fewer rows")
            return
        }
        if let box = document.space.possible(in: regions.gap) {
            add(table.mark, nil, "no row of `\(table.name)` answers a request with \(words(box, table))")
        }
        for (one, other, region) in regions.conflicts {
            guard let box = document.space.possible(in: region) else { continue }
            let (first, second) = (table.rows[one], table.rows[other])
            add(
                first.mark, nil,
                "row \(first.id) (line \(first.mark.line)) and row \(second.id) (line \(second.mark.line)) both answer "
                    + "a request with \(words(box, table)); make one an exception to the other, or change a condition")
        }
        for (position, row) in table.rows.enumerated() where !regions.canAnswer(position) {
            add(row.mark, "row \(row.id)", "this row never answers: " + whyNever(position, regions))
        }
    }

    private func whyNever(_ position: Int, _ regions: TableRegions) -> String {
        guard regions.holds[position].isEmpty else {
            return document.space.possible(in: Region([regions.holds[position]])) == nil
                ? "no request has such facts at once" : "its exceptions take all that it could answer"
        }
        let base = regions.table.rows[position].exceptionTo
        return base.map { "its facts never hold where row \($0) does" } ?? "its conditions never hold"
    }

    /// One request of a box in words: the facts that the table asks for.
    private func words(_ box: Box, _ table: Table) -> String {
        let values = document.space.sample(box)
        let parts = table.facts.map { fact in
            "\(document.facts[fact].name): \(document.facts[fact].type.text(values[fact]))"
        }
        return parts.isEmpty ? "any facts" : parts.joined(separator: ", ")
    }

    private mutating func checkLaw() {
        let cited = Set(document.tables.flatMap { $0.rows.flatMap(\.law) } + document.duties.flatMap(\.law))
        for citation in document.law where !cited.contains(citation.key) {
            add(citation.mark, nil, "law `\(citation.key)` is cited nowhere: cite it, or take it out")
        }
    }
}
