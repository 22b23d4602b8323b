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
}
