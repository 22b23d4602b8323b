import Detainers
import Foundation
import Ledger
import Testing

/// What a spreadsheet or another program is given, with the real binary and no broker.
struct LedgerExportTests {
    private static func outcome(_ number: Int, station: String?) -> Outcome {
        let request = Request(
            requestID: "00000000-0000-4000-8000-00000000000\(number)",
            receivedBy: .init(agency: "boston-police", station: station), receipt: .init(channel: .fax),
            form: .init(kind: .i247A, probableCause: [.finalOrder, .biometricMatch]))
        return Outcome(
            request: request, decision: nil,
            date: RequestDate(date: CivilDate(year: 2025, month: 1, day: number)!, basis: .recorded),
            pseudonyms: Pseudonyms(keyID: "test", fileNumber: "secret-link"), contentKey: "content",
            recordedAt: Moment(secondsSinceEpoch: 1_750_000_000), traceparent: nil, jurisdiction: "boston")
    }

    /// Two workers, of which both recorded the first request.
    private static func site() throws -> Site {
        let site = try Site(url: nil)
        let first = outcome(1, station: "B-2, \"Roxbury\"")
        let more = [outcome(2, station: "=1+1"), outcome(3, station: nil)]
        for (worker, outcomes) in [("w1", [first]), ("w2", [first] + more)] {
            var writer = try LedgerWriter.open(
                directory: site.scratch.path + "/ledger", worker: worker, now: Moment(secondsSinceEpoch: 1_750_000_000)
            ).takeWriter()
            _ = try writer.append(
                objects: outcomes.map { PreparedEntry(.outcome($0)).record }, announcedThrough: 0,
                now: Moment(secondsSinceEpoch: 1_750_000_000))
            writer.close()
        }
        return site
    }

    @Test func aSpreadsheetHasARowForEachRequestOnce() async throws {
        let site = try Self.site()
        defer { site.scratch.remove() }
        let file = site.scratch.path + "/outcomes.csv"
        let exported = try await site.binary.run("ledger", "export", file)
        #expect(exported.code == 0 && exported.output == "3 exported\n", "\(exported.errors)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let rows = try CSV.rows(text).map(\.fields)
        let header = try #require(rows.first)
        #expect(rows.count == 4 && rows.allSatisfy { $0.count == header.count })
        func column(_ name: String) throws -> [String] {
            let place = try #require(header.firstIndex(of: name))
            return rows.dropFirst().map { $0[place] }
        }
        #expect(try column("date") == ["2025-01-01", "2025-01-02", "2025-01-03"])
        // What would be a formula is text.
        #expect(try column("station") == ["B-2, \"Roxbury\"", "'=1+1", ""])
        #expect(try Set(column("form.probableCause")) == ["final-order biometric-match"])
        #expect(try Set(column("disposition")) == [Self.outcome(1, station: nil).disposition.rawValue])
        #expect(!text.contains("secret-link"))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // What is there is not replaced.
        let again = try await site.binary.run("ledger", "export", file)
        #expect(again.code != 0 && again.errors.contains("is there already"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test func jsonHasEachRecordAsItIsListed() async throws {
        let site = try Self.site()
        defer { site.scratch.remove() }
        let file = site.scratch.path + "/outcomes.jsonl"
        #expect(try await site.binary.run("ledger", "export", file, "--format", "json").code == 0)
        let listed = try await site.binary.run("ledger", "list", "--format", "json").output
        #expect(try String(contentsOfFile: file, encoding: .utf8) == listed && listed.contains("secret-link"))
        let wrong = try await site.binary.run("ledger", "export", file + "2", "--kind", "policy-load")
        #expect(wrong.code == 64)
        let none = site.scratch.path + "/detained.csv"
        #expect(try await site.binary.run("ledger", "export", none, "--kind", "detained").output == "0 exported\n")
        #expect(try String(contentsOfFile: none, encoding: .utf8).hasPrefix("date,kind,recordId,"))
    }
}
