import Detainers
import Foundation
import Testing

@testable import Policy

/// The policies that ship, and what they say to the cases that come up.
struct BostonPolicyTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("config/policies").path

    static func files() throws -> [(name: String, text: String)] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map {
            ($0, try String(contentsOfFile: directory + "/" + $0, encoding: .utf8))
        }
    }

    let policies: PolicySet

    init() throws {
        policies = try PolicySet.load(files: try Self.files(), allowDrafts: true)
    }

    private func request(
        _ kind: Request.FormKind = .i247A, received: String = "2025-03-04", attachments: [Request.Attachment]? = []
    ) -> Request {
        Request(
            requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .fax, receivedAt: Moment(text: received)), form: .init(kind: kind),
            attachments: attachments)
    }

    private func rules(_ request: Request) throws -> [String] {
        guard case .decided(let policy, _) = policies.policy(for: request, recordedAt: Moment(secondsSinceEpoch: 0))
        else {
            Issue.record("no policy decides it")
            return []
        }
        let decision = try policy.decide(request)
        return [decision.hold.rule, decision.transfer.rule, decision.notify.rule, decision.reportRule]
    }

    @Test func adminstrativePapersAreNeverJudicial() throws {
        for kind in [Request.AttachmentKind.i200, .i205, .ncicHit] {
            let paper = Request.Attachment(
                kind: kind, issuer: .judge, standing: .verified, namesSubject: .yes, verifiedBy: "clerk")
            #expect(try rules(request(attachments: [paper])) == ["H2", "T2", "N2", "R1"])
        }
        let signedByOfficer = Request.Attachment(
            kind: .criminalWarrant, issuer: .immigrationOfficer, standing: .verified, namesSubject: .yes,
            verifiedBy: "x")
        #expect(try rules(request(attachments: [signedByOfficer])) == ["H2", "T2", "N2", "R1"])
    }

    @Test func aJudgesWarrantRefersToAPersonAndNeverHolds() throws {
        var paper = Request.Attachment(
            kind: .criminalWarrant, issuer: .judge, standing: .verified, namesSubject: .yes,
            verifiedBy: "duty supervisor")
        #expect(try rules(request(attachments: [paper])) == ["H3", "T3", "N3", "R1"])
        paper.standing = .claimed
        #expect(try rules(request(attachments: [paper])) == ["H4", "T4", "N2", "R1"])
        paper.standing = .produced
        #expect(try rules(request(attachments: [paper])) == ["H4", "T4", "N2", "R1"])
        paper.namesSubject = .no
        #expect(try rules(request(attachments: [paper])) == ["H2", "T2", "N2", "R1"])
    }

    @Test func verifiedNeedsAJudgeANameAndARole() throws {
        let noRole = Request.Attachment(kind: .criminalWarrant, issuer: .judge, standing: .verified, namesSubject: .yes)
        #expect(try rules(request(attachments: [noRole])) == ["H4", "T4", "N2", "R1"])
    }

    @Test func aCivilOrderOfAJudgeMayOpenATransferButNoHold() throws {
        let order = Request.Attachment(
            kind: .judicialOrder, issuer: .judge, standing: .verified, namesSubject: .yes, verifiedBy: "duty supervisor"
        )
        #expect(try rules(request(attachments: [order])) == ["H2", "T3", "N3", "R1"])
    }

    @Test func nobodyLookedAndAnUnreadFormDecline() throws {
        #expect(try rules(request(attachments: nil)) == ["H2", "T2", "N2", "R1"])
        #expect(try rules(request(.unknown, attachments: nil)) == ["H2", "T2", "N2", "R1"])
    }

    @Test func noticeOnlyFormsCountOnTheirOwnLine() throws {
        for kind in [Request.FormKind.i247N, .i247G] { #expect(try rules(request(kind)) == ["H1", "T1", "N2", "R2"]) }
    }

    @Test(arguments: [
        ("2014-08-20", "boston-trust-act-2014"), ("2017-07-24T03:59:59Z", "boston-trust-act-2014"),
        ("2017-07-24T04:00:00Z", "boston-trust-act-2017-lunn"), ("2019-12-18", "boston-trust-act-2017-lunn"),
        ("2019-12-19T04:59:59Z", "boston-trust-act-2017-lunn"), ("2019-12-19T05:00:00Z", "boston-trust-act-2019"),
        ("2026-01-01", "boston-trust-act-2019"),
    ])
    func thePolicyInForceOnTheDayInBostonDecides(_ received: String, _ name: String) throws {
        guard
            case .decided(let policy, _) = policies.policy(
                for: request(received: received), recordedAt: Moment(secondsSinceEpoch: 0))
        else {
            Issue.record("no policy decides it")
            return
        }
        #expect(policy.name == name)
    }

    @Test func anotherAgencyIsNotOursAndAnEarlierDayHasNoPolicy() {
        var other = request()
        other.receivedBy.agency = "transit-police"
        guard case .notOurs = policies.policy(for: other, recordedAt: Moment(secondsSinceEpoch: 0)) else {
            Issue.record("another agency's request was taken for ours")
            return
        }
        guard
            case .noneInForce = policies.policy(
                for: request(received: "2014-08-19"), recordedAt: Moment(secondsSinceEpoch: 0))
        else {
            Issue.record("a policy was in force before the first")
            return
        }
    }

    @Test func anExplanationCitesTheLawAndTheNearestChange() throws {
        let request = request()
        guard case .decided(let policy, _) = policies.policy(for: request, recordedAt: Moment(secondsSinceEpoch: 0))
        else {
            return
        }
        let text = policy.explain(try policy.decide(request)).joined(separator: "\n")
        #expect(text.contains("hold: decline. No judge's criminal warrant is before us. [H2]"))
        #expect(text.contains("would be: refer to the duty supervisor, if criminal warrant were verified [H3]"))
        #expect(text.contains("Boston Code 11-1.9(B): \"A law enforcement official shall not detain"))
    }

    @Test func draftsLoadOnlyWhenToldTo() throws {
        let error = try #require(throws: PolicyError.self) {
            try PolicySet.load(files: try Self.files(), allowDrafts: false)
        }
        #expect(error.explanation.contains("nobody has approved"))
    }
}

