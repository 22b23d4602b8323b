import Foundation
import Testing

@testable import Policy

/// Every small slip in every shipped policy is noticed: a row lost, a value lost, added or changed, a limit moved.
struct MutationTests {
    private struct Mutant {
        var what: String
        var draft: PolicyDraft
    }

    /// All ways to change one alternative into another, or to lose it.
    private func changes(_ alternative: Condition.Alternative, _ type: FactType) -> [Condition.Alternative?] {
        var others: [Condition.Alternative?] = [nil]
        switch type {
        case .word(let words): others += words.indices.map { .word($0) } + [.unknown]
        case .anyOf(let words):
            others += words.indices.flatMap { [.includes($0), .lacks($0)] } + [.empty, .unknown]
        case .date, .wholeNumber:
            guard case .range(let low, let high) = alternative else { return others + [.range(nil, nil)] }
            others.append(.unknown)
            if let low { others += [.range(low - 1, high), .range(low + 1, high), .range(nil, high)] }
            if let high { others += [.range(low, high - 1), .range(low, high + 1), .range(low, nil)] }
        }
        return others.filter { $0 != alternative }
    }

    private func mutants(_ conditions: [Condition], _ facts: [FactDeclaration]) -> [(String, [Condition])] {
        conditions.indices.flatMap { position -> [(String, [Condition])] in
            let condition = conditions[position]
            let type = facts[condition.fact].type
            var made: [(String, [Condition])] = []
            for (index, alternative) in condition.alternatives.enumerated() {
                for change in changes(alternative, type)
                where change.map({ !condition.alternatives.contains($0) }) ?? true {
                    var changed = conditions
                    if let change {
                        changed[position].alternatives[index] = change
                    } else {
                        changed[position].alternatives.remove(at: index)
                    }
                    made.append(
                        ("\(facts[condition.fact].name), \(alternative) to \(change.map { "\($0)" } ?? "-")", changed))
                }
            }
            for extra in changes(.unknown, type) + [.unknown] {
                guard let extra, case .word = type, !condition.alternatives.contains(extra) else { continue }
                var changed = conditions
                changed[position].alternatives.append(extra)
                made.append(("\(facts[condition.fact].name), also \(extra)", changed))
            }
            return made
        }
    }

    private func mutants(_ document: PolicyDocument) -> [Mutant] {
        var mutants: [Mutant] = []
        for (table, rows) in document.tables.map(\.rows).enumerated() {
            for (row, original) in rows.enumerated() {
                var draft = document.draft
                draft.tables[table].rows.remove(at: row)
                mutants.append(Mutant(what: "without \(original.id)", draft: draft))
                for (what, conditions) in self.mutants(original.conditions, document.facts) {
                    draft = document.draft
                    draft.tables[table].rows[row].conditions = conditions
                    mutants.append(Mutant(what: "\(original.id), \(what)", draft: draft))
                }
            }
        }
        for (position, duty) in document.duties.enumerated() {
            var draft = document.draft
            draft.duties.remove(at: position)
            mutants.append(Mutant(what: "without \(duty.id)", draft: draft))
            for (what, conditions) in self.mutants(duty.conditions, document.facts) {
                draft = document.draft
                draft.duties[position].conditions = conditions
                mutants.append(Mutant(what: "\(duty.id), \(what)", draft: draft))
            }
        }
        return mutants
    }

    @Test func everySlipInEveryShippedPolicyIsNoticed() throws {
        var count = 0
        var byExample = 0
        for file in try Shipped.all() {
            let document = try PolicyDocument.parse(text: file.text, file: file.name)
            for mutant in mutants(document) {
                count += 1
                let changed = try PolicyDocument(mutant.draft, text: file.text, file: file.name)
                // Without what only `check` asks of examples: the tables and the examples themselves must notice.
                let problems = changed.proof().filter { !$0.explanation.contains("example where") }
                if problems.isEmpty { Issue.record("\(file.name): \(mutant.what) goes unnoticed") }
                if changed.runExamples().contains(where: { $0.failure != nil }) { byExample += 1 }
                expectTrueCounterexamples(changed, mutant.what)
            }
        }
        print("policy mutations: \(count) of all shipped policies, all noticed, \(byExample) by examples too")
        #expect(count > 1_500)
    }

