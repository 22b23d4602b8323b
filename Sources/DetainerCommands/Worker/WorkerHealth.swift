import Detainers
import Operations
import ServiceLifecycle
import Worker

/// What a worker tells probes and scrapers over HTTP: `/live`, `/ready` with its reasons, `/metrics`.
struct WorkerHealth: Service {
    let address: (host: String, port: Int)
    let worker: String
    let queue: String
    /// Of outcomes and of dead letters.
    let exchanges: [String]
    let service: WorkerService

    /// Answers until the worker stops; where nobody may listen there, the worker works all the same.
    func run() async throws {
        let server: HealthServer
        do {
            server = try await HealthServer(host: address.host, port: address.port) { answer($0, service.status) }
        } catch {
            Log.error("health and metrics cannot be told on \(address.host), port \(address.port): \(error)")
            // It has nothing to do and must not end before the others do.
            return try await gracefulShutdown()
        }
        // Cancelled or asked to stop: it stops either way.
        try? await gracefulShutdown()
        await server.stop()
    }

    private func answer(_ path: String, _ status: WorkerStatus) -> HealthServer.Answer? {
        switch path {
        case "/live":
            .init(isWell: status.isLive, contentType: "text/plain", body: status.isLive ? "alive\n" : "hangs\n")
        case "/ready":
            .init(
                isWell: status.reasons.isEmpty, contentType: "application/json",
                body: String(decoding: ready(status).serialized(), as: UTF8.self) + "\n")
        case "/metrics":
            .init(
                isWell: true, contentType: MetricsText.contentType,
                body: WorkerMetricsText.metrics(status, worker: worker, queue: queue, exchanges: exchanges).text)
        default: nil
        }
    }

    private func ready(_ status: WorkerStatus) -> JSONValue {
        [
            "worker": .string(worker), "ready": .bool(status.reasons.isEmpty),
            "reasons": .array(status.reasons.map(JSONValue.string)),
            "consumer": status.consumer.map {
                ["tag": .string($0.tag), "queue": .string(queue), "seen": .string($0.sentence)]
            } ?? .null,
            "policies": .array(
                status.policies.map { ["name": .string($0.name), "digest": .string($0.digest)] }),
        ]
    }
}
