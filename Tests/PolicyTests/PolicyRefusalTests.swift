import Detainers
import Foundation
import Testing

@testable import Policy

/// What does not load, and what its author is told: where, in which row, what was expected.
struct PolicyRefusalTests {
    private func boston() throws -> String {
        try #require(try Shipped.files().first { $0.name == "boston-2019.yaml" }).text
    }

    private func refusal(_ changes: [(String, String)]) throws -> PolicyError {
        var text = try boston()
        for (old, new) in changes {
            try #require(text.contains(old), "the policy has no `\(old)`")
            text = text.replacing(old, with: new)
        }
        return try #require(throws: PolicyError.self) { try PolicyDocument.parse(text: text, file: "p.yaml") }
    }

    private func refusal(_ old: String, _ new: String) throws -> String { try refusal([(old, new)]).description }

    @Test(arguments: ["honor", "hold", "transfer", "notify", "detain", "yes"])
    func noAnswerButTheThreeLoads(_ answer: String) throws {
        let error = try refusal([("answer: refer", "answer: \(answer)")])
        let problem = try #require(error.problems.first)
        #expect(problem.explanation.hasPrefix("answers `\(answer)`: software answers decline, refer or not_asked"))
        #expect(problem.row == "row H3")
        let line = try boston().split(separator: "\n", omittingEmptySubsequences: false)[try #require(problem.line) - 1]
        #expect(line.contains("answer: refer"))
        #expect(
            problem.column == line.distance(
                from: line.startIndex, to: try #require(line.range(of: "refer")?.lowerBound)) + 1)
    }

    @Test func aGapIsShownAsOneRequest() throws {
        let error = try refusal("asks hold: [yes, unknown]", "asks hold: yes")
        #expect(error.contains("no row of `hold` answers a request with asks hold: unknown, criminal warrant: none"))
    }

    @Test func twoRowsThatFightAreNamedWithTheirLines() throws {
        let error = try refusal(
            "when: {criminal warrant: [claimed, unread]}", "when: {criminal warrant: [claimed, verified]}")
        let fight = try #require(
            error.firstMatch(
                of:
                    /:(\d+):\d+: row H3 \(line (\d+)\) and row H4 \(line (\d+)\) both answer a request with (.*);/
            ))
        #expect(fight.1 == fight.2 && Int(fight.2) ?? 0 < Int(fight.3) ?? 0)
        #expect(fight.4 == "asks hold: yes, criminal warrant: verified")
    }

    @Test func aRowThatNeverAnswersIsTold() throws {
        let error = try refusal(
            "exception to: H2\n    when: {criminal warrant: verified}", "exception to: H1\n    when: {asks hold: yes}")
        #expect(error.contains("row H3: this row never answers: its facts never hold where row H1 does"))
    }

    @Test func aFailingExampleRefusesTheFile() throws {
        let error = try refusal("expect: [H1, T1, N2, R2]", "expect: [H1, T1, N1, R2]")
        #expect(error.contains("example `Notice only`: expects H1, T1, N1, R2 and gets H1, T1, N2, R2"))
    }

    @Test func whatTheExamplesLeaveOpenIsTold() throws {
        let text = try boston()
        let start = try #require(text.range(of: "  Warrant by telephone:"))
        // The whole example, up to the next line that begins a name.
        let rest = text[start.upperBound...]
        let next = try #require(rest.firstMatch(of: /\n  \S/)).range.lowerBound
        let error = try #require(throws: PolicyError.self) {
            try PolicyDocument.parse(
                text: String(text[..<start.lowerBound]) + rest[rest.index(after: next)...], file: "p")
        }
        #expect(error.description.contains("row H4: needs an example where it holds and `criminal warrant` is claimed"))
        #expect(error.description.contains("row H3: needs a near miss: an example where all else holds"))
    }

