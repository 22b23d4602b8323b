import AMQPClient
import BrokerTestSupport
import Foundation
import Glibc
import Testing

/// What a worker does when the disk, the broker or a person fails it, with the real binary.
///
/// The pure pipeline's tests hold the rest of each row, and the simulation all of them together.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct FaultTableTests {
    /// A worker under a fault library, and what it says.
    private final class Patient {
        let site: Site
        let fault: String
        let worker: SupervisedWorker

        init() async throws {
            site = try Site()
            fault = site.scratch.path + "/fault"
            try await site.apply()
            let library = try #require(FaultLibrary.preload, "a C compiler is needed")
            worker = SupervisedWorker(
                site, environment: ["LD_PRELOAD": library, "DETAINER_FAULT_FILE": fault], restarts: false)
        }

        func arm(_ text: String) throws {
            // Written elsewhere and renamed, so that it is never seen half.
            try text.write(toFile: fault, atomically: true, encoding: .utf8)
        }

        func disarm() throws { try FileManager.default.removeItem(atPath: fault) }

        func submit(_ numbers: ClosedRange<Int>) async throws {
            let file = try site.scratch.write("r.jsonl", numbers.map { requestJSON($0) }.joined(separator: "\n"))
            #expect(try await site.binary.run("intake", "submit", file).code == 0)
        }

        func says(_ text: String, within seconds: Double = 60) async throws {
            try await eventually(within: seconds, "it says `\(text)`; it says \(worker.lastLog)") {
                worker.lastLog.contains(text)
            }
        }

        func consuming() async throws {
            try worker.start()
            try await says("consuming from")
        }

        /// All that was submitted is on file and announced, once, and nothing is dead.
        func expectAll(_ count: Int) async throws {
            let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
            #expect(list.count == count)
            let events = Set(try await site.events().compactMap { $0["id"] as? String })
            #expect(events == Set(list.compactMap { $0["eventId"] as? String }))
            #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)
            #expect(try await site.binary.run("ledger", "verify").code == 0)
        }
    }

    @Test(arguments: ["fdatasync 5", "fdatasync 28", "write 5"])
    func aDiskErrorEndsTheProcessAtOnceAndTheNextStartRecovers(_ fault: String) async throws {
        let patient = try await Patient()
        try await patient.consuming()
        try patient.arm(fault)
        try await patient.submit(1...50)
        try await eventually("it ends") { !patient.worker.exits.isEmpty }
        #expect(patient.worker.exits == [74])
        #expect(patient.worker.lastLog.contains("cannot \(fault.hasPrefix("write") ? "write" : "sync")"))
        try await patient.site.drain()
        try await patient.expectAll(50)
        await patient.site.remove()
    }

    @Test(arguments: ["fallocate 28 until end", "fallocate 30 until end"])
    func anIdleWorkerIsNotReadyWhileItsDiskCannotBeWritten(_ fault: String) async throws {
        let patient = try await Patient()
        try await patient.consuming()
        try patient.arm(fault)
        try await patient.says("cannot reserve room in")
        try await patient.says("paused: the ledger cannot be written")
        try patient.disarm()
        try await patient.submit(1...3)
        try await eventually("it takes them") { try await patient.site.waiting(patient.site.reportQueue) == 3 }
        #expect(await patient.worker.stop() == 0)
        try await patient.expectAll(3)
        await patient.site.remove()
    }

    @Test(arguments: ["write 28 until end", "fallocate 28 until end", "write 30 until end"])
    func aDiskThatCannotBeWrittenPausesAndGoesOnWhenItCan(_ fault: String) async throws {
        let patient = try await Patient()
        try await patient.consuming()
        try patient.arm(fault)
        // Room for a megabyte was reserved at the start: more than that is written, so that more is asked for.
        let count = fault.hasPrefix("fallocate") ? 1_500 : 50
        try await patient.submit(1...count)
        try await patient.says("paused: the ledger cannot be written")
        try patient.disarm()
        try await eventually("all are announced") {
            try await patient.site.waiting(patient.site.reportQueue) >= count
        }
        #expect(await patient.worker.stop() == 0)
        try await patient.expectAll(count)
        await patient.site.remove()
    }

    @Test func aDiskThatIsFullAtTheStartIsWaitedFor() async throws {
        let patient = try await Patient()
        try await patient.submit(1...5)
        try patient.arm("write 28 until end")
        try patient.worker.start()
        try await patient.says("tried again until it can be written")
        // Asked for while there is no ledger yet, and done as soon as there is one.
        patient.worker.kill(SIGHUP)
        try patient.disarm()
        try await patient.says("consuming from")
        try await patient.says("the policies were loaded again")
        try await eventually("all are announced") {
            try await patient.site.waiting(patient.site.reportQueue) >= 5
        }
        #expect(await patient.worker.stop() == 0)
        try await patient.expectAll(5)
        await patient.site.remove()
    }

    @Test func stoppedWhileItWaitsForADiskItLeavesAtOnce() async throws {
        let patient = try await Patient()
        try patient.arm("write 28 until end")
        try patient.worker.start()
        try await patient.says("tried again until it can be written")
        #expect(await patient.worker.stop() == 0)
        await patient.site.remove()
    }

    @Test func stoppedWhileItsDiskIsFullItLeavesWithSuccess() async throws {
        let patient = try await Patient()
        try await patient.consuming()
        try patient.arm("write 28 until end")
        try await patient.submit(1...5)
        try await patient.says("paused: the ledger cannot be written")
        #expect(await patient.worker.stop() == 0)
        try await patient.says("the last checkpoint is not written")
        try patient.disarm()
        try await patient.site.drain()
        try await patient.expectAll(5)
        await patient.site.remove()
    }

    @Test func stoppedWhileItsDiskHangsItLeaves() async throws {
        let patient = try await Patient()
        try await patient.consuming()
        try patient.arm("fdatasync hang")
        patient.worker.kill(SIGTERM)
        try await eventually(within: 90, "it ends") { !patient.worker.exits.isEmpty }
        #expect(patient.worker.exits == [74])
        #expect(patient.worker.lastLog.contains("the ledger's disk does not answer"))
        await patient.site.remove()
    }

    @Test(arguments: ["fdatasync hang", "write hang"])
    func aDiskThatHangsIsToldAndThenEndsTheProcess(_ fault: String) async throws {
        let patient = try await Patient()
        try await patient.consuming()
        try patient.arm(fault)
        try await patient.submit(1...5)
        try await patient.says("the ledger's disk has not answered for a while", within: 60)
        try await eventually(within: 90, "it ends") { !patient.worker.exits.isEmpty }
        #expect(patient.worker.exits == [74])
        #expect(patient.worker.lastLog.contains("the ledger's disk does not answer"))
        try await patient.site.drain()
        try await patient.expectAll(5)
        await patient.site.remove()
    }

    @Test func anUnlinkedSegmentEndsTheProcessBeforeMoreIsLost() async throws {
        let patient = try await Patient()
        try await patient.submit(1...5)
        try await patient.consuming()
        try await eventually("all are announced") {
            try await patient.site.waiting(patient.site.reportQueue) >= 5
        }
        try FileManager.default.removeItem(atPath: patient.site.ledger + "/w1/segment-00000001.open.jsonl")
        try await patient.submit(6...7)
        try await eventually("it ends") { !patient.worker.exits.isEmpty }
        #expect(patient.worker.exits == [74])
        #expect(patient.worker.lastLog.contains("is no longer the file that was opened"))
        // What was not acknowledged comes again; what was in the file that somebody removed is gone, and was told.
        try await patient.site.drain()
        let list = try await patient.site.binary.run("ledger", "list", "--format", "json").objects()
        let decided = Set(list.compactMap { ($0["requestId"] as? String)?.last.map(String.init) })
        #expect(decided == ["6", "7"])
        await patient.site.remove()
    }

    @Test func refusedCredentialsAreToldAndTriedAgainSlowly() async throws {
        let site = try Site()
        let url = try #require(brokerURL).replacing("guest:guest@", with: "guest:wrong@")
        let worker = SupervisedWorker(site, environment: ["DETAINER_BROKER_URL": url], restarts: false)
        try worker.start()
        try await eventually("it says so") { worker.lastLog.contains("paused: the broker refuses this user") }
        let wait = try #require(worker.lastLog.firstMatch(of: /next try in (\d+) ms/)?.1)
        #expect(try #require(Int(wait)) >= 30_000)
        #expect(!worker.lastLog.contains("wrong"))
        // Also while it waits, it stops when told.
        #expect(await worker.stop() == 0)
        await site.remove()
    }

    @Test func refusalsByTLSAreToldAndTriedAgainSlowly() async throws {
        let site = try Site()
        let url = try #require(brokerURL).replacing("amqp://", with: "amqps://")
        let worker = SupervisedWorker(site, environment: ["DETAINER_BROKER_URL": url], restarts: false)
        try worker.start()
        try await eventually("it says so") {
            worker.lastLog.firstMatch(of: /paused: .* does not speak TLS: use/) != nil
        }
        let wait = try #require(worker.lastLog.firstMatch(of: /next try in (\d+) ms/)?.1)
        #expect(try #require(Int(wait)) >= 30_000)
        #expect(await worker.stop() == 0)
        await site.remove()
    }

    @Test func stoppedWhileTheBrokerIsAwayItLeavesWithSuccess() async throws {
        let site = try Site()
        let worker = SupervisedWorker(
            site, environment: ["DETAINER_BROKER_URL": "amqp://guest:guest@127.0.0.1:1/"], restarts: false)
        try worker.start()
        try await eventually("it pauses") { worker.lastLog.contains("paused:") }
        #expect(await worker.stop() == 0)
        await site.remove()
    }

    @Test func aClockThatJumpsChangesTimestampsAndNothingElse() async throws {
        let site = try Site()
        try await site.apply()
        let clock = site.scratch.path + "/clock"
        let worker = SupervisedWorker(
            site,
            environment: [
                "LD_PRELOAD": try #require(FaultLibrary.preload, "a C compiler is needed"),
                "DETAINER_FAULT_CLOCK": clock,
            ], restarts: false)
        try worker.start()
        try await eventually("consuming") { worker.lastLog.contains("consuming from") }
        let decade = 315_360_000
        for (number, jump) in [(1, 0), (2, decade), (3, -decade)] {
            try String(jump).write(toFile: clock, atomically: true, encoding: .utf8)
            let file = try site.scratch.write("r.jsonl", requestJSON(number))
            #expect(try await site.binary.run("intake", "submit", file).code == 0)
            try await eventually("it is announced") { try await site.waiting(site.reportQueue) == number }
        }
        #expect(await worker.stop() == 0)
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(Set(list.compactMap { $0["date"] as? String }).count == 1)
        let years = Set(list.compactMap { ($0["recordedAt"] as? String)?.prefix(4) })
        #expect(years.count == 3, "the clock did not jump: \(years)")
        #expect(try await site.binary.run("ledger", "verify").code == 0)
        await site.remove()
    }

    @Test func aBrokenPolicyIsNotTakenOverAndTheNextGoodOneIs() async throws {
        let site = try Site()
        try await site.apply()
        let policies = site.scratch.path + "/policies"
        try FileManager.default.copyItem(atPath: Binary.repository + "/config/policies", toPath: policies)
        let before = try site.scratch.write(
            "before.jsonl", (1...50).map { requestJSON(100 + $0) }.joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", before).code == 0)
        let port = try #require(TestSocket.freePort())
        let worker = SupervisedWorker(
            site, environment: ["DETAINER_POLICY_DIRECTORY": policies, "DETAINER_HEALTH_PORT": String(port)],
            restarts: false)
        try worker.start()
        try await eventually("consuming") { worker.lastLog.contains("consuming from") }
        try await eventually("ready") { try await HealthTestClient.get(port, "/ready").contains("\"ready\":true") }
        let first = try #require(
            try await HealthTestClient.get(port, "/metrics").text.firstMatch(
                of: /boston-trust-act-2019.*digest="(\S+?)"/)?.1)
        let status = try await site.status(policies)
        #expect(status.code == 0, "\(status.output) \(status.errors)")
        #expect(status.output.contains("w1: running"))
        #expect(status.output.contains(first.trimmingPrefix("sha-256:").prefix(12)))
        let file = policies + "/boston-2019.yaml"
        let good = try String(contentsOfFile: file, encoding: .utf8)
        try good.replacing("decline", with: "honor").write(toFile: file, atomically: true, encoding: .utf8)
        worker.kill(SIGHUP)
        try await eventually("it keeps the old ones") {
            worker.lastLog.contains("the policies were not loaded again, the old ones stay")
        }
        #expect(worker.lastLog.contains("boston-2019.yaml"))
        let notReady = try await HealthTestClient.get(port, "/ready")
        #expect(notReady.contains("503"))
        #expect(notReady.contains("the policies on the disk do not load, the old ones decide on"))
        let metrics = try await HealthTestClient.get(port, "/metrics")
        #expect(metrics.contains("detainer_policy_refused_loads_total 1\n"))
        #expect(metrics.contains("detainer_policy_last_load_refused 1\n"))
        #expect(metrics.text.contains(first))
        try (good + "\n# read again\n").write(toFile: file, atomically: true, encoding: .utf8)
        // A change of the file alone loads nothing.
        let other = try await site.status(policies)
        #expect(other.code == 1)
        #expect(other.output.contains("the policies on the disk are others: send the worker SIGHUP"))
        worker.kill(SIGHUP)
        try await eventually("it takes the new ones") { worker.lastLog.contains("the policies were loaded again") }
        #expect(try await HealthTestClient.get(port, "/metrics").contains("detainer_policy_last_load_refused 0\n"))
        #expect(try await site.status(policies).code == 0)
        let request = try site.scratch.write("r.jsonl", requestJSON(1))
        #expect(try await site.binary.run("intake", "submit", request).code == 0)
        try await eventually("it is decided") { try await site.waiting(site.reportQueue) == 51 }
        #expect(await worker.stop() == 0)
        try await expectEachOutcomeBelongsToTheLoadBeforeIt(site)
        // The text that decided it, comment and all, is kept beside the record.
        let show = try await site.binary.run("ledger", "show", "00000000-0000-4000-8000-000000000001")
        let digest = try #require(show.output.firstMatch(of: /sha-256:([0-9a-f]{64})/)?.1)
        let kept = try String(contentsOfFile: site.ledger + "/w1/policies/\(digest).yaml", encoding: .utf8)
        #expect(kept.hasSuffix("# read again\n"))
        await site.remove()
    }

    /// Every load is a record, and every outcome is by a policy of the newest load before it.
    private func expectEachOutcomeBelongsToTheLoadBeforeIt(_ site: Site) async throws {
        let text = try String(contentsOfFile: site.ledger + "/w1/segment-00000001.open.jsonl", encoding: .utf8)
        var digests: Set<String> = []
        var occasions: [String] = []
        var decided = 0
        for line in text.split(separator: "\n") {
            let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            switch record["kind"] as? String {
            case "policy-load":
                occasions.append(record["occasion"] as? String ?? "")
                let policies = record["policies"] as? [[String: Any]] ?? []
                digests = Set(policies.compactMap { $0["digest"] as? String })
                #expect(digests.count == 3)
            case "outcome":
                decided += 1
                #expect(digests.contains((record["policy"] as? [String: Any])?["digest"] as? String ?? ""))
            default: continue
            }
        }
        // The broken file was no load.
        #expect(occasions == ["start", "reload"])
        #expect(decided == 51)
        let list = try await site.binary.run("ledger", "list", "--kind", "policy-load", "--format", "json").objects()
        #expect(list.count == 2)
    }
}
