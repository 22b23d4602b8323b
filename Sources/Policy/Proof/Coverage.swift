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

    /// Values of a fact, of one of which an example is needed; all of a box but one side are as they must be.
    private struct Probe {
        var values: Set<FactValue>
        var words: String
    }

    private mutating func cover(_ conditions: [Condition], _ row: String, _ mark: Mark, within base: Box) {
        for condition in conditions {
            let others = conditions.filter { $0.fact != condition.fact }
            let rest = base.intersection(document.space.box(others))
            let name = document.facts[condition.fact].name
            for probe in namedProbes(condition) {
                if !canBe(probe, condition.fact, in: rest) {
                    add(condition.mark, row, "`\(name)` is never \(probe.words) where this could hold: take it out")
                } else if !hasExample(of: probe, condition.fact, in: rest) {
                    add(mark, row, "needs an example where it holds and `\(name)` is \(probe.words)")
                }
            }
            for probe in otherProbes(condition) where canBe(probe, condition.fact, in: rest) {
                if !hasExample(of: probe, condition.fact, in: rest) {
                    add(
                        mark, row, "needs a near miss: an example where all else holds and `\(name)` is \(probe.words)")
                }
            }
        }
    }

    private func hasExample(of probe: Probe, _ fact: Int, in box: Box) -> Bool {
        var wanted = box
        wanted.sides[fact] &= cells(probe, fact)
        return document.examples.indices.contains { position in
            wanted.contains(points[position]) && probe.values.contains(document.examples[position].given[fact])
        }
    }

    /// Whether a request can be there.
    private func canBe(_ probe: Probe, _ fact: Int, in box: Box) -> Bool {
        var wanted = box
        wanted.sides[fact] &= cells(probe, fact)
        return document.space.possible(in: Region([wanted])) != nil
    }

    private func cells(_ probe: Probe, _ fact: Int) -> UInt64 {
        probe.values.reduce(0) { $0 | 1 << UInt64(document.space.cells[fact].cell(of: $1)) }
    }

    /// What would be lost with each alternative.
    private func namedProbes(_ condition: Condition) -> [Probe] {
        let type = document.facts[condition.fact].type
        return condition.alternatives.flatMap { alternative -> [Probe] in
            switch alternative {
            case .unknown: return [probe(.unknown, type)]
            case .word(let position): return [probe(.word(position), type)]
            case .range(let low, let high):
                return Set([low, high].compactMap { $0 }).sorted().map { probe(.number($0), type) }
            case .includes, .lacks, .empty:
                let all = values(type).filter(alternative.holds)
                let others = condition.alternatives.filter { $0 != alternative }
                let alone = all.filter { value in !others.contains { $0.holds(for: value) } }
                let words = "such that it \(text(alternative, type))"
                return alone.isEmpty || others.isEmpty
                    ? [Probe(values: all, words: words)]
                    : [Probe(values: alone, words: words + " and nothing else that is named here")]
            }
        }
    }

    /// What would be gained with another alternative, or with the next limit.
    private func otherProbes(_ condition: Condition) -> [Probe] {
        let type = document.facts[condition.fact].type
        var probes: [Probe]
        switch type {
        case .word(let words): probes = words.indices.map { probe(.word($0), type) } + [probe(.unknown, type)]
        case .anyOf(let words):
            let others = words.indices.flatMap { [Condition.Alternative.includes($0), .lacks($0)] } + [.empty, .unknown]
            probes = others.map { other in
                Probe(
                    values: values(type).filter(other.holds),
                    words: "such that it \(text(other, type)) and nothing that is named here")
            }
        case .date, .wholeNumber:
            probes = [probe(.unknown, type)]
            for case .range(let low, let high) in condition.alternatives {
                let outside = [low.map { $0 - 1 }, high.map { $0 + 1 }].compactMap { $0 }
                probes += outside.filter(type.limits.contains).map { probe(.number($0), type) }
            }
        }
        var seen: Set<Set<FactValue>> = []
        return probes.compactMap { probe in
            var open = probe
            open.values = probe.values.filter { value in !condition.alternatives.contains { $0.holds(for: value) } }
            return open.values.isEmpty || !seen.insert(open.values).inserted ? nil : open
        }
    }

    private func probe(_ value: FactValue, _ type: FactType) -> Probe {
        Probe(values: [value], words: type.text(value))
    }

    /// All values of a fact that is any number of words: no contract has more than a dozen.
    private func values(_ type: FactType) -> Set<FactValue> {
        guard case .anyOf(let words) = type else { return [] }
        return Set((0..<1 << UInt32(words.count)).map(FactValue.anyOf)).union([.unknown])
    }

    private func text(_ alternative: Condition.Alternative, _ type: FactType) -> String {
        switch alternative {
        case .includes(let word): "includes " + type.text(.anyOf(1 << UInt32(word)))
        case .lacks(let word): "lacks " + type.text(.anyOf(1 << UInt32(word)))
        case .empty: "is " + FactValue.none
        case .unknown, .word, .range: "is " + FactValue.unknownWord
        }
    }
}
