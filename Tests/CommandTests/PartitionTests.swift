import AMQPClient
import Foundation
import Testing

extension Site {
    /// The same corner with so many partitions; 0: with one queue.
    fileprivate func partitioned(_ count: Int) -> Site { with(["DETAINER_TOPOLOGY_PARTITIONS": String(count)]) }

    fileprivate func partition(_ number: Int) -> String { "\(requestQueue).\(number)" }

    /// With what `topology apply` makes for partitions.
    fileprivate func removeWithPartitions() async throws {
        let (queues, exchange) = ((1...4).map(partition), prefix + ".partitions")
        try await AMQPAdministration.perform(
            BrokerAddress(url: try #require(url)), name: "tests", timeoutSeconds: 20
        ) { channel in
            for queue in queues { try channel.deleteQueue(name: queue) }
            try channel.deleteExchange(name: exchange)
        }
        await remove()
    }

    /// The ids of the requests that wait in a queue, taken out of it.
    fileprivate func takeIDs(_ queue: String) async throws -> [String] {
        try await take(queue).map {
            let object = try JSONSerialization.jsonObject(with: Data($0.body)) as? [String: Any]
            return try #require(object?["requestId"] as? String)
        }
    }

    fileprivate func counts() async throws -> (outcomes: Int, repeats: Int, conflicts: Int) {
        let result = try await binary.run("ledger", "verify", "--format", "json")
        let counts = try #require(try result.objects().first)
        #expect((counts["problems"] as? [Any])?.isEmpty == true, "\(result.output)")
        func count(_ name: String) throws -> Int { try #require(counts[name] as? Int) }
        return (try count("outcomes"), try count("repeats"), try count("conflicts"))
    }
}

/// Partitions on a real broker: where requests go, who takes over, and how one changes their number.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct PartitionTests {
    @Test func aRequestsRepeatsWaitInOneQueueAndEachQueueGetsItsShare() async throws {
        let site = try Site().partitioned(4)
        try await site.apply()
        let requests = (1...200).map { requestJSON($0) }
        try await site.submit(requests + requests)
        // A sender may leave the property out: then nothing tells them apart.
        try await site.publish((901...910).map { Message(body: Array(requestJSON($0).utf8)) })
        var seen: Set<String> = []
        var nameless: [Int] = []
        for number in 1...4 {
            let ids = try await site.takeIDs(site.partition(number))
            let named = ids.filter { (Int($0.suffix(12)) ?? 0) <= 200 }
            nameless.append(ids.count - named.count)
            // Of fifty that are expected so few are never seen.
            #expect(named.count >= 2 * 20, "partition \(number) has \(named.count)")
            #expect(Dictionary(grouping: named) { $0 }.values.allSatisfy { $0.count == 2 })
            #expect(seen.isDisjoint(with: named))
            seen.formUnion(named)
        }
        #expect(seen.count == 200 && nameless.sorted() == [0, 0, 0, 10], "\(nameless)")
        try await site.removeWithPartitions()
    }

    @Test func aStandbyTakesOverFromAWorkerThatIsKilledAndNothingIsLost() async throws {
        let site = try Site().partitioned(2)
        try await site.apply()
        // The third of two stands by for the first.
        let names = ["w1", "w3", "w2"]
        var workers: [SupervisedWorker] = []
        for name in names {
            // Few at a time, so that the first is not done before this test sees that it writes.
            let worker = SupervisedWorker(
                site.worker(name), environment: ["DETAINER_WORKER_PREFETCH": "4"], restarts: false)
            try worker.start()
            try await eventually("\(name) consumes; it says \(worker.lastLog)") {
                worker.lastLog.contains("consuming from")
            }
            workers.append(worker)
        }
        #expect(workers[1].lastLog.contains("consuming from \(site.partition(1))"))
        let count = 3_000
        try await site.submit((1...count).map { requestJSON($0) })
        try await eventually("the first one writes") { Self.bytes(site.ledger + "/w1") > 8_192 }
        #expect(Self.bytes(site.ledger + "/w3") < 8_192)
        workers[0].kill(SIGKILL)
        try await eventually("all are done") {
            let (one, two) = (try await site.waiting(site.partition(1)), try await site.waiting(site.partition(2)))
            return one + two == 0
        }
        for worker in workers.dropFirst() { #expect(await worker.stop() == 0) }
        // What the dead one recorded and did not announce yet.
        try await site.worker("w1").drain()
        #expect(Self.bytes(site.ledger + "/w3") > 8_192)
        let counts = try await site.counts()
        #expect(counts.outcomes == count && counts.conflicts == 0, "\(counts)")
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        let events = Set(try await site.events().compactMap { $0["id"] as? String })
        #expect(events.count == count && events == Set(list.compactMap { $0["eventId"] as? String }))
        try await site.removeWithPartitions()
    }

    /// The procedure of `docs/operations.md`, there and back, while the same requests come again and again.
    @Test func partitionsAreSwitchedOnChangedAndSwitchedOffWithoutLosingAnything() async throws {
        let (one, two, three) = (try Site(), 2, 3)
        try await one.apply()
        let all = (1...60).map { requestJSON($0) }
        try await one.submit(Array(all[..<20]))

        let spread = one.partitioned(two)
        let waits = try await spread.binary.run("topology", "apply", "--retire")
        #expect(
            waits.code == 1 && waits.output.contains("\(one.requestQueue), of settings with other partitions: 20 wait"))
        try await one.submit(Array(all[..<40]))
        #expect(try await one.waiting(one.requestQueue) == 20)
        for number in 1...two { try await spread.worker("w\(number)").drain() }
        // The last worker of the old settings finishes the old queue.
        try await one.worker("w9").drain()
        #expect(try await spread.binary.run("topology", "apply", "--retire").code == 0)
        #expect(try await one.counts() == (40, 20, 0))

        let more = one.partitioned(three)
        #expect(try await more.binary.run("topology", "apply", "--retire").code == 0)
        try await one.submit(all)
        for number in 1...three { try await more.worker("w\(number)").drain() }
        let counts = try await one.counts()
        // Some of those that came before went to another worker; to whichever did not, it was no news.
        #expect(counts.outcomes == 60 && counts.conflicts == 0 && counts.repeats > 20, "\(counts)")

        #expect(
            try await spread.binary.run("topology", "apply", "--retire").output.contains("3, of settings with other"))
        try await one.submit(all)
        #expect(try await one.waiting(one.partition(3)) == 0)
        for number in 1...two { try await spread.worker("w\(number)").drain() }

        let back = try await one.binary.run("topology", "apply", "--retire")
        #expect(back.code == 0 && back.output.contains("\(one.partition(1)), of settings"), "\(back.output)")
        try await one.submit(all)
        #expect(try await one.waiting(one.requestQueue) == 60)
        try await one.worker("w1").drain()
        let last = try await one.counts()
        #expect(last.outcomes == 60 && last.conflicts == 0, "\(last)")
        #expect(Set(try await one.events().compactMap { $0["id"] as? String }).count == 60)
        try await one.removeWithPartitions()
    }

