import Testing

@testable import Detainers

struct DateTests {
    let boston = TimeZoneName("America/New_York")!

    @Test(arguments: [
        ("2025-12-31T23:50:00-05:00", "2025-12-31"), ("2026-01-01T04:50:00Z", "2025-12-31"),
        ("2025-07-01T03:59:59Z", "2025-06-30"), ("2025-07-01T04:00:00Z", "2025-07-01"),
        ("2025-01-01T04:59:59.99Z", "2024-12-31"), ("2024-02-29", "2024-02-29"),
        ("1969-12-31T23:00:00-05:00", "1969-12-31"),
    ])
    func aMomentFallsOnTheDayOfTheZonesClocks(_ text: String, _ day: String) throws {
        #expect(try #require(Moment(text: text)).date(in: boston).description == day)
    }

    /// A day that cannot be written with four digits could not be read back.
    @Test(arguments: ["America/New_York", "Asia/Tokyo"])
    func aTimeOnTheEdgeOfTheCalendarStaysWithinIt(_ zone: String) throws {
        let zone = try #require(TimeZoneName(zone))
        for (text, day) in [
            ("0001-01-01T00:00:00Z", "0001-01-01"), ("0001-01-01T00:00:00+14:00", "0001-01-01"),
            ("9999-12-31T23:59:59Z", "9999-12-31"), ("9999-12-31T23:59:59-12:00", "9999-12-31"),
        ] {
            let date = try #require(Moment(text: text)).date(in: zone)
            #expect(date.description == day && CivilDate(date.description) == date)
        }
    }

    @Test(arguments: ["2025-02-29", "2025-13-01", "2025-1-01", "2025-01-01T00:00:00", "2025-01-01T24:00:00Z", "x", ""])
    func whatIsNoDateIsRefused(_ text: String) {
        #expect(Moment(text: text) == nil)
    }

    @Test func everyDayOfFourCenturiesIsItsOwn() throws {
        for number in stride(from: Int64(-719_162), to: 2_932_896, by: 1_999) {
            #expect(CivilDate(daysSinceEpoch: number).daysSinceEpoch == number)
        }
        #expect(Moment(secondsSinceEpoch: 951_782_400, hundredths: 7).text == "2000-02-29T00:00:00.07Z")
    }

    @Test func theFirstKnownOfReceivedFoundAndFormDateCounts() throws {
        var request = Scene.request()
        let now = Moment(secondsSinceEpoch: 0)
        #expect(RequestDate.of(request, in: boston, recordedAt: now).basis == .recorded)
        request.form.formDate = CivilDate("2025-01-03")
        #expect(RequestDate.of(request, in: boston, recordedAt: now).basis == .form)
        request.receipt.foundAt = Moment(text: "2025-01-02")
        #expect(RequestDate.of(request, in: boston, recordedAt: now).basis == .found)
        request.receipt.receivedAt = Moment(text: "2025-01-01T04:00:00Z")
        #expect(
            RequestDate.of(request, in: boston, recordedAt: now)
                == RequestDate(date: CivilDate("2024-12-31")!, basis: .received))
    }
}

struct PseudonymTests {
    let key = try! PseudonymKey(file: Array("detainer-key/1 test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".utf8))

    @Test func writingsOfOneNumberOrNameHaveOnePseudonym() {
        var one = Scene.request()
        one.subject = .init(
            fileNumber: "A000-000-001", familyName: "Muñoz-Gray", givenNames: "Ana María",
            birthDate: CivilDate("1990-01-01"))
        var other = Scene.request()
        other.subject = .init(
            fileNumber: "1", familyName: "MUNOZ GRAY", givenNames: "ana maria", birthDate: CivilDate("1990-01-01"))
        #expect(key.pseudonyms(of: one) == key.pseudonyms(of: other))
        #expect(key.content(of: one) != key.content(of: other))
    }

    @Test func nothingIsMadeOfANameAloneOrOfAMissingPiece() {
        var request = Scene.request()
        request.subject = .init(fileNumber: "--", familyName: "Example", givenNames: "Person")
        #expect(key.pseudonyms(of: request) == Pseudonyms(keyID: "test"))
    }

