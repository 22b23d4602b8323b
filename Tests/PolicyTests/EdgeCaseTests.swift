import Detainers
import Foundation
import Testing

@testable import Policy

/// One of the cases that come up around detainers, and what becomes of it under Boston's policy of 2019.
struct EdgeCase: Sendable, CustomTestStringConvertible {
    enum Check: Sendable {
        /// The rows that answer (hold, transfer, notify, report line), words of the law that the answer to the question
        /// in `of` cites, and where it matters the date of the request with its basis.
        case answers(Request, rules: [String], law: String, of: String = "hold", dated: String? = nil)
        /// No policy answers: it was lodged with somebody else.
        case notOurs(Request)
        /// No question to the policy; this test in this file shows what becomes of it.
        case elsewhere(test: String, file: String)
    }

    let number: Int
    let title: String
    let checks: [Check]

    init(_ number: Int, _ title: String, _ checks: Check...) {
        (self.number, self.title, self.checks) = (number, title, checks)
    }

    var testDescription: String { "\(number). \(title)" }

    static let all: [EdgeCase] = Array([warrants, forms, repeats, days, persons, records].joined())

    private static let declined = ["H2", "T2", "N2", "R1"]
    /// To the duty supervisor, and to the law department for the notice.
    private static let referred = ["H3", "T3", "N3", "R1"]
    /// To the law department, which gets and reads the paper. Release is not delayed.
    private static let paperWanted = ["H4", "T4", "N2", "R1"]

    private static let code = "Boston Code 11-1.9(B)"
    private static let lunn = "Lunn v. Commonwealth"
    private static let unlessWarrant =
        "unless ICE has a criminal warrant, issued by a Judicial Officer, for the individual"
    private static let unlessOrder = "unless authorized by a judicial warrant or other judicial order"
    private static let noNotice = "No release information solely for civil enforcement"
    private static let definition = "A detainer request asks to hold and to notify"

    private static let reports = "Tests/ReportsTests/AnnualReportTests.swift"
    private static let identities = "Tests/DetainersTests/IdentityTests.swift"
    private static let pipeline = "Tests/WorkerTests/PipelineTests.swift"
    private static let offline = "Tests/CommandTests/OfflineCommandTests.swift"
    private static let realList = "Tests/CommandTests/RealListTests.swift"
    private static let thisFile = "Tests/PolicyTests/EdgeCaseTests.swift"

    /// A fax to Boston's police. Unless told otherwise somebody looked for papers, and none came with it.
    static func request(
        _ number: Int, _ kind: Request.FormKind = .i247A, revision: Int = 1, papers: [Request.Attachment]? = [],
        received: String = "2025-03-04T15:30:00-05:00", _ change: (inout Request) -> Void = { _ in }
    ) -> Request {
        let digits = (number < 10 ? "0" : "") + String(number)
        var request = Request(
            requestID: "00000000-0000-4000-8000-0000000000" + digits, revision: revision,
            receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .fax, receivedAt: Moment(text: received)),
            form: .init(kind: kind, formDate: CivilDate("2025-02-28")),
            subject: .init(fileNumber: "A0000000" + digits), attachments: papers)
        change(&request)
        return request
    }

    private static func paper(
        _ kind: Request.AttachmentKind, _ issuer: Request.Issuer, _ standing: Request.Standing,
        names: Request.Answer = .yes
    ) -> Request.Attachment {
        Request.Attachment(
            kind: kind, issuer: issuer, standing: standing, namesSubject: names,
            verifiedBy: standing == .verified ? "duty supervisor" : nil)
    }

    private static let warrant = paper(.criminalWarrant, .judge, .verified)
    private static let claimedWarrant = paper(.criminalWarrant, .judge, .claimed)
    private static let othersWarrant = paper(.criminalWarrant, .judge, .verified, names: .no)
    /// Read by somebody who could not tell whom it names.
    private static let doubtfulWarrant = paper(.criminalWarrant, .judge, .verified, names: .unknown)
    private static let civilOrder = paper(.judicialOrder, .judge, .verified)
    /// Read, and neither a warrant nor an order: an agency's subpoena, a passport.
    private static let otherPaper = paper(.other, .other, .verified)
    private static let unnamedPaper = paper(.unknown, .judge, .verified)
    private static let i200 = paper(.i200, .immigrationOfficer, .produced)
    private static let i205 = paper(.i205, .immigrationOfficer, .produced)
    /// As an intake would have it that takes the form for a judge's.
    private static let i200CalledJudicial = paper(.i200, .judge, .verified)
    private static let databaseEntry = paper(.ncicHit, .unknown, .produced)
}

