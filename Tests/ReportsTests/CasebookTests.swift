import Detainers
import Testing

@testable import Reports

/// Requests and what people did about them, with only what a test is about; numbers and names stand for pseudonyms.
enum Files {
    static func id(_ number: Int, _ group: String) -> String {
        let tail = String(number)
        return "00000000-0000-4000-\(group)-" + String(repeating: "0", count: 12 - tail.count) + tail
    }

    static func request(
        _ number: Int, file: String? = nil, name: String? = nil, event: String? = nil, booking: String? = nil,
        formDate: String? = "2024-05-05", date: String = "2024-05-06", refer: Bool = false, line: String = "item 1"
    ) throws -> Outcome {
        let request = Request(
            requestID: id(number, "8000"), receivedBy: .init(agency: "boston-police", station: "C-11"),
            receipt: .init(channel: .fax),
            form: .init(kind: .i247A, formDate: formDate.flatMap(CivilDate.init), probableCause: [.finalOrder]))
        let answer = GivenAnswer(
            answer: refer ? .refer : .decline, rule: "H", to: refer ? "shift-supervisor" : nil)
        return Outcome(
            request: request,
            decision: Decision(
                hold: answer, transfer: GivenAnswer(answer: .decline, rule: "T"),
                notify: GivenAnswer(answer: .decline, rule: "N"), reportLine: line, reportRule: "R", facts: [],
                policyName: "p", policyDigest: "d"),
            date: RequestDate(date: try #require(CivilDate(date)), basis: .received),
            pseudonyms: Pseudonyms(
                keyID: "k", fileNumber: file, nameAndBirthDate: name, eventNumber: event, booking: booking),
            contentKey: "c\(number)", recordedAt: Moment(secondsSinceEpoch: 0), traceparent: nil,
            jurisdiction: "boston")
    }

    static func record(
        _ number: Int, _ detail: CaseDetail, about request: Int? = nil, file: String? = nil, name: String? = nil,
        event: String? = nil, booking: String? = nil, formDate: String? = nil, date: String = "2024-05-07",
        revision: Int = 1, withdrawn: Bool = false
    ) throws -> CaseRecord {
        let message = CaseMessage(
            recordID: id(number, "9000"), revision: revision, agency: "boston-police", recordedBy: "shift-supervisor",
            about: .init(requestID: request.map { id($0, "8000") }, formDate: formDate.flatMap(CivilDate.init)),
            correction: revision > 1 ? .init(reason: .entryError, isWithdrawn: withdrawn) : nil, detail: detail)
        return CaseRecord(
            message: message, date: try #require(CivilDate(date)),
            pseudonyms: Pseudonyms(
                keyID: "k", fileNumber: file, nameAndBirthDate: name, eventNumber: event, booking: booking),
            contentKey: "r\(number).\(revision)", recordedAt: Moment(secondsSinceEpoch: 0), traceparent: nil,
            jurisdiction: "boston", isOurs: true)
    }
}

/// Which request a record belongs to.
struct CasebookTests {
    /// The requests that have records, each with the numbers of these, and the orphans.
    private func linked(_ outcomes: [Outcome], _ records: [CaseRecord]) -> (cases: [[Int]], orphans: [Int]) {
        func number(_ record: CaseRecord) -> Int { Int(record.identity.recordID.suffix(12)) ?? 0 }
        let casebook = Casebook(outcomes: outcomes, records: records)
        let reversed = Casebook(outcomes: outcomes.reversed(), records: records.reversed())
        #expect(casebook.cases == reversed.cases && casebook.orphans == reversed.orphans)
        return (casebook.cases.map { $0.records.map(number) }, casebook.orphans.map(number))
    }

    @Test func aRecordFindsItsRequestByIdOrBookingOrForm() throws {
        let requests = [
            try Files.request(1, file: "A1", booking: "B1"), try Files.request(2, file: "A2", event: "E2"),
            try Files.request(3, name: "N3"),
        ]
        let found = linked(
            requests,
            [
                try Files.record(1, .cancellation(.unknown), about: 2),
                try Files.record(2, .detained(.criminalWarrant, from: nil, until: nil), booking: "B1"),
                try Files.record(3, .transferred(.judicialOrder), file: "A2", event: "E2"),
                try Files.record(4, .reentryArrest, name: "N3", formDate: "2024-05-05"),
            ])
        #expect(found.cases == [[2], [1, 3], [4]] && found.orphans.isEmpty)
    }

