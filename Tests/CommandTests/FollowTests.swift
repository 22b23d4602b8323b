import AMQPClient
import Foundation
import Testing

/// The aggregator's own count, from events alone.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct FollowTests {
    private static func messages(_ numbers: ClosedRange<Int>) -> [String] {
        numbers.map { requestJSON($0) }
            + numbers.filter { $0.isMultiple(of: 10) }.map {
                recordJSON($0, "reimbursement", detail: #""cents":\#($0)"#)
            }
    }

    /// Follows until nothing comes any more.
    private static func follow(_ site: Site, _ folder: String) async throws -> [String: Int] {
        let result = try await site.binary.run(
            "report", "follow", "--into", folder, "--exit-when-idle", "3", "--format", "json")
        try #require(result.code == 0, "\(result.errors)")
        return try #require(try result.objects().first as? [String: Int])
    }

    @Test func theAggregatorsCountIsTheLedgersUnderRepeatsReorderingAndRestarts() async throws {
        let site = try Site()
        try await site.apply()
        let folder = site.scratch.path + "/aggregator"
        try await site.submit(Self.messages(1...40))
        try await site.drain()
        #expect(try await Self.follow(site, folder)["events"] == 44)
        // Another worker records some of them again, in another order, and more.
        try await site.submit(Self.messages(30...60).reversed())
        try await site.worker("w2").drain()
        // What was taken from the queue comes again behind all others, twice, and something that is no event.
        let taken = try await site.take(site.reportQueue)
        try await site.publish(taken.reversed() + taken + [.init(body: Array("no event".utf8))], to: "outcomes")
        let summary = try await Self.follow(site, folder)
        #expect(summary["unreadable"] == 1 && summary["events"] == 2 * taken.count)
        let compared = try await site.binary.run("report", "compare", "--with", folder, "--format", "json")
        #expect(compared.code == 0, "\(compared.output)")
        #expect(try compared.objects().first?["equal"] as? Int == 66)
        var reports: [String] = []
        for ledger in [site.ledger, folder] {
            let report = try await site.binary.run(
                "report", "annual", "--year", "2025", "--ledger", ledger, "--format", "csv")
            reports.append(report.output)
        }
        #expect(reports[0] == reports[1] && reports[0].contains("requests.total,60\r\n"))
        // An event that never came, and a ledger that was cut short, are told.
        try await site.submit([requestJSON(61)])
        try await site.drain()
        let missing = try await site.binary.run("report", "compare", "--with", folder)
        #expect(missing.code == 1 && missing.output.contains("in the ledgers alone: request"))
        #expect(missing.output.contains("another figure: boston 2025 requests.total"))
        #expect(try await Self.follow(site, folder)["events"] == 1)
        try FileManager.default.removeItem(atPath: site.ledger + "/w2")
        let cut = try await site.binary.run("report", "compare", "--with", folder)
        #expect(cut.code == 1 && cut.output.contains("at the aggregator alone"))
        await site.remove()
    }

    /// Whoever may publish to the exchange can send what no line holds, and what no worker would.
    @Test func largeMessagesThatAreNoEventsStopNothingAndAreKeptWhole() async throws {
        let site = try Site()
        try await site.apply()
        let folder = site.scratch.path + "/aggregator"
        let sizes = [1_200_000, AMQPConnection.maximumBodyBytes + 1]
        try await site.submit([requestJSON(1)])
        try await site.drain()
        try await site.publish(
            sizes.map { Message(body: [UInt8](repeating: UInt8(ascii: "x"), count: $0)) }, to: "outcomes")
        try await site.submit([requestJSON(2)])
        try await site.drain()
        let summary = try await Self.follow(site, folder)
        #expect(summary["events"] == 2 && summary["unreadable"] == 2)
        #expect(try await site.waiting(site.reportQueue) == 0)
        let bodies = folder + "/aggregate/bodies"
        let kept = try FileManager.default.contentsOfDirectory(atPath: bodies).map { name in
            FileManager.default.contents(atPath: bodies + "/" + name)?.count ?? 0
        }
        #expect(kept.sorted() == sizes)
        #expect(try await site.binary.run("ledger", "verify", "--ledger", folder).code == 0)
        let compared = try await site.binary.run("report", "compare", "--with", folder)
        #expect(compared.code == 0 && compared.output.hasPrefix("2 alike"), "\(compared.output)")
        await site.remove()
    }

    @Test func killedWhileItFollowsNothingIsLostAndNothingCountsTwice() async throws {
        let site = try Site()
        try await site.apply()
        let count = 3_000
        try await site.submit((1...count).map { requestJSON($0) })
        // A machine that is busy may deliver nothing for a second.
        try await site.drain(idleSeconds: 5)
        #expect(try await site.waiting(site.requestQueue) == 0)
        let folder = site.scratch.path + "/aggregator"
        let segment = folder + "/aggregate/segment-00000001.open.jsonl"
        func bytes() -> Int {
            // A file that is not there yet has no bytes.
            (try? FileManager.default.attributesOfItem(atPath: segment)[.size] as? Int) ?? 0
        }
        var killed = 0
        for _ in 1...3 {
            let before = bytes()
            let child = try site.binary.start(
                ["report", "follow", "--into", folder, "--exit-when-idle", "1"],
                errors: site.scratch.path + "/follow.log")
            try await eventually("it writes") { bytes() > before + 4_096 || !child.isRunning }
            if child.isRunning { killed += 1 }
            await child.killAndWait()
        }
        #expect(killed > 0)
        _ = try await Self.follow(site, folder)
        #expect(try await site.waiting(site.reportQueue) == 0)
        let compared = try await site.binary.run("report", "compare", "--with", folder, "--format", "json")
        let equal = try compared.objects().first?["equal"] as? Int
        #expect(compared.code == 0 && equal == count)
        #expect(try await site.binary.run("ledger", "verify", "--ledger", folder).code == 0)
        let second = try await site.binary.run("report", "compare", "--with", site.scratch.path + "/nowhere")
        #expect(second.code == 74)
        print("follow: killed \(killed) times, all \(count) events are counted once")
        await site.remove()
    }
}