// MARK: - papers and forms

extension EdgeCase {
    private static let warrants: [EdgeCase] = [
        EdgeCase(
            1, "Form I-247A alone",
            .answers(request(1) { $0.form.probableCause = [.finalOrder] }, rules: declined, law: code)),
        EdgeCase(
            2, "With Form I-200 or I-205",
            .answers(request(2, papers: [i200]), rules: declined, law: "or an ICE administrative warrant"),
            .answers(request(2, papers: [i205]), rules: declined, law: "or an ICE administrative warrant"),
            .answers(request(2, papers: [i200CalledJudicial]), rules: declined, law: "ICE administrative warrant")),
        EdgeCase(
            3, "With a judge's criminal warrant for this person",
            .answers(request(3, papers: [warrant]), rules: referred, law: unlessWarrant)),
        EdgeCase(
            4, "With a judge's paper that is civil or names somebody else, or with a subpoena",
            .answers(
                request(4, papers: [civilOrder]), rules: ["H2", "T3", "N3", "R1"], law: unlessOrder, of: "transfer"),
            .answers(request(4, papers: [othersWarrant]), rules: declined, law: unlessWarrant),
            .answers(request(4, papers: [otherPaper]), rules: declined, law: unlessOrder, of: "transfer")),
        EdgeCase(
            5, "A warrant that is claimed and not here; a judge's paper that nobody names; an entry in a database",
            .answers(request(5, papers: [claimedWarrant]), rules: paperWanted, law: unlessWarrant),
            .answers(request(5, papers: [unnamedPaper]), rules: paperWanted, law: unlessWarrant),
            .answers(request(5, papers: [databaseEntry]), rules: declined, law: unlessWarrant)),
    ]

    private static let forms: [EdgeCase] = [
        // A choice of the project: these forms count on a line of their own, and as they ask for no transfer none is
        // declined. Counsel may change it in the policy file.
        EdgeCase(
            6, "Forms that ask for notice only",
            .answers(request(6, .i247G), rules: ["H1", "T1", "N2", "R2"], law: noNotice, of: "notify"),
            .answers(request(6, .i247N), rules: ["H1", "T1", "N2", "R2"], law: definition, of: "report line")),
        EdgeCase(
            7, "Older forms",
            .answers(request(7, .i247), rules: declined, law: code),
            .answers(request(7, .i247D), rules: declined, law: lunn),
            .answers(request(7, .i247X), rules: declined, law: unlessOrder, of: "transfer")),
        // A choice of the project: notice is declined here as everywhere, and nobody is asked first. Counsel may
        // change it in the policy file.
        EdgeCase(
            8, "Box 2 alone: custody is to be resumed",
            .answers(
                request(8) { $0.form = .init(kind: .i247A, probableCause: [], resumeCustody: .yes) },
                rules: declined, law: lunn)),
        EdgeCase(
            9, "No box, both boxes, unsigned, undated, sent to the wrong one, illegible",
            .answers(
                request(9) { $0.form = .init(kind: .i247A, probableCause: [], resumeCustody: .no, defects: [.noBox]) },
                rules: declined, law: code),
            .answers(
                request(9) {
                    $0.form = .init(
                        kind: .i247A, probableCause: [.finalOrder], resumeCustody: .yes, defects: [.bothBoxes])
                }, rules: declined, law: code),
            .answers(
                request(9) { $0.form = .init(kind: .i247A, defects: [.unsigned, .undated]) },
                rules: declined, law: code),
            .answers(request(9) { $0.form.defects = [.wrongAddressee] }, rules: declined, law: code),
            .answers(
                request(9, papers: nil) { $0.form = .init(kind: .unknown, defects: [.illegible]) },
                rules: declined, law: definition, of: "report line")),
        EdgeCase(
            10, "Several boxes at once",
            .answers(
                request(10) { $0.form.probableCause = Request.ProbableCause.allCases }, rules: declined, law: code),
            .elsewhere(test: "eachRequestCountsOnceByItsLatestRevisionInItsYear", file: reports)),
    ]
}

