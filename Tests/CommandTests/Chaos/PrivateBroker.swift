import BrokerTestSupport
import Foundation
import Glibc
import Testing

/// A broker, or a cluster of three, of a test's own, so that what is done to it disturbs no other test.
struct PrivateBroker {
    let directory: String
    private let script: String
    /// The ports that clients can reach.
    let ports: [UInt16]

    /// - Parameter isCluster: whether it has three nodes.
    static func start(isCluster: Bool) async throws -> PrivateBroker {
        let directory = try Scratch().path
        let script = isCluster ? "deploy/local/cluster" : "deploy/local/broker"
        let started = try await Binary.script(script, ["start", directory])
        try #require(started.code == 0, "\(started.errors)")
        let env = try String(contentsOfFile: directory + "/env", encoding: .utf8)
        let ports = env.matches(of: /127\.0\.0\.1:(\d+)/).compactMap { UInt16($0.1) }
        return PrivateBroker(directory: directory, script: script, ports: Array(Set(ports)).sorted())
    }

    /// One of the script's verbs; what it printed.
    @discardableResult
    func run(_ verb: String, _ arguments: String...) async throws -> String {
        let result = try await Binary.script(script, [verb, directory] + arguments)
        try #require(result.code == 0, "\(verb) \(arguments): \(result.errors)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Nobody reads its data again: a node is killed, for one that was restarted meanwhile takes half a minute to end
    /// in order. A cluster's script does so by itself.
    func stop() async {
        do {
            let file = directory + "/node.pid"
            if FileManager.default.fileExists(atPath: file) {
                let text = try String(contentsOfFile: file, encoding: .utf8)
                let node = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                try #require(kill(node, SIGKILL) == 0)
            }
            try await run("stop")
            try FileManager.default.removeItem(atPath: directory)
        } catch { Issue.record("the private broker stays behind: \(error)") }
    }
}
