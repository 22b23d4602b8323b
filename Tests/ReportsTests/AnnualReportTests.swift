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
        let report = AnnualReport(year: 2024, outcomes: union)
        #expect(report.requests == 2)
        #expect(report.removableAlien == 2)
        #expect(report.bases == [.finalOrder: 2, .biometricMatch: 1])
        #expect(report.otherRequests == 1)
        #expect(report.notOurs == 1)
        #expect(AnnualReport(year: 2023, outcomes: union).requests == 1)
        #expect(report.json()["requests"]?["total"] == 2)
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

    @Test func anEmptyYearIsAllZeros() {
        let report = AnnualReport(year: 2024, outcomes: ValueUnion<Outcome>())
        for path in ["requests", "detained", "transferred", "reimbursements"] {
            #expect(report.json()[path]?["total"] == 0)
        }
    }
}