    /// A gap that is told is one, and so is a fight, by the definition of a table.
    private func expectTrueCounterexamples(_ document: PolicyDocument, _ what: String) {
        for table in document.tables {
            let regions = TableRegions(table, in: document.space)
            if let box = document.space.possible(in: regions.gap),
                Definition.rows(of: table, document.space.sample(box)) != []
            {
                Issue.record("\(what): the request shown does not fall through")
            }
            for (_, _, region) in regions.conflicts {
                guard let box = document.space.possible(in: region) else { continue }
                if Definition.rows(of: table, document.space.sample(box)).count < 2 {
                    Issue.record("\(what): no rows fight over the request shown")
                }
            }
        }
    }

    // MARK: - the file's text

    /// The text of a policy without one row or duty, and with each value of each condition made another one.
    private func texts(_ document: PolicyDocument, _ text: String) -> [(what: String, text: String)] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var made: [(String, String)] = []
        let rows = document.tables.flatMap { $0.rows.map { ($0.id, $0.mark, $0.conditions) } }
        for (id, mark, conditions) in rows + document.duties.map({ ($0.id, $0.mark, $0.conditions) }) {
            let end =
                lines[mark.line...].firstIndex { $0.prefix(4).contains { $0 != " " } } ?? lines.count
            made.append(("without \(id)", (lines[..<(mark.line - 1)] + lines[end...]).joined(separator: "\n")))
            for condition in conditions {
                let line = lines[condition.mark.line - 1]
                let start = line.index(line.startIndex, offsetBy: condition.mark.column - 1)
                let rest = line[start...]
                let stop = rest.firstIndex { rest.first == "[" ? $0 == "]" : $0 == "," || $0 == "}" } ?? rest.endIndex
                let value = rest[..<stop]
                for (old, new) in swaps(String(value), document.facts[condition.fact].type) {
                    var changed = lines
                    changed[condition.mark.line - 1] = line.replacingCharacters(
                        in: value.startIndex..<value.endIndex, with: new)
                    made.append(("\(id), \(old) to \(new)", changed.joined(separator: "\n")))
                }
            }
        }
        return made
    }

    /// A condition as it stands in the file, and ways to write another one.
    private func swaps(_ value: String, _ type: FactType) -> [(String, String)] {
        var others: [String] = []
        switch type {
        case .word(let words), .anyOf(let words):
            let isWord = { (letter: Character) in letter.isLetter || letter.isNumber || letter == "-" }
            let all = words + [FactValue.unknownWord]
            for start in value.indices where isWord(value[start]) {
                if start > value.startIndex, isWord(value[value.index(before: start)]) { continue }
                let end = value[start...].firstIndex { !isWord($0) } ?? value.endIndex
                guard all.contains(String(value[start..<end])) else { continue }
                for new in all {
                    let changed = value.replacingCharacters(in: start..<end, with: new)
                    let there = changed.split { !isWord($0) }
                    // A word that stands twice is another mistake.
                    if changed != value, Set(there).count == there.count { others.append(changed) }
                }
            }
        case .wholeNumber, .date:
            guard let digits = value.firstMatch(of: /\d+(?!.*\d)/), let number = Int(digits.output) else { break }
            for near in [number - 1, number + 1] where near > 0 {
                let written =
                    String(repeating: "0", count: max(0, digits.output.count - String(near).count)) + "\(near)"
                others.append(value.replacingCharacters(in: digits.range, with: written))
            }
        }
        return others.map { (value, $0) }
    }

    @Test func everySlipInTheTextOfAShippedPolicyKeepsItFromLoading() throws {
        var count = 0
        for file in try Shipped.all() {
            let document = try PolicyDocument.parse(text: file.text, file: file.name)
            for (what, text) in texts(document, file.text) {
                count += 1
                do {
                    _ = try PolicyDocument.parse(text: text, file: file.name)
                    Issue.record("\(file.name): \(what) goes unnoticed")
                } catch {
                    let isTold = error.problems.contains { $0.line != nil || $0.row != nil }
                    #expect(isTold, "\(file.name): \(what): \(error)")
                }
            }
        }
        print("policy texts: \(count) slips of the pen in all shipped policies, none loads")
        #expect(count > 700)
    }
}
