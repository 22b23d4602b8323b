public import AMQPClient

/// The exchanges, queues and bindings that workers need, from one description.
public struct Topology: Sendable {
    public struct Exchange: Sendable {
        public var name: String
        public var type: String
    }

    public struct Queue: Sendable {
        public var name: String
        public var arguments: [(String, FieldValue)]
    }

    public struct Binding: Sendable {
        public var exchange: String
        public var queue: String
        public var routingKey: String
    }

    /// A backstop, far above what crashes of innocent workers can count up: a killed consumer counts against every
    /// message it held.
    static let deliveryLimit: Int64 = 200

    public let exchanges: [Exchange]
    public let queues: [Queue]
    public let bindings: [Binding]

    public init(_ settings: Settings) {
        let intake = settings[.intakeExchange]
        let outcomes = settings[.outcomeExchange]
        let dead = settings[.deadExchange]
        exchanges = [intake, outcomes, dead].map { Exchange(name: $0, type: "topic") }
        let quorum = ("x-queue-type", FieldValue.string("quorum"))
        queues = [
            Queue(
                name: settings[.requestQueue],
                arguments: [
                    quorum, ("x-dead-letter-exchange", .string(dead)),
                    ("x-dead-letter-routing-key", .string("broker")),
                    // At least once needs a queue that refuses rather than drops.
                    ("x-dead-letter-strategy", .string("at-least-once")), ("x-overflow", .string("reject-publish")),
                    ("x-delivery-limit", .int(Self.deliveryLimit)),
                ]),
            Queue(name: settings[.deadLetterQueue], arguments: [quorum]),
            Queue(name: settings[.reportQueue], arguments: [quorum]),
        ]
        bindings = [
            Binding(exchange: intake, queue: settings[.requestQueue], routingKey: "#"),
            Binding(exchange: dead, queue: settings[.deadLetterQueue], routingKey: "#"),
            // Nothing else may be bound here: another queue would let the broker confirm an event that reached no
            // aggregator.
            Binding(exchange: outcomes, queue: settings[.reportQueue], routingKey: "#"),
        ]
    }

    /// One part of the topology as the broker has it.
    public struct Finding: Sendable {
        public var kind: String
        public var name: String
        public var isThere: Bool
        public var note: String
    }

    static let timeoutSeconds = 20

    /// Declares everything; what is there already and alike is left as it is.
    ///
    /// - Throws: `AMQPError` with reply code 406 where something is there but different.
    public func apply(_ address: BrokerAddress) async throws {
        try await AMQPAdministration.perform(address, name: "topology", timeoutSeconds: Self.timeoutSeconds) {
            channel in
            for exchange in exchanges {
                try channel.declareExchange(name: exchange.name, type: exchange.type, durable: true, passive: false)
            }
            for queue in queues {
                _ = try channel.declareQueue(name: queue.name, arguments: queue.arguments, passive: false)
            }
            for binding in bindings {
                try channel.bindQueue(
                    queue: binding.queue, exchange: binding.exchange, routingKey: binding.routingKey)
            }
        }
    }

    /// Looks which exchanges and queues are there, changing nothing.
    public func check(_ address: BrokerAddress) async throws -> [Finding] {
        try await AMQPAdministration.perform(address, name: "topology", timeoutSeconds: Self.timeoutSeconds) {
            channel in
            var findings: [Finding] = []
            for exchange in exchanges {
                do {
                    try channel.declareExchange(name: exchange.name, type: exchange.type, durable: true, passive: true)
                    findings.append(Finding(kind: "exchange", name: exchange.name, isThere: true, note: exchange.type))
                } catch let error as AMQPError where error.code == .notFound {
                    findings.append(Finding(kind: "exchange", name: exchange.name, isThere: false, note: "missing"))
                }
            }
            for queue in queues {
                do {
                    let count = try channel.declareQueue(name: queue.name, arguments: [], passive: true)
                    findings.append(
                        Finding(
                            kind: "queue", name: queue.name, isThere: true,
                            note: "\(count.messageCount) waiting, \(count.consumerCount) consumers"))
                } catch let error as AMQPError where error.code == .notFound {
                    findings.append(Finding(kind: "queue", name: queue.name, isThere: false, note: "missing"))
                }
            }
            return findings
        }
    }
}
