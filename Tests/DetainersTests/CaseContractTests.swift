import Testing

@testable import Detainers

struct CaseContractTests {
    /// A record with every member that a kind may have.
    static func text(_ kind: String, _ detail: String, more: String = "") -> String {
        #"{"schema":"detainer.record/1","recordId":"7F1C2A52-8B0E-4D3C-9A57-2F0B7C1D9E44","kind":"\#(kind)","#
            + #""agency":"boston-police","recordedBy":"shift-supervisor","happenedAt":"2025-03-04T10:00:00-05:00","#
            + #""about":{"requestId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44","bookingNumber":"B-1","#
            + #""formDate":"2025-03-03","eventNumber":"EV-1","subject":{"fileNumber":"A000000001","#
            + #""familyName":"Example","givenNames":"Person","birthDate":"1990-01-01"}},"detail":{\#(detail)}\#(more)}"#
    }

    static let kinds: [(String, String, CaseDetail)] = [
        ("cancellation", "", .cancellation(.unknown)),
        ("cancellation", #""reason":"not-deportable""#, .cancellation(.notDeportable)),
        (
            "referral-decision", #""hold":"declined","transfer":"complied","basis":"judicial-order""#,
            .referralDecision(.init(hold: .declined, transfer: .complied, basis: .judicialOrder))
        ),
        (
            "detained", #""reason":"criminal-warrant","from":"2025-03-04T10:00:00-05:00","until":"2025-03-05""#,
            .detained(
                .criminalWarrant, from: Moment(text: "2025-03-04T10:00:00-05:00"), until: Moment(text: "2025-03-05"))
        ),
        ("transferred", #""authority":"judicial-warrant""#, .transferred(.judicialWarrant)),
        ("reimbursement", #""cents":123456"#, .reimbursement(cents: 123_456)),
        (
            "custody-outcome", #""outcome":"bailed","bailPostedAt":"2025-03-04","receivingAgency":"suffolk-sheriff""#,
            .custodyOutcome(.bailed, bailPostedAt: Moment(text: "2025-03-04"), receivingAgency: "suffolk-sheriff")
        ),
        ("reentry-arrest", "", .reentryArrest),
    ]

    @Test(arguments: kinds.indices)
    func everyKindIsReadAndItsCanonicalFormIsReadAsTheSame(_ number: Int) throws {
        let (kind, detail, expected) = Self.kinds[number]
        let message = try CaseContract.read(Array(Self.text(kind, detail).utf8))
        #expect(message.detail == expected && message.kind.rawValue == kind)
        #expect(message.recordID == "7f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44")
        #expect(try CaseContract.read(CaseContract.json(message).serialized()) == message)
        #expect(try IntakeContract.read(CaseContract.json(message).serialized()) == .record(message))
    }

    @Test(arguments: kinds.indices)
    func theRecordAndItsEventHoldNothingOfThePersonAndAreReadBack(_ number: Int) throws {
        let (kind, detail, _) = Self.kinds[number]
        let message = try CaseContract.read(Array(Self.text(kind, detail).utf8))
        let key = PseudonymTests().key
        let record = CaseRecord(
            message: message, date: try #require(CivilDate("2025-03-04")), pseudonyms: key.pseudonyms(of: message),
            contentKey: key.content(of: message), recordedAt: Moment(secondsSinceEpoch: 1_767_300_000),
            traceparent: nil, jurisdiction: "boston", isOurs: true)
        let json = record.json()
        #expect(try LedgerEntry(json: try JSONText(json.serialized()).root) == .record(record))
        let event = LedgerEvent.json(.record(record), ledger: LedgerPosition(logID: "l", index: 3, root: "r"))
        #expect(LedgerEvent.routingKey(record) == "record.boston.\(kind)")
        #expect(event["id"]?.stringValue == json["eventId"]?.stringValue)
        for text in [json, event].map({ String(decoding: $0.serialized(), as: UTF8.self) }) {
            for personal in ["Example", "Person", "1990-01-01", "A000000001", "000000001", "EV-1", "B-1"] {
                #expect(!text.contains(personal))
            }
        }
    }

    /// The same booking and the same form have the same pseudonyms in a request and in a record of its case.
    @Test func aRecordIsKeyedAsItsRequestIs() throws {
        let key = PseudonymTests().key
        let request = try RequestContract.read(Array(RequestContractTests.full.utf8))
        let record = try CaseContract.read(Array(Self.text("reentry-arrest", "").utf8))
        #expect(key.pseudonyms(of: request) == key.pseudonyms(of: record))
    }

    /// What is replaced by what in a detention, and the reason and path that this must give.
    static let refusals: [(String, String, DeadLetterReason, String)] = [
        ("detainer.record/1", "detainer.record/2", .unsupportedVersion, "/schema"),
        ("detainer.record/1", "detainer.record/MARKED", .schema, "/schema"),
        ("detainer.record/1", "MARKED.record/1", .schema, "/schema"),
        (#""kind":"detained""#, #""kind":"MARKED""#, .schema, "/kind"),
        ("shift-supervisor", "Sgt. MARKED", .schema, "/recordedBy"),
        (#""reason":"criminal-warrant""#, "", .schema, "/detail/reason"),
        (#""reason":"criminal-warrant""#, #""reason":"MARKED""#, .schema, "/detail/reason"),
        (#""reason":"#, #""MARKED":1,"reason":"#, .schema, "/detail"),
        (#""about":{"#, #""about":{"MARKED":1,"#, .schema, "/about"),
        (#""recordId":"7F1C"#, #""recordId":"MARKED"#, .schema, "/recordId"),
        (#""kind":"#, #""revision":2,"kind":"#, .schema, "/correction"),
        (#""kind":"#, #""correction":{"reason":"duplicate"},"kind":"#, .schema, "/correction"),
        (#""kind":"#, #""revision":2,"correction":{"reason":"MARKED"},"kind":"#, .schema, "/correction/reason"),
        (
            #""kind":"#, #""revision":2,"correction":{"reason":"duplicate","withdrawn":"unknown"},"kind":"#, .schema,
            "/correction/withdrawn"
        ),
    ]

    @Test(arguments: refusals.indices)
    func whatBreaksTheContractIsRefusedByPathAndNeverByValue(_ number: Int) throws {
        let (old, new, reason, path) = Self.refusals[number]
        let whole = Self.text("detained", #""reason":"criminal-warrant""#)
        let text = whole.replacing(old, with: new)
        try #require(text != whole)
        let error = try #require(throws: ContractError.self) { try IntakeContract.read(Array(text.utf8)) }
        #expect(error.reason == reason && error.path == path, "\(error.path)")
        #expect(!error.description.contains("MARKED"))
    }

    /// Kind, detail and the path that it is refused at.
    static let details: [(String, String, String)] = [
        ("referral-decision", "", "/detail/hold"),
        ("referral-decision", #""hold":"complied""#, "/detail/basis"),
        ("reimbursement", "", "/detail/cents"), ("reimbursement", #""cents":-1"#, "/detail/cents"),
        ("reimbursement", #""cents":12.5"#, "/detail/cents"), ("transferred", "", "/detail/authority"),
        ("custody-outcome", #""outcome":"bailed","receivingAgency":"Sgt. X""#, "/detail/receivingAgency"),
        ("reentry-arrest", #""reason":"other""#, "/detail"),
    ]

    @Test(arguments: details.indices)
    func aDetailLacksNothingThatItsKindNeeds(_ number: Int) throws {
        let (kind, detail, path) = Self.details[number]
        let body = Array(Self.text(kind, detail).utf8)
        #expect(try #require(throws: ContractError.self) { try CaseContract.read(body) }.path == path)
    }

    @Test func aCorrectionIsALaterRevision() throws {
        let text = Self.text("reentry-arrest", "", more: #","revision":2,"correction":{"reason":"wrong-case"}"#)
        let message = try CaseContract.read(Array(text.utf8))
        #expect(message.revision == 2 && message.correction == .init(reason: .wrongCase))
        let withdrawn = text.replacing(#""wrong-case""#, with: #""duplicate","withdrawn":"yes""#)
        #expect(try CaseContract.read(Array(withdrawn.utf8)).correction?.isWithdrawn == true)
    }

    @Test func dollarsAreWrittenAsOnALetter() {
        #expect(CaseDetail.dollars(0) == "$0.00" && CaseDetail.dollars(5) == "$0.05")
        #expect(CaseDetail.dollars(123_456_789) == "$1,234,567.89")
    }
}
