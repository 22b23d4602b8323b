import Detainers

@testable import Ledger
@testable import Worker

/// What workers do.
extension Simulation {
    private func folder(_ worker: Int) -> String { "/ledger/w\(worker)" }

    private static let signingKey = try? LedgerSigningKey(newNamed: "simulation.example")

    private static func at(_ milliseconds: Int64) -> Moment { Moment(secondsSinceEpoch: milliseconds / 1000) }

    mutating func start(_ worker: Int) {
        workers[worker].life += 1
        workers[worker].isPublisherOpen = false
        workers[worker].underWay = []
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = segmentBytes
        configuration.signingKey = Self.signingKey
        do {
            var state = RecordedState()
            let opening = try LedgerWriter.open(
                directory: "/ledger", worker: "w\(worker)", configuration: configuration, now: Self.at(now),
                files: disk.files, prepare: { reader throws(LedgerError) in try state.prepare(reader) },
                record: { record throws(LedgerError) in try state.take(record) })
            if opening.report.contradicted != nil { problems.append("worker \(worker) lost what it had signed") }
            let marks = try AttemptMarks.open(directory: folder(worker), files: disk.files)
            workers[worker].quarantine = Quarantine(isCautious: marks.wasUnclean, attempts: marks.attempts)
            if mutation == .neverCareful { workers[worker].quarantine = Quarantine() }
            workers[worker].marks = MarksBox(marks)
            try state.finish(
                LedgerReader(directory: folder(worker), files: disk.files),
                announcedThrough: mutation == .forgetBacklog ? state.count : opening.report.announcedThrough)
            workers[worker].upkeep = state.upkeep
            workers[worker].contents = state.contents
            workers[worker].writer = WriterBox(opening.takeWriter())
            workers[worker].pipeline = Pipeline(
                index: state.index, recordCount: state.count, backlog: state.backlog)
            workers[worker].pipeline?.limits.fit(prefetch: prefetch)
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
        worker.upkeep = nil
        worker.contents = nil
        worker.marks = nil
        worker.quarantine = Quarantine()
        worker.examined = nil
        worker.life += 1
        worker.underWay = []
        worker.isPublisherOpen = false
    }

    mutating func die(_ worker: Int) {
        disk.processDied(holding: folder(worker))
        end(&workers[worker])
        broker.disconnect(worker: worker, &random)
    }

    mutating func deliver(to worker: Int) {
        guard workers[worker].pipeline != nil else { return }
        let prefetch = workers[worker].quarantine.isCautious ? 1 : Int.max
        guard let delivered = broker.deliver(to: worker, atMost: random.number(1...10), prefetch: prefetch),
            !delivered.deliveries.isEmpty
        else { return }
        let candidates = delivered.deliveries.map { delivery in
            let body = delivery.message.body
            return Quarantine<Held>.Candidate(
                item: Held(tag: delivery.tag, body: body), message: { body.text },
                deliveries: mutation == .neverCareful ? 0 : delivery.message.deliveries)
        }
        quarantined(worker, workers[worker].quarantine.arrived(candidates, restIsIdle: isIdle(worker)))
        if mutation == .settleRepeatsAtOnce, let last = delivered.deliveries.last,
            submitted.count(where: { $0 == last.message.body }) > 1
        {
            acknowledge(worker, tag: last.tag, generation: delivered.generation)
        }
        if mutation == .acknowledgeBeforeSync, let last = delivered.deliveries.last {
            acknowledge(worker, tag: last.tag, generation: delivered.generation)
        }
    }

    private func isIdle(_ worker: Int) -> Bool { workers[worker].pipeline?.isIdle == true }

    mutating func examineNext(_ worker: Int) {
        guard workers[worker].pipeline != nil else { return }
        quarantined(worker, workers[worker].quarantine.advance(restIsIdle: isIdle(worker)))
    }

    private mutating func quarantined(_ worker: Int, _ actions: [Quarantine<Held>.Action]) {
        let life = workers[worker].life
        guard let generation = workers[worker].pipeline?.generation else { return }
        func later(_ what: Pending.What) { pending.append(Pending(worker: worker, life: life, what: what)) }
        var passed: [Arrival] = []
        for action in actions where workers[worker].life == life {
            switch action {
            case .pass(let held):
                guard let arrival = decide(held, worker) else { return }
                passed.append(arrival)
            case .mark(let message, let turn): later(.mark(message: message, turn: turn))
            case .examine(let held, let message, let turn):
                guard let arrival = decide(held, worker) else { return }
                workers[worker].examined = arrival
                // At once: whoever is killed by something else is not killed within this millisecond.
                if mutation != .keepMarks, !write(.decided, message, worker) { return }
                quarantined(worker, workers[worker].quarantine.cleared(turn: turn))
            case .release:
                let arrivals = workers[worker].examined.map { [$0] } ?? []
                workers[worker].examined = nil
                arrived(worker, arrivals, generation)
            case .condemn(let held, let attempts):
                let poison = letter(held.body, .poison, attempts: attempts)
                let arrival = Arrival(tag: held.tag, verdict: .dead(poison), conflictLetter: { poison })
                arrived(worker, [arrival], generation)
            case .clear(let message): later(.clear(message: message))
            case .widen: break
            }
        }
        if !passed.isEmpty { arrived(worker, passed, generation) }
    }

    /// The verdict on a message; `nil` where the worker died of it.
    private mutating func decide(_ held: Held, _ worker: Int) -> Arrival? {
        if !held.body.isGuilty { return arrival(held.tag, held.body) }
        faults["died of a message", default: 0] += 1
        die(worker)
        start(worker)
        return nil
    }

    private enum MarkLine { case attempt, decided }

    /// Writes a mark; where that fails the worker pauses or dies. Returns whether it was written.
    private mutating func write(
        _ line: MarkLine, _ message: String, _ worker: Int
    ) -> Bool {
        guard let box = workers[worker].marks, var marks = box.marks.take() else { return false }
        let written: Result<Void, LedgerError>
        do throws(LedgerError) {
            switch line {
            case .attempt: try marks.mark(message, now: Self.at(now))
            case .decided: try marks.clear(message, now: Self.at(now))
            }
            written = .success(())
        } catch { written = .failure(error) }
        box.marks = consume marks
        guard case .failure(let error) = written else { return true }
        failed(error, worker)
        return false
    }

    private func letter(_ body: Body, _ reason: DeadLetterReason, attempts: Int = 1) -> DeadLetter {
        DeadLetter(
            reason: reason, detail: "", deadAt: "", attempts: attempts, worker: "w", exchange: "", routingKey: "",
            envelope: .object([]), body: Array(body.text.utf8))
    }

    private func arrival(_ tag: UInt64, _ body: Body) -> Arrival {
        let letter = letter(body, body.isBroken ? .schema : .conflictingDuplicate)
        if body.isBroken { return Arrival(tag: tag, verdict: .dead(letter), conflictLetter: { letter }) }
        let request = Request(
            requestID: body.identity.requestID, revision: body.revision, receivedBy: .init(agency: "elsewhere"),
            receipt: .init(channel: .fax), form: .init(kind: .i247A))
        guard let day = CivilDate("2025-01-02") else { preconditionFailure("the second of January is a day") }
        let outcome = Outcome(
            request: request, decision: nil, date: RequestDate(date: day, basis: .recorded),
            pseudonyms: Pseudonyms(keyID: "k"), contentKey: body.content, recordedAt: Self.at(now), traceparent: nil,
            jurisdiction: "boston")
        return Arrival(tag: tag, verdict: .entry(.outcome(outcome)), conflictLetter: { letter })
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
        case .openConsumer(let generation):
            giveBack(worker)
            later(.consumerOpened(generation: generation))
        case .stopConsuming:
            workers[worker].quarantine.stop()
            workers[worker].examined = nil
            broker.stopDelivering(worker: worker, onTheWay: random.number(0...3))
            later(.consumerCancelled(generation: workers[worker].pipeline?.generation ?? -1))
        case .closeConsumer:
            giveBack(worker)
            broker.disconnect(worker: worker, &random)
        case .takeOneAtATime:
            if mutation != .neverCareful { workers[worker].quarantine.beCautious() }
        case .record(let entries, let announcedThrough):
            let ahead = mutation == .watermarkAhead ? UInt64.max / 2 : announcedThrough
            later(.record(entries, announcedThrough: ahead))
        case .publish(let publishings):
            workers[worker].underWay += publishings
            later(.settlePublications(epoch: workers[worker].publisherEpoch))
            if mutation == .letterAfterSettling { settleLettersEarly(publishings, worker) }
            if mutation == .acknowledgeBeforeConfirm {
                confirmEarly(publishings, worker)
            }
        case .acknowledge(let tag, let generation): acknowledge(worker, tag: tag, generation: generation)
        case .paused, .resumed, .diskIsSlow, .reply: break
        case .probe: later(.probe)
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
        case .consumerCancelled(let generation):
            broker.answeredCancel(worker: worker)
            handle(worker, .consumerCancelled(generation: generation, byBroker: false))
        case .record(let entries, let announcedThrough): record(entries, announcedThrough, worker)
        case .settlePublications(let epoch): settlePublications(worker, epoch: epoch)
        case .finish(let announcedThrough):
            // A ledger is closed behind the batch that its disk was given before.
            let isWriting = pending.contains {
                if case .record = $0.what { $0.worker == worker && $0.life == next.life } else { false }
            }
            if isWriting { pending.append(next) } else { finish(worker, announcedThrough) }
        case .mark(let message, let turn):
            guard write(.attempt, message, worker) else { return }
            quarantined(worker, workers[worker].quarantine.marked(message: message, turn: turn))
        case .clear(let message): _ = write(.decided, message, worker)
        case .seal(let sealed, let contents): seal(sealed, contents, worker)
        case .merge: merge(worker)
        case .probe: probed(worker)
        }
    }

