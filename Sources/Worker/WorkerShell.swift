import AMQPClient
import Detainers
import Ledger

/// The thin shell round the pipeline: connections, the ledger's desk and the messages that go out.
struct WorkerShell {
    let service: WorkerService
    let yield: @Sendable (WorkerService.Happening) -> Void
    let desk: LedgerDesk
    var pipeline: Pipeline
    var summary = WorkerSummary()
    var isFinished = false
    private(set) var position: LedgerPosition
    var consumer: AMQPConnection?
    private var heard = HeardConsumer()
    private var consumersStarted = 0
    var publisher: AMQPConnection?
    private(set) var publisherEpoch = 0
    private var lastArrival = SteadyClock.milliseconds()
    private(set) var finalAnnouncedThrough: UInt64?
    private var lastRefusal: String?
    private var signing: SigningSchedule
    var quarantine: Quarantine<Delivery>
    /// When the first attempt was at each message that ended a run.
    let firstAttempts: [String: String]
    /// What came of the delivery that is examined; it goes on when its mark is taken back.
    var examined: Arrival?
    private(set) var judge: Judge
    /// The consumer is ended and started again, to ask for as many messages as usual.
    var isWidening = false
    private var turnover = PolicyTurnover<PolicyLoad>()
    var meter = WorkerMeter()
    private var lastProgress = SteadyClock.milliseconds()
    private var lastProbe = SteadyClock.milliseconds()
    private(set) var recorded: RecordedLook
    var replies: Replies
    var replier: AMQPConnection?
    var replierEpoch = 0

    init(
        service: WorkerService, ledger: OpenLedger, yield: @escaping @Sendable (WorkerService.Happening) -> Void
    ) {
        self.service = service
        self.yield = yield
        self.desk = ledger.desk
        self.judge = service.judge
        self.position = ledger.position
        self.pipeline = ledger.pipeline
        pipeline.limits.fit(prefetch: service.configuration.prefetch)
        self.signing = SigningSchedule(
            hasUnsignedRecords: ledger.hasUnsignedRecords, at: SteadyClock.milliseconds())
        self.quarantine = Quarantine(isCautious: ledger.wasUnclean, attempts: ledger.attempts)
        self.firstAttempts = ledger.firstAttempts
        self.recorded = RecordedLook(ledger.desk.indexing.runs)
        self.replies = Replies(ownQueues: service.configuration.ownQueues)
        desk.indexing.listen(filed: { yield(.filed) }, damaged: { yield(.damaged($0)) })
        // What was filed before anybody listened.
        yield(.filed)
    }

    var configuration: WorkerConfiguration { service.configuration }
    var consumerGeneration: Int { heard.generation }

    mutating func take(_ happening: WorkerService.Happening) {
        // What only says that time has passed moves nothing; while there is nothing to move, all is well.
        var isTick = false
        if case .pipeline(.tick) = happening {
            isTick = true
            if pipeline.isIdle || pipeline.pauseReason != nil { lastProgress = SteadyClock.milliseconds() }
        } else if case .replier = happening {
            // Nothing waits for replies, and so they are no progress.
        } else {
            lastProgress = SteadyClock.milliseconds()
        }
        switch happening {
        case .pipeline(let event): feed(event)
        case .publisher(let event, let epoch): if epoch == publisherEpoch { publisherDid(event) }
        case .reload(let load): desk.keep(load.texts) { [yield] in yield(.policiesKept($0, load)) }
        case .consumer(let event, let generation): if heard.hears(event, of: generation) { consumerDid(event) }
        case .replier(let event, let epoch): replierDid(event, epoch: epoch)
        case .opened: break
        case .filed:
            recorded.runs = desk.indexing.runs
            feed(.filed(below: recorded.runs.records))
        case .damaged(let sentence): fail(sentence)
        case .topologyFound(let epoch): topologyFound(epoch: epoch)
        case .policiesKept(let result, let load): policiesKept(result, load)
        case .loadRecorded(let result, let load): loadRecorded(result, load)
        case .committed(let result): committed(result)
        case .signed(let result): signed(result)
        case .ledgerClosed: break
        case .probed(let result): if wrote(result) { feed(.writable) }
        case .marked(let result, let message, let turn):
            if wrote(result) { quarantined(quarantine.marked(message: message, turn: turn)) }
        case .cleared(let result, let turn):
            if wrote(result), let turn { quarantined(quarantine.cleared(turn: turn)) }
        }
        watchDisk()
        takeOverPolicies()
        if isTick { watchReplies() }
        tellStatus(withMetrics: isTick)
        if !quarantine.isEmpty || pipeline.isIdle { quarantined(quarantine.advance(restIsIdle: pipeline.isIdle)) }
        signWhenDue()
        probeWhenIdle()
        leaveWhenIdle()
    }

