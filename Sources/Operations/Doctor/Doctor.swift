public import AMQPClient

/// Whether this broker keeps what the workers promise, and what command mends it; looks and changes nothing.
public struct Doctor: Sendable {
    /// One thing that was looked at.
    public struct Finding: Sendable {
        public enum Verdict: String, Sendable {
            case good
            /// It cannot be seen from here.
            case unseen
            case bad
        }

        public var check: String
        public var verdict: Verdict
        public var sentence: String
    }

    private let topology: Topology

    public init(_ settings: Settings) { topology = Topology(settings) }

    /// Whether exchanges and queues are as they should be: above all that dead-lettering is at least once.
    ///
    /// A queue's arguments can be seen over AMQP only by declaring it anew: alike, the broker changes nothing, else it
    /// refuses (406) and says what differs. A queue that is not there is not declared.
    public func look(_ address: BrokerAddress) async throws -> [Finding] {
        let topology = topology
        return try await AMQPAdministration.perform(
            address, name: "doctor", timeoutSeconds: Topology.timeoutSeconds
        ) { channel in
            var findings: [Finding] = []
            for exchange in topology.exchanges {
                let check = "exchange \(exchange.name)"
                do {
                    try channel.declareExchange(name: exchange.name, type: exchange.type, passive: true)
                    findings.append(Finding(check: check, verdict: .good, sentence: "it is there"))
                } catch let error as AMQPError where error.code == .notFound {
                    findings.append(
                        Finding(check: check, verdict: .bad, sentence: "it is not there: run `detainer topology apply`")
                    )
                }
            }
            for queue in topology.queues { findings.append(try Self.finding(queue, &channel)) }
            return findings
        }
    }

    private static func finding(_ queue: Topology.Queue, _ channel: inout AdministrationChannel) throws -> Finding {
        let check = "queue \(queue.name)"
        do {
            _ = try channel.declareQueue(name: queue.name, arguments: [], passive: true)
            _ = try channel.declareQueue(name: queue.name, arguments: queue.arguments, passive: false)
            let isAtLeastOnce = queue.arguments.contains { $0.0 == "x-dead-letter-strategy" }
            let sentence =
                isAtLeastOnce
                ? "its arguments are right: what it gives up is dead-lettered at least once"
                : "its arguments are right"
            return Finding(check: check, verdict: .good, sentence: sentence)
        } catch let error as AMQPError where error.code == .notFound {
            return Finding(
                check: check, verdict: .bad, sentence: "it is not there: run `detainer topology apply`")
        } catch let error as AMQPError where error.code == .preconditionFailed {
            return Finding(
                check: check, verdict: .bad,
                sentence:
                    "its arguments are others (\(error.message)), so that messages may be lost: stop its senders, "
                    + "let it drain, delete it, then run `detainer topology apply`")
        } catch let error as AMQPError where error.code == .accessRefused {
            return Finding(
                check: check, verdict: .unseen,
                sentence: "this user may not look at its arguments: ask as an administrator")
        }
    }

    /// What no question over AMQP answers.
    public var unseen: [Finding] {
        [
            Finding(
                check: "bindings", verdict: .unseen,
                sentence:
                    "AMQP does not tell them: `rabbitmqctl list_bindings` does; nothing but the report's queue may "
                    + "be bound to the outcome exchange"),
            Finding(
                check: "policies of the broker", verdict: .unseen,
                sentence:
                    "a policy may set limits or another overflow: `rabbitmqctl list_policies` tells; and at-least-once "
                    + "dead-lettering needs the feature flag stream_queue: `rabbitmqctl list_feature_flags`"),
        ]
    }
}