    @Test func statusDoctorAndCheckKnowThem() async throws {
        var environment = ["DETAINER_TOPOLOGY_PARTITIONS": "2"]
        environment["DETAINER_BROKER_MANAGEMENT_URL"] =
            ProcessInfo.processInfo.environment["DETAINER_TEST_MANAGEMENT_URL"]
        let one = try Site()
        let spread = one.with(environment)
        try await one.apply()
        try await one.submit([requestJSON(1)])
        let missing = try await spread.binary.run("topology", "check")
        #expect(missing.code == 1 && missing.output.contains(one.partition(2)))
        try await spread.apply()
        #expect(try await spread.binary.run("topology", "check").code == 0)
        let doctor = try await spread.binary.run("doctor", "--format", "json").verdicts()
        #expect(doctor["queue " + one.partition(2)] == "good" && doctor["queue " + one.requestQueue] == nil)
        #expect(doctor["partitions " + one.requestQueue] == "warning", "\(doctor)")
        if environment["DETAINER_BROKER_MANAGEMENT_URL"] != nil {
            #expect(doctor["partitions " + one.prefix + ".partitions"] == "good")
            #expect(doctor["bindings " + one.prefix + ".partitions"] == "good")
            #expect(doctor["bindings " + one.prefix + ".intake"] == "warning", "\(doctor)")
        }
        try await spread.worker("w1").drain()
        try await spread.worker("w2").drain()
        let status = try await spread.binary.run("status")
        #expect(status.output.contains("queue \(one.partition(1)): 0 ready"), "\(status.output)")
        #expect(status.output.contains("queue \(one.requestQueue), of settings with other partitions: 1 ready"))
        let nobody = try await spread.worker("clerk").binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(nobody.code == 78 && nobody.errors.contains("worker.partition"), "\(nobody.errors)")
        try await one.removeWithPartitions()
    }

    private static func bytes(_ directory: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") }
            .compactMap { try? FileManager.default.attributesOfItem(atPath: directory + "/" + $0)[.size] as? Int }
            .reduce(0, +)
    }
}
