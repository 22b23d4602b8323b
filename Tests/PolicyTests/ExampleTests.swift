import Detainers
import Testing

@testable import Policy

/// What the examples of a policy must be: of requests that there can be, and enough of them.
struct ExampleTests {
    @Test func whatFollowsFromAFactNeedNotBeSaid() {
        let facts: [WorldFact] = [.form, .asksHold, .asksTransfer, .asksNotice, .criminalWarrant, .judicialOrder]
        func completed(_ given: [WorldFact: String]) -> [String] {
            let values = facts.map { fact in given[fact].flatMap(fact.type.value) }
            return zip(facts, WorldFact.completed(values, of: facts)).map { $0.type.text($1) }
        }
        let nothing = ["unknown", "unknown", "unknown", "unknown", "unknown", "unknown"]
        #expect(completed([:]) == nothing)
        #expect(completed([.form: "I-247"]) == ["I-247", "yes", "unknown", "yes", "unknown", "unknown"])
        #expect(completed([.form: "I-247N"]) == ["I-247N", "no", "no", "yes", "unknown", "unknown"])
        #expect(completed([.form: "I-247X", .asksHold: "no"]) == ["I-247X", "no", "yes", "unknown", "unknown", "unknown"])
        #expect(completed([.criminalWarrant: "unread"]).suffix(2) == ["unread", "unread"])
        #expect(completed([.judicialOrder: "verified"]).suffix(2) == ["none", "verified"])
        #expect(completed([.judicialOrder: "unknown"]).suffix(2) == ["unknown", "unknown"])
        // What is said stands.
        #expect(completed([.criminalWarrant: "none", .judicialOrder: "claimed"]).suffix(2) == ["none", "claimed"])
        #expect(completed([.form: "I-247", .asksHold: "unknown"])[1] == "unknown")
    }

    /// What an example shows is what the worker does with the request that it tells of.
    @Test func everyShippedExampleIsARequest() throws {
        for file in try Shipped.all() {
            let document = try PolicyDocument.parse(text: file.text, file: file.name)
            for result in document.runExamples() { #expect(result.isPossible, "\(file.name): \(result.name)") }
        }
        // As the documents say it: nothing else is known of this one.
        let old = try Shipped.boston("2014")
        let request = Request(
            requestID: "r", revision: 1, receivedBy: .init(agency: "boston-police"), receipt: .init(channel: .fax),
            form: .init(kind: .i247))
        let example = try #require(old.runExamples().first { $0.name == "Released list, nothing else known" })
        let decision = try old.decide(request)
        let rules = [decision.hold.rule, decision.transfer.rule, decision.notify.rule, decision.reportRule]
        #expect(rules == Array(example.expected.prefix(rules.count)))
    }

    @Test func anExampleThatNoRequestCanBeIsRefused() throws {
        let text = try #require(try Shipped.files().first { $0.name == "boston-2019.yaml" }).text
        let example = "    given: {form: I-247A, criminal warrant: none, judicial order: none}\n"
        try #require(text.contains(example))
        let impossible = text.replacing(example, with: example.replacing("order: none", with: "order: unknown"))
        let error = try #require(throws: PolicyError.self) {
            try PolicyDocument.parse(text: impossible, file: "p.yaml")
        }
        #expect(error.description.contains("no request has such facts at once"), "\(error.description)")
    }

    // MARK: - any number of words

    /// A policy with a duty that asks for the grounds of probable cause, and an example for each value of them.
    private func document(_ alternatives: [Condition.Alternative]) throws -> PolicyDocument {
        let base = try Shipped.boston()
        var draft = base.draft
        let mark = Mark(line: 1, column: 1)
        draft.facts.append(FactDeclaration(fact: .probableCause, mark: mark))
        let condition = Condition(fact: draft.facts.count - 1, alternatives: alternatives, mark: mark)
        let law = try #require(draft.law.first).key
        draft.duties.append(Duty(id: "D9", mark: mark, conditions: [condition], text: "Tell.", law: [law]))
        func holds(_ value: FactValue) -> Bool { alternatives.contains { $0.holds(for: value) } }
        for position in draft.examples.indices {
            draft.examples[position].given.append(.unknown)
            if holds(.unknown) { draft.examples[position].expect.append("D9") }
        }
        let example = try #require(base.examples.first)
        for bits in 0..<UInt32(1) << UInt32(WorldFact.probableCause.words.count) {
            let value = FactValue.anyOf(bits)
            draft.examples.append(
                Example(
                    name: "grounds \(bits)", mark: mark, given: example.given + [value],
                    expect: example.expect + (holds(value) ? ["D9"] : [])))
        }
        return try PolicyDocument(draft, text: "", file: "p.yaml")
    }

    /// Without each example that is not asked for.
    private func smallest(_ document: PolicyDocument) throws -> PolicyDocument {
        var draft = document.draft
        for name in document.examples.map(\.name) where name.hasPrefix("grounds") {
            var smaller = draft
            smaller.examples.removeAll { $0.name == name }
            if try PolicyDocument(smaller, text: "", file: "p.yaml").proof().isEmpty { draft = smaller }
        }
        return try PolicyDocument(draft, text: "", file: "p.yaml")
    }

    private static let conditions: [[Condition.Alternative]] = [
        [.includes(0)], [.lacks(1)], [.empty], [.includes(0), .includes(1)], [.lacks(2), .unknown],
        [.includes(0), .empty], [.lacks(0), .lacks(3)], [.includes(1), .lacks(2), .unknown], [.empty, .unknown],
    ]

    /// However few examples the proof takes: another value, one too many and one that is forgotten is noticed.
    @Test(arguments: conditions) func everySlipInAConditionOfManyWordsIsNoticed(
        _ alternatives: [Condition.Alternative]
    ) throws {
        let whole = try document(alternatives)
        #expect(whole.proof() == [])
        let small = try smallest(whole)
        let words = WorldFact.probableCause.words.indices
        let all = words.flatMap { [Condition.Alternative.includes($0), .lacks($0)] } + [.empty, .unknown]
        var slips = all.filter { !alternatives.contains($0) }.map { alternatives + [$0] }
        for position in alternatives.indices {
            var without = alternatives
            without.remove(at: position)
            if !without.isEmpty { slips.append(without) }
            slips += all.filter { !alternatives.contains($0) }.map { other in
                var changed = alternatives
                changed[position] = other
                return changed
            }
        }
        let values = [FactValue.unknown] + (0..<UInt32(1) << UInt32(words.count)).map(FactValue.anyOf)
        func meaning(_ alternatives: [Condition.Alternative]) -> [Bool] {
            values.map { value in alternatives.contains { $0.holds(for: value) } }
        }
        var noticed = 0
        for slip in slips where meaning(slip) != meaning(alternatives) {
            var draft = small.draft
            draft.duties[draft.duties.count - 1].conditions[0].alternatives = slip
            let changed = try PolicyDocument(draft, text: "", file: "p.yaml")
            let isNoticed = changed.runExamples().contains { $0.failure != nil }
            #expect(isNoticed, "\(alternatives) to \(slip) with \(small.examples.count) examples")
            if isNoticed { noticed += 1 }
        }
        #expect(noticed > 5)
    }
}