// MARK: - lodged again, and when

extension EdgeCase {
    private static let repeats: [EdgeCase] = [
        // A cancelled request asks nothing any more. It was lodged all the same, and its revisions count once.
        EdgeCase(
            11, "Cancelled by the sender",
            .answers(request(11), rules: declined, law: code),
            .answers(
                request(11, revision: 2) { $0.form.asks = .init(hold: .no, transfer: .no, notice: .no) },
                rules: ["H1", "T1", "N1", "R1"], law: definition, of: "report line"),
            .elsewhere(test: "eachRequestCountsOnceByItsLatestRevisionInItsYear", file: reports)),
        // It tells that a request was missed. That one counts on the day on which it turns up.
        EdgeCase(
            12, "A cancellation whose original was missed",
            .answers(
                request(12) { $0.receipt = .init(channel: .fax, foundAt: Moment(text: "2025-03-10")) },
                rules: declined, law: definition, of: "report line", dated: "2025-03-10 found")),
        EdgeCase(
            13, "Lodged again after a new arrest",
            .answers(request(13) { $0.custody.bookingNumber = "B-1" }, rules: declined, law: code),
            .answers(
                request(13, received: "2025-09-04") {
                    $0.requestID = "00000000-0000-4000-8001-000000000013"
                    $0.custody.bookingNumber = "B-2"
                }, rules: declined, law: code, dated: "2025-09-04 received")),
        EdgeCase(
            14, "Replaced while the person is in the same custody",
            .answers(
                request(14, revision: 2) { $0.form.probableCause = [.biometricMatch] }, rules: declined, law: code),
            .elsewhere(test: "eachRequestCountsOnceByItsLatestRevisionInItsYear", file: reports)),
        EdgeCase(
            15, "Sent several times: to two districts, by fax and by mail",
            .answers(request(15) { $0.receivedBy.station = "A-1" }, rules: declined, law: code),
            .answers(request(15, revision: 2) { $0.receivedBy.station = "C-11" }, rules: declined, law: code),
            .answers(request(15, revision: 3) { $0.receipt.channel = .email }, rules: declined, law: code),
            .elsewhere(test: "aRepeatWaitsForItsOriginalWhereverThatIs", file: pipeline),
            .elsewhere(test: "eachRequestCountsOnceByItsLatestRevisionInItsYear", file: reports)),
    ]

    private static let days: [EdgeCase] = [
        // A machine may write the same minute in UTC; Boston's clocks decide.
        EdgeCase(
            16, "Came minutes before the new year, found in January",
            .answers(
                request(16, received: "2025-12-31T23:50:00-05:00") { $0.receipt.foundAt = Moment(text: "2026-01-02") },
                rules: declined, law: definition, of: "report line", dated: "2025-12-31 received"),
            .answers(
                request(16, received: "2026-01-01T04:50:00Z") { $0.receipt.receivedAtSource = .faxHeader },
                rules: declined, law: definition, of: "report line", dated: "2025-12-31 received")),
        EdgeCase(
            17, "Written in December, received in January",
            .answers(
                request(17, received: "2026-01-02T09:00:00-05:00") { $0.form.formDate = CivilDate("2025-12-30") },
                rules: declined, law: definition, of: "report line", dated: "2026-01-02 received")),
        EdgeCase(
            18, "The person is not in custody, or no more",
            .answers(request(18) { $0.custody.status = .notInCustody }, rules: declined, law: code),
            .answers(request(18) { $0.custody.status = .released }, rules: declined, law: code)),
        EdgeCase(
            19, "Taken to court or to another agency",
            .answers(request(19) { $0.custody.status = .toCourt }, rules: declined, law: noNotice, of: "notify")),
        EdgeCase(
            20, "Eligible for release before the request came",
            .answers(
                request(20) { $0.custody.eligibleForReleaseAt = Moment(text: "2025-03-04T14:00:00-05:00") },
                rules: declined, law: "after the individual is eligible for release from custody")),
        // In 2015 people were handed over while they were still trying to make bail: the Act spoke of holding alone.
        EdgeCase(
            21, "Bail is pending, and a transfer is asked",
            .answers(
                request(21, .i247X) { $0.custody.status = .inCustody }, rules: declined, law: unlessOrder,
                of: "transfer"),
            .elsewhere(test: "theSameRequestIsDecidedByThePolicyOfItsDay", file: thisFile)),
    ]
}

