import AMQPClient
import Foundation
import Testing

/// What the commands do when the disk takes no more.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct DeadLetterDiskTests {
    /// Runs the real binary where no file may grow beyond so many kilobytes: the write fails as on a full disk.
    private static func run(_ site: Site, _ arguments: [String], kilobytes: Int) async throws -> Binary.Result {
        let limit = "trap '' XFSZ; ulimit -f \(kilobytes * 2); exec \"$0\" \"$@\""
        return try await Binary.run(
            "/bin/sh", ["-c", limit, Binary.path] + arguments, site.binary.environment, input: nil)
    }

    @Test func aFullDiskLosesNoLetterWhileItCollectsOrApplies() async throws {
        let site = try Site()
        try await site.apply()
        let count = 2_000
        try await site.publish((1...count).map { .init(body: Array("{\($0)".utf8)) })
        var worker = site.binary
        worker.environment["DETAINER_WORKER_PREFETCH"] = "2000"
        #expect(try await worker.run("worker", "run", "--exit-when-idle", "1").code == 0)
        let segment = site.ledger + "/dead-letters/segment-00000001.open.jsonl"
        func kilobytes() throws -> Int {
            let size = try FileManager.default.attributesOfItem(atPath: segment)[.size] as? Int
            return try #require(size) / 1_024
        }
        let full = try await Self.run(site, ["dead-letters", "collect"], kilobytes: 300)
        #expect(full.code == 74 && full.errors.contains("dead-letters"), "\(full.errors)")
        // Reading goes on with what is on file, and says that it is not all.
        let listed = try await Self.run(site, ["dead-letters", "list", "--format", "json"], kilobytes: 300)
        #expect(listed.code == 0 && listed.errors.contains("not collected, showing what is on file"))
        let some = try listed.objects().count
        #expect(some > 0 && some < count)
        #expect(try await site.letters().count == count)
        #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)

        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        // At most a thousand replays, some 200 kB, are recorded together: one such batch fits, two do not.
        let stopped = try await Self.run(site, ["dead-letters", "apply", plan], kilobytes: try kilobytes() + 260)
        #expect(stopped.code == 74, "\(stopped.errors)")
        let replayed = try await site.letters("--all").count { $0["state"] as? String == "replayed" }
        #expect(replayed > 0 && replayed < count)
        let tally = try await site.apply(plan)
        #expect(tally["replayed"] == count && tally["left"] == 0)
        // Some may have been sent twice, none was left out.
        #expect(try await site.waiting(site.requestQueue) >= count)
        let bodies = Set(try await site.take(site.requestQueue).map(\.body))
        #expect(bodies.count == count)
        #expect(try await site.binary.run("ledger", "verify").code == 0)
        print("disk: collected \(some), then all \(count); replayed \(replayed), then all \(count)")
        await site.remove()
    }
}