    mutating func feed(_ event: Pipeline.Event) {
        for action in pipeline.handle(event, at: SteadyClock.milliseconds()) { perform(action) }
    }

    // MARK: - what happened

    private mutating func publisherDid(_ event: AMQPEvent) {
        switch event {
        case .opened:
            meter.connected(.publisher)
            feed(.publisherOpened)
        case .published(let results):
            let settled = results.map { Publishing.Settled(token: $0.token, result: $0.result.settled) }
            meter.settled(settled, at: Stopwatch.seconds())
            summary.events += settled.count { $0.result == .confirmed && $0.token < 1 << 63 }
            summary.deadLetters += settled.count { $0.result == .confirmed && $0.token >= 1 << 63 }
            feed(.published(settled))
            meter.confirmsAreDone()
        case .blocked: feed(.blocked)
        case .unblocked: feed(.unblocked)
        case .closed(let error):
            (publisher, lastRefusal) = (nil, error.refusal)
            meter.lostPublisher()
            tell(.warning, "publishing connection closed: \(error.sentence)")
            feed(.publisherLost(error.loss))
        case .consuming, .cancelled, .deliveries, .receiving: break
        }
    }

    private mutating func consumerDid(_ event: AMQPEvent) {
        switch event {
        case .opened:
            meter.connected(.consumer)
            consume()
        case .consuming:
            lastArrival = SteadyClock.milliseconds()
            tell(.info, "consuming from \(configuration.requestQueue)")
            feed(.consumerOpened(generation: consumerGeneration))
        case .deliveries(let deliveries):
            meter.delivered(deliveries, at: Stopwatch.seconds())
            lastArrival = SteadyClock.milliseconds()
            let readable = rejectingTooLarge(deliveries)
            if readable.allSatisfy({ quarantine.passes(deliveries: $0.earlierDeliveries) }) {
                decide(readable)
            } else {
                quarantined(quarantine.arrived(readable.map(candidate), restIsIdle: pipeline.isIdle))
            }
        case .cancelled(byBroker: false) where isWidening:
            isWidening = false
            consume()
        case .cancelled(let byBroker):
            feed(.consumerCancelled(generation: consumerGeneration, byBroker: byBroker))
        case .closed(let error):
            (consumer, lastRefusal) = (nil, error.refusal)
            meter.lostChannel()
            giveBack()
            tell(.warning, "consuming connection closed: \(error.sentence)")
            feed(.consumerLost(generation: consumerGeneration, error.loss))
        case .receiving, .published, .blocked, .unblocked: break
        }
    }

    private mutating func consume() {
        consumersStarted += 1
        let tag = "\(configuration.consumerTag)-\(consumersStarted)"
        consumer?.consume(
            queue: configuration.requestQueue, prefetch: quarantine.isCautious ? 1 : configuration.prefetch, tag: tag)
        service.update { $0.consumer = ConsumerEvidence(tag: tag, startedAt: SteadyClock.milliseconds()) }
    }

    mutating func committed(_ result: Result<Commit, LedgerError>) {
        switch result {
        case .success(let commit):
            meter.wrote(isWritten: true, at: Stopwatch.seconds())
            meter.metrics.ledgerBytes = commit.ledgerBytes
            position = LedgerPosition(logID: commit.logID, index: commit.firstIndex, root: commit.root)
            summary.outcomes += commit.count
            signing.committed(segment: commit.segment, at: SteadyClock.milliseconds())
            feed(.recorded(firstIndex: commit.firstIndex))
        case .failure(let error) where error.code == .notWritable:
            meter.wrote(isWritten: false, at: Stopwatch.seconds())
            tell(.error, error.message)
            feed(.notRecorded)
        case .failure(let error):
            fail("\(error.message)")
        }
    }

