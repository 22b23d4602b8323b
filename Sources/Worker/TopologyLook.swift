import AMQPClient

/// Looks, without changing anything, whether what a worker needs of the broker is there.
enum TopologyLook {
    /// Declaring passively takes milliseconds; a broker that needs longer is not well.
    static let timeoutSeconds = 20

    /// - Throws: `AMQPError`; `.notFound` names what is missing and the command that makes it.
    static func perform(_ configuration: WorkerConfiguration) async throws {
        try await AMQPAdministration.perform(
            configuration.address, name: "\(configuration.worker) looks", timeoutSeconds: timeoutSeconds
        ) { channel in
            for exchange in [configuration.outcomeExchange, configuration.deadExchange] {
                try channel.declareExchange(name: exchange, type: "topic", durable: true, passive: true)
            }
            _ = try channel.declareQueue(name: configuration.requestQueue, arguments: [], passive: true)
        }
    }
}
