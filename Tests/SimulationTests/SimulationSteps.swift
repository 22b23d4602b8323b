import Detainers

@testable import Ledger
@testable import Worker

/// What workers do, and what is done to them.
extension Simulation {
    private func folder(_ worker: Int) -> String { "/ledger/w\(worker)" }

    private static func at(_ milliseconds: Int64) -> Moment { Moment(secondsSinceEpoch: milliseconds / 1000) }

    mutating func start(_ worker: Int) {
        workers[worker].life += 1
        workers[worker].isPublisherOpen = false
        workers[worker].underWay = []
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = segmentBytes
        do {
            let opening = try LedgerWriter.open(
                directory: "/ledger", worker: "w\(worker)", configuration: configuration, now: Self.at(now),
                files: disk.files)
            var state = try RecordedState.read(
                LedgerReader(directory: folder(worker), files: disk.files),
                announcedThrough: opening.report.announcedThrough)
            if mutation == .forgetBacklog {
                for entry in state.backlog { state.index.forget(entry.outcome.identity) }
                for entry in state.backlog {
                    state.index.load(entry.outcome.identity, contentKey: entry.outcome.contentKey, isAnnounced: true)
                }
                state.backlog = []
            }
            workers[worker].writer = WriterBox(opening.takeWriter())
            workers[worker].pipeline = Pipeline(
                index: state.index, recordCount: state.count, backlog: state.backlog)
            handle(worker, .started)
        } catch let error as LedgerError where error.code != .corrupted {
            die(worker)
        } catch {
            problems.append("worker \(worker) cannot start: \(error)")
        }
    }

    /// The process ends at once.
    func end(_ worker: inout Worker) {
        worker.pipeline = nil
        worker.writer = nil
        worker.life += 1
        worker.underWay = []
        worker.isPublisherOpen = false
    }

    mutating func die(_ worker: Int) {
        disk.processDied(holding: folder(worker))
        end(&workers[worker])
        broker.disconnect(worker: worker, &random)
    }

