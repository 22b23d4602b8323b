public import Detainers

extension PolicyDocument {
    /// A decision in sentences: for each table the answer, its reason, the law, and the nearest changes of one fact
    /// that would have changed the answer. A function of the decision and of this text alone.
    public func explain(_ decision: Decision) -> [String] {
        let values = FactValues(decision.facts.map { ($0.name, $0.value) }) { $1 }
        return tables.flatMap { table -> [String] in
            guard case .row(let row) = table.look(values) else { return ["\(table.name): no single answer"] }
            return ["\(table.name): \(words(row)). \(row.because) [\(row.id)]"]
                + row.law.compactMap { law[$0] }.map { "    " + $0.sentence }
                + flips(table, row, values).map { "    " + $0 }
        }
    }

    private func words(_ row: Row) -> String {
        row.role.map { "\(row.answer) to the \($0)" } ?? row.answer
    }

    private func flips(_ table: Table, _ row: Row, _ values: FactValues) -> [String] {
        facts.filter { table.facts.contains($0.name) }.flatMap { fact in
            fact.values.filter { $0 != values[fact.name] }.compactMap { value in
                var changed = values
                changed[fact.name] = value
                guard case .row(let other) = table.look(changed), other.answer != row.answer || other.role != row.role
                else { return nil }
                return "would be: \(words(other)), if \(fact.name) were \(value) [\(other.id)]"
            }
        }
    }
}

extension Citation {
    fileprivate var sentence: String {
        if let quote { return "\(cite): \"\(quote)\"" }
        return "\(cite) (as reported): \(reported ?? "")"
    }
}