// MARK: - persons and crimes, agencies and records

extension EdgeCase {
    private static let persons: [EdgeCase] = [
        // No answer rests on who is a citizen, and a passport is no judge's paper.
        EdgeCase(
            22, "The person claims to be a citizen",
            .answers(request(22, papers: [otherPaper]), rules: declined, law: code)),
        EdgeCase(
            23, "The person is a juvenile",
            .answers(request(23) { $0.subject.birthDate = CivilDate("2010-01-01") }, rules: declined, law: code),
            .elsewhere(test: "recordsAndEventsHoldNothingOfThePersonAndAreReadBack", file: identities)),
        // The arrest is no answer to the detainer; only a judge's warrant for it changes what is answered.
        EdgeCase(
            24, "Arrested for coming back after a removal",
            .answers(
                request(24) { $0.findings = .init(foundBy: "booking officer", removedBefore: .yes) },
                rules: declined, law: code),
            .answers(
                request(24, papers: [warrant]) { $0.findings = .init(foundBy: "booking officer", removedBefore: .yes) },
                rules: referred, law: unlessWarrant)),
        // A choice of the project: a criminal purpose that somebody found opens nothing without a judge's paper, for
        // this policy does not ask for it. Counsel may change it in the policy file.
        EdgeCase(
            25, "A joint criminal case",
            .answers(
                request(25) { $0.findings = .init(foundBy: "duty supervisor", criminalPurpose: .yes) },
                rules: declined, law: noNotice, of: "notify"),
            .answers(request(25, papers: [warrant]), rules: referred, law: noNotice, of: "notify")),
        // A choice of the project: it counts, for what is not counted is lost, and the form may follow as a revision.
        // Counsel may change it in the policy file.
        EdgeCase(
            26, "By telephone, without a form",
            .answers(
                request(26, papers: nil) {
                    $0.receipt.channel = .phone
                    $0.form = .init(kind: .unknown)
                }, rules: declined, law: code)),
        EdgeCase(
            27, "Lodged with another agency",
            .notOurs(request(27) { $0.receivedBy.agency = "massachusetts-state-police" }),
            .notOurs(request(27) { $0.receivedBy.agency = "transit-police" }),
            .notOurs(request(27) { $0.receivedBy.agency = "suffolk-county-sheriff" }),
            .notOurs(request(27) { $0.receivedBy.agency = "boston-university-police" })),
        EdgeCase(
            28, "One file number with two names",
            .answers(request(28) { $0.subject.familyName = "Example" }, rules: declined, law: code),
            .answers(
                request(28, papers: [doubtfulWarrant]) { $0.subject.familyName = "Sample" }, rules: paperWanted,
                law: unlessWarrant),
            .elsewhere(test: "nothingIsMadeOfANameAloneOrOfAMissingPiece", file: identities)),
    ]

    private static let records: [EdgeCase] = [
        // An agreement about money changes no answer; money itself is no part of a request.
        EdgeCase(
            29, "A reimbursement comes in a later year",
            .answers(
                request(29) { $0.findings = .init(foundBy: "duty supervisor", costAgreement: .yes) },
                rules: declined, law: code),
            .elsewhere(test: "anEmptyYearIsAllZeros", file: reports)),
        EdgeCase(
            30, "A year without requests",
            .elsewhere(test: "anEmptyYearIsAllZeros", file: reports),
            .elsewhere(test: "aReportOfAnEmptyYearPrintsItsZeros", file: offline)),
        EdgeCase(
            31, "The sender counts otherwise",
            .elsewhere(test: "fourHundredAndTenDetainersAreDecidedOnce", file: realList),
            .elsewhere(test: "differentContentUnderOneIdIsAConflictAndTheEarliestStands", file: reports)),
        EdgeCase(
            32, "The law changes",
            .elsewhere(test: "theSameRequestIsDecidedByThePolicyOfItsDay", file: thisFile)),
        EdgeCase(
            33, "A request is corrected after it was decided",
            .answers(request(33, papers: [claimedWarrant]), rules: paperWanted, law: unlessWarrant),
            .answers(request(33, revision: 2, papers: [warrant]), rules: referred, law: unlessWarrant),
            .elsewhere(test: "anotherContentUnderTheSameRevisionIsADeadLetterAndASupplementIsNot", file: pipeline)),
        EdgeCase(
            34, "Somebody wants a request honored",
            .elsewhere(test: "noAnswerCanBecomeHonor", file: thisFile)),
    ]
}

