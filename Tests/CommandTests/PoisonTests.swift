import Foundation
import Testing

/// Crash storms spare the innocent: a message that ends every worker that decides it is singled out among thousands.
@Suite(
    .enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"),
    .disabled(if: sanitizer != nil, "its workers die within memcpy, and a sanitizer's own is another one"), .serialized)
struct PoisonTests {
    /// Only deciding makes this of the message's own `guilty-of-killing-1`, whoever decides it.
    private static let deadly = "GUILTYOFKILLING1"

    @Test func theGuiltyOneBecomesALetterAndAllOthersAreDecided() async throws {
        let library = try #require(FaultLibrary.preload, "a C compiler is needed")
        let site = try Site()
        try await site.apply()
        let count = 3_000
        let guilty = #","eventNumber":"guilty-of-killing-1""#
        let messages = (1...count).map { requestJSON($0, more: $0 == count / 2 ? guilty : "") }
        let file = try site.scratch.write("r.jsonl", messages.joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        let deadly = try site.scratch.write("deadly", Self.deadly)
        let faults = ["LD_PRELOAD": library, "DETAINER_FAULT_DIE_ON": deadly]
        let pool = ["w1", "w2"].map { SupervisedWorker(site.worker($0), environment: faults) }
        for worker in pool { try worker.start() }
        func outcomes() async throws -> [[String: Any]] {
            try await site.binary.run("ledger", "list", "--format", "json").objects()
        }
        func letters() async throws -> [[String: Any]] {
            try await site.binary.run("dead-letters", "list", "--format", "json").objects()
        }
        try await eventually("all are settled") {
            let events = try await site.waiting(site.reportQueue)
            let isDead = try await !letters().isEmpty
            // Events may come twice; the files are asked only when there can be enough.
            guard isDead, events >= count - 1 else { return false }
            return try await outcomes().count >= count - 1
        }
        for worker in pool { #expect(await worker.stop() == 0) }
        let dead = try await letters()
        #expect(dead.compactMap { $0["reason"] as? String } == ["poison"])
        #expect(dead.compactMap { $0["attempts"] as? Int } == [3])
        // It failed first when the first mark was written, before it was given up.
        let times = try #require(
            dead.first.map { ($0["firstFailedAt"] as? String ?? "", $0["deadAt"] as? String ?? "") })
        #expect(times.0 < times.1)
        let list = try await outcomes()
        #expect(list.count == count - 1)
        let decided = Set(list.compactMap { $0["requestId"] as? String })
        #expect(decided.count == count - 1)
        let deaths = pool.flatMap(\.exits).count { $0 == 139 }
        print(
            "poison: one guilty message among \(count): \(deaths) deaths in a pool of \(pool.count), no healthy letter")
        // Three of each worker with marks, and one of each that did not know yet.
        #expect((3...8).contains(deaths))
        await site.remove()
    }
}
