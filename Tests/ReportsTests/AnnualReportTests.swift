import Detainers
import Foundation
import Ledger
import Testing

@testable import Reports

struct AnnualReportTests {
    private func outcome(
        _ number: Int, revision: Int = 1, date: String = "2024-05-06", causes: [Request.ProbableCause]? = nil,
        line: String? = "item 1"
    ) throws -> Outcome {
        let request = Request(
            requestID: "00000000-0000-4000-8000-00000000000\(number)", revision: revision,
            receivedBy: .init(agency: "boston-police", station: "C-11"), receipt: .init(channel: .fax),
            form: .init(kind: .i247A, probableCause: causes))
        func given(_ rule: String) -> GivenAnswer { GivenAnswer(answer: .decline, rule: rule) }
        return Outcome(
            request: request,
            decision: line.map {
                Decision(
                    hold: given("H2"), transfer: given("T2"), notify: given("N2"), reportLine: $0, reportRule: "R",
                    facts: [], policyName: "p", policyDigest: "d")
            },
            date: RequestDate(date: try #require(CivilDate(date)), basis: .received),
            pseudonyms: Pseudonyms(keyID: "k"), contentKey: "c\(revision)", recordedAt: Moment(secondsSinceEpoch: 0),
            traceparent: nil, jurisdiction: "boston")
    }

    private func union(_ workers: [[Outcome]]) throws -> ValueUnion<Outcome> {
        let directory = FileManager.default.temporaryDirectory.path + "/report-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (number, outcomes) in workers.enumerated() {
            var opening = try LedgerWriter.open(
                directory: directory, worker: "w\(number)", now: Moment(secondsSinceEpoch: 0))
            _ = try opening.writer.append(
                outcomes.map { $0.json() }, announcedThrough: 0, now: Moment(secondsSinceEpoch: 0))
            opening.takeWriter().close()
        }
        return try LedgerUnion.read([directory]).outcomes
    }

    @Test func eachRequestCountsOnceByItsLatestRevisionInItsYear() throws {
        let union = try union([
            [
                try outcome(1, causes: [.finalOrder, .biometricMatch]), try outcome(2, date: "2023-12-31"),
                try outcome(3, line: "other requests"), try outcome(4, line: nil), try outcome(5),
            ],
            [
                try outcome(1, causes: [.finalOrder, .biometricMatch]),
                try outcome(5, revision: 2, causes: [.finalOrder]),
            ],
        ])
        #expect(union.repeats == 1)
        #expect(union.conflicts.isEmpty)
        let report = try Self.report(2024, union.sorted().map(\.value))
        #expect(report.tally["requests", "total"] == 2)
        #expect(report.tally["requests", "byReason", "removable-alien"] == 2)
        #expect(report.tally["requests", "removableAlienBases", "final-order"] == 2)
        #expect(report.tally["requests", "removableAlienBases", "biometric-match"] == 1)
        #expect(report.tally["otherRequests", "total"] == 1)
        #expect(report.tally["notOurs"] == 1)
        #expect(try Self.report(2023, union.sorted().map(\.value)).tally["requests", "total"] == 1)
        #expect(report.json()["requests"]?["total"] == 2)
    }

    static func report(
        _ year: Int, _ outcomes: [Outcome], _ records: [CaseRecord] = [], rule: CountingRule = .forms,
        timeZone: TimeZoneName? = nil, keepsUnits: Bool = false
    ) throws -> AnnualReport {
        AnnualReport(
            Casebook(outcomes: outcomes, records: records), period: try #require(Period(year: year)),
            jurisdiction: "boston", rule: rule, timeZone: timeZone,
            asOf: Moment(secondsSinceEpoch: 1_767_225_600), keepsUnits: keepsUnits)
    }

    @Test func differentContentUnderOneIdIsAConflictAndTheEarliestStands() throws {
        let first = try outcome(1)
        var second = try outcome(1)
        second.contentKey = "other"
        second.recordedAt = Moment(secondsSinceEpoch: 60)
        for order in [[[first], [second]], [[second], [first]]] {
            let union = try union(order)
            #expect(union.conflicts == [first.identity])
            #expect(union[first.identity]?.value.contentKey == first.contentKey)
        }
    }