    mutating func misfortune() {
        let worker = random.number(0...(workers.count - 1))
        func count(_ name: String) { faults[name, default: 0] += 1 }
        switch random.number(1...12) {
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
            broker.stopDelivering(worker: worker)
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
        handle(worker, .publisherLost)
    }

    mutating func deliver(to worker: Int) {
        guard workers[worker].pipeline != nil else { return }
        guard let delivered = broker.deliver(to: worker, atMost: random.number(1...10)) else { return }
        handle(
            worker,
            .arrived(delivered.deliveries.map { arrival($0.tag, $0.message.body) }, generation: delivered.generation))
        if mutation == .settleRepeatsAtOnce, let last = delivered.deliveries.last,
            submitted.count(where: { $0 == last.message.body }) > 1
        {
            acknowledge(worker, tag: last.tag, generation: delivered.generation)
        }
        if mutation == .acknowledgeBeforeSync, let last = delivered.deliveries.last {
            acknowledge(worker, tag: last.tag, generation: delivered.generation)
        }
    }

    private func arrival(_ tag: UInt64, _ body: Body) -> Arrival {
        let letter = DeadLetter(
            reason: body.isBroken ? .schema : .conflictingDuplicate, detail: "", deadAt: "", attempts: 1, worker: "w",
            exchange: "", routingKey: "", envelope: .object([]), body: Array(body.text.utf8))
        if body.isBroken { return Arrival(tag: tag, verdict: .dead(letter), conflictLetter: { letter }) }
        let request = Request(
            requestID: body.identity.requestID, revision: body.revision, receivedBy: .init(agency: "elsewhere"),
            receipt: .init(channel: .fax), form: .init(kind: .i247A))
        guard let day = CivilDate("2025-01-02") else { preconditionFailure("the second of January is a day") }
        let outcome = Outcome(
            request: request, decision: nil, date: RequestDate(date: day, basis: .recorded),
            pseudonyms: Pseudonyms(keyID: "k"), contentKey: body.content, recordedAt: Self.at(now), traceparent: nil,
            jurisdiction: "boston")
        return Arrival(tag: tag, verdict: .outcome(outcome), conflictLetter: { letter })
    }

    mutating func perform(_ action: Pipeline.Action, _ worker: Int) {
        func later(_ what: Pending.What) {
            pending.append(Pending(worker: worker, life: workers[worker].life, what: what))
        }
        switch action {
        case .openPublisher:
            workers[worker].publisherEpoch += 1
            later(.publisherOpened(epoch: workers[worker].publisherEpoch))
        case .closePublisher:
            workers[worker].isPublisherOpen = false
            workers[worker].publisherEpoch += 1
            workers[worker].underWay = []
        case .openConsumer(let generation): later(.consumerOpened(generation: generation))
        case .stopConsuming: broker.stopDelivering(worker: worker)
        case .closeConsumer: broker.disconnect(worker: worker, &random)
        case .record(let outcomes, let announcedThrough):
            let ahead = mutation == .watermarkAhead ? UInt64.max / 2 : announcedThrough
            later(.record(outcomes, announcedThrough: ahead))
        case .publish(let publishings):
            workers[worker].underWay += publishings
            later(.settlePublications(epoch: workers[worker].publisherEpoch))
            if mutation == .letterAfterSettling { settleLettersEarly(publishings, worker) }
            if mutation == .acknowledgeBeforeConfirm {
                confirmEarly(publishings, worker)
            }
        case .acknowledge(let tag, let generation): acknowledge(worker, tag: tag, generation: generation)
        case .paused, .resumed: break
        case .finish(let announcedThrough): later(.finish(announcedThrough: announcedThrough))
        case .fail: die(worker)
        }
    }

    private mutating func confirmEarly(_ publishings: [Publishing], _ worker: Int) {
        workers[worker].underWay.removeAll { publishings.contains($0) }
        handle(worker, .published(publishings.map { .init(token: $0.token, result: .confirmed) }))
    }

    private mutating func settleLettersEarly(_ publishings: [Publishing], _ worker: Int) {
        let letters = publishings.filter { if case .letter = $0 { true } else { false } }
        if !letters.isEmpty { confirmEarly(letters, worker) }
    }

    mutating func happen(_ next: Pending) {
        let worker = next.worker
        switch next.what {
        case .publisherOpened(let epoch):
            guard epoch == workers[worker].publisherEpoch else { return }
            workers[worker].isPublisherOpen = true
            handle(worker, .publisherOpened)
        case .consumerOpened(let generation):
            guard workers[worker].pipeline?.generation == generation else { return }
            broker.consume(worker: worker, generation: generation)
            handle(worker, .consumerOpened(generation: generation))
        case .record(let outcomes, let announcedThrough): record(outcomes, announcedThrough, worker)
        case .settlePublications(let epoch): settlePublications(worker, epoch: epoch)
        case .finish: die(worker)
        }
    }

    private mutating func record(_ outcomes: [Outcome], _ announcedThrough: UInt64, _ worker: Int) {
        do throws(LedgerError) {
            guard
                let commit = try workers[worker].writer?.writer?.append(
                    outcomes.map { $0.json() }, announcedThrough: announcedThrough, now: Self.at(now))
            else { return }
            handle(worker, .recorded(firstIndex: commit.firstIndex))
        } catch {
            switch error.code {
            case .noSpace: handle(worker, .diskFull)
            case .syncFailed where mutation == .trustAfterFailedSync:
                handle(worker, .recorded(firstIndex: workers[worker].writer?.writer?.tree.count ?? 0))
            default:
                die(worker)
                if !hasFaults { start(worker) }
            }
        }
    }

    private mutating func settlePublications(_ worker: Int, epoch: Int) {
        guard epoch == workers[worker].publisherEpoch, !workers[worker].underWay.isEmpty else { return }
        let count = random.number(1...workers[worker].underWay.count)
        var results: [Publishing.Settled] = []
        for _ in 0..<count {
            let publishing = workers[worker].underWay.remove(
                at: random.number(0...(workers[worker].underWay.count - 1)))
            let luck = hasFaults ? random.number(1...40) : 40
            switch luck {
            case 1:
                let result: Publishing.Settled.Result = mutation == .takeNackForConfirm ? .confirmed : .nacked
                results.append(.init(token: publishing.token, result: result))
            case 2:
                let result: Publishing.Settled.Result = mutation == .takeReturnForConfirm ? .confirmed : .returned
                results.append(.init(token: publishing.token, result: result))
            default:
                broker.accept(publishing)
                results.append(.init(token: publishing.token, result: .confirmed))
            }
        }
        if !workers[worker].underWay.isEmpty {
            pending.append(
                Pending(worker: worker, life: workers[worker].life, what: .settlePublications(epoch: epoch)))
        }
        handle(worker, .published(results))
    }
}

extension Publishing {
    var token: UInt64 {
        switch self {
        case .event(let token, _): token
        case .letter(let token, _): token
        }
    }
}