/// What does not load, and what is said about it.
struct PolicyRefusalTests {
    private func refusal(_ old: String, _ new: String) throws -> PolicyError {
        let file = try #require(try BostonPolicyTests.files().first { $0.name == "boston-2019.yaml" })
        let text = file.text.replacing(old, with: new)
        try #require(text != file.text)
        return try #require(throws: PolicyError.self) { try PolicyDocument.parse(text: text, file: "p.yaml") }
    }

    @Test func noAnswerButTheThreeLoads() throws {
        let error = try refusal(
            "answer: refer, to: duty supervisor, because: \"The warrant", "answer: honor, because: \"The warrant")
        #expect(error.explanation.contains("row H3 answers `honor`"))
        #expect(error.line != nil)
    }

    @Test func aGapIsShownAsOneRequest() throws {
        let error = try refusal("H2: {when: {asks hold: [yes, unknown]}", "H2: {when: {asks hold: yes}")
        #expect(error.explanation.contains("no row of `hold` answers a request with asks hold: unknown"))
    }

    @Test func twoRowsThatFightAreNamedWithTheirLines() throws {
        let error = try refusal(
            "H4: {exception to: H2, when: {criminal warrant: [claimed, unread]}",
            "H4: {exception to: H2, when: {criminal warrant: [claimed, verified]}")
        #expect(error.explanation.contains("rows H3 (line"))
        #expect(error.explanation.contains("and H4 (line"))
    }

    @Test func aFailingExampleRefusesTheFile() throws {
        let error = try refusal("expect: [H1, T1, N2, R2]}", "expect: [H1, T1, N1, R2]}")
        #expect(error.explanation == "example `Notice only` expects H1, T1, N1, R2 and gets H1, T1, N2, R2")
    }

    @Test(arguments: [
        ("time zone: America/New_York", "time zone: EST"), ("status: draft", "status: law"),
        ("in force from: 2019-12-19", "in force from: 2019-13-19"), ("receivers:", "recievers:"),
        ("law: [T]", "law: [X]"),
        ("exception to: T2, when: {judicial order: verified}", "exception to: H2, when: {judicial order: verified}"),
        ("criminal warrant: verified}, answer", "criminal warrant: seen}, answer"), ("H4: {", "H3: {"),
    ])
    func wrongWordsAreRefused(_ old: String, _ new: String) throws {
        #expect(!(try refusal(old, new).description.isEmpty))
    }
}
