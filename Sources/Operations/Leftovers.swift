public import AMQPClient

extension Topology {
    /// A queue where requests went under settings with other partitions: what waits there no worker of these takes.
    public struct Leftover: Sendable, Equatable {
        public var queue: String
        /// Ready to be delivered.
        public var waiting: Int
        /// Workers of those other settings.
        public var consumers: Int

        /// Whether nobody needs it any more. What a worker still holds is not among what waits, so that one which has
        /// a consumer is in use.
        public var isDone: Bool { waiting == 0 && consumers == 0 }
    }

    /// Looks for them, changing nothing.
    ///
    /// - Throws: `AMQPError` where the broker does not answer.
    public func leftovers(_ address: BrokerAddress, timeoutSeconds: Int) async throws -> [Leftover] {
        try await AMQPAdministration.perform(address, name: "topology", timeoutSeconds: timeoutSeconds) {
            try leftovers(&$0)
        }
    }

    /// Applies this topology, then takes away the ways to the queues of other partitions; no queue is deleted.
    ///
    /// The new ways are there before the old ones go, so that every request reaches a queue; what comes between the two
    /// reaches both, and counts once.
    ///
    /// - Returns: those queues, with what waits there once nothing more is added.
    public func applyAndRetire(_ address: BrokerAddress) async throws -> [Leftover] {
        try await apply(address)
        return try await AMQPAdministration.perform(address, name: "topology", timeoutSeconds: Self.timeoutSeconds) {
            channel in
            let found = try leftovers(&channel).map(\.queue)
            let spreads = try Self.isThere(partitionExchange, &channel)
            if partitions == nil, spreads { try channel.unbind(spreadRoute) }
            for queue in found {
                if queue == requestQueueName {
                    try channel.unbind(directRoute)
                } else if spreads {
                    try channel.unbind(shareRoute(queue))
                }
            }
            return try leftovers(&channel)
        }
    }

    /// Partitions are numbered without gaps, so the first that is missing ends the look.
    func leftovers(_ channel: inout AdministrationChannel) throws -> [Leftover] {
        var found: [Leftover] = []
        if partitions != nil, let queue = try Self.leftover(&channel, requestQueueName) { found.append(queue) }
        let first = (partitions?.count ?? 0) + 1
        for number in first..<(Partitions.maximum + 1) {
            let name = Partitions.queue(number, of: requestQueueName)
            guard let queue = try Self.leftover(&channel, name) else { break }
            found.append(queue)
        }
        return found
    }

    /// - Returns: `nil` where there is no such queue, or not for this user to see.
    private static func leftover(_ channel: inout AdministrationChannel, _ name: String) throws -> Leftover? {
        do {
            let count = try channel.declareQueue(name: name, passive: true)
            return Leftover(queue: name, waiting: count.messageCount, consumers: count.consumerCount)
        } catch let error as AMQPError where error.code == .notFound || error.code == .accessRefused {
            return nil
        }
    }

    private static func isThere(_ exchange: Exchange, _ channel: inout AdministrationChannel) throws -> Bool {
        do {
            try channel.declareExchange(exchange, passive: true)
            return true
        } catch let error as AMQPError where error.code == .notFound {
            return false
        }
    }
}

extension AdministrationChannel {
    mutating func declareExchange(_ exchange: Topology.Exchange, passive: Bool) throws {
        try declareExchange(
            name: exchange.name, type: exchange.type, passive: passive, arguments: passive ? [] : exchange.arguments)
    }

    mutating func unbind(_ binding: Topology.Binding) throws {
        try unbind(binding.kind, binding.destination, from: binding.exchange, routingKey: binding.routingKey)
    }
}