    @Test func aNameAloneAMissingKeyOrAnUnknownIdFindsNone() throws {
        let requests = [try Files.request(1, file: "A1", name: "N1", booking: "B1"), try Files.request(2)]
        let found = linked(
            requests,
            [
                try Files.record(1, .cancellation(.unknown)), try Files.record(2, .reentryArrest, name: "N1"),
                try Files.record(3, .reentryArrest, file: "A1", formDate: "2024-05-09"),
                // An id says which one: it is not looked for elsewhere.
                try Files.record(4, .reentryArrest, about: 9, booking: "B1"),
                try Files.record(5, .reentryArrest, booking: "B2"),
            ])
        #expect(found.cases == [[], []] && found.orphans == [1, 2, 3, 4, 5])
    }

    @Test func anOrphanIsLinkedOnceItsRequestIsOnFileOrItIsCorrected() throws {
        let orphan = try Files.record(1, .cancellation(.unknown), about: 7)
        #expect(linked([try Files.request(1)], [orphan]).orphans == [1])
        #expect(linked([try Files.request(1), try Files.request(7)], [orphan]).cases == [[], [1]])
        let corrected = try Files.record(1, .cancellation(.unknown), about: 1, revision: 2)
        #expect(linked([try Files.request(1)], [orphan, corrected]).cases == [[1]])
    }

    @Test func inOneBookingARecordBelongsToTheFormThatWasThereOrThatItNames() throws {
        let forms = [
            try Files.request(1, file: "A1", booking: "B1", formDate: "2024-05-05", date: "2024-05-06"),
            try Files.request(2, file: "A1", booking: "B1", formDate: "2024-05-08", date: "2024-05-09"),
        ]
        let records = [
            try Files.record(1, .cancellation(.unknown), booking: "B1", date: "2024-05-07"),
            try Files.record(2, .cancellation(.unknown), booking: "B1", date: "2024-05-10"),
            try Files.record(3, .cancellation(.unknown), booking: "B1", formDate: "2024-05-05", date: "2024-05-10"),
            try Files.record(4, .cancellation(.unknown), booking: "B1", date: "2024-05-01"),
        ]
        #expect(linked(forms, records).cases == [[4, 1, 3], [2]])
    }

    @Test func aRecordOfAnyReceiptBelongsToTheWholeForm() throws {
        let receipts = [try Files.request(1, file: "A1"), try Files.request(2, file: "A1", date: "2024-05-09")]
        #expect(linked(receipts, [try Files.record(1, .cancellation(.unknown), about: 2)]).cases == [[1]])
    }

    /// Who sends a form and records about it again and again must not keep everybody from the report.
    @Test(.timeLimit(.minutes(5))) func manyRecordsAboutAFormOfManyReceiptsAreFoundAndCounted() throws {
        let count = 5_000
        let receipts = try (0..<count).map { try Files.request($0, file: "A1", name: "N\($0)", event: "E1") }
        let records = try (0..<count).map { number in
            try Files.record(
                number, .detained(.criminalWarrant, from: nil, until: nil), name: "N\(number)", event: "E1")
        }
        let casebook = Casebook(outcomes: receipts, records: records)
        #expect(casebook.cases.map(\.records.count) == [count] && casebook.orphans.isEmpty)
        let report = AnnualReport(
            casebook, period: try #require(Period(year: 2024)), jurisdiction: "boston",
            asOf: Moment(secondsSinceEpoch: 1_800_000_000))
        // Named by as many names as there are, and by one A-number on the form: one individual.
        #expect(report.tally["detained", "total"] == 1 && report.tally["requests", "receipts"] == count)
    }

    @Test func whatWasWithdrawnIsNeitherLinkedNorAnOrphan() throws {
        let records = [
            try Files.record(1, .reentryArrest, about: 1),
            try Files.record(1, .reentryArrest, about: 1, revision: 2, withdrawn: true),
        ]
        let casebook = Casebook(outcomes: [try Files.request(1)], records: records)
        #expect(casebook.cases[0].records.isEmpty && casebook.orphans.isEmpty && casebook.withdrawn.count == 1)
    }

    @Test func aReferralWaitsUntilAPersonDecided() throws {
        let outcomes = [try Files.request(1, refer: true), try Files.request(2), try Files.request(3, refer: true)]
        let decided = try Files.record(1, .referralDecision(.init(hold: .declined)), about: 3)
        let referrals = Casebook(outcomes: outcomes, records: [decided]).referrals
        #expect(referrals.map { $0.decision?.identity.recordID } == [nil, decided.identity.recordID])
        #expect(referrals[0].questions.map(\.name) == ["hold"] && referrals[0].questions[0].role == "shift-supervisor")
    }
}
