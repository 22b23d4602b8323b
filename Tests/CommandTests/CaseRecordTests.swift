import Foundation
import Testing

/// Records of cases come the same way as requests: read, recorded, announced, deduplicated, dead-lettered.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct CaseRecordTests {
    private static let kinds = [
        ("cancellation", ""), ("referral-decision", #""hold":"declined""#),
        ("detained", #""reason":"criminal-warrant""#), ("transferred", #""authority":"judicial-warrant""#),
        ("reimbursement", #""cents":120050"#), ("custody-outcome", #""outcome":"bailed""#), ("reentry-arrest", ""),
    ]

    @Test func everyKindIsRecordedAnnouncedAndKnownAgain() async throws {
        let site = try Site()
        try await site.apply()
        let records = Self.kinds.enumerated().map { recordJSON($0.offset + 1, $0.element.0, detail: $0.element.1) }
        try await site.submit(records + [requestJSON(1)] + records)
        try await site.drain()
        // Another run, which knows them from its ledger.
        try await site.submit(records)
        try await site.drain()
        for (kind, _) in Self.kinds {
            let listed = try await site.binary.run("ledger", "list", "--kind", kind, "--format", "json")
            #expect(try listed.objects().map { $0["kind"] as? String } == [kind])
            let text = try await site.binary.run("ledger", "list", "--kind", kind)
            #expect(text.code == 0 && text.output.contains("shift-supervisor"))
        }
        let events = try await site.events()
        #expect(events.count == Self.kinds.count + 1)
        #expect(Set(events.compactMap { $0["id"] as? String }).count == Self.kinds.count + 1)
        #expect(events.count { $0["type"] as? String == "detainer.record.1" } == Self.kinds.count)
        let verified = try await site.binary.run("ledger", "verify", "--format", "json")
        #expect(verified.code == 0)
        let found = try #require(try verified.objects().first)
        let auditors = try await Binary.script("deploy/audit/verify-ledger", [site.ledger])
        let theirs = try #require(try auditors.objects().first)
        for name in ["outcomes", "records", "repeats", "conflicts"] {
            #expect(found[name] as? Int == theirs[name] as? Int, "\(name)")
        }
        #expect(found["records"] as? Int == Self.kinds.count)
        await site.remove()
    }

    @Test func aRecordIsShownAndTracedByItsIdAndByItsRequests() async throws {
        let site = try Site()
        try await site.apply()
        let about = #""requestId":"00000000-0000-4000-8000-000000000001""#
        let record = recordJSON(1, "detained", about: about, detail: #""reason":"criminal-warrant""#)
        try await site.submit([requestJSON(1), record])
        try await site.drain()
        for id in ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-9000-000000000001"] {
            let shown = try await site.binary.run("ledger", "show", id)
            #expect(shown.code == 0 && shown.output.contains("tells        detained: criminal-warrant"))
            let traced = try await site.binary.run("trace", id)
            #expect(traced.code == 0 && traced.output.contains("detained (criminal-warrant) told by shift-supervisor"))
        }
        let unknown = try await site.binary.run("ledger", "show", "00000000-0000-4000-9000-000000000009")
        #expect(unknown.code == 1 && unknown.errors.contains("nothing of that id is on file"))
        await site.remove()
    }

    @Test func whatContradictsARecordOrCannotBeReadIsADeadLetter() async throws {
        let site = try Site()
        try await site.apply()
        let first = recordJSON(1, "reimbursement", detail: #""cents":100"#)
        try await site.submit([
            first, first.replacing("100", with: "200"),
            recordJSON(2, "detained", detail: #""reason":"because""#),
            recordJSON(3, "reentry-arrest").replacing(
                "detainer.record/1", with: "detainer.record/7"),
            // The same id as a record's is another thing in a request.
            requestJSON(1).replacing("4000-8000", with: "4000-9000"),
        ])
        try await site.drain()
        let letters = try await site.letters()
        let reasons = letters.map { "\($0["reason"] ?? "") \($0["detail"] ?? "")" }.sorted()
        #expect(reasons.count == 3)
        #expect(reasons[0].hasPrefix("conflicting-duplicate /recordId: another content"))
        #expect(reasons[1].hasPrefix("schema /detail/reason: must be one of"))
        #expect(reasons[2] == "unsupported-version /schema: must be `detainer.record/1`")
        let plan = try await site.binary.run(
            "dead-letters", "plan", "--out", site.scratch.path + "/plan", "--format", "json")
        #expect(try plan.objects().first?["dies"] as? Int == 3)
        let validated = try site.scratch.write("record.json", first)
        let valid = try await site.binary.run("intake", "validate", validated, "--format", "json")
        #expect(try valid.objects().first?["recordId"] as? String == "00000000-0000-4000-9000-000000000001")
        await site.remove()
    }
}
