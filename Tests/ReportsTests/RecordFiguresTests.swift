import Detainers
import Testing

@testable import Reports

/// What people did, counted: individuals and not records, in the period of the record and not of its request.
struct RecordFiguresTests {
    private func tally(_ outcomes: [Outcome], _ records: [CaseRecord], year: Int = 2024) throws -> Tally {
        try AnnualReportTests.report(year, outcomes, records).tally
    }

    private func detained(_ reason: CaseDetail.DetentionReason = .criminalWarrant) -> CaseDetail {
        .detained(reason, from: nil, until: nil)
    }

    @Test func individualsAreCountedOnceHoweverManyRecordsTellOfThem() throws {
        let requests = [try Files.request(1, file: "A1", name: "N1"), try Files.request(2)]
        let figures = try tally(
            requests,
            [
                try Files.record(1, detained(), about: 1), try Files.record(2, detained(.judicialOrder), file: "A1"),
                // The same person by another key, which the form joins.
                try Files.record(3, detained(), name: "N1"), try Files.record(4, detained(), about: 2),
                // Nobody says who.
                try Files.record(5, detained(.unknown)), try Files.record(6, detained(.unknown)),
            ])
        #expect(figures["detained", "total"] == 4)
        #expect(figures["detained", "byReason", "criminal-warrant"] == 2)
        #expect(figures["detained", "byReason", "judicial-order"] == 1)
        #expect(figures["detained", "byReason", "unknown"] == 2)
        #expect(figures["records", "total"] == 6 && figures["records", "orphans"] == 4)
    }

    @Test func twoANumbersAreTwoIndividualsWhateverNameTheyShare() throws {
        var requests = [
            try Files.request(1, file: "A1", name: "N1"), try Files.request(2, file: "A2", name: "N1"),
            // Of which of the two nobody knows, and so of neither, whichever comes first.
            try Files.request(3, name: "N1", formDate: "2024-08-05"),
            // By another spelling, which hangs together with them by the number alone.
            try Files.request(4, file: "A1", name: "N2", formDate: "2024-09-05"),
        ]
        let records = try (1...4).map { try Files.record($0, detained(), about: $0) }
        for _ in 1...20 {
            requests.shuffle()
            #expect(try tally(requests, [])["requests", "individualsNotHonored"] == 3)
            #expect(try tally(requests, records.shuffled())["detained", "total"] == 3)
        }
        // Without the second one the name is known to be the first one's.
        let others = requests.filter { $0.pseudonyms.fileNumber != "A2" }
        #expect(try tally(others, [])["requests", "individualsNotHonored"] == 1)
    }

    @Test func aRecordIsOfTheIndividualThatItsFormNames() throws {
        let requests = [try Files.request(1, file: "A1"), try Files.request(2, file: "A2", formDate: "2024-06-05")]
        let records = [
            try Files.record(1, detained(), about: 1), try Files.record(2, detained(), about: 1, file: "A2"),
            try Files.record(3, detained(), about: 2), try Files.record(4, detained(), file: "A2"),
        ]
        #expect(try tally(requests, records)["detained", "total"] == 2)
        #expect(try tally(requests, records.reversed())["detained", "total"] == 2)
    }

    @Test func anEpisodeOfTwoANumbersIsOfNeither() throws {
        let requests = [
            try Files.request(1, file: "A1", booking: "B1"), try Files.request(2, file: "A2", booking: "B1"),
            try Files.request(3, file: "A1", booking: "B2", formDate: "2024-06-05"),
            try Files.request(4, file: "A2", booking: "B3", formDate: "2024-06-05"),
        ]
        let figures = try AnnualReportTests.report(2024, requests, rule: .episodes).tally
        #expect(figures["requests", "notHonored"] == 3 && figures["requests", "individualsNotHonored"] == 3)
    }

    @Test func aRecordCountsInItsOwnYear() throws {
        let requests = [try Files.request(1, file: "A1")]
        let paid = try Files.record(1, .reimbursement(cents: 120_050), about: 1, date: "2025-02-03")
        #expect(try tally(requests, [paid])["reimbursements", "cents"] == 0)
        let report = try AnnualReportTests.report(2025, requests, [paid])
        #expect(report.tally["reimbursements", "cents"] == 120_050 && report.tally["requests", "total"] == 0)
        #expect(report.reimbursements.map(\.requestID) == [requests[0].identity.requestID])
        #expect(report.json()["reimbursements"]?["total"] == .number("1200.50"))
    }

    @Test func aCancelledRequestWasLodgedAllTheSame() throws {
        let figures = try tally(
            [try Files.request(1), try Files.request(2)],
            [
                try Files.record(1, .cancellation(.notDeportable), about: 1),
                try Files.record(2, .cancellation(.unknown), about: 9),
            ])
        #expect(figures["requests", "total"] == 2 && figures["requests", "cancelled"] == 1)
        #expect(figures["records", "cancellationsOfUnknownRequests"] == 1)
    }

