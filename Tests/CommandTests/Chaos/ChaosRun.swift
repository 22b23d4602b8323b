import BrokerTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

/// A pool of workers under load, to which one misfortune after the other happens, and the count of what came of it.
final class ChaosRun: Sendable {
    /// Something that goes wrong.
    struct Fault: Sendable {
        var name: String
        /// Whether it happens when it is told to; one that is armed counts when it strikes.
        var happensAtOnce = true
        var strike: @Sendable () async throws -> Void
    }

    private struct Tally {
        var struck: [String: Int] = [:]
        var submitted = 0
        var sentAgain = 0
        var broken = 0
    }

    /// Requests in one file that is submitted.
    private static let batch = 100
    /// The load waits while that many wait in the queue: there is always work, and never more than the end can finish.
    private static let backlog = 1_000
    /// Between two files: about three hundred requests a second, which an unoptimised build can count at the end.
    private static let rhythmMilliseconds = 300

    let site: Site
    let workers: [SupervisedWorker]
    /// What the workers speak through; trouble happens here.
    let relay: Relay
    /// What the load and the counting speak through.
    private let calm: Relay
    private let tally = Mutex(Tally())
    private let isOver = Atomic<Bool>(false)

    /// - Parameter ports: where a broker answers, tried in this order.
    init(ports: [UInt16], workers count: Int) async throws {
        relay = Relay(to: ports)
        calm = Relay(to: ports)
        let site = try Site(url: "amqp://guest:guest@127.0.0.1:\(calm.port)/%2F")
        self.site = site
        let library = try #require(FaultLibrary.preload, "a C compiler is needed")
        let relayURL = "amqp://guest:guest@127.0.0.1:\(relay.port)/%2F"
        workers = (1...count).map { number in
            SupervisedWorker(
                site.worker("w\(number)"),
                environment: [
                    "DETAINER_BROKER_URL": relayURL, "LD_PRELOAD": library,
                    "DETAINER_FAULT_FILE": site.scratch.path + "/fault-w\(number)",
                ])
        }
        try await site.apply()
        let made = try await site.binary.run("ledger", "keygen", "--name", "chaos.example")
        #expect(made.code == 0)
    }

    func count(_ fault: String) { tally.withLock { $0.struck[fault, default: 0] += 1 } }