struct EdgeCaseTests {
    private struct NotDecided: Error {}

    let policies: PolicySet
    /// No request of the table is dated by the day of its record.
    private let recordedAt = Moment(secondsSinceEpoch: 0)

    init() throws { policies = try PolicySet.load(files: try Shipped.files(), allowDrafts: true) }

    private func decide(_ request: Request) throws -> (policy: String, date: RequestDate, explanation: Explanation) {
        // What is no request by the contract would show nothing.
        #expect(try RequestContract.read(RequestContract.json(request).serialized()) == request)
        guard case .decided(let policy, let date) = policies.policy(for: request, recordedAt: recordedAt) else {
            throw NotDecided()
        }
        let decision = try policy.decide(request)
        let explanation = try policy.explain(decision)
        let rules = [decision.hold.rule, decision.transfer.rule, decision.notify.rule, decision.reportRule]
        #expect(explanation.answers.map(\.rule) == rules)
        return (policy.name, date, explanation)
    }

    @Test(arguments: EdgeCase.all)
    func theCaseIsAnsweredAsItsRowSays(_ edgeCase: EdgeCase) throws {
        for check in edgeCase.checks {
            switch check {
            case .answers(let request, let rules, let law, let question, let dated):
                let outcome = try decide(request)
                #expect(outcome.policy == "boston-trust-act-2019")
                #expect(outcome.explanation.answers.map(\.rule) == rules)
                let answer = try #require(outcome.explanation.answers.first { $0.question == question })
                #expect(answer.law.contains { $0.contains(law) }, "\(question) does not rest on: \(law)")
                if let dated { #expect("\(outcome.date.date) \(outcome.date.basis.rawValue)" == dated) }
            case .notOurs(let request):
                if case .notOurs = policies.policy(for: request, recordedAt: recordedAt) { continue }
                Issue.record("\(request.receivedBy.agency) was taken for ours")
            case .elsewhere(let test, let file):
                let text = try String(contentsOfFile: Shipped.directory + "/../../" + file, encoding: .utf8)
                #expect(text.contains("func \(test)("), "\(file) has no test \(test)")
            }
        }
    }

    @Test func everyNumberIsThereOnceAndChecksSomething() {
        #expect(EdgeCase.all.map(\.number) == Array(1...34))
        #expect(EdgeCase.all.allSatisfy { !$0.checks.isEmpty })
    }

    @Test func theSameRequestIsDecidedByThePolicyOfItsDay() throws {
        let days: [(received: String, policy: String, rules: [String], citesLunn: Bool)] = [
            ("2014-09-02", "boston-trust-act-2014", ["H2", "T3", "N3", "R1"], false),
            ("2018-09-04", "boston-trust-act-2017-lunn", ["H2", "T3", "N3", "R1"], true),
            ("2025-09-02", "boston-trust-act-2019", ["H2", "T2", "N2", "R1"], true),
        ]
        for day in days {
            let outcome = try decide(EdgeCase.request(32, received: day.received) { $0.form.asks.transfer = .yes })
            #expect(outcome.policy == day.policy)
            #expect(outcome.explanation.answers.map(\.rule) == day.rules)
            let hold = try #require(outcome.explanation.answers.first)
            #expect(hold.law.contains { $0.contains("Lunn v. Commonwealth") } == day.citesLunn)
        }
    }

    /// No role and no setting overrides a policy, and no policy with such an answer loads.
    @Test func noAnswerCanBecomeHonor() throws {
        let policy = try Shipped.boston()
        let places = policy.text.ranges(of: "answer: decline")
        #expect(places.count == 3)
        for place in places {
            let text = policy.text.replacingCharacters(in: place, with: "answer: honor")
            let error = try #require(throws: PolicyError.self) { try PolicyDocument.parse(text: text, file: "p.yaml") }
            #expect(error.description.contains("answers `honor`"))
        }
    }
}
