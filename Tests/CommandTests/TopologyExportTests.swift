import AMQPClient
import Foundation
import Testing

/// What `topology export` gives to those who apply a topology otherwise.
struct TopologyExportTests {
    @Test func definitionsAreOneLineOfJSONAndKubernetesObjectsAreYAML() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let definitions = try await site.binary.run("topology", "export", "--vhost", "city")
        #expect(definitions.code == 0 && definitions.lines.count == 1)
        let content = try #require(try definitions.objects().first)
        #expect((content["queues"] as? [[String: Any]])?.count == 3)
        #expect((content["vhosts"] as? [[String: String]]) == [["name": "city"]])
        #expect(!definitions.output.contains("guest"))
        let objects = try await site.binary.run(
            "topology", "export", "--as", "kubernetes", "--cluster", "mq", "--namespace", "city")
        #expect(objects.output.hasPrefix("# Made by `detainer topology export --as kubernetes`"))
        #expect(objects.output.contains("kind: \"Permission\"") && objects.output.contains("namespace: \"city\""))
        #expect(objects.output.hasSuffix("name: \"mq\"\n") && !objects.output.hasSuffix("\n\n"))
        let users = try await site.binary.run("topology", "users")
        #expect(users.lines.first?.contains("CONFIGURE") == true)
        #expect(users.lines.contains { $0.hasPrefix("worker ") && $0.contains("detainer-worker") })
        #expect(try await site.binary.run("topology", "export", "--as", "users").output == users.output)
        let rights = try await site.binary.run("topology", "users", "--format", "json").objects()
        #expect(rights.first { $0["role"] as? String == "worker" }?["configure"] as? String == "^$")
    }
}

private let ctl = ProcessInfo.processInfo.environment["DETAINER_TEST_BROKER_CTL"]

@Suite(.enabled(if: brokerURL != nil && ctl != nil, "DETAINER_TEST_BROKER_CTL is not set"), .serialized)
struct DefinitionsTests {
    private func ctl(_ arguments: String...) async throws -> String {
        let result = try await Binary.run(
            #require(CommandTests.ctl), arguments, ProcessInfo.processInfo.environment, input: nil)
        try #require(result.code == 0, "\(arguments.first ?? ""): \(result.errors)\(result.output)")
        return result.output
    }

    /// In a virtual host of its own, by the users of the table, each with the rights that it gives them.
    @Test(arguments: [0, 2]) func importedDefinitionsAreEnoughForEveryRole(partitions: Int) async throws {
        let vhost = "test-" + UUID().uuidString.lowercased()
        let address = try BrokerAddress(url: try #require(brokerURL))
        let site = try Site(url: "amqp://detainer-worker:worker@127.0.0.1:\(address.port)/\(vhost)")
            .with(["DETAINER_TOPOLOGY_PARTITIONS": String(partitions)])
        defer { site.scratch.remove() }
        func binary(_ role: String) -> Binary {
            var binary = site.binary
            binary.environment["DETAINER_BROKER_URL"] =
                "amqp://detainer-\(role):\(role)@127.0.0.1:\(address.port)/\(vhost)"
            return binary
        }
        let definitions = try await site.binary.run("topology", "export", "--vhost", vhost)
        _ = try await ctl("import_definitions", try site.scratch.write("definitions.json", definitions.output))
        let roles = ["worker", "intake", "operator", "aggregator", "topology"]
        // Without a password nobody gets in.
        #expect(try await binary("intake").run("intake", "submit", Binary.sampleRequest).code == 69)
        for role in roles { _ = try await ctl("change_password", "detainer-" + role, role) }
        let check = try await binary("topology").run("topology", "check")
        #expect(check.code == 0, "\(check.output)\(check.errors)")
        // What is declared again is the same.
        let again = try await binary("topology").run("topology", "apply", "--retire")
        #expect(again.code == 0, "\(again.errors)")
        let requests = try site.scratch.write("r.jsonl", (1...3).map { requestJSON($0) }.joined(separator: "\n"))
        let submitted = try await binary("intake").run("intake", "submit", requests)
        #expect(submitted.output == "3 confirmed, 0 not taken, of 3\n", "\(submitted.errors)")
        let broken = try site.scratch.write("b.json", "garbage")
        #expect(try await binary("intake").run("intake", "submit", "--unchecked", broken).code == 0)
        // The number at the end of a worker's name is its partition.
        for number in 1...max(1, partitions) { try await site.worker("w\(number)").drain() }
        #expect(try await site.binary.run("ledger", "list", "--format", "json").lines.count == 3)
        let letters = try await binary("operator").run("dead-letters", "list", "--format", "json")
        #expect(letters.lines.count == 1 && !letters.errors.contains("not collected"), "\(letters.errors)")
        let aggregator = try await AMQPAdministration.perform(
            BrokerAddress(url: try #require(binary("aggregator").environment["DETAINER_BROKER_URL"])),
            name: "tests", timeoutSeconds: 20
        ) { [queue = site.reportQueue] channel in
            try channel.declareQueue(name: queue, arguments: [], passive: true).messageCount
        }
        #expect(aggregator == 3)
        // A worker's rights let it make nothing.
        #expect(try await site.binary.run("topology", "apply").code == 69)
        _ = try await ctl("delete_vhost", vhost)
        for role in roles + ["monitor"] { _ = try await ctl("delete_user", "detainer-" + role) }
    }
}

extension Binary {
    static let sampleRequest = repository + "/config/samples/request.json"
}
