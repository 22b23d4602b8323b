import AMQPClient
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations
import Worker

/// Gathers what `status` tells.
enum StatusLook {
    /// Passive declarations of a broker that is well take milliseconds; a glance does not wait for another.
    private static let patienceSeconds = 5

    /// - Parameter verifying: whether every record is read and checked again.
    static func status(
        _ settings: Settings, ledgers: [String], onDisk: [String]?, verifying: Bool
    ) async throws -> PoolStatus {
        let queues = await queues(settings)
        var status = PoolStatus(queues: queues.queues)
        status.policyDirectory = settings[.policyDirectory]
        status.policiesLoad = onDisk != nil
        status.leftovers = queues.leftovers
        for path in try ledgers.flatMap({ try LedgerReader.directories(under: $0) }) {
            if let worker = try worker(path, onDisk: onDisk, verifying: verifying) { status.workers.append(worker) }
        }
        for ledger in ledgers { status.letters += try letters(LetterStore(ledger: ledger)) }
        return status
    }

    /// - Returns: `nil` for a ledger that decides nothing, as the store of dead letters.
    private static func worker(_ path: String, onDisk: [String]?, verifying: Bool) throws -> PoolStatus.Worker? {
        let reader = try LedgerReader(directory: path)
        var worker = PoolStatus.Worker(name: path.split(separator: "/").last.map(String.init) ?? path)
        var load: JSONValue?
        do throws(LedgerError) {
            load = try reader.newest(kind: PolicyLoad.kind)
            if load == nil { return nil }
            let tail = try reader.tail()
            (worker.records, worker.announcedThrough) = (tail.records, tail.announcedThrough)
            (worker.checkpointAt, worker.lastRecordAt) = (tail.checkpointAt, tail.lastRecordAt)
        } catch {
            guard error.code == .corrupted else { throw error }
            worker.problems = [error.message]
        }
        if verifying {
            let report = try reader.verify()
            (worker.records, worker.announcedThrough) = (report.records, report.announcedThrough)
            worker.problems = report.problems
        }
        worker.isRunning = reader.isBeingWritten()
        worker.loadedAt = load?["recordedAt"]?.stringValue
        worker.policies = (load?["policies"]?.arrayValue ?? []).compactMap { policy in
            guard let name = policy["name"]?.stringValue, let digest = policy["digest"]?.stringValue else { return nil }
            return (name, digest)
        }
        worker.isCurrent = onDisk.map { Set($0) == Set(worker.policies.map(\.digest)) }
        return worker
    }

    private static func letters(_ store: LetterStore) throws -> [(reason: String, count: Int)] {
        var counts: [String: Int] = [:]
        try store.letters(store.index(), LetterFilter()) { letter, _ in
            counts[letter.letter.reason.rawValue, default: 0] += 1
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (reason: $0.key, count: $0.value) }
    }

    // MARK: - queues

    private static func queues(
        _ settings: Settings
    ) async -> (queues: PoolStatus.Queues, leftovers: [Topology.Leftover]) {
        do {
            let address = try settings.address()
            let topology = Topology(settings)
            let names = topology.queues.map(\.name)
            var seen = try await managed(settings, address, names)
            if seen == nil { seen = try await declared(address, names) }
            func queue(_ name: String) -> PoolStatus.Queue { seen?[name] ?? PoolStatus.Queue(name: name) }
            let requests = topology.requestQueues.enumerated().map { index, one in
                var queue = queue(one.name)
                if topology.partitions != nil { queue.partition = index + 1 }
                return queue
            }
            let queues = PoolStatus.Queues.seen(
                requests: requests, deadLetters: queue(topology.deadLetterQueue.name),
                report: queue(topology.reportQueue.name))
            // What was told of the queues is worth telling without them.
            let leftovers = try? await topology.leftovers(address, timeoutSeconds: patienceSeconds)
            return (queues, leftovers ?? [])
        } catch {
            return (.unseen(Exit.sentence(error)), [])
        }
    }

    /// What the management API tells; `nil` where it is not set or does not answer, for AMQP tells the most of it too.
    private static func managed(
        _ settings: Settings, _ address: BrokerAddress, _ names: [String]
    ) async throws -> [String: PoolStatus.Queue]? {
        guard let management = try ManagementAddress(settings) else { return nil }
        let client = ManagementClient(management)
        var queues: [String: PoolStatus.Queue] = [:]
        for name in names {
            var queue = PoolStatus.Queue(name: name)
            do throws(ManagementError) {
                // Until it has counted for the first time AMQP knows better.
                guard let detail = QueueDetail(json: try await client.get("queues", address.virtualHost, name)),
                    detail.ready != nil
                else { return nil }
                (queue.ready, queue.unacknowledged) = (detail.ready, detail.unacknowledged)
                queue.consumers = detail.consumerCount
                (queue.publishRate, queue.acknowledgeRate) = (detail.publishRate, detail.acknowledgeRate)
            } catch {
                guard error.code == .notFound else {
                    Log.warning("\(error.message); asking over AMQP")
                    return nil
                }
                queue.isThere = false
            }
            queues[name] = queue
        }
        return queues
    }

    private static func declared(
        _ address: BrokerAddress, _ names: [String]
    ) async throws -> [String: PoolStatus.Queue] {
        try await AMQPAdministration.perform(address, name: "status", timeoutSeconds: patienceSeconds) { channel in
            var queues: [String: PoolStatus.Queue] = [:]
            for name in names {
                var queue = PoolStatus.Queue(name: name)
                do {
                    let count = try channel.declareQueue(name: name, arguments: [], passive: true)
                    (queue.ready, queue.consumers) = (count.messageCount, count.consumerCount)
                } catch let error as AMQPError where error.code == .notFound {
                    queue.isThere = false
                } catch let error as AMQPError where error.code == .accessRefused {
                    // There, and not for this user to see.
                }
                queues[name] = queue
            }
            return queues
        }
    }
}
