import Logging
import Operations
import ServiceLifecycle
import Synchronization
import UnixSignals
import Worker

/// One worker as a service: from opening its ledger until it is drained.
final class WorkerLifecycle: Service {
    private let service: WorkerService
    private let manager: ServiceManager
    private let open: @Sendable () throws -> OpenLedger
    private let summary = Mutex<WorkerSummary?>(nil)

    init(service: WorkerService, manager: ServiceManager, open: @escaping @Sendable () throws -> OpenLedger) {
        self.service = service
        self.manager = manager
        self.open = open
    }

    /// Runs it, with others beside it that do not matter to it, until it leaves by itself or is told to stop.
    func run(beside others: [any Service]) async throws -> WorkerSummary {
        var services = others.map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .ignore, failureTerminationBehavior: .ignore)
        }
        // The last one is told to stop first, and the group waits for it: the others answer while it drains. Its end
        // takes them along.
        services.append(
            .init(
                service: self, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup))
        var quiet = Logger(label: "lifecycle") { _ in LogLines() }
        // What a person needs to know of starting and stopping the worker itself tells.
        quiet.logLevel = .error
        try await ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        ).run()
        guard let summary = summary.withLock({ $0 }) else {
            preconditionFailure("the group returned before its worker did")
        }
        return summary
    }

    func run() async throws {
        let ended = try await withGracefulShutdownHandler {
            try await service.run(open)
        } onGracefulShutdown: {
            self.stop()
        }
        summary.withLock { $0 = ended }
    }

    /// Asks it to finish what is in hand and to leave; any number of times, also before it runs.
    func stop() {
        manager.stopping()
        service.stop.request()
    }
}
