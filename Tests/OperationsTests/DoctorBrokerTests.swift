import Detainers
import Foundation
import Testing

@testable import Operations

/// Reads like a transcript: what was seen of a broker, what the doctor says.
struct DoctorBrokerTests {
    private let settings: Settings
    private let topology: Topology

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        settings = try Settings(flags: [:], environment: [:], file: root + "/config/worker.yaml")
        topology = Topology(settings)
    }

    private func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

    private func queue(_ name: String, policy: String = "{}", arguments: String? = nil) throws -> Seen<QueueDetail> {
        let right =
            name == "detainer.requests"
            ? #"{"x-queue-type":"quorum","x-dead-letter-exchange":"detainer.dead","#
                + #""x-dead-letter-routing-key":"broker","x-dead-letter-strategy":"at-least-once","#
                + #""x-overflow":"reject-publish","x-delivery-limit":200}"#
            : #"{"x-queue-type":"quorum"}"#
        return .seen(
            try #require(
                QueueDetail(
                    json: try json(
                        #"{"name":"\#(name)","type":"quorum","arguments":\#(arguments ?? right),"#
                            + #""policy":"p","effective_policy_definition":\#(policy)}"#))))
    }

    private func healthy(_ version: String = "3.13.7") throws -> BrokerFacts {
        var facts = BrokerFacts(unseen: "not asked")
        for exchange in topology.exchanges {
            facts.exchanges[exchange.name] = .right
            facts.exchangeDetails[exchange.name] = .seen(
                try #require(ExchangeDetail(json: ["name": .string(exchange.name), "type": "topic"])))
        }
        for queue in topology.queues {
            facts.queues[queue.name] = .right
            facts.queueDetails[queue.name] = try self.queue(queue.name)
        }
        for binding in topology.bindings {
            facts.bindings[binding.exchange] = .seen([try bound(binding.destination)])
        }
        facts.overview = .seen(try #require(BrokerOverview(json: ["rabbitmq_version": .string(version)])))
        facts.nodes = .seen([try #require(BrokerNode(json: ["name": "rabbit@a", "running": true]))])
        facts.featureFlags = .seen([try #require(FeatureFlag(json: ["name": "stream_queue", "state": "enabled"]))])
        facts.permissions = .seen(
            UserPermission(
                configure: "^$", write: #"^(?:detainer\.outcomes|detainer\.dead)$"#, read: #"^detainer\.requests$"#))
        return facts
    }

    private func bound(_ queue: String, _ key: String = "#") throws -> ExchangeBinding {
        try #require(
            ExchangeBinding(
                json: [
                    "destination": .string(queue), "destination_type": "queue", "routing_key": .string(key),
                ]))
    }

    private func findings(_ facts: BrokerFacts) -> [Doctor.Finding] {
        BrokerExamination(facts, settings, virtualHost: "/", user: "detainer-worker").findings
    }

    /// What is not good, verdict and name; `!` where a worker must not start.
    private func complaints(_ version: String = "3.13.7", _ change: (inout BrokerFacts) throws -> Void) throws
        -> [String]
    {
        var facts = try healthy(version)
        try change(&facts)
        return findings(facts).filter { $0.verdict != .good && $0.name != "ack timeout" }
            .map { "\($0.verdict.rawValue)\($0.forbidsStart ? "!" : "") \($0.name)" }
    }

    @Test func aFitBrokerHasNothingButGoodFindingsAndATimeoutThatIsNotTold() throws {
        #expect(try complaints { _ in } == [])
        let timeout = try findings(healthy()).first { $0.check == .ackTimeout }
        #expect(timeout?.verdict == .unseen)
        #expect(timeout?.sentence.contains("30 minutes") == true && timeout?.sentence.contains("210 s") == true)
    }

    @Test func withoutTheManagementAPIMostIsUnseenAndEachSaysWhatToRun() throws {
        var facts = BrokerFacts(unseen: "broker.management-url is not set")
        let whole = try healthy()
        (facts.exchanges, facts.queues) = (whole.exchanges, whole.queues)
        let findings = findings(facts)
        #expect(findings.allSatisfy { [.good, .unseen].contains($0.verdict) })
        #expect(findings.filter { $0.verdict == .unseen }.allSatisfy { $0.remedy?.contains("rabbitmq") == true })
        #expect(findings.filter { $0.verdict == .good }.count == 6)
    }

    @Test func versions() throws {
        #expect(try complaints("3.9.0") { _ in } == ["bad! broker version 3.9.0"])
        #expect(try complaints("3.7.28") { _ in }.filter { $0.hasPrefix("bad! broker") }.count == 2)
        #expect(try complaints("3.10.8") { _ in } == [])
        #expect(try complaints("4.2.6") { _ in }.contains("warning broker version 4.2.6"))
        #expect(!(try complaints("4.2.7") { _ in }.contains("warning broker version 4.2.7")))
        #expect(try complaints("4.3.0") { _ in }.contains("warning broker version 4.3.0"))
        #expect(BrokerVersion(text: "4.0.0-rc.1") == "4.0" && BrokerVersion(text: "x") == nil)
        #expect(("3.9" as BrokerVersion) < "3.10" && ("3.8.15" as BrokerVersion) > "3.8")
    }

    @Test func queuesAndExchanges() throws {
        #expect(try complaints { $0.queues["annual-report"] = .missing } == ["bad queue annual-report"])
        #expect(try complaints { $0.queues["annual-report"] = .different("x") } == ["bad! queue annual-report"])
        // A worker's user may not declare: then the management API tells.
        #expect(try complaints { $0.queues["detainer.requests"] = .refused } == [])
        #expect(
            try complaints {
                $0.queues["detainer.requests"] = .refused
                $0.queueDetails["detainer.requests"] = try queue(
                    "detainer.requests", arguments: #"{"x-queue-type":"quorum"}"#)
            }.first == "bad! queue detainer.requests")
        #expect(
            try complaints {
                $0.queueDetails["annual-report"] = try queue(
                    "annual-report", arguments: #"{"x-queue-type":"quorum","x-max-length":5}"#)
            } == ["bad! queue annual-report"])
        #expect(try complaints { $0.exchanges["detainer.dead"] = .missing } == ["bad exchange detainer.dead"])
        #expect(
            try complaints {
                $0.exchangeDetails["detainer.outcomes"] = .seen(
                    try #require(
                        ExchangeDetail(
                            json: [
                                "name": "x", "type": "topic", "arguments": ["alternate-exchange": "amq.fanout"],
                            ])))
            } == ["bad! exchange detainer.outcomes"])
    }

    @Test func bindings() throws {
        #expect(
            try complaints {
                $0.bindings["detainer.outcomes"] = .seen([try bound("annual-report"), try bound("tap")])
            } == ["bad! bindings detainer.outcomes"])
        #expect(try complaints { $0.bindings["detainer.outcomes"] = .seen([]) } == ["bad bindings detainer.outcomes"])
        // A tap on what comes in hides nothing.
        #expect(
            try complaints {
                $0.bindings["detainer.intake"] = .seen([try bound("detainer.requests"), try bound("tap")])
            } == [])
        #expect(
            try complaints { $0.bindings["detainer.dead"] = .seen([]) }
                == ["bad bindings detainer.dead", "bad dead-lettering"])
        let off = FeatureFlag(json: ["name": "stream_queue", "state": "disabled"])
        #expect(try complaints { $0.featureFlags = .seen([try #require(off)]) } == ["bad! dead-lettering"])
    }

    @Test(arguments: [
        ("annual-report", #"{"message-ttl":60000}"#, "bad!"), ("annual-report", #"{"max-length":10}"#, "bad!"),
        ("annual-report", #"{"expires":60000}"#, "bad!"),
        ("detainer.dead-letters", #"{"max-length-bytes":10,"overflow":"reject-publish"}"#, "warning"),
        ("detainer.requests", #"{"overflow":"drop-head"}"#, "bad!"),
        ("detainer.requests", #"{"dead-letter-strategy":"at-most-once"}"#, "bad!"),
        ("detainer.requests", #"{"message-ttl":60000}"#, "bad"),
        ("detainer.requests", #"{"max-length":10}"#, "warning"),
    ])
    func policiesThatTakeAway(_ name: String, _ policy: String, _ verdict: String) throws {
        let complaints = try complaints { $0.queueDetails[name] = try queue(name, policy: policy) }
        #expect(complaints == ["\(verdict) policies of the broker \(name)"], "\(policy)")
    }

    @Test func deliveryLimits() throws {
        let last = ["bad delivery limit detainer.dead-letters", "bad delivery limit annual-report"]
        #expect(try complaints("4.0.5") { _ in } == last)
        let keep = String(decoding: topology.policy.definition.serialized(), as: UTF8.self)
        #expect(
            try complaints("4.0.5") { facts in
                for name in ["detainer.dead-letters", "annual-report"] {
                    facts.queueDetails[name] = try queue(name, policy: keep)
                }
            } == [])
        #expect(
            try complaints {
                $0.queueDetails["detainer.requests"] = try queue("detainer.requests", policy: #"{"delivery-limit":5}"#)
            } == ["warning delivery limit detainer.requests"])
        let remedy = try findings(healthy("4.0.5")).first { $0.check == .deliveryLimit && $0.verdict == .bad }?.remedy
        #expect(
            remedy == "rabbitmqctl set_policy -p / --apply-to queues --priority 1 detainer-keep "
                + #"'^(?:detainer\.dead-letters|annual-report)$' '{"delivery-limit":1000000000}'"#)
    }

    @Test func timeouts() throws {
        func timeout(_ policy: String, _ version: String = "3.13.7") throws -> Doctor.Finding? {
            var facts = try healthy(version)
            facts.queueDetails["detainer.requests"] = try queue("detainer.requests", policy: policy)
            return findings(facts).first { $0.check == .ackTimeout }
        }
        #expect(try timeout(#"{"consumer-timeout":60000}"#)?.verdict == .bad)
        #expect(try timeout(#"{"consumer-timeout":3600000}"#)?.verdict == .good)
        #expect(try timeout("{}", "3.8.16")?.sentence.contains("15 minutes") == true)
        #expect(try timeout("{}", "3.8.14")?.verdict == .good)
    }

    @Test func rights() throws {
        func rights(_ configure: String, _ write: String, _ read: String) -> (inout BrokerFacts) -> Void {
            { $0.permissions = .seen(UserPermission(configure: configure, write: write, read: read)) }
        }
        #expect(try complaints(change: rights(".*", ".*", ".*")) == ["warning permissions detainer-worker"])
        #expect(try complaints(change: rights("^$", ".*", "^$")) == ["bad permissions detainer-worker"])
        #expect(try complaints(change: rights("^$", "^$", ".*")) == ["bad permissions detainer-worker"])
        #expect(try complaints(change: rights("^other", ".*", ".*")) == [])
        // There a worker needs it.
        #expect(!(try complaints("4.3.0", rights(".*", ".*", ".*")).contains("warning permissions detainer-worker")))
        let remedy = try findings(healthyWithoutRights()).first { $0.check == .permissions }?.remedy
        #expect(remedy?.contains("rabbitmqctl set_permissions -p / detainer-worker '^$' ") == true)
    }

    private func complaints(change: (inout BrokerFacts) -> Void) throws -> [String] { try complaints("3.13.7", change) }

    private func healthyWithoutRights() throws -> BrokerFacts {
        var facts = try healthy()
        facts.permissions = .seen(UserPermission(configure: "", write: "", read: ""))
        return facts
    }

    @Test func nodes() throws {
        func node(_ members: String) throws -> (inout BrokerFacts) throws -> Void {
            let node = try #require(BrokerNode(json: try json(#"{"name":"n",\#(members)}"#)))
            return { $0.nodes = .seen([node]) }
        }
        for wrong in [
            #""running":false"#, #""disk_free_alarm":true"#, #""mem_alarm":true"#, #""partitions":["m"]"#,
        ] { #expect(try complaints("3.13.7", node(wrong)) == ["bad resources of the broker n"], "\(wrong)") }
        for near in [#""disk_free":99,"disk_free_limit":50"#, #""fd_used":81,"fd_total":100"#] {
            #expect(try complaints("3.13.7", node(near)) == ["warning resources of the broker n"], "\(near)")
        }
    }
}
