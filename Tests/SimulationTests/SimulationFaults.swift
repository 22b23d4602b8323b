@testable import Ledger
@testable import Worker

/// What is done to workers.
extension Simulation {
    mutating func misfortune() {
        let worker = random.number(0...(workers.count - 1))
        func count(_ name: String) { faults[name, default: 0] += 1 }
        switch random.number(1...15) {
        case 14:
            count("quiet")
            handle(worker, .quietRequested)
        case 15: handle(worker, .resumeRequested)
        case 13:
            count("stopped")
            handle(worker, .stopRequested)
        case 1:
            count("killed")
            die(worker)
            start(worker)
        case 2:
            count("power cut")
            for worker in workers.indices { die(worker) }
            disk.powerCut(&random)
            for worker in workers.indices { start(worker) }
        case 3...4:
            count("consumer lost")
            guard let generation = workers[worker].pipeline?.generation else { return }
            giveBack(worker)
            broker.disconnect(worker: worker, &random)
            handle(worker, .consumerLost(generation: generation))
        case 5...6:
            count("publisher lost")
            losePublisher(worker)
        case 7:
            count("blocked")
            if workers[worker].isPublisherOpen { handle(worker, .blocked) }
        case 8: handle(worker, .unblocked)
        case 9:
            count("cancelled")
            guard let generation = workers[worker].pipeline?.generation else { return }
            broker.stopDelivering(worker: worker, onTheWay: 0)
            handle(worker, .consumerCancelled(generation: generation, byBroker: true))
        case 10:
            count("started again")
            if workers[worker].pipeline == nil { start(worker) }
        default:
            let fault = SimulatedDisk.Fault.allCases[random.number(0...(SimulatedDisk.Fault.allCases.count - 1))]
            count(fault.rawValue)
            disk.arm(fault)
        }
    }

    private mutating func losePublisher(_ worker: Int) {
        guard workers[worker].isPublisherOpen else { return }
        workers[worker].isPublisherOpen = false
        workers[worker].publisherEpoch += 1
        // The broker may have taken some of it; nobody will hear.
        for publishing in workers[worker].underWay where random.chance(1, of: 2) { broker.accept(publishing) }
        workers[worker].underWay = []
        handle(worker, .publisherLost())
    }

    /// An idle worker looks now and then whether its disk could be written, whatever may come before the answer.
    mutating func probe(_ worker: Int) {
        guard let pipeline = workers[worker].pipeline, pipeline.isIdle, pipeline.isConsuming, random.chance(1, of: 8)
        else { return }
        pending.append(Pending(worker: worker, life: workers[worker].life, what: .probe))
    }

    mutating func probed(_ worker: Int) {
        do throws(LedgerError) {
            try workers[worker].writer?.writer?.probe()
        } catch {
            return failed(error, worker)
        }
        handle(worker, .writable)
    }

    mutating func failed(_ error: LedgerError, _ worker: Int) {
        if error.code == .notWritable { return handle(worker, .notWritable) }
        die(worker)
        if !hasFaults { start(worker) }
    }
}
