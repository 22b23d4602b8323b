import Foundation
import Testing

/// The records behind a report, counted again by the auditors' script.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct EvidenceTests {
    private static func form(_ number: Int, _ file: Int, date: String) -> String {
        String(requestJSON(number, more: #","formDate":"\#(date)","probableCause":["final-order"]"#).dropLast())
            + #","subject":{"fileNumber":"A00000000\#(file)"},"custody":{"bookingNumber":"B-\#(file)"}}"#
    }

    private static var messages: [String] {
        let about = #""bookingNumber":"B-1""#
        return [
            // One form faxed to two stations, a later one in the same episode, and others.
            form(1, 1, date: "2025-03-03"), form(2, 1, date: "2025-03-03"), form(3, 1, date: "2025-03-04"),
            form(4, 2, date: "2025-03-03"), requestJSON(5), requestJSON(6, agency: "elsewhere-police"),
            requestJSON(7).replacing("I-247A", with: "I-247G"),
            // For notice only, before the detainer of the same episode: together they are of item 1.
            form(9, 2, date: "2025-03-01").replacing("2025-03-04", with: "2025-03-01").replacing(
                "I-247A", with: "I-247G"),
            recordJSON(1, "detained", about: about, detail: #""reason":"criminal-warrant""#),
            recordJSON(2, "detained", about: about, detail: #""reason":"judicial-order""#),
            recordJSON(3, "transferred", about: about, detail: #""authority":"judicial-warrant""#),
            recordJSON(4, "reimbursement", about: about, detail: #""cents":1050"#),
            recordJSON(5, "reimbursement", detail: #""cents":50"#),
            recordJSON(6, "cancellation", about: #""bookingNumber":"B-2""#),
            recordJSON(7, "custody-outcome", about: #""bookingNumber":"B-2""#, detail: #""outcome":"bailed""#),
            recordJSON(8, "reentry-arrest"),
            // What was done in another year about a form of this one, and in this one about a form of another.
            recordJSON(
                10, "transferred", about: #""bookingNumber":"B-2""#, detail: #""authority":"none""#, at: "2026-01-04"),
            requestJSON(8).replacing("2025-03-04", with: "2024-12-30"),
            recordJSON(
                11, "detained", about: #""requestId":"00000000-0000-4000-8000-000000000008""#,
                detail: #""reason":"other""#),
            recordJSON(9, "reentry-arrest"),
            recordJSON(
                9, "reentry-arrest", more: #","revision":2,"correction":{"reason":"duplicate","withdrawn":"yes"}"#),
        ]
    }

    @Test func everyNumberLeadsToItsRecordsAndIsCountedAgain() async throws {
        let site = try Site()
        try await site.apply()
        #expect(try await site.binary.run("ledger", "keygen", "--name", "detainers.example.gov").code == 0)
        // Two workers: the same message in both ledgers is one record.
        try await site.submit(Self.messages)
        try await site.drain()
        try await site.submit(Self.messages)
        let other = site.worker("w2")
        try await other.drain()
        for rule in ["forms", "episodes"] {
            var binary = site.binary
            binary.environment["DETAINER_REPORT_COUNTING_RULE"] = rule
            let folder = site.scratch.path + "/evidence-" + rule
            let written = try await binary.run(
                "report", "annual", "--year", "2025", "--evidence", folder, "--format", "json")
            #expect(written.code == 0 && !written.errors.contains("have no proof"), "\(written.errors)")
            let key = try #require(
                try FileManager.default.contentsOfDirectory(atPath: site.ledger).first { $0.hasSuffix(".pub") })
            let keyFile = ["--public-key", site.ledger + "/" + key]
            let counted = try await Binary.script("deploy/audit/recount", keyFile + [folder])
            #expect(counted.code == 0, "\(counted.output)")
            let found = try #require(try counted.objects().first)
            #expect(found["unproved"] as? Int == 0 && (found["figures"] as? Int ?? 0) > 50)
            // Nothing had to be taken on the report's word.
            let taken = try #require(found["taken"] as? [String: Int])
            #expect(taken.values.allSatisfy { $0 == 0 }, "\(taken)")
            let report = try #require(try written.objects().first)
            let total = (report["requests"] as? [String: Any])?["total"] as? Int
            #expect(total == (rule == "forms" ? 4 : 3))
            #expect((report["checkpoints"] as? [[String: Any]])?.count == 2)
            // A number that somebody changed, and a record that somebody changed, are found.
            let path = folder + "/report.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing(#""detained":{"total":2"#, with: #""detained":{"total":1"#).write(
                toFile: path, atomically: true, encoding: .utf8)
            let changed = try await Binary.script("deploy/audit/recount", keyFile + [folder])
            #expect(changed.code == 1 && changed.output.contains("detained.total"))
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let record = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder + "/records").first {
                    $0.hasSuffix(".json")
                })
            let line = try String(contentsOfFile: folder + "/records/" + record, encoding: .utf8)
            try line.replacing("boston", with: "bosten").write(
                toFile: folder + "/records/" + record, atomically: true, encoding: .utf8)
            #expect(try await Binary.script("deploy/audit/recount", keyFile + [folder]).code == 1)
        }
        let taken = try await site.binary.run(
            "report", "annual", "--year", "2025", "--evidence", site.scratch.path + "/evidence-forms")
        #expect(taken.code == 74 && taken.errors.contains("is there already"))
        await site.remove()
    }
}
