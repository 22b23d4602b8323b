import Detainers
import Foundation
import Testing

@testable import Policy

/// What a person is told about one decision.
struct ExplanationTests {
    private func request(
        _ attachments: [Request.Attachment]?, kind: Request.FormKind = .i247A, findings: Request.Findings? = nil
    ) -> Request {
        Request(
            requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .fax, receivedAt: Moment(text: "2025-03-04")), form: .init(kind: kind),
            attachments: attachments, findings: findings)
    }

    private func warrant(_ standing: Request.Standing) -> Request.Attachment {
        .init(
            kind: .criminalWarrant, issuer: .judge, standing: standing, namesSubject: .yes,
            verifiedBy: "duty supervisor")
    }

    private func answer(_ question: Int, _ request: Request, _ policy: PolicyDocument) throws -> Explanation.Answer {
        try policy.explain(try policy.decide(request)).answers[question]
    }

    @Test func anAnswerCarriesRuleReasonLawExceptionsAndTheNearestChange() throws {
        let hold = try answer(0, request([.init(kind: .i200)]), try Shipped.boston())
        #expect(hold.words == "decline")
        #expect(hold.rule == "H2")
        #expect(hold.because == "No judge's criminal warrant is before us.")
        #expect(hold.law.count == 2)
        #expect(hold.law[0].hasPrefix("Boston Code 11-1.9(B): \"A law enforcement official shall not detain"))
        #expect(hold.law[1].hasPrefix("Lunn v. Commonwealth, 477 Mass. 517 (2017) (as reported):"))
        #expect(
            hold.exceptions == [
                .init(rule: "H3", because: "criminal warrant is none, not verified"),
                .init(rule: "H4", because: "criminal warrant is none, not unread or claimed"),
            ])
        #expect(
            hold.changes == [
                .init(
                    condition: "a judge's criminal warrant for this person were verified",
                    words: "refer to the duty supervisor", rule: "H3"),
                .init(
                    condition: "a judge's criminal warrant for this person were claimed or unread",
                    words: "refer to the law department", rule: "H4"),
            ])
    }

    @Test func whatIsReferredAlreadyMayOnlyGetBetter() throws {
        let hold = try answer(0, request([warrant(.claimed)]), try Shipped.boston())
        #expect(hold.rule == "H4")
        #expect(hold.changes.map(\.rule) == ["H3"])
        #expect(hold.exceptions.map(\.rule) == ["H3"])
        #expect(try answer(0, request([warrant(.verified)]), try Shipped.boston()).changes == [])
    }

    @Test func noChangeIsEverAnotherForm() throws {
        for file in try Shipped.all() {
            let policy = try PolicyDocument.parse(text: file.text, file: file.name)
            for kind in Request.FormKind.allCases {
                let explanation = try policy.explain(try policy.decide(request(nil, kind: kind)))
                let fixed = WorldFact.allCases.filter { !$0.isPaper && !$0.isFinding }
                for change in explanation.answers.flatMap(\.changes) {
                    let named = fixed.filter { change.condition.contains("\($0.name) were") }
                    #expect(named.isEmpty, "\(file.name): \(change.condition)")
                }
            }
        }
    }

    @Test func whereAWarrantAloneIsNotEnoughWhatElseItTakesIsTold() throws {
        let file = try #require(try Shipped.files("/packs").first { $0.name == "new-york-city-doc.yaml" })
        let policy = try PolicyDocument.parse(text: file.text, file: file.name)
        let hold = try answer(0, request([warrant(.verified)]), policy)
        #expect(hold.words == "decline")
        #expect(
            hold.changes == [
                .init(condition: "watch list match were yes", words: "refer to the agency counsel", rule: "H4")
            ])
        let ruledOut = Request.Findings(foundBy: "records unit", watchListMatch: .no)
        #expect(
            try answer(0, request([warrant(.verified)], findings: ruledOut), policy).changes.map(\.condition) == [
                "watch list match were yes"
            ])
    }

    @Test func dutiesAreToldWithTheirLaw() throws {
        let file = try #require(try Shipped.files("/packs").first { $0.name == "california.yaml" })
        let policy = try PolicyDocument.parse(text: file.text, file: file.name)
        let explanation = try policy.explain(try policy.decide(request([])))
        #expect(!explanation.duties.isEmpty)
        #expect(explanation.duties.allSatisfy { !$0.law.isEmpty })
    }

    @Test func theSameDecisionComesFromTheRecordedFactsAlone() throws {
        let all: [Request] = [
            request(nil), request([]), request([warrant(.verified)], kind: .i247X), request([warrant(.claimed)]),
            request(
                [warrant(.verified)],
                findings: .init(foundBy: "records unit", qualifyingConviction: .yes, yearsSinceConviction: 5)),
        ]
        for file in try Shipped.all() {
            let policy = try PolicyDocument.parse(text: file.text, file: file.name)
            for request in all {
                let decision = try policy.decide(request)
                #expect(try policy.decide(recorded: decision.facts) == decision)
            }
        }
    }

    @Test func eachFactSaysWhatItRestsOnAndNamesNobody() throws {
        let policy = try Shipped.boston()
        var request = request([.init(kind: .i205), warrant(.produced)])
        request.subject.familyName = "Example"
        let account = policy.account(of: request)
        let warrant = try #require(account.first { $0.name == "criminal warrant" })
        #expect(warrant.value == "unread")
        #expect(
            warrant.basis == [
                "paper 1 (I-205) is signed by an immigration officer and never judicial",
                "paper 2 (criminal-warrant) is here and nobody has read it",
            ])
        #expect(
            account.first { $0.name == "asks hold" }?.basis == [
                "the intake does not say; Form I-247A asks for it itself"
            ])
        #expect(!account.flatMap(\.basis).joined().contains("Example"))
    }
}