    mutating func giveBack(_ worker: Int) {
        workers[worker].quarantine.forget()
        workers[worker].examined = nil
    }

    /// The end of a run in order, and the next run.
    private mutating func finish(_ worker: Int, _ announcedThrough: UInt64) {
        do throws(LedgerError) {
            _ = try workers[worker].writer?.writer?.append([], announcedThrough: announcedThrough, now: Self.at(now))
            try workers[worker].writer?.writer?.signCheckpoint()
            try workers[worker].marks?.marks.take()?.close()
        } catch {
            faults["died while stopping", default: 0] += 1
        }
        die(worker)
        start(worker)
    }

    private mutating func record(_ entries: [PendingEntry], _ announcedThrough: UInt64, _ worker: Int) {
        do throws(LedgerError) {
            guard
                let commit = try workers[worker].writer?.writer?.append(
                    objects: entries.map(\.prepared.record), announcedThrough: announcedThrough, now: Self.at(now))
            else { return }
            gather(commit, entries.map(\.indexed), worker)
            if random.chance(1, of: 8) { try workers[worker].writer?.writer?.signCheckpoint() }
            handle(worker, .recorded(firstIndex: commit.firstIndex))
        } catch {
            switch error.code {
            case .notWritable: handle(worker, .notRecorded)
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
