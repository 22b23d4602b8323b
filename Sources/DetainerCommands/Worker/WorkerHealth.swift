import Detainers
import Operations
import Worker

/// What a worker tells probes and scrapers over HTTP: `/live`, `/ready` with its reasons, `/metrics`.
enum WorkerHealth {
    /// - Returns: `nil` where nothing is to be told, or nobody may listen there: the worker works all the same.
    static func start(
        _ address: (host: String, port: Int)?, worker: String, _ service: WorkerService
    ) async -> HealthServer? {
        guard let (host, port) = address else { return nil }
        do {
            return try await HealthServer(host: host, port: port) { path in
                answer(path, worker: worker, service.status)
            }
        } catch {
            Log.error("health and metrics cannot be told on \(host), port \(port): \(error)")
            return nil
        }
    }

    static func answer(_ path: String, worker: String, _ status: WorkerStatus) -> HealthServer.Answer? {
        switch path {
        case "/live":
            .init(isWell: status.isLive, contentType: "text/plain", body: status.isLive ? "alive\n" : "hangs\n")
        case "/ready":
            .init(
                isWell: status.reasons.isEmpty, contentType: "application/json",
                body: String(decoding: ready(worker, status).serialized(), as: UTF8.self) + "\n")
        case "/metrics": .init(isWell: true, contentType: MetricsText.contentType, body: metrics(status))
        default: nil
        }
    }

    private static func ready(_ worker: String, _ status: WorkerStatus) -> JSONValue {
        [
            "worker": .string(worker), "ready": .bool(status.reasons.isEmpty),
            "reasons": .array(status.reasons.map(JSONValue.string)),
            "policies": .array(
                status.policies.map { ["name": .string($0.name), "digest": .string($0.digest)] }),
        ]
    }

    private static func metrics(_ status: WorkerStatus) -> String {
        var metrics = MetricsText()
        metrics.add(
            "detainer_worker_ready", .gauge,
            help: "1 while the worker takes messages and its policies are those on disk.",
            status.reasons.isEmpty ? 1 : 0)
        metrics.add(
            "detainer_policy_info", .gauge, help: "A policy that decides now; always 1.",
            status.policies.map { policy in
                (
                    labels: [
                        ("policy", policy.name), ("jurisdiction", policy.jurisdiction), ("digest", policy.digest),
                        ("approved", policy.isApproved ? "yes" : "no"),
                    ], value: 1
                )
            })
        metrics.add(
            "detainer_policy_loads_total", .counter, help: "Loads of policies that took over, the start included.",
            status.loads)
        metrics.add(
            "detainer_policy_refused_loads_total", .counter,
            help: "Loads that were refused; the old policies decide on.",
            status.refusedLoads)
        metrics.add(
            "detainer_policy_last_load_refused", .gauge,
            help: "1 while the policies on the disk are not those that decide.",
            status.refusal == nil ? 0 : 1)
        return metrics.text
    }
}