/// How a request becomes facts.
struct FactsOfRequestTests {
    private func fact(_ fact: WorldFact, _ change: (inout Request) -> Void) -> String {
        var request = Request(
            requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .unknown), form: .init(kind: .unknown))
        change(&request)
        return fact.type.text(fact.value(of: request))
    }

    @Test func whatNobodySaidIsUnknown() {
        for each in WorldFact.allCases { #expect(fact(each) { _ in } == "unknown", "\(each.name)") }
    }

    @Test func findingsCountOnlyWithTheRoleThatFoundThem() {
        #expect(
            fact(.qualifyingConviction) { $0.findings = .init(foundBy: nil, qualifyingConviction: .yes) } == "unknown")
        #expect(
            fact(.qualifyingConviction) { $0.findings = .init(foundBy: "records", qualifyingConviction: .yes) } == "yes"
        )
        #expect(fact(.yearsSinceConviction) { $0.findings = .init(foundBy: "records", yearsSinceConviction: 5) } == "5")
    }

    @Test func boxesDatesAndCustody() {
        #expect(fact(.probableCause) { $0.form.probableCause = [] } == "none")
        #expect(
            fact(.probableCause) { $0.form.probableCause = [.biometricMatch, .finalOrder] }
                == "final-order, biometric-match")
        #expect(fact(.formDate) { $0.form.formDate = CivilDate("2017-04-02") } == "2017-04-02")
        #expect(fact(.custody) { $0.custody.status = .toCourt } == "to-court")
        #expect(
            fact(.releaseDue) {
                $0.receipt.receivedAt = Moment(text: "2025-03-04T10:00:00-05:00")
                $0.custody.eligibleForReleaseAt = Moment(text: "2025-03-04T14:59:59Z")
            } == "before-request")
        // A day alone does not say which came first.
        #expect(
            fact(.releaseDue) {
                $0.receipt.receivedAt = Moment(text: "2025-03-04T10:00:00-05:00")
                $0.custody.eligibleForReleaseAt = Moment(text: "2025-03-04")
            } == "unknown")
    }

    @Test func theBestPaperNamingThisPersonWins() {
        let claimed = Request.Attachment(kind: .judicialOrder, issuer: .judge, standing: .claimed)
        let unread = Request.Attachment(kind: .unknown)
        let administrative = Request.Attachment(kind: .i200, issuer: .judge, standing: .verified, namesSubject: .yes)
        #expect(fact(.judicialOrder) { $0.attachments = [administrative, unread, claimed] } == "claimed")
        #expect(fact(.criminalWarrant) { $0.attachments = [administrative, unread, claimed] } == "unread")
        #expect(fact(.criminalWarrant) { $0.attachments = [administrative] } == "none")
        #expect(fact(.criminalWarrant) { $0.attachments = [] } == "none")
        #expect(fact(.criminalWarrant) { $0.attachments = nil } == "unknown")
    }

    /// The table that lawyers read and the code name the same facts with the same values.
    @Test func theDocumentNamesEveryFactAndItsValues() throws {
        let path = Shipped.directory + "/../../docs/policies.md"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for fact in WorldFact.allCases {
            let row = try #require(
                text.split(separator: "\n").first { $0.hasPrefix("| ") && $0.contains("`\(fact.name)`") },
                "\(fact.name)")
            let values = row.split(separator: "|", omittingEmptySubsequences: false)[2].trimmingCharacters(
                in: .whitespaces)
            let expected =
                switch fact.type {
                case .word(let words): words.joined(separator: ", ")
                case .anyOf(let words): "any of " + words.joined(separator: ", ")
                case .date: "date"
                case .wholeNumber: "whole number"
                }
            #expect(values == expected)
        }
    }

    @Test func everyFactOfTheWorldFitsIntoAPoint() {
        var point = FactPoint()
        for fact in WorldFact.allCases { point[fact.rawValue] = 1 }
        #expect(WorldFact.allCases.allSatisfy { point[$0.rawValue] == 1 })
    }

    @Test func valuesAreReadBackFromTheirWords() {
        for fact in WorldFact.allCases {
            for value in Definition.boundaryValues(fact.type, [.range(3, 5), .includes(0)]) {
                #expect(fact.type.value(fact.type.text(value)) == value, "\(fact.name)")
            }
        }
    }
}