    /// Makes the next system call of that kind fail in one of the workers.
    func arm(_ fault: String) throws {
        let file = site.scratch.path + "/fault-w\(Int.random(in: 1...workers.count))"
        try (fault + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }

    var someWorker: SupervisedWorker { workers[Int.random(in: 0..<workers.count)] }

    // MARK: - the load

    /// Sends requests until the end, some of them again and some that break the contract; each until it is confirmed.
    private func load() async throws {
        var next = 1
        while !isOver.load(ordering: .acquiring) {
            let numbers = next..<(next + Self.batch)
            next += Self.batch
            var lines = numbers.map { requestJSON($0) }
            let again = (0..<5).map { _ in Int.random(in: 1..<next) }
            lines += again.map { requestJSON($0) }
            lines.append(#"{"schema":"detainer.request/1","requestId":"broken \#(numbers.lowerBound)"}"#)
            let file = try site.scratch.write("load.jsonl", lines.joined(separator: "\n"))
            while try await site.binary.run("intake", "submit", "--unchecked", file).code != 0 {
                tally.withLock { $0.sentAgain += lines.count }
            }
            tally.withLock {
                $0.submitted += Self.batch
                $0.sentAgain += again.count
                $0.broken += 1
            }
            try await Task.sleep(for: .milliseconds(Self.rhythmMilliseconds))
            await waitForRoom()
        }
    }

    private func waitForRoom() async {
        while !isOver.load(ordering: .acquiring) {
            // A broker that does not answer has no room either; time passes until it does.
            let waiting = (try? await site.waiting(site.requestQueue)) ?? Self.backlog
            if waiting < Self.backlog { return }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: - the run

    /// Lets the faults happen in random order, each kind before any comes again, until the time is over and every kind
    /// has come.
    func run(seconds: Double, faults: [Fault], pause: ClosedRange<Int>) async throws {
        for worker in workers { try worker.start() }
        let load = Task { try await self.load() }
        let end = ContinuousClock.now + .seconds(seconds)
        var next = faults.shuffled()
        var isComplete = false
        while ContinuousClock.now < end || !isComplete {
            if next.isEmpty { next = faults.shuffled() }
            let fault = next.removeLast()
            isComplete = isComplete || next.isEmpty
            print("chaos: \(fault.name)")
            do {
                try await fault.strike()
                if fault.happensAtOnce { count(fault.name) }
            } catch { Issue.record("\(fault.name) did not happen: \(error)") }
            // Misfortunes have a rhythm: there is nothing to wait for.
            try await Task.sleep(for: .milliseconds(Int.random(in: pause)))
        }
        isOver.store(true, ordering: .releasing)
        relay.resume()
        try await load.value
    }

    /// Ends all trouble, lets the pool finish what is there, and stops it.
    func settle() async throws {
        for number in 1...workers.count {
            // Most have struck and are gone.
            try? FileManager.default.removeItem(atPath: site.scratch.path + "/fault-w\(number)")
        }
        for worker in workers { #expect(await worker.stop() == 0) }
        try await withThrowingTaskGroup(of: Void.self) { pool in
            for number in 1...workers.count {
                pool.addTask { [site] in
                    let last = try await site.worker("w\(number)").binary.run("worker", "run", "--exit-when-idle", "2")
                    #expect(last.code == 0, "\(last.errors)")
                }
            }
            try await pool.waitForAll()
        }
        #expect(try await site.waiting(site.requestQueue) == 0)
    }

    // MARK: - the count

    struct Result: Sendable {
        var faults: [(name: String, times: Int)]
        var submitted = 0
        var outcomes = 0
        var repeats = 0
        var conflicts = 0
        var problems: [String] = []
        var events = 0
        var deadLetters = 0
        var lost = 0
        var healthyDead = 0
        var unannounced = 0
    }

    func result() async throws -> Result {
        let tally = tally.withLock { $0 }
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        let decided = Set(list.compactMap { $0["requestId"] as? String })
        let verify = try #require(
            try await site.binary.run(
                "ledger", "verify", "--public-key", site.ledger + "/signing.key.pub", "--format", "json"
            ).objects().first)
        let letters = try await site.binary.run("dead-letters", "list", "--format", "json").objects()
        let events = Set(try await site.events().compactMap { $0["id"] as? String })
        let expected = (1...tally.submitted).map { number in
            let digits = String(number)
            return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        }
        var struck = tally.struck
        for number in 1...workers.count {
            let file = site.scratch.path + "/fault-w\(number).struck"
            let lines = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            for line in lines.split(separator: "\n") { struck["system call: \(line)", default: 0] += 1 }
        }
        return Result(
            faults: struck.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, submitted: tally.submitted,
            outcomes: list.count, repeats: verify["repeats"] as? Int ?? -1,
            conflicts: verify["conflicts"] as? Int ?? -1, problems: verify["problems"] as? [String] ?? ["no answer"],
            events: events.count, deadLetters: letters.count, lost: expected.count { !decided.contains($0) },
            healthyDead: letters.count - tally.broken,
            unannounced: Set(list.compactMap { $0["eventId"] as? String }).subtracting(events).count)
    }
}

extension ChaosRun.Result {
    var table: String {
        var rows = faults.map { ("fault  " + $0.name, String($0.times)) }
        rows += [
            ("requests submitted", String(submitted)), ("outcomes", String(outcomes)), ("repeats", String(repeats)),
            ("events", String(events)), ("dead letters", String(deadLetters)), ("lost", String(lost)),
            ("conflicts", String(conflicts)),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, value in
            "chaos: " + name + String(repeating: " ", count: width - name.count) + "  "
                + String(repeating: " ", count: max(0, 8 - value.count)) + value
        }.joined(separator: "\n")
    }

    /// What must hold after any run.
    func expectAllIsWell() {
        #expect(lost == 0)
        #expect(conflicts == 0)
        #expect(problems == [])
        #expect(healthyDead == 0)
        #expect(unannounced == 0)
        #expect(outcomes == submitted)
    }
}
