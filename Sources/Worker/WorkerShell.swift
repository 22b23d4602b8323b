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
    private(set) var isFinished = false
    private var position: LedgerPosition
    private var consumer: AMQPConnection?
    private var consumerGeneration = -1
    private var publisher: AMQPConnection?
    private var publisherEpoch = 0
    private var lastArrival = SteadyClock.milliseconds()
    private var finalAnnouncedThrough: UInt64?
    private var signing: SigningSchedule

    init(
        service: WorkerService, ledger: OpenLedger, yield: @escaping @Sendable (WorkerService.Happening) -> Void
    ) {
        self.service = service
        self.yield = yield
        self.desk = ledger.desk
        self.position = ledger.position
        self.pipeline = ledger.pipeline
        self.signing = SigningSchedule(
            hasUnsignedRecords: ledger.hasUnsignedRecords, at: SteadyClock.milliseconds())
    }

    private var configuration: WorkerConfiguration { service.configuration }

    mutating func take(_ happening: WorkerService.Happening) {
        switch happening {
        case .pipeline(let event): feed(event)
        case .publisher(let event, let epoch): if epoch == publisherEpoch { publisherDid(event) }
        case .consumer(let event, let generation): if generation == consumerGeneration { consumerDid(event) }
        case .committed(let result): committed(result)
        case .signed(let result): signed(result)
        }
        signWhenDue()
        leaveWhenIdle()
    }

    private mutating func feed(_ event: Pipeline.Event) {
        for action in pipeline.handle(event, at: SteadyClock.milliseconds()) { perform(action) }
    }

    // MARK: - what happened

    private mutating func publisherDid(_ event: AMQPEvent) {
        switch event {
        case .opened: feed(.publisherOpened)
        case .published(let results):
            let settled = results.map { Publishing.Settled(token: $0.token, result: Self.result(of: $0.result)) }
            summary.events += settled.count { $0.result == .confirmed && $0.token < 1 << 63 }
            summary.deadLetters += settled.count { $0.result == .confirmed && $0.token >= 1 << 63 }
            feed(.published(settled))
        case .blocked: feed(.blocked)
        case .unblocked: feed(.unblocked)
        case .closed(let error):
            publisher = nil
            tell(.warning, "publishing connection closed: \(Self.sentence(error))")
            feed(.publisherLost)
        case .consuming, .cancelled, .deliveries: break
        }
    }

    private static func result(of result: PublishResult.Outcome) -> Publishing.Settled.Result {
        switch result {
        case .confirmed: .confirmed
        case .nacked: .nacked
        case .returned: .returned
        }
    }

    private mutating func consumerDid(_ event: AMQPEvent) {
        switch event {
        case .opened: consumer?.consume(queue: configuration.requestQueue, prefetch: configuration.prefetch)
        case .consuming:
            lastArrival = SteadyClock.milliseconds()
            tell(.info, "consuming from \(configuration.requestQueue)")
            feed(.consumerOpened(generation: consumerGeneration))
        case .deliveries(let deliveries):
            lastArrival = SteadyClock.milliseconds()
            let now = WallClock.now()
            feed(.arrived(deliveries.map { service.judge.arrival(of: $0, at: now) }, generation: consumerGeneration))
        case .cancelled(let byBroker):
            feed(.consumerCancelled(generation: consumerGeneration, byBroker: byBroker))
        case .closed(let error):
            consumer = nil
            tell(.warning, "consuming connection closed: \(Self.sentence(error))")
            feed(.consumerLost(generation: consumerGeneration))
        case .published, .blocked, .unblocked: break
        }
    }

    private static func sentence(_ error: AMQPError) -> String {
        guard error.code == .notFound else { return error.message }
        return error.message + ": run `detainer topology apply`; if it was there before, what it held may be lost"
    }

    private mutating func committed(_ result: Result<Commit, LedgerError>) {
        switch result {
        case .success(let commit):
            position = LedgerPosition(logID: commit.logID, index: commit.firstIndex, root: commit.root)
            summary.outcomes += commit.count
            signing.committed(segment: commit.segment, at: SteadyClock.milliseconds())
            feed(.recorded(firstIndex: commit.firstIndex))
        case .failure(let error) where error.code == .noSpace:
            tell(.error, error.message)
            feed(.diskFull)
        case .failure(let error):
            fail("\(error.message)")
        }
    }

    private mutating func signWhenDue() {
        guard !isFinished, signing.isDue(at: SteadyClock.milliseconds()) else { return }
        signing.asked()
        desk.sign { [yield] in yield(.signed($0)) }
    }

    private mutating func signed(_ result: Result<Void, LedgerError>) {
        guard case .failure(let error) = result else { return }
        if error.code != .noSpace { return fail(error.message) }
        signing.failed(at: SteadyClock.milliseconds())
        tell(.error, "\(error.message): the checkpoint is signed later")
    }

    private mutating func leaveWhenIdle() {
        guard let seconds = configuration.exitWhenIdleSeconds, pipeline.isConsuming, pipeline.isIdle else { return }
        if SteadyClock.milliseconds() - lastArrival >= Int64(seconds) * 1000 { feed(.stopRequested) }
    }

    // MARK: - what to do

    private mutating func perform(_ action: Pipeline.Action) {
        switch action {
        case .openPublisher: openPublisher()
        case .closePublisher: publisher?.abort()
        case .openConsumer(let generation): openConsumer(generation: generation)
        case .stopConsuming: consumer?.stopConsuming()
        case .closeConsumer: consumer?.close()
        case .record(let outcomes, let announcedThrough):
            desk.record(outcomes, announcedThrough: announcedThrough) { [yield] in yield(.committed($0)) }
        case .publish(let publishings): publisher?.publish(publishings.map(publication))
        case .acknowledge(let tag, let generation):
            if generation == consumerGeneration { consumer?.acknowledge(deliveryTag: tag, multiple: true) }
        case .paused(let reason, let milliseconds):
            tell(.warning, "paused: \(reason.rawValue); next try in \(milliseconds) ms")
        case .resumed: tell(.info, "trying again")
        case .finish(let announcedThrough):
            finalAnnouncedThrough = announcedThrough
            isFinished = true
        case .fail(let failure): fail(failure.rawValue)
        }
    }

    private mutating func openPublisher() {
        publisherEpoch += 1
        let epoch = publisherEpoch
        publisher = AMQPConnection.open(
            configuration.address, name: "\(configuration.worker) publishes",
            heartbeatSeconds: WorkerService.heartbeatSeconds
        ) { [yield] in yield(.publisher($0, epoch: epoch)) }
    }

    private mutating func openConsumer(generation: Int) {
        consumerGeneration = generation
        consumer = AMQPConnection.open(
            configuration.address, name: "\(configuration.worker) consumes",
            heartbeatSeconds: WorkerService.heartbeatSeconds
        ) { [yield] in yield(.consumer($0, generation: generation)) }
    }

    private func publication(_ publishing: Publishing) -> Publication {
        switch publishing {
        case .event(let token, let announcement):
            Outgoing.event(
                announcement.outcome, token: token, exchange: configuration.outcomeExchange,
                position: LedgerPosition(logID: position.logID, index: announcement.index, root: position.root))
        case .letter(let token, let letter):
            Outgoing.letter(letter, token: token, exchange: configuration.deadExchange)
        }
    }

    // MARK: - the end

    private mutating func fail(_ reason: String) {
        summary.failure = reason
        tell(.error, reason)
        isFinished = true
    }

    /// Writes the last checkpoint, then closes the connections, so that what was acknowledged last still goes out.
    mutating func close(_ happenings: AsyncStream<WorkerService.Happening>) async {
        if let announcedThrough = finalAnnouncedThrough {
            if let error = await desk.finish(announcedThrough: announcedThrough) { fail(error.message) }
        }
        if consumer == nil && publisher == nil { return }
        consumer?.close()
        publisher?.close()
        let deadline = SteadyClock.milliseconds() + WorkerService.closeMilliseconds
        // The ticker goes on, so that this loop comes round even when neither connection answers.
        for await happening in happenings {
            if case .consumer(.closed, consumerGeneration) = happening { consumer = nil }
            if case .publisher(.closed, publisherEpoch) = happening { publisher = nil }
            if consumer == nil && publisher == nil { return }
            if SteadyClock.milliseconds() >= deadline { break }
        }
        consumer?.abort()
        publisher?.abort()
    }

    private func tell(_ level: WorkerNotice.Level, _ text: String) {
        service.notify(WorkerNotice(level: level, text: text))
    }
}