    @Test func aListThatNobodyReadsIsLeftOut() throws {
        let many = try (0...AnnualReport.mostListed).map { number in
            var outcome = try Files.request(number)
            outcome.date = RequestDate(date: try #require(CivilDate("2023-05-06")), basis: .received)
            return outcome
        }
        #expect(try Self.report(2023, many.dropLast()).listed?.count == AnnualReport.mostListed)
        let report = try Self.report(2023, many)
        #expect(report.listed == nil && report.tally["requests", "total"] == many.count)
    }

    @Test func anEmptyYearIsAllZeros() throws {
        let report = try Self.report(2024, [])
        for path in ["requests", "detained", "transferred", "reimbursements"] {
            #expect(report.json()[path]?["total"] == 0)
        }
        #expect(report.tally.paths.allSatisfy { report.tally[$0] == 0 })
    }

    @Test func anEpisodeIsInItemOneWhicheverOfItsFormsCameFirst() throws {
        func notice(_ date: String) throws -> Outcome {
            var notice = try Files.request(1, booking: "B1", formDate: date, date: date, line: "other requests")
            notice.formKind = .i247G
            notice.station = "B-2"
            notice.channel = .email
            notice.probableCause = [.pendingProceedings]
            return notice
        }
        let detainer = try Files.request(2, booking: "B1", formDate: "2024-05-06", date: "2024-05-06")
        for date in ["2023-12-31", "2024-05-05", "2024-05-07", "2025-01-01"] {
            let report = try Self.report(2024, [try notice(date), detainer], rule: .episodes)
            let figures = report.tally
            #expect(figures["requests", "total"] == 1 && figures["otherRequests", "total"] == 0)
            #expect(figures["requests", "laterFormsInAnEpisode"] == 1 && figures["requests", "byForm", "I-247A"] == 1)
            #expect(figures["requests", "byStation", "C-11"] == 1 && figures["requests", "byChannel", "fax"] == 1)
            #expect(figures["requests", "byMonth", "05"] == 1)
            #expect(figures.below("requests", "removableAlienBases").map(\.count) == [1, 0, 0, 0])
            #expect(report.listed?.map(\.requestID) == [detainer.identity.requestID])
        }
        // It counts in the year of the detainer alone, and an auditor of the other year sees why.
        let earlier = try Self.report(2023, [try notice("2023-12-31"), detainer], rule: .episodes, keepsUnits: true)
        #expect(earlier.tally["otherRequests", "total"] == 0 && earlier.tally["requests", "total"] == 0)
        #expect(earlier.context.count == 2)
        // What can be read on a later form tells nothing of the first.
        var unread = detainer
        unread.formKind = .unknown
        for date in ["2024-05-05", "2024-05-07"] {
            let figures = try Self.report(2024, [try notice(date), unread], rule: .episodes).tally
            #expect(figures["requests", "total"] == 1 && figures["requests", "byForm", "unknown"] == 1)
        }
        let alone = try Self.report(2024, [try notice("2024-05-05")], rule: .episodes).tally
        #expect(alone["otherRequests", "total"] == 1 && alone["requests", "total"] == 0)
    }

    @Test func whatWasFoundOnALaterDayIsToldByTheClocksOfTheZone() throws {
        let zone = try #require(TimeZoneName("America/New_York"))
        func isLate(_ received: String, _ found: String, in zone: TimeZoneName?) throws -> Bool {
            var request = try Files.request(1)
            request.receivedAt = Moment(text: received)
            request.foundAt = Moment(text: found)
            return try Self.report(2024, [request], timeZone: zone).tally["requests", "foundLate"] == 1
        }
        // Ten to midnight there, and the next morning.
        #expect(try isLate("2024-05-07T03:50:00Z", "2024-05-07T09:00:00-04:00", in: zone))
        // Half an hour, within one evening there.
        #expect(try !isLate("2024-05-06T22:00:00-04:00", "2024-05-07T02:30:00Z", in: zone))
        // Of bare days, of a day and a time, and without a zone: the days as they are written.
        #expect(try isLate("2024-05-06", "2024-05-07", in: zone) && !isLate("2024-05-06", "2024-05-06", in: zone))
        #expect(try isLate("2024-05-06", "2024-05-07T02:30:00Z", in: zone))
        #expect(try !isLate("2024-05-07T03:50:00Z", "2024-05-07", in: zone))
        #expect(try !isLate("2024-05-07T03:50:00Z", "2024-05-07T09:00:00-04:00", in: nil))
        let report = try Self.report(2024, [], timeZone: zone)
        #expect(report.json()["counting"]?["timeZone"] == "America/New_York")
    }
}
