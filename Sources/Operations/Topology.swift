public import AMQPClient

/// The exchanges, queues and bindings that workers need, from one description.
public struct Topology: Sendable {
    public struct Exchange: Sendable {
        public var name: String
        public var type = "topic"
        public var arguments: [(String, FieldValue)] = []
    }

    public struct Queue: Sendable {
        public var name: String
        public var arguments: [(String, FieldValue)]
    }

    public struct Binding: Sendable, Equatable {
        public var exchange: String
        public var kind = BindingKind.queue
        /// A queue, or a second exchange.
        public var destination: String
        public var routingKey = "#"
    }

    /// A backstop, far above what crashes of innocent workers can count up: a killed consumer counts against every
    /// message it held.
    static let deliveryLimit: Int64 = 200

    public let intake: Exchange
    public let outcomes: Exchange
    public let dead: Exchange
    public let partitions: Partitions?
    /// The queues that workers consume from: one, or one a partition.
    public let requestQueues: [Queue]
    public let deadLetterQueue: Queue
    public let reportQueue: Queue
    /// The name of the one queue that partitions take the place of.
    let requestQueueName: String
    let partitionExchange: Exchange

    public init(_ settings: Settings) {
        intake = Exchange(name: settings[.intakeExchange])
        outcomes = Exchange(name: settings[.outcomeExchange])
        dead = Exchange(name: settings[.deadExchange])
        partitions = settings.partitions
        requestQueueName = settings[.requestQueue]
        partitionExchange = Exchange(
            name: settings[.partitionExchange], type: Partitions.exchangeType,
            arguments: [("hash-property", .string(Partitions.property))])
        let quorum = ("x-queue-type", FieldValue.string("quorum"))
        var arguments = [
            quorum, ("x-dead-letter-exchange", .string(settings[.deadExchange])),
            ("x-dead-letter-routing-key", .string("broker")),
            // At least once needs a queue that refuses rather than drops.
            ("x-dead-letter-strategy", .string("at-least-once")), ("x-overflow", .string("reject-publish")),
            ("x-delivery-limit", .int(Self.deliveryLimit)),
        ]
        if partitions != nil { arguments.append(("x-single-active-consumer", .bool(true))) }
        requestQueues = (partitions?.queues ?? [settings[.requestQueue]]).map { [arguments] name in
            Queue(name: name, arguments: arguments)
        }
        deadLetterQueue = Queue(name: settings[.deadLetterQueue], arguments: [quorum])
        reportQueue = Queue(name: settings[.reportQueue], arguments: [quorum])
    }

    public var exchanges: [Exchange] {
        [intake, outcomes, dead] + (partitions == nil ? [] : [partitionExchange])
    }

    public var queues: [Queue] { requestQueues + [deadLetterQueue, reportQueue] }

    public var bindings: [Binding] {
        (partitions == nil ? [directRoute] : [spreadRoute] + requestQueues.map { shareRoute($0.name) }) + [
            Binding(exchange: dead.name, destination: deadLetterQueue.name),
            // Nothing else may be bound here: another queue would let the broker confirm an event that reached no
            // aggregator.
            Binding(exchange: outcomes.name, destination: reportQueue.name),
        ]
    }

    /// The way to the one queue.
    var directRoute: Binding { Binding(exchange: intake.name, destination: requestQueueName) }

    /// The way to the exchange that spreads.
    var spreadRoute: Binding {
        Binding(exchange: intake.name, kind: .exchange, destination: partitionExchange.name)
    }

    /// The way from there to a partition's queue.
    func shareRoute(_ queue: String) -> Binding {
        Binding(exchange: partitionExchange.name, destination: queue, routingKey: Partitions.weight)
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
                do {
                    try channel.declareExchange(exchange, passive: false)
                } catch let error as AMQPError where error.replyCode == AMQPError.commandInvalid {
                    throw Self.withPlugin(error, exchange)
                }
            }
            for queue in queues {
                _ = try channel.declareQueue(name: queue.name, arguments: queue.arguments)
            }
            for binding in bindings {
                try channel.bind(
                    binding.kind, binding.destination, to: binding.exchange, routingKey: binding.routingKey)
            }
        }
    }

    /// What a broker says that does not know an exchange's type, and what mends it.
    static func withPlugin(_ error: AMQPError, _ exchange: Exchange) -> AMQPError {
        guard exchange.type == Partitions.exchangeType else { return error }
        return AMQPError(
            code: error.code, replyCode: error.replyCode,
            message: error.message + ": run `rabbitmq-plugins enable \(Partitions.plugin)` on every node")
    }

    /// Looks which exchanges and queues are there, changing nothing.
    public func check(_ address: BrokerAddress) async throws -> [Finding] {
        try await AMQPAdministration.perform(address, name: "topology", timeoutSeconds: Self.timeoutSeconds) {
            channel in
            var findings: [Finding] = []
            for exchange in exchanges {
                do {
                    try channel.declareExchange(exchange, passive: true)
                    findings.append(Finding(kind: "exchange", name: exchange.name, isThere: true, note: exchange.type))
                } catch let error as AMQPError where error.code == .notFound {
                    findings.append(Finding(kind: "exchange", name: exchange.name, isThere: false, note: "missing"))
                }
            }
            for queue in queues {
                do {
                    let count = try channel.declareQueue(name: queue.name, passive: true)
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
