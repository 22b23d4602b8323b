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
        await site.remove()
    }
}