    private mutating func policiesKept(_ result: Result<Void, LedgerError>, _ load: PolicyLoad) {
        switch result {
        case .success: turnover.kept(load)
        case .failure(let error):
            service.refused(load, error.message)
            tell(.error, "the new policies cannot be kept, the old ones stay: \(error.message)")
        }
    }

    private mutating func takeOverPolicies() {
        let isBetweenBatches = !pipeline.hasUnwrittenOutcomes && examined == nil
        if isFinished { return }
        switch turnover.advance(isBetweenBatches: isBetweenBatches, at: SteadyClock.milliseconds()) {
        case .takeOver(let load):
            judge = load.judge
            service.took(over: load)
            tell(.info, "the policies were loaded again " + configuration.process)
            record(load)
            feed(.policiesTookOver)
        case .record(let load): record(load)
        case nil: break
        }
    }

    private func record(_ load: PolicyLoad) {
        desk.record(load.record(at: WallClock.now())) { [yield] in yield(.loadRecorded($0, load)) }
    }

    private mutating func loadRecorded(_ result: Result<Commit, LedgerError>, _ load: PolicyLoad) {
        switch result {
        case .success(let commit):
            position.root = commit.root
            signing.committed(segment: commit.segment, at: SteadyClock.milliseconds())
        case .failure(let error) where error.code == .notWritable:
            tell(.error, "\(error.message): that the policies were loaded is recorded later")
            turnover.notWritable(load, at: SteadyClock.milliseconds())
        case .failure(let error): fail(error.message)
        }
    }

    private mutating func tellStatus(withMetrics: Bool) {
        let slow = diskIsSlow ? Self.slowDisk : nil
        let (isConsuming, isQuiet) = (pipeline.isConsuming && slow == nil, pipeline.isQuiet)
        let (pause, progress) = (pipeline.pauseReason?.sentence(lastRefusal) ?? slow, lastProgress)
        var metrics: WorkerMetrics?
        // Ten times a second: handing them on at each event would copy them at each event.
        if withMetrics {
            meter.metrics.inFlight = pipeline.inFlightCount
            meter.metrics.announcedRecords = pipeline.announcedThrough
            meter.metrics.ledgerRecords = pipeline.recordCount
            metrics = meter.metrics
        }
        service.update { [metrics] in
            $0.isOpen = true
            $0.isConsuming = isConsuming
            $0.isQuiet = isQuiet
            $0.pause = pause
            $0.lastRound = SteadyClock.milliseconds()
            $0.lastProgress = progress
            if let metrics { $0.metrics = metrics }
        }
        if withMetrics { service.cameRound() }
    }

    private static let slowDisk = "the ledger's disk has not answered for a while"

    private var diskIsSlow: Bool { diskIsBusy(for: Pipeline.Limits().slowDiskMilliseconds) }
    var diskHangs: Bool { diskIsBusy(for: Pipeline.Limits().diskMilliseconds) }

    private func diskIsBusy(for milliseconds: Int64) -> Bool {
        desk.busySince.map { SteadyClock.milliseconds() - $0 >= milliseconds } ?? false
    }

    /// The pipeline watches over its batches; this also over marks, signatures and policies.
    private mutating func watchDisk() {
        if !isFinished, diskHangs { fail(Pipeline.Failure.diskHangs.rawValue) }
    }

    private mutating func signWhenDue() {
        guard !isFinished, signing.isDue(at: SteadyClock.milliseconds()) else { return }
        signing.asked()
        desk.sign { [yield] in yield(.signed($0)) }
    }

    /// A worker that waits for messages is ready only where it could write them.
    private mutating func probeWhenIdle() {
        let now = SteadyClock.milliseconds()
        if !pipeline.isIdle { lastProbe = now }
        guard !isFinished, pipeline.isConsuming, now - lastProbe >= WorkerService.probeMilliseconds else { return }
        probe()
    }

    private mutating func probe() {
        lastProbe = SteadyClock.milliseconds()
        desk.probe { [yield] in yield(.probed($0)) }
    }

    private mutating func signed(_ result: Result<Void, LedgerError>) {
        guard case .failure(let error) = result else { return }
        if error.code != .notWritable { return fail(error.message) }
        signing.failed(at: SteadyClock.milliseconds())
        tell(.error, "\(error.message): the checkpoint is signed later")
    }

