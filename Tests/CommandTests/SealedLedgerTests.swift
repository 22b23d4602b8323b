import Detainers
import Foundation
import Ledger
import Testing

/// A worker on a ledger of many sealed segments, which it does not read: what they hold it knows from what lies beside
/// them.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct SealedLedgerTests {
    /// A worker's ledger of requests 1 to 40, of which all but the last few stand in sealed segments.
    private func site() async throws -> Site {
        let site = try Site()
        try await site.apply()
        let file = try site.scratch.write("r.jsonl", (1...40).map { requestJSON($0) }.joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        try await site.drain()
        var records: [JSONValue] = []
        try LedgerReader(directory: site.ledger + "/w1").records { record in
            guard let members = record.value.objectValue?.filter({ $0.name != "check" }) else { return }
            records.append(.object(members))
        }
        try FileManager.default.removeItem(atPath: site.ledger + "/w1")
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 1_500
        let now = Moment(secondsSinceEpoch: 1_750_000_000)
        var writer = try LedgerWriter.open(
            directory: site.ledger, worker: "w1", configuration: configuration, now: now
        ).takeWriter()
        for (number, record) in records.enumerated() {
            _ = try writer.append([record], announcedThrough: UInt64(number + 1), now: now)
        }
        writer.close()
        return site
    }

    private func names(_ site: Site, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: site.ledger + "/w1").filter { $0.hasSuffix(suffix) }
    }

    @Test func repeatsAndConflictsOfSealedSegmentsAreKnownAfterEachStart() async throws {
        let site = try await site()
        let sealed = try names(site, ".jsonl").count - 1
        #expect(sealed > 15)
        for round in 1...2 {
            let same = try site.scratch.write("same.jsonl", (1...40).map { requestJSON($0) }.joined(separator: "\n"))
            let other = try site.scratch.write("other.json", requestJSON(round, more: #","issuingOffice":"OTHER""#))
            for file in [same, other] { #expect(try await site.binary.run("intake", "submit", file).code == 0) }
            try await site.drain()
            #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 40)
            let letters = try await site.binary.run("dead-letters", "list", "--format", "json").objects()
            #expect(
                letters.compactMap { $0["reason"] as? String }
                    == Array(repeating: "conflicting-duplicate", count: round))
        }
        #expect(try names(site, ".index").count == sealed)
        #expect(try names(site, ".run").contains("ids-00000001-00000008.run"))
        let verify = try await site.binary.run("ledger", "verify", "--format", "json")
        #expect(verify.output == #"{"outcomes":40,"repeats":0,"conflicts":0,"problems":[]}"# + "\n")
        await site.remove()
    }

    @Test func aTouchedSegmentIsCheckedInFullAndDamageIsRefusedWithFileAndLine() async throws {
        let site = try await site()
        try await site.drain()
        let path = site.ledger + "/w1/segment-00000002.jsonl"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var damaged = whole
        damaged[damaged.count / 2] ^= 1
        try damaged.write(to: URL(fileURLWithPath: path))
        let refused = try await site.binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(refused.code == 74 && refused.errors.contains("segment-00000002.jsonl`, line "), "\(refused.errors)")
        try whole.write(to: URL(fileURLWithPath: path))
        try await site.drain()
        await site.remove()
    }

    @Test func aDamagedRunIsTakenAwayAndMadeAgain() async throws {
        let site = try await site()
        #expect(try await site.binary.run("ledger", "index").code == 0)
        let path = site.ledger + "/w1/ids-00000001-00000008.run"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        // In the midst of its first block, which is read only when somebody asks.
        var damaged = whole
        damaged[400] ^= 1
        try damaged.write(to: URL(fileURLWithPath: path))
        let verify = try await site.binary.run("ledger", "verify")
        #expect(verify.code == 1 && verify.output.contains("ids-00000001-00000008.run"))
        #expect(try await site.binary.run("ledger", "index").output == "8 segments indexed\n")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
        try damaged.write(to: URL(fileURLWithPath: path))
        try await site.submit((1...5).map { requestJSON($0) })
        let ended = try await site.binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(ended.code == 74 && ended.errors.contains("ids-00000001-00000008.run"), "\(ended.errors)")
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 40)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
        #expect(try await site.binary.run("ledger", "verify").code == 0)
        await site.remove()
    }
}
