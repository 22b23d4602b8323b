import BrokerTestSupport
import Foundation
import Testing

@testable import AMQPClient

/// A broker of the TLS tests' own, with a listener for each way in which TLS may go right or wrong.
struct TLSBroker: Sendable {
    /// What a listener shows and demands; the broker's own has TLS 1.2 and 1.3 and demands a certificate.
    enum Listener: String, CaseIterable {
        case demanding, optional, elsewhere, expired, future, stranger, revoked, wrongUsage, old, demandingOld

        fileprivate var options: String {
            switch self {
            case .demanding: ""
            case .optional: options("server", "['tlsv1.3','tlsv1.2']", isDemanding: false)
            case .elsewhere, .expired, .future, .stranger, .revoked:
                options(rawValue, "['tlsv1.3']", isDemanding: false)
            case .wrongUsage: options("detainer-worker", "['tlsv1.3']", isDemanding: false)
            case .old: options("server", "['tlsv1.1']", isDemanding: false)
            case .demandingOld: options("server", "['tlsv1.2']", isDemanding: true)
            }
        }

        private func options(_ name: String, _ versions: String, isDemanding: Bool) -> String {
            """
            [{cacertfile,F("ca.pem")},{certfile,F("\(name).pem")},{keyfile,F("\(name).key")},{versions,\(versions)},
            {verify,verify_peer},{fail_if_no_peer_cert,\(isDemanding)}]
            """
        }
    }

    struct Problem: Error { let description: String }

    @TaskLocal static var current: TLSBroker?

    let directory: String
    let plainPort: UInt16
    private let ports: [Listener: UInt16]

    static func start() async throws -> TLSBroker {
        let directory = FileManager.default.temporaryDirectory.path + "/detainer-tls-" + UUID().uuidString
        let certificates = directory + "/certificates"
        try await script("certificates", certificates)
        try await script("broker", "start", directory + "/broker", "--tls", certificates)
        let env = try String(contentsOfFile: directory + "/broker/env", encoding: .utf8)
        let found = env.matches(of: /(?:127\.0\.0\.1|localhost):(\d+)/).compactMap { UInt16($0.1) }
        var ports: [Listener: UInt16] = [.demanding: found.last ?? 0]
        var program = "F = fun(N) -> \"\(certificates)/\" ++ N end,"
        for listener in Listener.allCases where listener != .demanding {
            let port = try #require(TestSocket.freePort())
            ports[listener] = port
            program += "ok = rabbit_networking:start_ssl_listener({\"127.0.0.1\",\(port)},\(listener.options),2),"
        }
        // The user that a client's certificate names may use only what is its own.
        program += """
            ok = rabbit_auth_backend_internal:add_user(<<"detainer-worker">>, <<"\(UUID().uuidString)">>, <<"test">>),
            ok = rabbit_auth_backend_internal:set_permissions(<<"detainer-worker">>, <<"/">>, <<"^own-">>,
            <<"^own-|^amq\\\\.default$">>, <<"^own-">>, <<"test">>).
            """
        let broker = TLSBroker(directory: directory, plainPort: found.first ?? 0, ports: ports)
        do {
            try await script("broker", "ctl", directory + "/broker", "eval", program)
        } catch {
            await broker.stop()
            throw error
        }
        return broker
    }

    func stop() async {
        do {
            try await Self.script("broker", "stop", directory + "/broker")
            try FileManager.default.removeItem(atPath: directory)
        } catch { Issue.record("the TLS broker stays behind: \(error)") }
    }

    /// Ends the broker's node as a power cut would.
    func kill() throws {
        let file = directory + "/broker/node.pid"
        let text = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(Glibc.kill(try #require(pid_t(text)), SIGKILL) == 0)
    }

    func file(_ name: String) -> String { directory + "/certificates/" + name }

    func files(ca: String = "ca", client: String? = nil) -> TLSFiles {
        TLSFiles(
            caFile: file(ca + ".pem"), certificateFile: client.map { file($0 + ".pem") },
            keyFile: client.map { file($0 + ".key") })
    }

    func port(_ listener: Listener) -> UInt16 { ports[listener] ?? 0 }

    func address(
        _ listener: Listener, host: String = "localhost", login: String = "guest:guest@", files: TLSFiles? = nil
    ) throws -> BrokerAddress {
        try BrokerAddress(url: "amqps://\(login)\(host):\(port(listener))", tls: files ?? self.files())
    }

    /// Runs a script of `deploy/local` and waits for the script alone, not for the servers that it leaves running.
    private static func script(_ name: String, _ arguments: String...) async throws {
        let folder =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/deploy/local/"
        let words = ([folder + name] + arguments).map { "'" + $0.replacing("'", with: "'\\''") + "'" }
        let said = FileManager.default.temporaryDirectory.path + "/detainer-script-" + UUID().uuidString
        let command = words.joined(separator: " ") + " </dev/null >\(said) 2>&1"
        let code = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: unsafe system(command)) }
        }
        let text = try String(contentsOfFile: said, encoding: .utf8)
        try FileManager.default.removeItem(atPath: said)
        if code != 0 { throw Problem(description: "\(name) \(arguments.first ?? "") failed: \(text)") }
    }
}

/// Starts the broker before the first test of a suite and stops it after the last one.
struct WithTLSBroker: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let broker = try await TLSBroker.start()
        do {
            try await TLSBroker.$current.withValue(broker) { try await function() }
        } catch {
            await broker.stop()
            throw error
        }
        await broker.stop()
    }
}