    @Test func whatAForeignAgencyRecordsIsToldAndCountsNowhere() throws {
        var foreign = try Files.record(1, detained(), about: 1)
        foreign.isOurs = false
        let figures = try tally([try Files.request(1)], [foreign])
        #expect(figures["records", "notOurs"] == 1 && figures["records", "total"] == 0)
        #expect(figures["detained", "total"] == 0 && figures["requests", "notHonored"] == 1)
    }

    @Test func individualsWhoseRequestsWereNotHonoredAreCountedOnce() throws {
        let requests = [
            try Files.request(1, file: "A1"),
            try Files.request(2, file: "A1", formDate: "2024-08-05", date: "2024-08-06"),
            // By another key, which the third form joins to the first.
            try Files.request(3, file: "A1", name: "N1", formDate: "2024-09-05"),
            try Files.request(4, name: "N1", formDate: "2024-10-05"),
            try Files.request(5), try Files.request(6, file: "A6"),
        ]
        let figures = try tally(requests, [try Files.record(1, detained(), about: 6)])
        #expect(figures["requests", "notHonored"] == 5 && figures["requests", "individualsNotHonored"] == 2)
    }

    @Test func whatIsAddedLaterMovesNothingIntoAnotherYear() throws {
        func undated(_ revision: Int, _ date: String) throws -> Outcome {
            var outcome = try Files.request(1, date: date)
            outcome.date.basis = .recorded
            outcome.identity = RequestIdentity(requestID: outcome.identity.requestID, revision: revision)
            return outcome
        }
        let requests = [try undated(1, "2024-11-03"), try undated(2, "2025-01-10")]
        let records = [
            try Files.record(1, detained(), about: 1, date: "2024-12-30"),
            try Files.record(1, detained(.judicialOrder), about: 1, date: "2025-01-10", revision: 2),
        ]
        for (outcomes, records) in [(requests, records), (requests.reversed(), records.reversed())] {
            let figures = try tally(outcomes, records)
            #expect(figures["requests", "total"] == 1 && figures["detained", "byReason", "judicial-order"] == 1)
            let later = try tally(outcomes, records, year: 2025)
            #expect(later["requests", "total"] == 0 && later["detained", "total"] == 0)
        }
        // Where the later one knows its day, it counts by that.
        var dated = try Files.request(1, date: "2025-01-02")
        dated.identity = RequestIdentity(requestID: dated.identity.requestID, revision: 3)
        #expect(try tally(requests + [dated], records)["requests", "total"] == 0)
    }

    @Test func aReentryArrestIsInNoOtherFigure() throws {
        let figures = try tally([try Files.request(1)], [try Files.record(1, .reentryArrest, about: 1)])
        #expect(figures["reentryArrests", "total"] == 1 && figures["detained", "total"] == 0)
    }

    @Test func aCorrectedRecordCountsAsItWasCorrectedAndAWithdrawnOneNowhere() throws {
        let figures = try tally(
            [try Files.request(1)],
            [
                try Files.record(1, .reimbursement(cents: 100), about: 1),
                try Files.record(1, .reimbursement(cents: 250), about: 1, revision: 2),
                try Files.record(2, detained(), about: 1),
                try Files.record(2, detained(), about: 1, revision: 2, withdrawn: true),
            ])
        #expect(figures["reimbursements", "cents"] == 250 && figures["detained", "total"] == 0)
        #expect(figures["records", "total"] == 1 && figures["records", "withdrawn"] == 1)
    }

    @Test func decisionsOfPersonsCloseReferralsAndAreTold() throws {
        let requests = [try Files.request(1, refer: true), try Files.request(2, refer: true)]
        let complied = CaseDetail.ReferralDecision(hold: .complied, notify: .declined, basis: CaseDetail.Paper.none)
        let figures = try tally(requests, [try Files.record(1, .referralDecision(complied), about: 1)])
        #expect(figures["referrals", "open"] == 1 && figures["referrals", "decided"] == 1)
        #expect(figures["decisions", "complied"] == 1 && figures["decisions", "declined"] == 1)
        #expect(figures["decisions", "compliedWithoutAPaper"] == 1)
    }

    @Test func everyUnitOfEveryFigureIsKeptWhereItIsAskedFor() throws {
        let outcomes = [
            try Files.request(1, file: "A1"), try Files.request(2, file: "A1", date: "2024-05-09"),
            try Files.request(3, refer: true), try Files.request(4, line: "other requests"),
        ]
        let records = [
            try Files.record(1, detained(), about: 3),
            try Files.record(2, .referralDecision(.init(hold: .declined)), about: 3),
            try Files.record(3, .transferred(.judicialWarrant), about: 3), try Files.record(4, .reentryArrest),
        ]
        let tally = try AnnualReportTests.report(2024, outcomes, records, keepsUnits: true).tally
        for path in tally.paths { #expect(tally.units[path]?.count ?? 0 == tally[path], "\(path)") }
        #expect(tally.units[["requests", "total"]]?.map(\.count) == [2, 1])
        #expect(try AnnualReportTests.report(2024, outcomes, records).tally.units.isEmpty)
    }
}