    @Test func severalMistakesAreToldAtOnceInTheOrderOfTheirLines() throws {
        let error = try refusal([
            ("time zone: America/New_York", "time zone: EST"), ("law: [T]", "law: [X]"),
            ("when: {criminal warrant: verified}", "when: {criminal warrant: seen}"),
            ("status: draft", "status: law"),
        ])
        #expect(error.problems.count == 4)
        #expect(error.problems.compactMap(\.line) == error.problems.compactMap(\.line).sorted())
        #expect(error.description.contains("`time zone` must be an IANA name"))
        #expect(
            error.description.contains("row H3: `criminal warrant` is one of none, unread, claimed, verified, unknown"))
        #expect(error.description.contains("cites `X`, which is not among the `law` at the top"))
        #expect(error.description.contains("`status` is draft or approved"))
    }

    @Test(arguments: [
        ("in force from: 2019-12-19", "in force from: 2019-13-19", "must be a date"),
        ("receivers:", "recievers:", "knows no `recievers`"),
        (
            "exception to: T2\n    when: {judicial order: verified}",
            "exception to: H2\n    when: {judicial order: verified}", "is no row of table `transfer`"
        ),
        ("  H4:", "  H3:", "the same name stands twice"),
        ("  N3:", "  H3:", "has the name of another row"),
        ("    to: duty supervisor\n", "", "needs `to`"),
        ("answer: item 1", "answer: item 9", "is no line of the report"),
        ("asks hold: [yes, no]", "asks hold: [yes, maybe]", "fact `asks hold` must be: [yes, no]"),
        ("when: {asks hold: no}", "when: {asks: no}", "knows no `asks`"),
        ("hold:\n", "hold: [\n", "this is not YAML here"),
        ("policy: boston", "policy: &name boston", "has an anchor or an alias"),
        ("because: No hold is asked.", "because: \"  \"", "must be a word or a sentence"),
        ("policy: boston-trust", "policy: Boston trust", "must be lower-case letters, digits and hyphens"),
    ])
    func wrongWordsAreRefusedWithASentence(_ old: String, _ new: String, _ sentence: String) throws {
        #expect(try refusal(old, new).contains(sentence))
    }

    @Test func aLawThatNothingCitesAndARowThatCitesNoneAreRefused() throws {
        #expect(try refusal("law: [B, L]", "law: [B]").contains("law `L` is cited nowhere"))
        #expect(try refusal("  law: [T]\n", "").contains("row T1: cites no law"))
    }

    @Test func aNameThatStandsTwiceIsToldWhereItStandsAgain() throws {
        let error = try refusal([("  H4:", "  H3:")])
        let line = try #require(error.problems.first?.line)
        let expected = try #require(
            try boston().split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0 == "  H4:" })
        #expect(line == expected + 1)
    }

    @Test func oneMistakeIsToldOnce() throws {
        #expect(try refusal([("when: {criminal warrant: verified}", "when: {warrant: verified}")]).problems.count == 1)
        #expect(try refusal("when: {criminal warrant: verified}", "when: {}").contains("says nothing: write `always`"))
    }

    @Test func noMoreIsToldThanAnybodyMends() throws {
        let lines = (0..<5_000).map { "nonsense \($0): here" }.joined(separator: "\n")
        let error = try refusal([("policy:", lines + "\npolicy:")])
        #expect(error.problems.count == PolicyError.mostProblems + 1)
        #expect(error.problems.last?.explanation == "there are 4900 more: mend these first")
    }

    @Test(arguments: [
        ("form date", "date", "before 0001-01-01"), ("years since conviction", "whole number", "more than 1000000"),
        ("years since conviction", "whole number", "1000001"), ("form date", "date", "2019-02-29"),
    ])
    func aConditionThatNoValueMeetsIsRefused(_ fact: String, _ type: String, _ condition: String) throws {
        let error = try refusal([
            ("facts:  ", "facts:\n  \(fact): \(type)\n#"),
            ("when: {criminal warrant: verified}", "when: {criminal warrant: verified, \(fact): \(condition)}"),
        ])
        #expect(error.problems.count == 1)
        #expect(error.description.contains("row H3: `\(fact)` takes a"))
    }

    @Test func aFactThatIsToldApartInTooManyWaysSaysHowManyFit() throws {
        let all = WorldFact.defects.words
        let error = try refusal([
            ("facts:  ", "facts:\n  defects: {any of: [\(all.joined(separator: ", "))]}\n#"),
            (
                "when: {criminal warrant: verified}",
                "when: {criminal warrant: verified, defects: [\(all.prefix(6).map { "includes " + $0 }.joined(separator: ", "))]}"
            ),
        ])
        #expect(error.description.contains("name at most 4 of its words in one policy, or 5 and never `none`"))
    }

    @Test func exceptionsThatGoRoundAreRefused() throws {
        let error = try refusal(
            "  H2:\n    when:", "  H2:\n    exception to: H3\n    when:")
        #expect(error.contains("row H2: is an exception to itself: H2 to H3 to H2"))
    }

    @Test func draftsLoadOnlyWhenToldTo() throws {
        let error = try #require(throws: PolicyError.self) {
            try PolicySet.load(files: try Shipped.files(), allowDrafts: false)
        }
        #expect(error.problems.count == 3)
        #expect(error.description.contains("nobody has approved"))
        // A word for nobody is nobody, whatever the status says.
        let unnamed = try Shipped.files().map { file in
            (
                file.name,
                file.text.replacing("status: draft", with: "status: approved").replacing(
                    "approved by: nobody yet", with: "approved by: Nobody so far")
            )
        }
        #expect(throws: PolicyError.self) { try PolicySet.load(files: unnamed, allowDrafts: false) }
        // Named and no draft: it loads.
        let approved = try Shipped.files().map { file in
            (
                file.name,
                file.text.replacing("status: draft", with: "status: approved").replacing(
                    "nobody yet", with: "The Corporation Counsel")
            )
        }
        #expect(try PolicySet.load(files: approved, allowDrafts: false).documents.count == 3)
    }
}
