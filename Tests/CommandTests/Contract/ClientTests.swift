import AMQPClient
import Foundation
import Testing

/// A sample of a publisher, and how it is started where its language is at hand.
struct Client: Sendable, CustomTestStringConvertible {
    var name: String
    /// The program, its first arguments, and what it adds to the environment.
    var program: String
    var arguments: [String]
    var environment: [String: String] = [:]
    /// What must be on the machine.
    var needs: [String]

    var testDescription: String { name }
    var isAtHand: Bool { needs.allSatisfy(FileManager.default.fileExists) }

    private static let folder = Binary.repository + "/deploy/clients/"
    private static let libraries = ["/usr/share/java/amqp-client.jar", "/usr/share/java/slf4j-api.jar"]

    static let python = Client(
        name: "Python", program: "/usr/bin/python3", arguments: [folder + "publish.py"],
        needs: [
            "/usr/bin/python3", "/usr/lib/python3/dist-packages/pika", "/usr/lib/python3/dist-packages/cryptography",
        ])
    static let go = Client(
        name: "Go", program: "/usr/bin/go", arguments: ["run", folder + "publish.go"],
        environment: ["GOPATH": "/usr/share/gocode", "GO111MODULE": "off"],
        needs: ["/usr/bin/go", "/usr/share/gocode/src/github.com/rabbitmq/amqp091-go"])
    static let java = Client(
        name: "Java", program: "/usr/bin/java",
        arguments: ["-cp", libraries.joined(separator: ":"), folder + "Publish.java"],
        needs: ["/usr/bin/java", "/usr/bin/javac"] + libraries)

    func run(_ arguments: [String], at site: Site) async throws -> Binary.Result {
        try await Binary.run(program, self.arguments + arguments, environment(at: site), input: nil)
    }

    private func environment(at site: Site) -> [String: String] {
        site.binary.environment.merging(environment) { $1 }
    }

    /// Starts it, does something once it could not hand its first message over, and waits for its end.
    func run(
        _ arguments: [String], at site: Site, afterFailure act: () async throws -> Void
    ) async throws -> Binary.Result {
        let (output, errors) = (site.scratch.path + "/client.out", site.scratch.path + "/client.err")
        let child = try ChildProcess(
            program, self.arguments + arguments, environment: environment(at: site), output: output, errors: errors)
        try await eventually("it tried in vain") {
            try String(contentsOfFile: errors, encoding: .utf8).contains("tried 1 times")
        }
        try await act()
        let code = await child.wait()
        return Binary.Result(
            code: code, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}

@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct ClientTests {
    @Test(.enabled(if: Client.python.isAtHand, "Debian's python3-pika and python3-cryptography are not installed"))
    func python() async throws { try await publishes(.python) }

    @Test(.enabled(if: Client.go.isAtHand, "Go and Debian's golang-github-rabbitmq-amqp091-go-dev are not installed"))
    func go() async throws { try await publishes(.go) }

    @Test(.enabled(if: Client.java.isAtHand, "a JDK and Debian's librabbitmq-client-java are not installed"))
    func java() async throws { try await publishes(.java) }

    /// What it sends is what the contract asks for, signed; a worker that demands signatures takes it, and what is sent
    /// twice counts once. It is started before there is a topology: what it cannot hand over it tries again.
    private func publishes(_ client: Client) async throws {
        var site = try Site()
        let key = site.scratch.path + "/publisher.key"
        let made = try await site.binary.run("intake", "keygen", "--name", "client", "--key-file", key)
        var binary = site.binary
        binary.environment["DETAINER_INTAKE_PUBLISHER_KEY_FILE"] = try site.scratch.write("publishers", made.output)
        site = Site(site, binary: binary)
        let about = #""requestId":"00000000-0000-4000-8000-000000000001""#
        let bodies = (1...3).map { requestJSON($0) } + [recordJSON(4, "reentry-arrest", about: about)]
        let file = try site.scratch.write("messages.jsonl", bodies.joined(separator: "\n") + "\n")
        let published = try await client.run(["--key", key, file], at: site) { try await site.apply() }
        #expect(published.code == 0, "\(published.errors)")
        #expect(published.output == "4 confirmed\n")
        let messages = try await site.take(site.requestQueue)
        #expect(messages.map { String(decoding: $0.body, as: UTF8.self) } == bodies)
        for (number, message) in messages.enumerated() {
            #expect(message.properties.deliveryMode == 2)
            #expect(message.properties.contentType == "application/json")
            #expect(message.properties.messageID?.hasSuffix("00000000000\(number + 1)") == true)
            #expect(message.properties.type == (number == 3 ? "detainer.record/1" : "detainer.request/1"))
        }
        for _ in 0..<2 { #expect(try await client.run(["--key", key, file], at: site).code == 0) }
        #expect(try await site.waiting(site.requestQueue) == 8)
        try await site.drain()
        #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)
        #expect(try await site.binary.run("ledger", "list", "--format", "json").lines.count == 3)
        #expect(
            try await site.binary.run("ledger", "list", "--kind", "reentry-arrest", "--format", "json").lines.count == 1
        )
        await site.remove()
    }

    /// Returned, it is tried again until the queue is there.
    @Test(.enabled(if: Client.python.isAtHand, "Debian's python3-pika is not installed"))
    func aMessageThatNoQueueTakesIsNotCalledConfirmed() async throws {
        let site = try Site()
        try await site.apply()
        let address = try BrokerAddress(url: try #require(site.url))
        let queue = site.requestQueue
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
        }
        let file = try site.scratch.write("messages.jsonl", requestJSON(1))
        let published = try await Client.python.run([file], at: site) { try await site.apply() }
        #expect(published.code == 0 && published.errors.contains("UnroutableError"), "\(published.errors)")
        #expect(try await site.waiting(queue) == 1)
        await site.remove()
    }
}