    private mutating func leaveWhenIdle() {
        guard let seconds = configuration.exitWhenIdleSeconds else { return }
        // Nobody waits beside a run that is to leave by itself.
        if pipeline.pauseReason == .killSwitch { return fail(Pipeline.PauseReason.killSwitch.rawValue) }
        guard pipeline.isConsuming, pipeline.isIdle, quarantine.isEmpty else { return }
        if SteadyClock.milliseconds() - lastArrival >= Int64(seconds) * 1000 { feed(.stopRequested) }
    }

    // MARK: - what to do

    private mutating func perform(_ action: Pipeline.Action) {
        switch action {
        case .openPublisher: openPublisher()
        case .closePublisher: closePublisher()
        case .openConsumer(let generation): openConsumer(generation: generation)
        case .stopConsuming:
            stopExamining()
            consumer?.stopConsuming()
        case .closeConsumer:
            heard.giveUp()
            meter.lostChannel()
            giveBack()
            consumer?.close()
        case .takeOneAtATime: quarantine.beCautious()
        case .record(let entries, let announcedThrough):
            meter.writes(entries, at: Stopwatch.seconds())
            desk.record(entries, announcedThrough: announcedThrough) { [yield] in yield(.committed($0)) }
        case .publish(let publishings):
            meter.publishes(publishings, at: Stopwatch.seconds())
            publisher?.publish(publishings.map(publication))
        case .acknowledge(let tag, let generation):
            guard generation == consumerGeneration else { return }
            meter.acknowledges(through: tag, at: Stopwatch.seconds())
            consumer?.acknowledge(deliveryTag: tag, multiple: true)
        case .reply(let replies): reply(replies)
        case .paused(let reason, let milliseconds):
            let next = milliseconds.map { "next try in \($0) ms" } ?? "it waits for a person"
            tell(milliseconds == nil ? .error : .warning, "paused: \(reason.sentence(lastRefusal)); \(next)")
        case .resumed: tell(.info, "trying again")
        case .probe: probe()
        case .diskIsSlow:
            tell(.error, Self.slowDisk + ": should it go on, this worker leaves")
        case .finish(let announcedThrough):
            finalAnnouncedThrough = announcedThrough
            isFinished = true
        case .fail(let failure): fail(failure.rawValue)
        }
    }

    /// Nothing more is heard of it: that it is closed now is no fault of its own.
    private mutating func closePublisher() {
        publisherEpoch += 1
        publisher?.abort()
        publisher = nil
        meter.lostPublisher()
    }

    private mutating func openPublisher() {
        publisherEpoch += 1
        let epoch = publisherEpoch
        // Unstructured: its one answer belongs to this epoch, and a later one ignores it.
        Task { [configuration, yield] in
            do {
                try await TopologyLook.perform(configuration)
                yield(.topologyFound(epoch: epoch))
            } catch let error as AMQPError {
                yield(.publisher(.closed(error), epoch: epoch))
            } catch {
                let unknown = AMQPError(code: .connectionFailed, message: "the topology cannot be looked at: \(error)")
                yield(.publisher(.closed(unknown), epoch: epoch))
            }
        }
    }

    private mutating func topologyFound(epoch: Int) {
        guard epoch == publisherEpoch, !isFinished else { return }
        publisher = AMQPConnection.open(
            configuration.address, name: "\(configuration.worker) publishes",
            heartbeatSeconds: WorkerService.heartbeatSeconds
        ) { [yield] in yield(.publisher($0, epoch: epoch)) }
    }

    private mutating func openConsumer(generation: Int) {
        meter.lostChannel()
        giveBack()
        heard.open(generation)
        consumer = AMQPConnection.open(
            configuration.address, name: "\(configuration.worker) consumes",
            heartbeatSeconds: WorkerService.heartbeatSeconds, maximumHeldBytes: WorkerService.heldBytes
        ) { [yield] in yield(.consumer($0, generation: generation)) }
    }

    func tell(_ level: WorkerNotice.Level, _ text: String, _ metadata: [(name: String, value: String)] = []) {
        service.notify(WorkerNotice(level: level, text: text, metadata: metadata))
    }
}
