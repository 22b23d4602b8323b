/// Whether the examples pin down every value of every exception and of every duty with conditions.
///
/// For each value that a condition names there must be an example where everything holds with that value, and for each
/// value it does not name a near miss: an example where all else holds and only this value differs. For numbers and
/// dates these are the values on both sides of each limit. So no value can be lost, added or changed without an example
/// that notices.
struct Coverage {
    private(set) var problems: [PolicyProblem] = []
    private let document: PolicyDocument
    private let points: [Box]

    init(_ document: PolicyDocument) {
        self.document = document
        points = document.examples.map { document.space.point($0.given) }
        let expected = Set(document.examples.flatMap(\.expect))
        for table in document.tables {
            let regions = TableRegions(table, in: document.space)
            for (position, row) in table.rows.enumerated() {
                if !expected.contains(row.id) { add(row.mark, "row \(row.id)", "no example expects this row") }
                guard let base = table.chain(from: position).first else { continue }
                cover(row.conditions, "row \(row.id)", row.mark, within: regions.holds[base])
            }
        }
        for duty in document.duties {
            if !expected.contains(duty.id) { add(duty.mark, "duty \(duty.id)", "no example expects this duty") }
            cover(duty.conditions, "duty \(duty.id)", duty.mark, within: document.space.everything)
        }
    }

    private mutating func add(_ mark: Mark, _ row: String, _ explanation: String) {
        problems.append(
            PolicyProblem(
                file: document.file, line: mark.line, column: mark.column, row: row, explanation: explanation))
    }

    /// Cells of a fact of which one example is needed; all of a box but one side are as they must be.
    private struct Probe {
        var cells: UInt64
        /// Where it must be this very value.
        var value: FactValue?
        var words: String
    }

    private mutating func cover(_ conditions: [Condition], _ row: String, _ mark: Mark, within base: Box) {
        for condition in conditions {
            let others = conditions.filter { $0.fact != condition.fact }
            let rest = base.intersection(document.space.box(others))
            let cells = document.space.cells[condition.fact]
            let named = cells.set(of: condition.alternatives)
            let name = document.facts[condition.fact].name
            for probe in namedProbes(condition) {
                if !canBe(probe, condition.fact, in: rest) {
                    add(condition.mark, row, "`\(name)` is never \(probe.words) where this could hold: take it out")
                } else if !hasExample(of: probe, condition.fact, in: rest) {
                    add(mark, row, "needs an example where it holds and `\(name)` is \(probe.words)")
                }
            }
            for probe in otherProbes(condition) where probe.cells & named == 0 {
                guard canBe(probe, condition.fact, in: rest) else { continue }
                if !hasExample(of: probe, condition.fact, in: rest) {
                    add(
                        mark, row, "needs a near miss: an example where all else holds and `\(name)` is \(probe.words)")
                }
            }
        }
    }

    private func hasExample(of probe: Probe, _ fact: Int, in box: Box) -> Bool {
        var wanted = box
        wanted.sides[fact] &= probe.cells
        return document.examples.indices.contains { position in
            wanted.contains(points[position])
                && probe.value.map { document.examples[position].given[fact] == $0 } ?? true
        }
    }

    /// Whether a request can be there.
    private func canBe(_ probe: Probe, _ fact: Int, in box: Box) -> Bool {
        var wanted = box
        wanted.sides[fact] &= probe.cells
        return document.space.possible(in: Region([wanted])) != nil
    }

    private func namedProbes(_ condition: Condition) -> [Probe] {
        condition.alternatives.flatMap { alternative -> [Probe] in
            switch alternative {
            case .unknown: [probe(condition.fact, .unknown)]
            case .word(let position): [probe(condition.fact, .word(position))]
            case .includes(let word): [probe(condition.fact, .anyOf(1 << UInt32(word)))]
            case .lacks(let word): [probe(condition.fact, cellsOf: .lacks(word))]
            case .empty: [probe(condition.fact, .anyOf(0))]
            case .range(let low, let high):
                Set([low, high].compactMap { $0 }).sorted().map { probe(condition.fact, .number($0)) }
            }
        }
    }

    private func otherProbes(_ condition: Condition) -> [Probe] {
        let type = document.facts[condition.fact].type
        var probes = condition.alternatives.contains(.unknown) ? [] : [probe(condition.fact, .unknown)]
        if case .word(let words) = type { probes += words.indices.map { probe(condition.fact, .word($0)) } }
        for alternative in condition.alternatives {
            switch alternative {
            case .includes(let word): probes.append(probe(condition.fact, cellsOf: .lacks(word)))
            case .lacks(let word): probes.append(probe(condition.fact, .anyOf(1 << UInt32(word))))
            case .empty:
                let cells = document.space.cells[condition.fact]
                let known = cells.all & ~(1 << UInt64(cells.unknown)) & ~cells.set(of: [.empty])
                probes.append(Probe(cells: known, value: nil, words: "anything but none"))
            case .range(let low, let high):
                let outside = [low.map { $0 - 1 }, high.map { $0 + 1 }].compactMap { $0 }
                probes += outside.filter(type.limits.contains).map { probe(condition.fact, .number($0)) }
            case .unknown, .word: break
            }
        }
        return probes
    }

    private func probe(_ fact: Int, _ value: FactValue) -> Probe {
        Probe(
            cells: 1 << UInt64(document.space.cells[fact].cell(of: value)), value: value,
            words: document.facts[fact].type.text(value))
    }

    private func probe(_ fact: Int, cellsOf alternative: Condition.Alternative) -> Probe {
        let cells = document.space.cells[fact]
        let set = cells.set(of: [alternative])
        return Probe(cells: set, value: nil, words: "such that it " + cells.words(set))
    }
}
