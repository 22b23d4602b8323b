import AMQPClient
import Detainers
import Operations
import ServiceLifecycle
import Worker

/// Asks the broker from time to time whether it has the consumer that the worker believes to have.
///
/// Where the settings name a management API it is asked for this very consumer, by its tag. Where none is named, or it
/// does not answer, AMQP tells how many consumers the queue has: a worker that works is not called unready because a
/// plugin is down. It runs beside the pipeline and is never waited for.
struct ConsumerWatch: Service {
    let address: BrokerAddress
    /// `nil`: none is set.
    let management: ManagementAddress?
    let worker: String
    let queue: String
    let service: WorkerService

    /// Between two looks: a probe's patience is some tens of seconds, and each look is a connection of its own.
    private static let seconds = 15
    /// For the count over AMQP; the management API has bounds of its own, of 10 s for an answer.
    private static let timeoutSeconds = 10

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Cancelled: it is on its way out.
                do { try await Task.sleep(for: .seconds(Self.seconds)) } catch { return }
                let status = service.status
                if status.isConsuming, let tag = status.consumer?.tag { await look(tag) }
            }
        }
    }

    private func look(_ tag: String) async {
        var why: String?
        if let management {
            do throws(ManagementError) {
                let path = ["queues", address.virtualHost, queue]
                if let sighting = QueueDetail(json: try await ManagementClient(management).get(path))?.sighting(of: tag)
                {
                    return service.saw(sighting, of: tag)
                }
                why = "the management API does not tell consumers"
            } catch {
                why = error.message
            }
            // It is on its way out, and one wait was enough.
            if Task.isCancelled { return }
        }
        do {
            let count = try await AMQPAdministration.perform(
                address, name: "\(worker) counts consumers", timeoutSeconds: Self.timeoutSeconds
            ) { [queue] channel in
                try channel.declareQueue(name: queue, arguments: [], passive: true).consumerCount
            }
            service.saw(.counted(count, otherwise: why), of: tag)
        } catch {
            // Nothing is known: what is wrong with the broker the worker's own connections tell.
            service.saw(.nothing, of: tag)
        }
    }
}

extension QueueDetail {
    /// - Returns: `nil` where the API tells no consumers, as with its statistics turned off.
    fileprivate func sighting(of tag: String) -> ConsumerEvidence.Sighting? {
        guard tellsConsumers else { return nil }
        if let own = consumers.first(where: { $0.tag == tag }) { return .listed(isActive: own.isActive) }
        return .unlisted(others: consumers.count)
    }
}
