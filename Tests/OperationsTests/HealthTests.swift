import Foundation
import Testing

@testable import Operations

struct MetricsTextTests {
    @Test func familiesHaveHelpAndTypeOnceAndLabelsAreEscaped() {
        var metrics = MetricsText()
        metrics.add("a_total", .counter, help: "How many\nof \\ it.", 3)
        metrics.add(
            "b_info", .gauge, help: "Which.",
            [
                (labels: [("name", #"say "x""#), ("digest", "sha-256:00")], value: 1),
                (labels: [("name", "y")], value: 0),
            ])
        #expect(
            metrics.text == #"""
                # HELP a_total How many\nof \\ it.
                # TYPE a_total counter
                a_total 3
                # HELP b_info Which.
                # TYPE b_info gauge
                b_info{name="say \"x\"",digest="sha-256:00"} 1
                b_info{name="y"} 0

                """#)
    }
}

struct ProcessFiguresTests {
    /// As the time of the boot says, which the kernel tells in whole seconds where /proc is not hidden.
    @Test func theStartIsThatOfTheKernelAndStaysTheSame() throws {
        let figures = (0..<2).map { _ in
            var metrics = MetricsText()
            ProcessFigures.add(to: &metrics)
            return metrics.text.split(separator: "\n").first { $0.hasPrefix("process_start_time_seconds ") }
        }
        #expect(figures[0] != nil && figures[0] == figures[1])
        let boot = try String(contentsOfFile: "/proc/stat", encoding: .utf8).firstMatch(of: /btime (\d+)/)?.1
        let stat = try String(contentsOfFile: "/proc/self/stat", encoding: .utf8)
        let ticks = try #require(Double(stat.split(separator: ")").last?.split(separator: " ")[19] ?? ""))
        let start = try #require(boot.flatMap { Double($0) }) + ticks / 100
        #expect(abs(try #require(ProcessFigures.start) - start) < 2)
    }
}

struct HealthServerTests {
    /// A few bytes over sockets; no client library speaks HTTP here. What takes longer than 20 s is killed, for other
    /// signals are held back from what a test starts.
    ///
    /// - Returns: what it prints until then.
    private func shell(_ script: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["-s", "KILL", "20", "/bin/bash", "-c", script, "get"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let answer = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return answer
    }

    private func get(_ port: Int, _ path: String, method: String = "GET") async throws -> (code: Int, body: String) {
        let script =
            #"exec 3<>/dev/tcp/127.0.0.1/$1; printf '%s %s HTTP/1.1\r\nHost: x\r\n\r\n' "$3" "$2" >&3; cat <&3"#
        let answer = try shell(script, String(port), path, method)
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
        let head = try #require(parts.first)
        let code = try #require(Int(head.split(separator: " ")[1]))
        return (code, parts.count > 1 ? String(parts[1]) : "")
    }

    @Test func answersItsPathsAndNoOthers() async throws {
        let server = try await HealthServer(host: "127.0.0.1", port: 0) { path in
            switch path {
            case "/live": .init(isWell: true, contentType: "text/plain", body: "alive\n")
            case "/ready": .init(isWell: false, contentType: "application/json", body: "{}\n")
            default: nil
            }
        }
        let port = try #require(server.port)
        #expect(try await get(port, "/live") == (200, "alive\n"))
        #expect(try await get(port, "/live?verbose=1").code == 200)
        #expect(try await get(port, "/ready") == (503, "{}\n"))
        #expect(try await get(port, "/elsewhere").code == 404)
        #expect(try await get(port, "/live", method: "POST").code == 405)
        #expect(try await get(port, "/live", method: "HEAD") == (200, ""))
        await server.stop()
    }

    /// Each holds a descriptor of the worker's, which its ledger needs.
    @Test func aConnectionThatSaysNothingIsClosed() async throws {
        let server = try await HealthServer(host: "127.0.0.1", port: 0, patience: .milliseconds(50)) { _ in nil }
        let port = try #require(server.port)
        // It reads until the other end closes; the second says a part of a request.
        let silent = #"exec 3<>/dev/tcp/127.0.0.1/$1; printf "$2" >&3; cat <&3; echo closed"#
        #expect(try shell(silent, String(port), "") == "closed\n")
        #expect(try shell(silent, String(port), #"GET /live HTTP/1.1\r\nHo"#) == "closed\n")
        await server.stop()
    }

    @Test func ofManyConnectionsTheFirstAreAnsweredAndTheOthersRefused() async throws {
        let server = try await HealthServer(host: "127.0.0.1", port: 0, patience: .seconds(60)) { _ in
            .init(isWell: true, contentType: "text/plain", body: "alive\n")
        }
        let script = #"""
            ask() { printf 'GET /live HTTP/1.1\r\nHost: x\r\n\r\n' >&$1; grep -c alive <&$1; }
            for _ in $(seq $2); do exec {last}<>/dev/tcp/127.0.0.1/$1; done
            exec {another}<>/dev/tcp/127.0.0.1/$1; cat <&$another; echo refused
            ask $last
            # Its end made room for one.
            exec {later}<>/dev/tcp/127.0.0.1/$1; ask $later
            """#
        let port = try #require(server.port)
        #expect(try shell(script, String(port), String(HealthServer.maximumConnections)) == "refused\n1\n1\n")
        await server.stop()
    }

    @Test func aTakenPortIsAnError() async throws {
        let first = try await HealthServer(host: "127.0.0.1", port: 0) { _ in nil }
        await #expect(throws: (any Error).self) {
            _ = try await HealthServer(host: "127.0.0.1", port: try #require(first.port)) { _ in nil }
        }
        await first.stop()
    }
}
