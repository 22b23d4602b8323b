import BrokerTestSupport
import Foundation
import Glibc
import Testing

/// Real crashes of real processes against a real broker; nothing is lost and nothing counts twice.
///
/// `DETAINER_CHAOS_SECONDS` says how long each goes on; `deploy/local/chaos` is the way to run them for long. Both go
/// on at once: each has workers and brokers of its own, and mostly waits for them.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct ChaosTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["DETAINER_CHAOS_SECONDS"].flatMap(Double.init) ?? 25

    @Test func aPoolOfWorkersUnderEveryFault() async throws {
        let broker = try await PrivateBroker.start(isCluster: false)
        let chaos = try await ChaosRun(ports: broker.ports, workers: 3)
        // Some five megabytes a minute are written, by whichever worker is alive.
        let smallDisk = SmallDisk(at: chaos.site.ledger + "/w3", megabytes: 32 + Int(Self.seconds) / 4)
        var faults = Self.processFaults(chaos) + Self.diskFaults(chaos) + Self.networkFaults(chaos)
        faults.append(
            .init(name: "memory alarm") {
                try await broker.run("ctl", "set_vm_memory_high_watermark", "0.000001")
                try await Task.sleep(for: .seconds(2))
                try await broker.run("ctl", "set_vm_memory_high_watermark", "0.6")
            })
        faults.append(
            .init(name: "broker restarted") {
                try await broker.run("ctl", "stop_app")
                try await broker.run("ctl", "start_app")
            })
        if let smallDisk {
            faults.append(
                .init(name: "small disk filled") {
                    try smallDisk.fill()
                    try await Task.sleep(for: .seconds(2))
                    try smallDisk.clear()
                })
        } else {
            print("chaos: skipped: filling a small disk, for this machine lets nobody mount one")
        }
        print("chaos: \(faults.count) kinds of faults, \(smallDisk == nil ? 1 : 0) skipped")
        try await chaos.run(seconds: Self.seconds, faults: faults, pause: 100...1_200)
        try await chaos.settle()
        let result = try await chaos.result()
        print(result.table)
        result.expectAllIsWell()
        #expect(result.faults.count >= 6)
        smallDisk?.remove()
        chaos.site.scratch.remove()
        await broker.stop()
    }

    @Test func aClusterThatLosesOneNodeAfterTheOther() async throws {
        let cluster = try await PrivateBroker.start(isCluster: true)
        let chaos = try await ChaosRun(ports: cluster.ports, workers: 2)
        let queue = chaos.site.requestQueue
        let faults: [ChaosRun.Fault] = [
            .init(name: "leader's node killed") {
                let leader = try await cluster.run("leader", queue)
                try await cluster.run("kill", leader)
                _ = try await cluster.run("leader", queue)
                try await cluster.run("revive", leader)
            },
            .init(name: "leader's node cut off") {
                let leader = try await cluster.run("leader", queue)
                try await cluster.run("partition", leader)
                try await Task.sleep(for: .seconds(3))
                try await cluster.run("heal", leader)
            },
            .init(name: "two of three nodes killed") {
                // No majority is left: nothing is confirmed until one is back.
                try await cluster.run("kill", "2")
                try await cluster.run("kill", "3")
                try await Task.sleep(for: .seconds(3))
                try await cluster.run("revive", "2")
                try await cluster.run("revive", "3")
            },
            .init(name: "worker killed") { chaos.someWorker.kill(SIGKILL) },
            .init(name: "node restarted in order") {
                try await cluster.run("ctl", "1", "stop_app")
                try await cluster.run("ctl", "1", "start_app")
            },
        ]
        try await chaos.run(seconds: Self.seconds, faults: faults, pause: 100...1_000)
        try await chaos.settle()
        let result = try await chaos.result()
        print(result.table)
        result.expectAllIsWell()
        chaos.site.scratch.remove()
        await cluster.stop()
    }

    private static func processFaults(_ chaos: ChaosRun) -> [ChaosRun.Fault] {
        [
            .init(name: "worker killed") { chaos.someWorker.kill(SIGKILL) },
            .init(name: "all workers killed") { for worker in chaos.workers { worker.kill(SIGKILL) } },
            .init(name: "worker stopped and continued") {
                let worker = chaos.someWorker
                worker.kill(SIGSTOP)
                try await Task.sleep(for: .seconds(2))
                worker.kill(SIGCONT)
            },
        ]
    }

    private static func diskFaults(_ chaos: ChaosRun) -> [ChaosRun.Fault] {
        ["fdatasync 5", "write 28", "write 5", "write short", "rename 5", "fsync 5", "fallocate 28"].map { call in
            .init(name: "armed: \(call)", happensAtOnce: false) { try chaos.arm(call) }
        }
    }

    private static func networkFaults(_ chaos: ChaosRun) -> [ChaosRun.Fault] {
        [
            .init(name: "connections cut") { chaos.relay.cut() },
            .init(name: "network stalled") {
                chaos.relay.stall()
                // A long stall is noticed by the heartbeats, after two of ten seconds; a short one only delays.
                try await Task.sleep(for: .seconds(seconds > 120 && Int.random(in: 1...3) == 1 ? 24 : 2))
                chaos.relay.resume()
            },
        ]
    }
}

/// A small disk in memory, mounted where a worker keeps its ledger.
struct SmallDisk: Sendable {
    private let path: String

    /// - Parameter megabytes: recovery copies the open segment, so twice what a worker writes must fit.
    /// - Returns: `nil` where this machine lets nobody mount anything.
    init?(at path: String, megabytes: Int) {
        self.path = path
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            return nil
        }
        guard Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700", "none", path]) else {
            return nil
        }
    }

    private static func run(_ command: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// Takes all the room that is left.
    func fill() throws {
        _ = FileManager.default.createFile(atPath: path + "/filler", contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/filler"))
        defer { try? file.close() }
        for size in [1 << 20, 1 << 12, 1] {
            // Ends with the error that is wanted.
            while (try? file.write(contentsOf: Data(count: size))) != nil {}
        }
    }

    func clear() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

    func remove() { _ = Self.run("/bin/umount", [path]) }
}
