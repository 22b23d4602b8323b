import AMQPClient
import Detainers
import Foundation
import Testing

@testable import Operations

/// Settings, names and judgements of partitions, without a broker.
struct PartitionsTests {
    private func settings(_ flags: [Settings.Key: String] = [:], partitions: Int = 4) throws -> Settings {
        let path = FileManager.default.temporaryDirectory.path + "/partitions-\(UUID().uuidString).yaml"
        try "{}".write(toFile: path, atomically: true, encoding: .utf8)
        return try Settings(
            flags: flags.merging([.partitions: String(partitions)]) { mine, _ in mine }, environment: [:], file: path)
    }

    @Test func withoutThemThereIsOneQueueAsBefore() throws {
        let topology = Topology(try settings(partitions: 0))
        #expect(topology.exchanges.map(\.name) == ["detainer.intake", "detainer.outcomes", "detainer.dead"])
        #expect(topology.queues.map(\.name) == ["detainer.requests", "detainer.dead-letters", "annual-report"])
        #expect(!topology.requestQueues[0].arguments.contains { $0.0 == "x-single-active-consumer" })
        #expect(topology.bindings.count == 3)
        #expect(try settings(partitions: 0).workerQueue() == "detainer.requests")
    }

    @Test func withThemEachQueueIsAsTheOneWasAndHasOneConsumerAtATime() throws {
        let (one, many) = (Topology(try settings(partitions: 0)), Topology(try settings()))
        #expect(many.requestQueues.map(\.name) == (1...4).map { "detainer.requests.\($0)" })
        for queue in many.requestQueues {
            #expect(queue.arguments.dropLast().map(\.0) == one.requestQueues[0].arguments.map(\.0))
            #expect(queue.arguments.dropLast().map(\.1) == one.requestQueues[0].arguments.map(\.1))
            #expect(queue.arguments.last?.0 == "x-single-active-consumer" && queue.arguments.last?.1 == .bool(true))
        }
        let exchange = try #require(many.exchanges.last)
        #expect(exchange.name == "detainer.partitions" && exchange.type == "x-consistent-hash")
        #expect(exchange.arguments.first?.1 == .string("message_id"))
        #expect(many.bindings.filter { $0.kind == .exchange }.map(\.destination) == ["detainer.partitions"])
        #expect(
            many.bindings.filter { $0.exchange == "detainer.partitions" }.map(\.routingKey) == ["1", "1", "1", "1"])
        #expect(!many.bindings.contains(many.directRoute))
    }

    @Test func aWorkersPartitionIsSetOrTheNumberAtTheEndOfItsName() throws {
        func queue(_ name: String, _ own: Int = 0) throws -> String {
            String(try settings([.workerName: name, .workerPartition: String(own)]).workerQueue().dropFirst(18))
        }
        #expect(try ["worker-1", "worker-4", "worker-5", "w12"].map { try queue($0) } == ["1", "4", "1", "4"])
        // As a StatefulSet counts: from 0 on, and each four that follow one another have one each.
        #expect(try Set((0...3).map { try queue("detainer-worker-\($0)") }).count == 4)
        #expect(try queue("worker-1", 3) == "3")
        #expect(try ["1", "2", "3", "4"].contains(queue("w" + String(repeating: "9", count: 60))))
        #expect(throws: Settings.Problem.self) { try queue("clerk") }
        #expect(try queue("clerk", 2) == "2")
        #expect(throws: Settings.Problem.self) { try queue("worker-1", 5) }
    }

    @Test func oneIsNoPartition() {
        #expect(throws: Settings.Problem.self) { try settings(partitions: 1) }
        #expect(throws: Settings.Problem.self) { try settings(partitions: Partitions.maximum + 1) }
    }

    @Test func rightsAreThoseOfAllQueuesAndNoMore() throws {
        let topology = Topology(try settings(partitions: 2))
        func user(_ role: String) throws -> Topology.User { try #require(topology.users.first { $0.role == role }) }
        #expect(try user("worker").read == #"^(?:detainer\.requests\.1|detainer\.requests\.2)$"#)
        #expect(try user("intake").write == #"^(?:detainer\.intake)$"#)
        // Binding one exchange to another takes `write` on the second.
        #expect(try user("topology").write.contains(#"detainer\.partitions"#))
    }

    @Test func exportsHoldTheExchangeItsArgumentAndTheWayToIt() throws {
        let topology = Topology(try settings(partitions: 2))
        let definitions = topology.definitions()
        let exchange = definitions["exchanges"]?.arrayValue?.last
        #expect(exchange?["type"] == "x-consistent-hash" && exchange?["arguments"]?["hash-property"] == "message_id")
        let ways = definitions["bindings"]?.arrayValue?.filter { $0["destination_type"] == "exchange" }
        #expect(ways?.map { $0["destination"] } == ["detainer.partitions"])
        let objects = topology.kubernetes(cluster: "mq", namespace: "n")
        #expect(objects.contains("type: \"x-consistent-hash\"") && objects.contains("hash-property: \"message_id\""))
        #expect(objects.contains("destinationType: \"exchange\""))
        #expect(objects.contains("x-single-active-consumer: true"))
    }

    // MARK: - the doctor and the status

    /// What is not good, verdict and name.
    private func complaints(_ partitions: Int, _ change: (inout BrokerFacts, Topology) throws -> Void) throws
        -> [String]
    {
        let settings = try settings(partitions: partitions)
        let topology = Topology(settings)
        var facts = BrokerFacts(unseen: "not asked")
        for exchange in topology.exchanges {
            facts.exchanges[exchange.name] = .right
            let arguments: JSONValue = exchange.arguments.isEmpty ? [:] : ["hash-property": "message_id"]
            let detail = ExchangeDetail(
                json: ["name": .string(exchange.name), "type": .string(exchange.type), "arguments": arguments])
            facts.exchangeDetails[exchange.name] = .seen(try #require(detail))
            facts.bindings[exchange.name] = .seen(
                try topology.bindings.filter { $0.exchange == exchange.name }.map(Self.seen))
        }
        for queue in topology.queues { facts.queues[queue.name] = .right }
        let types: JSONValue = [["name": "topic"], ["name": "x-consistent-hash"]]
        facts.overview = .seen(
            try #require(BrokerOverview(json: ["rabbitmq_version": "3.13.7", "exchange_types": types])))
        try change(&facts, topology)
        let kinds: [Doctor.Check] = [.exchange, .queue, .bindings, .partitions]
        return BrokerExamination(facts, settings, virtualHost: "/", user: "u").findings
            .filter { kinds.contains($0.check) && $0.verdict != .good }.map { "\($0.verdict.rawValue) \($0.name)" }
    }

    private static func seen(_ binding: Topology.Binding) throws -> ExchangeBinding {
        try #require(
            ExchangeBinding(
                json: [
                    "destination": .string(binding.destination), "destination_type": .string(binding.kind.rawValue),
                    "routing_key": .string(binding.routingKey),
                ]))
    }

    private static func add(_ binding: Topology.Binding, _ facts: inout BrokerFacts) throws {
        facts.bindings[binding.exchange] = .seen((facts.bindings[binding.exchange]?.value ?? []) + [try seen(binding)])
    }

    @Test func theDoctorLooksAtPluginPropertyWaysAndShares() throws {
        #expect(try complaints(0) { _, _ in } == [] && complaints(4) { _, _ in } == [])
        let plain = BrokerOverview(json: ["rabbitmq_version": "3.13.7", "exchange_types": [["name": "topic"]]])
        #expect(
            try complaints(4) { facts, _ in facts.overview = .seen(try #require(plain)) }
                == ["bad partitions detainer.partitions"])
        #expect(
            try complaints(4) { facts, _ in facts.overview = .unseen("no") } == [
                "unseen partitions detainer.partitions"
            ])
        #expect(
            try complaints(4) { facts, topology in
                facts.exchangeDetails["detainer.partitions"] = .seen(
                    try #require(ExchangeDetail(json: ["name": "detainer.partitions", "type": "x-consistent-hash"])))
            } == ["bad exchange detainer.partitions"])
        // A queue too many takes its share of the requests.
        #expect(
            try complaints(4) { try Self.add($1.shareRoute("detainer.requests.5"), &$0) }
                == ["bad bindings detainer.partitions"])
        #expect(
            try complaints(4) { facts, _ in facts.bindings["detainer.intake"] = .seen([]) }
                == ["bad bindings detainer.intake"])
        // A tap at the intake exchange is nobody's business, what partitions took the place of is.
        let tap = Topology.Binding(exchange: "detainer.intake", destination: "tap")
        #expect(try complaints(4) { facts, _ in try Self.add(tap, &facts) } == [])
    }

    @Test func whatOtherPartitionsLeftIsFound() throws {
        func left(_ queue: String, _ waiting: Int) -> Topology.Leftover {
            Topology.Leftover(queue: queue, waiting: waiting, consumers: 0)
        }
        #expect(
            try complaints(4) { facts, topology in
                facts.leftovers = [left("detainer.requests", 3)]
                try Self.add(topology.directRoute, &facts)
            } == ["warning bindings detainer.intake", "warning partitions detainer.requests"])
        #expect(
            try complaints(0) { facts, topology in
                facts.leftovers = [left("detainer.requests.1", 0)]
                try Self.add(topology.spreadRoute, &facts)
            } == ["warning bindings detainer.intake"])
    }

    @Test func theStatusTellsWhichPartitionNobodyTakes() {
        func queue(_ number: Int, consumers: Int) -> PoolStatus.Queue {
            var queue = PoolStatus.Queue(name: "requests.\(number)")
            (queue.partition, queue.consumers) = (number, consumers)
            return queue
        }
        var status = PoolStatus(
            queues: .seen(
                requests: [queue(1, consumers: 1), queue(2, consumers: 0)], deadLetters: .init(name: "d"),
                report: .init(name: "r")))
        status.workers = [PoolStatus.Worker(name: "w1")]
        #expect(status.next == "nobody consumes from requests.2: start a worker whose worker.partition is 2")
        status.queues = .seen(
            requests: [queue(1, consumers: 1)], deadLetters: .init(name: "d"), report: .init(name: "r"))
        status.leftovers = [Topology.Leftover(queue: "requests", waiting: 7, consumers: 0)]
        #expect(status.next.hasPrefix("7 requests wait in requests"))
    }

    @Test func aBrokerWithoutThePluginIsToldHowToEnableIt() {
        let said = AMQPError(
            code: .closedByBroker, replyCode: AMQPError.commandInvalid, message: "unknown exchange type")
        let exchange = Topology.Exchange(name: "x", type: Partitions.exchangeType)
        #expect(
            Topology.withPlugin(said, exchange).message.contains("enable rabbitmq_consistent_hash_exchange"))
        #expect(Topology.withPlugin(said, Topology.Exchange(name: "x")) == said)
    }
}
