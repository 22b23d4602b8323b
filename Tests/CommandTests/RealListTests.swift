import Foundation
import Testing

let iceList = ProcessInfo.processInfo.environment["DETAINER_TEST_ICE_LIST"]

/// The 410 detainers that ICE lodged in Massachusetts in its fiscal year 2015, through broker, worker, ledger and
/// events.
@Suite(
    .enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"),
    .enabled(if: iceList != nil, "DETAINER_TEST_ICE_LIST is not set: the released list is not on this machine"))
struct RealListTests {
    @Test func fourHundredAndTenDetainersAreDecidedOnce() async throws {
        let site = try Site()
        try await site.apply()
        let list = try #require(iceList)
        let converted = try await site.binary.run("intake", "convert", "--from", "ice-foia", list)
        #expect(converted.code == 0)
        #expect(converted.lines.count == 410)
        #expect(try await site.binary.run("intake", "convert", "--from", "ice-foia", list).output == converted.output)
        let file = try site.scratch.write("list.jsonl", converted.output)
        for _ in 1...2 {
            #expect(
                try await site.binary.run("intake", "submit", file).output == "410 confirmed, 0 not taken, of 410\n")
            try await site.drain()
            let outcomes = try await site.binary.run("ledger", "list", "--format", "json").objects()
            #expect(outcomes.count == 410)
            #expect(outcomes.count { $0["disposition"] as? String == "not_ours" } == 392)
            let decided = outcomes.filter { $0["disposition"] as? String != "not_ours" }
            #expect(decided.count == 18)
            #expect(decided.allSatisfy { $0["dateBasis"] as? String == "form" })
            let policies = Set(decided.compactMap { ($0["policy"] as? [String: Any])?["name"] as? String })
            #expect(policies == ["boston-trust-act-2014"])
        }
        #expect(try await site.events().count == 410)
        #expect(
            try await site.binary.run("ledger", "verify", "--format", "json").output
                == #"{"outcomes":410,"repeats":0,"conflicts":0,"problems":[]}"# + "\n")
        try await reconcile(site, list)
        let fiscal = try await site.binary.run(
            "report", "annual", "--from", "2014-10-01", "--to", "2015-09-30", "--jurisdiction", "boston", "--format",
            "json")
        let report = try #require(try fiscal.objects().first)
        let months = try #require((report["requests"] as? [String: Any])?["byMonth"] as? [String: Int])
        // Notice alone is asked by some of the 18; they are on a line of their own.
        let others = try #require((report["otherRequests"] as? [String: Any])?["total"] as? Int)
        #expect(months.count == 12 && months.values.reduce(0, +) + others == 18)
        await site.remove()
    }

    /// Against itself everything matches; against a list that was changed exactly the changes are found.
    private func reconcile(_ site: Site, _ list: String) async throws {
        func compared(_ path: String) async throws -> (code: Int32, counts: [String: Int], report: [String: Any]) {
            let result = try await site.binary.run("report", "reconcile", "--against", path, "--format", "json")
            let report = try #require(try result.objects().first, "\(result.errors)")
            return (result.code, try #require(report["counts"] as? [String: Int]).filter { $0.value > 0 }, report)
        }
        let same = try await compared(list)
        #expect(same.code == 0 && same.counts == ["matched": 410])
        let facilities = try #require(same.report["byAgency"] as? [String: [String: Int]])
        #expect(facilities["boston-police"]?["matched"] == 18)
        #expect(facilities.values.reduce(0) { $0 + ($1["matched"] ?? 0) } == 410)
        let months = try #require(same.report["byMonth"] as? [String: [String: Int]])
        #expect(months.values.reduce(0) { $0 + ($1["matched"] ?? 0) } == 410)
        var lines = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(lines.count == 411)
        // A facility of its own for what is changed, so that no other row can stand in for it.
        let own = lines.indices.dropFirst().filter { lines[$0].contains("BOSTON POLICE") }
        try #require(own.count == 18)
        let (removed, doubled, shifted) = (own[2], own[7], own[12])
        let day = String(lines[shifted].prefix(8))
        let dayOfMonth = try #require(Int(lines[shifted].dropFirst(8).prefix(2)))
        let other = dayOfMonth > 14 ? dayOfMonth - 3 : dayOfMonth + 3
        lines[shifted] = day + (other < 10 ? "0" : "") + String(other) + lines[shifted].dropFirst(10)
        lines.append(lines[doubled])
        lines.remove(at: removed)
        let changed = try site.scratch.write("changed.csv", lines.joined(separator: "\n") + "\n")
        let found = try await compared(changed)
        #expect(found.code == 1)
        #expect(found.counts == ["matched": 408, "shifted": 1, "duplicated": 1, "only-ours": 1])
        let items = site.scratch.path + "/items.csv"
        let text = try await site.binary.run("report", "reconcile", "--against", changed, "--items", items)
        #expect(text.code == 1 && text.output.contains("names nobody"))
        #expect(try String(contentsOfFile: items, encoding: .utf8).contains("only-ours,,"))
    }
}
