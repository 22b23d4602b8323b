public import AMQPClient
import Detainers

/// Whether this machine and this broker keep what the workers promise, and what mends them; changes nothing that
/// stays.
///
/// What is seen is gathered first (``MachineFacts``, `BrokerFacts`) and judged apart, by functions of these facts
/// alone.
public struct Doctor: Sendable {
    private let settings: Settings

    public init(_ settings: Settings) { self.settings = settings }

    /// What was found of the broker, over AMQP and, where the settings name it, over its management API.
    ///
    /// - Throws: `AMQPError` where AMQP does not get through. Where only the management API does not, what it would
    ///   tell is unseen.
    public func look(_ address: BrokerAddress) async throws -> [Finding] {
        let topology = Topology(settings)
        let parts = try await Self.parts(topology, address)
        var facts = await managementFacts(topology, address)
        (facts.exchanges, facts.queues, facts.leftovers) = parts
        return BrokerExamination(facts, settings, virtualHost: address.virtualHost, user: address.user).findings
    }

    /// Why a worker must not start now; see ``unsafeToStart(_:)``. A broker that does not answer forbids nothing: the
    /// worker waits for it.
    ///
    /// - Parameter jurisdictions: those whose pseudonym keys it uses.
    public static func startProblems(
        _ settings: Settings, _ address: BrokerAddress, jurisdictions: [String] = []
    ) async -> [Finding] {
        let machine = MachineFacts(settings, jurisdictions: jurisdictions, measuring: false).findings()
        // It is not there now; the worker says so, and asks again.
        let broker = (try? await Doctor(settings).look(address)) ?? []
        return unsafeToStart(machine + broker)
    }

    // MARK: - over AMQP

    private typealias Parts = (
        exchanges: [String: BrokerFacts.Part], queues: [String: BrokerFacts.Part], leftovers: [Topology.Leftover]
    )

    /// A queue's arguments can be seen over AMQP only by declaring it anew: alike, the broker changes nothing, else it
    /// refuses (406) and says what differs. A queue that is not there is not declared.
    private static func parts(_ topology: Topology, _ address: BrokerAddress) async throws -> Parts {
        try await AMQPAdministration.perform(
            address, name: "doctor", timeoutSeconds: Topology.timeoutSeconds
        ) { channel in
            var parts: Parts = ([:], [:], [])
            for exchange in topology.exchanges {
                parts.exchanges[exchange.name] = try part(&channel) {
                    try $0.declareExchange(name: exchange.name, type: exchange.type, passive: true)
                }
            }
            for queue in topology.queues {
                parts.queues[queue.name] = try part(&channel) {
                    _ = try $0.declareQueue(name: queue.name, arguments: [], passive: true)
                    _ = try $0.declareQueue(name: queue.name, arguments: queue.arguments, passive: false)
                }
            }
            parts.leftovers = try topology.leftovers(&channel)
            return parts
        }
    }

    private static func part(
        _ channel: inout AdministrationChannel, _ look: (inout AdministrationChannel) throws -> Void
    ) throws -> BrokerFacts.Part {
        do {
            try look(&channel)
            return .right
        } catch let error as AMQPError where error.code == .notFound {
            return .missing
        } catch let error as AMQPError where error.code == .preconditionFailed {
            return .different(error.message)
        } catch let error as AMQPError where error.code == .accessRefused {
            return .refused
        }
    }

    // MARK: - over the management API

    private func managementFacts(_ topology: Topology, _ address: BrokerAddress) async -> BrokerFacts {
        let client: ManagementClient
        do {
            guard let management = try ManagementAddress(settings) else {
                return BrokerFacts(unseen: "broker.management-url is not set")
            }
            client = ManagementClient(management)
            // One that does not answer is not asked ten times.
            _ = try await client.get("overview")
        } catch {
            return BrokerFacts(unseen: "\(error)")
        }
        let vhost = address.virtualHost
        var facts = BrokerFacts(unseen: "the management API does not tell")
        facts.overview = await Self.ask(client, ["overview"], BrokerOverview.init)
        facts.nodes = await Self.ask(client, ["nodes"]) { [BrokerNode](json: $0, BrokerNode.init) }
        facts.featureFlags = await Self.ask(client, ["feature-flags"]) { [FeatureFlag](json: $0, FeatureFlag.init) }
        facts.permissions = await Self.ask(client, ["permissions", vhost, address.user], UserPermission.init)
        for queue in topology.queues.map(\.name) {
            facts.queueDetails[queue] = await Self.ask(client, ["queues", vhost, queue], QueueDetail.init)
        }
        for exchange in topology.exchanges.map(\.name) {
            facts.exchangeDetails[exchange] = await Self.ask(
                client, ["exchanges", vhost, exchange], ExchangeDetail.init)
            facts.bindings[exchange] = await Self.ask(client, ["exchanges", vhost, exchange, "bindings", "source"]) {
                [ExchangeBinding](json: $0, ExchangeBinding.init)
            }
        }
        return facts
    }

    private static func ask<Value: Sendable>(
        _ client: ManagementClient, _ path: [String], _ read: (JSONValue) -> Value?
    ) async -> Seen<Value> {
        do throws(ManagementError) {
            return read(try await client.get(path)).map { .seen($0) }
                ?? .unseen("the management API tells it otherwise")
        } catch {
            return .unseen(error.message)
        }
    }
}
