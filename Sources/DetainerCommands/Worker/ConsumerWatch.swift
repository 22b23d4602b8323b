import AMQPClient
import ServiceLifecycle
import Worker

/// Asks the broker from time to time whether it counts a consumer at the queue while the worker believes to be one.
///
/// A consumer that the broker forgot, as after a partition, gets nothing and hears nothing: only the broker knows.
struct ConsumerWatch: Service {
    let address: BrokerAddress
    let worker: String
    let queue: String
    let service: WorkerService

    /// Between two looks: a probe's patience is some tens of seconds, and each look is a connection of its own.
    private static let seconds = 15
    private static let timeoutSeconds = 10

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Cancelled: it is on its way out.
                do { try await Task.sleep(for: .seconds(Self.seconds)) } catch { return }
                if service.status.isConsuming { await look() }
            }
        }
    }

    private func look() async {
        do {
            let count = try await AMQPAdministration.perform(
                address, name: "\(worker) counts consumers", timeoutSeconds: Self.timeoutSeconds
            ) { [queue] channel in
                try channel.declareQueue(name: queue, arguments: [], passive: true).consumerCount
            }
            // Meanwhile it may have stopped to be one.
            service.counted(consumers: service.status.isConsuming ? Int(count) : nil)
        } catch {
            // Nothing is known: what is wrong with the broker the worker's own connections tell.
            service.counted(consumers: nil)
        }
    }
}