    @Test func zerosBeforeANumberSayNothingAndZerosAloneAreNone() {
        #expect(key.fileNumber("A0012345678") == key.fileNumber("A12345678"))
        #expect(key.fileNumber("A012345678") == key.fileNumber("12345678"))
        #expect(key.fileNumber("A100000000") != key.fileNumber("1"))
        for filler in ["A000 000 000", "0", "000-000-000-000"] { #expect(key.fileNumber(filler) == nil) }
    }

    @Test func oneNumberInTwoFieldsHasTwoPseudonyms() {
        var request = Scene.request()
        request.subject.fileNumber = "123456789"
        request.form.eventNumber = "123456789"
        let pseudonyms = key.pseudonyms(of: request)
        #expect(pseudonyms.fileNumber != nil)
        #expect(pseudonyms.fileNumber != pseudonyms.eventNumber)
    }

    @Test func recordsAndEventsHoldNothingOfThePersonAndAreReadBack() throws {
        var request = try RequestContract.read(Array(RequestContractTests.full.utf8))
        request.subject.familyName = "MARKEDNAME"
        let outcome = Outcome(
            request: request, decision: Scene.decision,
            date: RequestDate(date: CivilDate("2025-12-31")!, basis: .received),
            pseudonyms: key.pseudonyms(of: request),
            contentKey: key.content(of: request), recordedAt: Moment(secondsSinceEpoch: 1_767_300_000),
            traceparent: nil, jurisdiction: "boston")
        let record = outcome.json()
        #expect(try Outcome(json: try JSONText(record.serialized()).root) == outcome)
        let event = LedgerEvent.json(.outcome(outcome), ledger: LedgerPosition(logID: "l", index: 3, root: "r"))
        #expect(LedgerEvent.routingKey(outcome) == "outcome.boston.not_acted_upon")
        for text in [record, event].map({ String(decoding: $0.serialized(), as: UTF8.self) }) {
            for personal in [
                "MARKEDNAME", "Person", "1990-01-01", "A000000001", "000000001", "S-1", "EV-1", "B-1", "RMS-1",
            ] {
                #expect(!text.contains(personal))
            }
        }
    }

    @Test func idsAreAFunctionOfIdAndRevision() {
        let one = RequestIdentity(requestID: "00000000-0000-4000-8000-000000000001", revision: 1)
        #expect(one.eventID == RequestIdentity(requestID: one.requestID, revision: 1).eventID)
        #expect(one.eventID != RequestIdentity(requestID: one.requestID, revision: 2).eventID)
        #expect(one.eventID != one.outcomeID)
        #expect(Array(one.eventID)[14] == "8")
    }

    @Test func aGeneratedKeyFileIsRead() throws {
        let text = PseudonymKey.generate()
        #expect(try PseudonymKey(file: Array(text.utf8)).keyID.count == 8)
        #expect(PseudonymKey.generate() != text)
    }
}

struct ICEReleasedListTests {
    static let list = """
        prepare_date,detainer_type,facility,state,city,lift_reason
        2014-12-07,I247 - Immigration Detainer,"BOSTON POLICE DEPT, DISTRICT #3",MASSACHUSETTS,DORCHESTER,
        2014-12-07,I247 - Immigration Detainer,"BOSTON POLICE DEPT, DISTRICT #3",MASSACHUSETTS,DORCHESTER,
        2015-07-10,I247N - Immigration Advisal,A ""QUOTED"" COUNTY,MASSACHUSETTS,X,Lifted
        ,I247Z,BOSTON POLICE DEPT,MASSACHUSETTS,BOSTON,
        """.replacing(#"A ""QUOTED"" COUNTY"#, with: #""A ""QUOTED"" COUNTY""#)

    @Test func rowsBecomeRequestsAndIdenticalRowsAreTwo() throws {
        let requests = try ICEReleasedList.convert(csv: Array(Self.list.utf8))
        #expect(
            requests.map(\.receivedBy.agency) == [
                "boston-police", "boston-police", "a-quoted-county-massachusetts", "boston-police",
            ])
        #expect(requests.map(\.form.kind) == [.i247, .i247, .i247N, .unknown])
        #expect(Set(requests.map(\.requestID)).count == 4)
        #expect(requests[3].form.formDate == nil)
        #expect(requests.allSatisfy { $0.receipt.channel == .unknown && $0.attachments == nil })
        #expect(try ICEReleasedList.convert(csv: Array(Self.list.utf8)) == requests)
        for request in requests {
            #expect(try RequestContract.read(RequestContract.json(request).serialized()) == request)
        }
    }

    @Test func aListOfAnotherFormIsRefusedByLine() throws {
        let missing = try #require(throws: ICEReleasedList.Problem.self) {
            try ICEReleasedList.convert(csv: Array("prepare_date,facility\n".utf8))
        }
        #expect(missing.explanation.contains("`detainer_type`"))
        let short = try #require(throws: ICEReleasedList.Problem.self) {
            try ICEReleasedList.convert(csv: Array((Self.list + "\n1,2").utf8))
        }
        #expect(short.line == 6)
    }
}

enum Scene {
    static func request() -> Request {
        Request(
            requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .fax), form: .init(kind: .i247A))
    }

    static let decision = Decision(
        hold: GivenAnswer(answer: .decline, rule: "H2"), transfer: GivenAnswer(answer: .decline, rule: "T2"),
        notify: GivenAnswer(answer: .decline, rule: "N2"), reportLine: "item 1", reportRule: "R1",
        facts: [Fact(name: "form", value: "I-247A")], policyName: "p", policyDigest: "sha-256:00")
}
