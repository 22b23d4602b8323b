import Detainers
import Foundation
import Testing

@testable import Policy

/// The policies that ship, and what they say to the cases that come up.
struct BostonPolicyTests {
    let policies: PolicySet

    init() throws {
        policies = try PolicySet.load(files: try Shipped.files(), allowDrafts: true)
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

    /// As in case 5 of the edge cases, where no hold and no transfer is asked that would tell of the paper.
    @Test func aPaperWithANoticeOnlyFormIsGotAndReadBeforeAnyNotice() throws {
        var paper = Request.Attachment(kind: .criminalWarrant, issuer: .judge, standing: .claimed, namesSubject: .yes)
        for kind in [Request.FormKind.i247N, .i247G] {
            paper.standing = .claimed
            #expect(try rules(request(kind, attachments: [paper])) == ["H1", "T1", "N4", "R2"])
            paper.standing = .produced
            #expect(try rules(request(kind, attachments: [paper])) == ["H1", "T1", "N4", "R2"])
            paper.namesSubject = .no
            #expect(try rules(request(kind, attachments: [paper])) == ["H1", "T1", "N2", "R2"])
            paper.namesSubject = .yes
        }
        let entry = Request.Attachment(kind: .ncicHit, issuer: .unknown, standing: .produced, namesSubject: .yes)
        #expect(try rules(request(.i247G, attachments: [entry])) == ["H1", "T1", "N2", "R2"])
    }

    /// Whatever is asked: no paper of a judge that somebody claims, or nobody has read, is answered by software alone.
    @Test func aPaperThatIsClaimedOrUnreadIsReferredWhateverIsAsked() throws {
        for kind in Request.FormKind.allCases {
            for standing in [Request.Standing.claimed, .produced] {
                let paper = Request.Attachment(
                    kind: .criminalWarrant, issuer: .judge, standing: standing, namesSubject: .yes)
                guard
                    case .decided(let policy, _) = policies.policy(
                        for: request(kind, attachments: [paper]), recordedAt: Moment(secondsSinceEpoch: 0))
                else {
                    Issue.record("no policy decides it")
                    continue
                }
                #expect(try policy.decide(request(kind, attachments: [paper])).disposition == .referred, "\(kind)")
            }
        }
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
}
