import Foundation
import Testing

/// Reports over ledgers that real workers wrote.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct ReportTests {
    /// What Boston's commissioners reported, year by year.
    private static let reported = [2021: 2, 2022: 12, 2023: 19, 2024: 15, 2025: 57]

    private static func site(_ messages: [String]) async throws -> Site {
        let site = try Site()
        try await site.apply()
        try await site.submit(messages)
        try await site.drain()
        return site
    }

    static func sample(_ name: String) throws -> [String] {
        try String(contentsOfFile: Binary.repository + "/config/samples/" + name, encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    private static func json(_ site: Site, _ arguments: String...) async throws -> [String: Any] {
        let result = try await site.binary.run(["report", "annual", "--format", "json"] + arguments)
        try #require(result.code == 0, "\(result.errors)")
        return try #require(try result.objects().first)
    }

    private static func number(_ report: [String: Any], _ path: String...) throws -> Int {
        var value: Any = report
        for name in path { value = try #require((value as? [String: Any])?[name], "\(path)") }
        return try #require(value as? Int)
    }

    @Test func theYearsGiveTheFiguresThatWereReportedZerosIncluded() async throws {
        let site = try await Self.site(try Self.sample("requests-2021-2025.jsonl"))
        for year in 2020...2026 {
            let report = try await Self.json(site, "--year", String(year))
            #expect(try Self.number(report, "requests", "total") == Self.reported[year] ?? 0)
            #expect(try Self.number(report, "requests", "byReason", "removable-alien") == Self.reported[year] ?? 0)
            #expect(try Self.number(report, "requests", "notHonored") == Self.reported[year] ?? 0)
            for item in ["detained", "transferred", "reimbursements"] {
                #expect(try Self.number(report, item, "total") == 0)
            }
            #expect(try Self.number(report, "dispositions", "not_acted_upon") == Self.reported[year] ?? 0)
        }
        let quarters = try await (1...4).asyncMap { quarter in
            try Self.number(try await Self.json(site, "--quarter", "2025-Q\(quarter)"), "requests", "total")
        }
        #expect(quarters.reduce(0, +) == 57 && quarters.allSatisfy { $0 > 0 })
        let days = try await Self.json(site, "--from", "2024-12-01", "--to", "2025-01-31")
        #expect(try Self.number(days, "requests", "total") > 0)
        let early = try await Self.json(site, "--year", "2025", "--as-of", "2026-01-01T00:00:00Z")
        // None of them was on record by then.
        #expect(try Self.number(early, "requests", "total") == 0)
        await site.remove()
    }

    @Test func everyFormatTellsTheSameNumbersInTheTermsOfTheLaw() async throws {
        let records = [
            recordJSON(
                1, "detained", about: #""requestId":"00000000-0000-4000-8000-000000000001""#,
                detail: #""reason":"criminal-warrant""#),
            recordJSON(
                2, "reimbursement", about: #""requestId":"00000000-0000-4000-8000-000000000001""#,
                detail: #""cents":123456"#),
            recordJSON(3, "transferred", detail: #""authority":"judicial-warrant""#),
        ]
        let site = try await Self.site((1...3).map { requestJSON($0) } + records)
        let year = ["report", "annual", "--year", "2025", "--format"]
        let text = try await site.binary.run(year + ["text"])
        for line in [
            "given for the request: 3", "the reason supporting the detention: 1",
            "A criminal warrant issued by a judicial",
            "Individuals transferred to ICE custody: 1", "by individual case: $1,234.56",
            "Case 1, received 5 March 2025",
            "whose request is not on record, counted all the same: 1.", "Boston Trust Act",
        ] { #expect(text.output.contains(line), "\(line)\n\(text.output)") }
        let markdown = try await site.binary.run(year + ["markdown"])
        #expect(markdown.output.contains("by the reason given for the request:** 3"))
        #expect(markdown.output.contains("| not stated | 3 |"))
        let csv = try await site.binary.run(year + ["csv"])
        #expect(csv.output.contains("requests.total,3\r\n") && csv.output.contains("reimbursements.cents,123456\r\n"))
        let html = try await site.binary.run(year + ["html"])
        #expect(html.output.contains("<strong>$1,234.56</strong>") && !html.output.contains("<script"))
        #expect(html.output.contains("To the City Clerk") && html.output.contains("<svg role=\"img\""))
        let letter = try #require(html.output.split(separator: "class=\"annex\"").first)
        #expect(!letter.contains("sha-256"))
        // The published copy has no list and no small number.
        let published = try await site.binary.run(year + ["html", "--copy", "published"])
        #expect(!published.output.contains("2025-03-04") && html.output.contains("2025-03-04"))
        #expect(published.output.contains("Requests by station: left out"))
        for format in ["json", "csv"] {
            let refused = try await site.binary.run(year + [format, "--copy", "published"])
            #expect(refused.code == 64 && refused.errors.contains("hold every small number") && refused.output.isEmpty)
        }
        await site.remove()
    }

    @Test func otherLawsHaveTheirOwnTerms() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        try site.makeLedger()
        for (jurisdiction, words) in [
            (
                "illinois",
                ["5 ILCS 805", "No immigration detainer and no civil immigration warrant was received.", "I certify"]
            ),
            ("new-york-city", ["14-154", "Individuals held beyond the time of release: 0", "not honored: 0"]),
            ("chicago", ["2-173-020", "None was received."]),
            ("somerville", ["Requests lodged: 0", "To the City Clerk"]),
        ] {
            let result = try await site.binary.run(
                "report", "annual", "--quarter", "2025-Q1", "--jurisdiction", jurisdiction)
            #expect(result.code == 0, "\(result.errors)")
            for word in words { #expect(result.output.contains(word), "\(word)\n\(result.output)") }
        }
        let wrong = try site.scratch.write("form.yaml", "form: x\nletterheads: []\n")
        let refused = try await site.binary.run("report", "annual", "--year", "2025", "--form", wrong)
        #expect(refused.code == 78 && refused.errors.contains("`letterheads` is no member of a report's form"))
    }

    @Test func aLaterReportOfTheSameDaysIsAmendedAndListsWhatChanged() async throws {
        let site = try await Self.site((1...3).map { requestJSON($0) })
        let filed = try await site.binary.run(
            "report", "annual", "--year", "2025", "--filed-by", "police-commissioner")
        #expect(filed.code == 0 && filed.errors.contains("filed as number 1") && !filed.output.contains("Amended"))
        // A fax that was found late.
        try await site.submit([requestJSON(4)])
        try await site.drain()
        let amended = try await site.binary.run(
            "report", "annual", "--year", "2025", "--filed-by", "police-commissioner")
        #expect(amended.output.contains("Amended report. It replaces the report filed on"))
        #expect(amended.output.contains("requests, total") && amended.errors.contains("filed as number 2"))
        let json = try await Self.json(site, "--year", "2024")
        #expect(json["amends"] == nil)
        let filings = try await site.binary.run("report", "filings", "--format", "json").objects()
        #expect(filings.map { $0["number"] as? Int } == [1, 2])
        #expect(try Self.number(filings[0], "report", "requests", "total") == 3)
        #expect(try await site.binary.run("ledger", "verify").code == 0)
        await site.remove()
    }

    @Test func aReferralIsListedAndDecidedByAPerson() async throws {
        let warrant =
            #","subject":{"fileNumber":"A000000001"},"attachments":[{"kind":"criminal-warrant","#
            + #""issuer":"judge","standing":"verified","namesSubject":"yes","verifiedBy":"watch-commander"}]}"#
        let referred = String(
            requestJSON(1, more: #","asks":{"hold":"yes","transfer":"yes","notice":"yes"}"#).dropLast())
        let site = try await Self.site([referred + warrant, requestJSON(2)])
        let listed = try await site.binary.run("referrals", "list", "--format", "json").objects()
        #expect(listed.count == 1)
        let id = try #require(listed.first?["requestId"] as? String)
        #expect((listed.first?["asked"] as? [String: String])?["hold"] != nil)
        let bare = try await site.binary.run(
            "referrals", "decide", id, "--by", "shift-supervisor", "--hold", "complied")
        #expect(bare.code == 65 && bare.errors.contains("/detail/basis"))
        let named = try await site.binary.run("referrals", "decide", id, "--by", "Sgt. Marked", "--hold", "declined")
        #expect(named.code == 65 && !named.errors.contains("Marked"))
        let decided = try await site.binary.run(
            "referrals", "decide", id, "--by", "shift-supervisor", "--hold", "declined")
        #expect(decided.code == 0, "\(decided.errors)")
        try await site.drain()
        #expect(try await site.binary.run("referrals", "list", "--format", "json").output.isEmpty)
        let all = try await site.binary.run("referrals", "list", "--all")
        #expect(all.output.contains("hold declined, by shift-supervisor"))
        let again = try await site.binary.run(
            "referrals", "decide", id, "--by", "shift-supervisor", "--hold", "declined")
        #expect(again.code == 1 && again.errors.contains("it was decided by shift-supervisor"))
        let report = try await Self.json(site, "--year", "2025")
        #expect(try Self.number(report, "referrals", "open") == 0)
        #expect(try Self.number(report, "referrals", "decided") == 1)
        await site.remove()
    }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
