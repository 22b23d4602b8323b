import AMQPClient
import BrokerTestSupport
import Foundation
import Synchronization
import Testing

/// How a worker starts, is quiet, reloads and stops, with the real binary.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct LifecycleTests {
    private func submit(_ site: Site, _ numbers: ClosedRange<Int>) async throws {
        let file = try site.scratch.write("r.jsonl", numbers.map { requestJSON($0) }.joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
    }

    private func worker(_ site: Site, _ environment: [String: String] = [:]) async throws -> SupervisedWorker {
        let worker = SupervisedWorker(site, environment: environment, restarts: false)
        try worker.start()
        try await eventually("consuming; it says \(worker.lastLog)") { worker.lastLog.contains("consuming from") }
        return worker
    }

    /// Whether a broker says of a message that it was delivered before does not tell: a quorum queue says so as well of
    /// those that it gave out in the moment of the cancel and that never left it. So the wire is read.
    ///
    /// Told to stop within the first deliveries, which come with the answer to its subscription, and in full flow.
    @Test(arguments: [200_000, 700_000])
    func aCleanStopUnderLoadLeavesNothingThatCameBefore(afterBytes: Int) async throws {
        let site = try Site()
        try await site.apply()
        let count = 3_000
        try await submit(site, 1...count)
        let heard = Mutex<[UInt8]>([])
        let stop = Mutex<(@Sendable () -> Void)?>(nil)
        let relay = Relay(to: [try BrokerAddress(url: try #require(site.url)).port]) { bytes in
            let length = heard.withLock {
                $0 += bytes
                return $0.count
            }
            if length > afterBytes { stop.withLock { $0.take() }?() }
        }
        let worker = SupervisedWorker(
            site, environment: ["DETAINER_BROKER_URL": "amqp://guest:guest@127.0.0.1:\(relay.port)/%2F"],
            restarts: false)
        stop.withLock { $0 = { worker.kill(SIGTERM) } }
        try worker.start()
        try await eventually("it leaves") { !worker.exits.isEmpty }
        #expect(worker.exits == [0], "\(worker.lastLog)")
        let came = Self.requests(in: heard.withLock { $0 })
        let left = try await site.take(site.requestQueue).reduce(into: Set()) {
            $0.formUnion(Self.requests(in: $1.body))
        }
        #expect(!left.isEmpty && came.isDisjoint(with: left) && came.count + left.count == count)
        let recorded = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(Set(recorded.compactMap { $0["requestId"] as? String }) == came && recorded.count == came.count)
        // Every event was announced before it left.
        #expect(try await site.events().count == recorded.count)
        await site.remove()
    }

    /// The ids of the requests whose JSON stands in the bytes.
    private static func requests(in bytes: [UInt8]) -> Set<String> {
        let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: #""requestId":""#)
        return Set(parts.dropFirst().map { String($0.prefix(36)) })
    }

    /// A worker that was told to stop and cannot finish: without the report's queue its events reach nobody.
    private func unfinished(_ site: Site, _ environment: [String: String] = [:]) async throws -> SupervisedWorker {
        try await site.apply()
        let worker = try await worker(site, environment)
        let (address, queue) = (try BrokerAddress(url: try #require(site.url)), site.reportQueue)
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) {
            try $0.deleteQueue(name: queue)
        }
        try await submit(site, 1...3)
        try await eventually("it pauses") { worker.lastLog.contains("an event reached no queue") }
        worker.kill(SIGTERM)
        try await eventually("it has heard it") { worker.lastLog.contains("told to stop: finishing") }
        return worker
    }

    /// Whoever looks why it takes so long asks there.
    @Test func whileItFinishesItTellsHowItIs() async throws {
        let site = try Site()
        let port = try #require(TestSocket.freePort())
        let worker = try await unfinished(site, ["DETAINER_HEALTH_PORT": String(port)])
        // Why it is not done yet is known when an event has come back.
        try await eventually("it says so, and what keeps it") {
            let ready = try await HealthTestClient.get(port, "/ready")
            return ready.contains(" 503 ") && ready.contains("it was told to stop: it finishes")
                && ready.contains("an event reached no queue")
        }
        #expect(try await HealthTestClient.get(port, "/live").contains(" 200 "))
        #expect(try await HealthTestClient.get(port, "/metrics").contains("detainer_worker_ready 0\n"))
        #expect(worker.exits.isEmpty)
        try await site.apply()
        try await eventually("it leaves when it has finished") { worker.exits == [0] }
        // What was recorded is announced. Nothing was acknowledged when the first event came back: all are in their
        // queue again, recorded or not.
        let recorded = try await site.binary.run("ledger", "list", "--format", "json").objects()
        let announced = try await site.events()
        #expect(!recorded.isEmpty && announced.count == recorded.count)
        #expect(try await site.waiting(site.requestQueue) == 3)
        try await site.drain()
        #expect(try await announced.count + site.events().count == 3)
        await site.remove()
    }

    @Test func toldToStopTwiceItLeavesAtOnce() async throws {
        let site = try Site()
        let worker = try await unfinished(site)
        // It would wait for its deadline.
        #expect(worker.exits.isEmpty)
        worker.kill(SIGTERM)
        try await eventually(within: 5, "it leaves") { !worker.exits.isEmpty }
        #expect(worker.exits == [1])
        #expect(worker.lastLog.contains("told to stop twice"))
        try await site.apply()
        try await site.drain()
        #expect(try await site.events().count == 3)
        await site.remove()
    }

    /// Whoever stops a pool does not wait until each worker has started.
    @Test func toldToStopWhileItStartsItLeaves() async throws {
        let site = try Site()
        try await site.apply()
        for round in 1...5 {
            let log = site.scratch.path + "/log-\(round)"
            let worker = try site.binary.start(["worker", "run"], errors: log)
            let deadline = ContinuousClock.now + .seconds(Binary.patienceSeconds)
            // Before its first line there is no file.
            while ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").contains("started version") == false {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(1))
            }
            worker.send(SIGTERM)
            try await eventually(within: 25, "it leaves, in round \(round)") { !worker.isRunning }
            if worker.isRunning {
                Issue.record("it said: \(try String(contentsOfFile: log, encoding: .utf8))")
            }
            #expect(await worker.terminateAndWait() == 0)
        }
        await site.remove()
    }

    @Test func quietItTakesNothingAndRunsOn() async throws {
        let site = try Site()
        try await site.apply()
        let port = try #require(TestSocket.freePort())
        let worker = try await worker(site, ["DETAINER_HEALTH_PORT": String(port)])
        let told = try await site.binary.run("worker", "quiet")
        #expect(told.code == 0 && told.output.contains("w1, process"), "\(told.output) \(told.errors)")
        try await eventually("it is quiet") {
            try await HealthTestClient.get(port, "/ready").contains("it was told to be quiet")
        }
        try await submit(site, 1...5)
        #expect(try await site.waiting(site.requestQueue) == 5)
        #expect(try await HealthTestClient.get(port, "/metrics").contains("detainer_quiet 1\n"))
        #expect(try await site.binary.run("worker", "resume", "w1").code == 0)
        try await eventually("it takes them") { try await site.waiting(site.reportQueue) == 5 }
        // And by signal.
        worker.kill(SIGUSR1)
        try await eventually("it is quiet again") {
            try await HealthTestClient.get(port, "/ready").contains("it was told to be quiet")
        }
        worker.kill(SIGUSR2)
        try await eventually("ready") { try await HealthTestClient.get(port, "/ready").contains("\"ready\":true") }
        #expect(try await site.binary.run("worker", "stop", "w1").code == 0)
        try await eventually("it leaves") { worker.exits == [0] }
        let gone = try await site.binary.run("worker", "quiet", "w1", "w9")
        #expect(gone.code == 1 && gone.errors.contains("w1 does not run") && gone.errors.contains("no worker w9"))
        await site.remove()
    }

    @Test func theServiceManagerIsToldAndItsWatchdogIsFed() async throws {
        let site = try Site()
        try await site.apply()
        let (socket, heard) = (site.scratch.path + "/notify", site.scratch.path + "/heard")
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); s.settimeout(60)
            with open(sys.argv[2], "a", buffering=1) as out:
                heard = ""
                while "STOPPING" not in heard:
                    heard = s.recv(4096).decode()
                    out.write(heard + "\\n")
            """
        let manager = Process()
        manager.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        manager.arguments = ["python3", "-c", script, socket, heard]
        // It ends by itself, with the worker or for want of one.
        (manager.standardOutput, manager.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try manager.run()
        try await eventually("the socket is there") { FileManager.default.fileExists(atPath: socket) }
        func lines() -> [String] {
            ((try? String(contentsOfFile: heard, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }
        let worker = try await worker(site, ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "400000"])
        try await eventually("signs; it heard \(lines())") {
            lines().contains("READY=1") && lines().count { $0 == "WATCHDOG=1" } > 2
                && lines().contains("STATUS=taking messages")
        }
        worker.kill(SIGHUP)
        try await eventually("it reloads; it heard \(lines())") {
            lines().contains("RELOADING=1") && lines().count { $0 == "READY=1" } == 2
        }
        worker.kill(SIGTERM)
        try await eventually("it leaves") { worker.exits == [0] }
        #expect(lines().contains("STOPPING=1"))
        await site.remove()
    }

    /// The worker that `--ledger` sends elsewhere stays there, with the key that it recorded with.
    @Test func aReloadKeepsTheFlagsAndTheKey() async throws {
        let site = try Site()
        try await site.apply()
        let (elsewhere, log) = (site.scratch.path + "/elsewhere", site.scratch.path + "/log")
        let key = elsewhere + "/pseudonym-boston.key"
        let worker = try site.binary.start(["worker", "run", "--ledger", elsewhere], errors: log)
        func says(_ text: String) async throws {
            try await eventually("it says `\(text)`") {
                // Before its first line there is no file.
                ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").contains(text)
            }
        }
        try await says("consuming from")
        try await submit(site, 1...1)
        try await eventually("it is announced") { try await site.waiting(site.reportQueue) == 1 }
        worker.send(SIGHUP)
        try await says("the policies were loaded again")
        try await submit(site, 2...2)
        try await eventually("it is announced") { try await site.waiting(site.reportQueue) == 2 }
        #expect(!FileManager.default.fileExists(atPath: site.ledger))
        try FileManager.default.moveItem(atPath: key, toPath: key + ".copy")
        worker.send(SIGHUP)
        try await says("the policies were not loaded again, the old ones stay: pseudonym key `\(key)`: it is not there")
        #expect(!FileManager.default.fileExists(atPath: key))
        worker.send(SIGTERM)
        #expect(await worker.wait() == 0)
        let recorded = try await site.with(["DETAINER_LEDGER_DIRECTORY": elsewhere]).binary.run(
            "ledger", "list", "--format", "json"
        ).objects()
        let keys = recorded.compactMap { ($0["pseudonyms"] as? [String: Any])?["keyId"] as? String }
        #expect(keys.count == 2 && Set(keys).count == 1)
        await site.remove()
    }

    @Test func logsAreLinesOfJSONWithoutPersonsAndMetricsAreWhatPrometheusReads() async throws {
        let site = try Site()
        try await site.apply()
        let port = try #require(TestSocket.freePort())
        let worker = try await worker(
            site,
            [
                "DETAINER_HEALTH_PORT": String(port), "DETAINER_LOG_FORMAT": "json", "DETAINER_LOG_LEVEL": "debug",
            ])
        let marked = #","subject":{"fileNumber":"A0MARKED1","familyName":"MARKED","givenNames":"MARKED"}"#
        let files = [
            requestJSON(1), String(requestJSON(2).dropLast()) + marked + "}",
            #"{"schema":"detainer.request/1","MARKED":"MARKED""#,
            String(requestJSON(3).dropLast()) + #","MARKED":"MARKED"}"#,
        ]
        for (number, text) in files.enumerated() {
            let file = try site.scratch.write("\(number).json", text)
            _ = try await site.binary.run("intake", "submit", "--unchecked", file)
        }
        try await eventually("all are settled") {
            try await site.waiting(site.prefix + ".dead-letters") == 2
        }
        try await eventually("the figures are told") {
            try await HealthTestClient.get(port, "/metrics").contains(
                "detainer_dead_letters_total{reason=\"malformed-json\"} 1\n")
        }
        let metrics = try await HealthTestClient.get(port, "/metrics").body
        #expect(metrics.contains("detainer_outcomes_total{jurisdiction=\"boston\",disposition=\"not_acted_upon\"} "))
        let check = try await Tool.run("promtool", ["check", "metrics"], input: metrics)
        #expect(check.code == 0, "\(check.output)")
        try documented(metrics)
        // A reload reads the settings again; the lines after it are still a service's.
        worker.kill(SIGHUP)
        try await eventually("it loads them again") { worker.lastLog.contains("the policies were loaded again") }
        worker.kill(SIGTERM)
        try await eventually("it leaves") { worker.exits == [0] }
        #expect(!worker.lastLog.contains("MARKED") && !metrics.contains("MARKED"))
        for line in worker.lastLog.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            let time = try #require(object?["timestamp"])
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d[+-]\d\d:\d\d/) != nil)
            #expect(object?["worker"] == "w1" && object?["level"] != nil && object?["message"] != nil)
        }
        #expect(worker.lastLog.contains("\"reason\":\"malformed-json\""))
        // Who started, reloaded and stopped it is asked in audits.
        for begin in ["started version", "the policies were loaded again", "told to stop", "stopped: recorded"] {
            let line = worker.lastLog.split(separator: "\n").first { $0.contains("\"message\":\"" + begin) }
            #expect(line?.contains(/as process \d+ by .+@/) == true, "\(begin): \(line ?? "")")
        }
        await site.remove()
    }

    /// Every family has a row in the document, and every row is a family.
    private func documented(_ metrics: String) throws {
        let families = Set(
            metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
                String($0.split(separator: " ")[2])
            })
        let text = try String(contentsOfFile: Binary.repository + "/docs/metrics.md", encoding: .utf8)
        let rows = text.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /^\| `((?:detainer|messaging|process)_[a-z_]+)/).map { String($0.1) }
        }
        #expect(families == Set(rows))
    }
}

/// Asks a worker's health over HTTP.
enum HealthTestClient {
    struct Answer {
        var text: String
        var body: String { text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first.map(String.init) ?? "" }
        func contains(_ part: String) -> Bool { text.contains(part) }
    }

    static func get(_ port: UInt16, _ path: String) async throws -> Answer {
        guard let socket = TestSocket.connected(to: port) else { return Answer(text: "") }
        _ = socket.write(Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        var bytes: [UInt8] = []
        while case let part = socket.read(), !part.isEmpty { bytes += part }
        return Answer(text: String(decoding: bytes, as: UTF8.self))
    }
}

/// A program of the machine, with some input.
enum Tool {
    static func run(_ name: String, _ arguments: [String], input: String) async throws -> (code: Int32, output: String)
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) =
            (standardInput, standardOutput, standardOutput)
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