/// The nearest change, against trying everything that may come or be found.
struct NearestChangeTests {
    /// All points that differ from one in papers, which only get better, and in findings, which only become known; each
    /// with the number of papers and findings that it takes.
    private func around(_ values: [FactValue], _ table: Table, _ document: PolicyDocument) -> [([FactValue], Int)] {
        let facts = document.facts
        let open = table.facts.filter { facts[$0].fact.isPaper || facts[$0].fact.isFinding }
        var points = [values]
        for fact in open {
            let alternatives = document.draft.alternatives(of: fact)
            let all = Definition.boundaryValues(facts[fact].type, alternatives).filter { $0 != .unknown }
            points = points.flatMap { point in
                [point]
                    + all.filter { $0 != point[fact] }.filter { value in
                        guard facts[fact].fact.isPaper, case .word(let now) = point[fact], case .word(let then) = value
                        else { return true }
                        return then > now
                    }.map { value in
                        var point = point
                        point[fact] = value
                        return point
                    }
            }
        }
        let warrant = facts.firstIndex { $0.fact == .criminalWarrant }
        let order = facts.firstIndex { $0.fact == .judicialOrder }
        return points.filter { PossibleFacts.allow($0, table.facts, facts) }.map { point in
            var count = open.count { point[$0] != values[$0] }
            if let warrant, let order, open.contains(warrant), open.contains(order) {
                // An order that comes with the warrant, and none where papers came, are no changes of their own.
                if point[warrant] != values[warrant], point[order] != values[order] {
                    if point[warrant] == point[order] || point[warrant] == .word(0) { count -= 1 }
                }
            }
            return (point, count)
        }
    }

    @Test func itIsTheNearestThereIs() throws {
        var random = ProofTests.Generator(state: 26)
        var (changed, unchanged) = (0, 0)
        for file in try Shipped.all() {
            let document = try PolicyDocument.parse(text: file.text, file: file.name)
            for (position, table) in document.tables.prefix(3).enumerated() {
                for values in Definition.points(of: table, document).shuffled(using: &random).prefix(60) {
                    let now = try #require(document.row(of: position, at: values))
                    let ways = around(values, table, document).filter {
                        document.row(of: position, at: $0.0)?.words != now.words
                    }
                    let nearest = ways.map(\.1).min()
                    let told = NearestChange(document, table: position, values: values, now: now).changes
                    #expect(told.isEmpty == (nearest == nil), "\(file.name) \(table.name) \(values)")
                    let expected = Set(
                        ways.filter { $0.1 == nearest }.compactMap { document.row(of: position, at: $0.0)?.id })
                    #expect(Set(told.map(\.rule)) == expected, "\(file.name) \(table.name) \(values)")
                    for change in told {
                        let count = change.condition.components(separatedBy: " and ").count
                        #expect(count == nearest, "\(file.name): \(change.condition)")
                    }
                    if told.isEmpty { unchanged += 1 } else { changed += 1 }
                }
            }
        }
        print("nearest changes: \(changed) found, \(unchanged) where there is none")
        #expect(changed > 200 && unchanged > 50)
    }
}
