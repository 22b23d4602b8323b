public import AMQPClient
public import Detainers
import Ledger

/// Replays exactly what a plan holds: publish, wait for the confirm, record.
///
/// Killed at any moment it loses nothing, and the same plan may be applied again: it goes on where it stopped. It holds
/// the store's lock while it runs, and blocks its thread.
public struct ReplayRun {
    public struct Configuration: Sendable {
        public var address: BrokerAddress
        public var intake: IntakeRoute
        public var key: PseudonymKey
        public var by: String
        public var rate: Int?
        public var maximumReplays: Int
        /// Publish and record nothing; only say what would be done.
        public var isDry: Bool

        /// What mended messages are signed with.
        var signing: PublisherSigningKey?

        public init(
            address: BrokerAddress, intake: IntakeRoute, key: PseudonymKey, by: String, rate: Int?, maximumReplays: Int,
            isDry: Bool, signing: PublisherSigningKey? = nil
        ) {
            self.signing = signing
            self.address = address
            self.intake = intake
            self.key = key
            self.by = by
            self.rate = rate
            self.maximumReplays = maximumReplays
            self.isDry = isDry
        }
    }

    public struct Summary: Sendable {
        public var plan: String
        public var tally: ReplayTally
        /// `done`, `stopped`, or why it ended early.
        public var end: String
        /// Of a dry run: replayed by earlier runs of the plan.
        public var already = 0
        /// Replayed by this run, and how long that took from the first message on.
        public var sent = 0
        public var seconds = 0.0
        /// Exchanges that letters were published to and that are not there any more.
        public var missingExchanges: [String] = []
        /// The broker or the connection failed.
        public var failure: AMQPError?
    }

    /// How often progress is told, in milliseconds.
    private static let progressMilliseconds: Int64 = 200
    /// Publications handed to the connection together.
    private static let handOver = 64
    /// Replays recorded with one sync; so many at most are sent twice after a kill.
    private static let recordTogether = 500
    /// A wait is cut into these, so that a stop is seen.
    private static let stepMilliseconds: Int64 = 100
    /// For one question to the broker.
    private static let lookSeconds = 20

    private let configuration: Configuration
    private let store: LetterStore
    private let path: String
    private let now: @Sendable () -> Moment
    private let shouldStop: @Sendable () -> Bool
    private let progress: (_ done: Int, _ total: Int) -> Void

    public init(
        _ path: String, store: LetterStore, configuration: Configuration, now: @escaping @Sendable () -> Moment,
        shouldStop: @escaping @Sendable () -> Bool, progress: @escaping (_ done: Int, _ total: Int) -> Void
    ) {
        self.path = path
        self.store = store
        self.configuration = configuration
        self.now = now
        self.shouldStop = shouldStop
        self.progress = progress
    }

    /// - Throws: `ReplayPlan.Problem`, `LedgerError`, and `AMQPError` where no connection came about.
    public func perform() throws -> Summary {
        let head = try ReplayPlan.check(path)
        if configuration.isDry { return try rehearse(head) }
        var writer = try store.open(now: now())
        let (index, done) = try standings(plan: head.plan)
        let inbox = Inbox<AMQPEvent>()
        let connection = AMQPConnection.open(configuration.address, name: "dead-letters apply") { inbox.post($0) }
        defer { connection.abort() }
        try waitUntilOpen(inbox)
        let begun = LetterRecord.Deed(at: now().text, by: configuration.by)
        try writer.append([.applyBegun(plan: head.plan, begun)], now: now())
        var run = Running(
            replay: Replay(limits: limits, at: SteadyClock.milliseconds()), connection: connection, inbox: inbox,
            plan: head.plan,
            by: configuration.by, total: head.letters)
        do {
            do {
                try eachPlanned { entry, letter in
                    if run.replay.isStopping || shouldStop() { throw Ended.stopped }
                    let verdict = judge(&run.replay, entry, letter, index, done)
                    if case .send = verdict, let letter { try send(letter, entry, &run, &writer) }
                    tell(&run)
                }
            } catch Ended.stopped {
                run.end = "stopped"
            }
            try finish(&run, &writer)
        } catch let error as AMQPError {
            run.failure = error
            run.end = "the broker was lost"
        } catch {
            run.end = "the store could not be read or written"
            // What was sent already is awaited and recorded as far as that still goes; the first error is the one told.
            try? finish(&run, &writer)
            _ = try? record(run, head, &writer)
            throw error
        }
        let tally = try record(run, head, &writer)
        try writer.close()
        let seconds = run.began.map { Double(SteadyClock.milliseconds() - $0) / 1_000 } ?? 0
        return Summary(
            plan: head.plan, tally: tally, end: run.end, sent: run.sent, seconds: seconds,
            missingExchanges: run.missing, failure: run.failure)
    }

    /// The line of the audit log that ends a run.
    @discardableResult
    private func record(
        _ run: Running, _ head: ReplayPlan.Head, _ writer: inout LetterStore.Writer
    ) throws -> ReplayTally {
        var replay = run.replay
        let tally = replay.end(planned: head.letters)
        let deed = LetterRecord.Deed(at: now().text, by: configuration.by)
        try writer.append([.apply(plan: head.plan, tally, end: run.end, deed)], now: now())
        return tally
    }

    private var limits: Replay.Limits {
        var limits = Replay.Limits()
        limits.rate = configuration.rate
        limits.maximumReplays = configuration.maximumReplays
        return limits
    }

    private enum Ended: Error { case stopped }

    private struct Running {
        var replay: Replay
        let connection: AMQPConnection
        let inbox: Inbox<AMQPEvent>
        let plan: String
        let by: String
        let total: Int
        var outbox: [Publication] = []
        /// By the broker, and not recorded yet.
        var confirmed: [LetterID] = []
        var sent = 0
        /// When the first message was sent.
        var began: Int64?
        /// Whether each exchange is there.
        var exchanges: [String: Bool] = [:]
        var missing: [String] = []
        var end = "done"
        var failure: AMQPError?
        var told: Int64 = 0
    }

    // MARK: - the plan and the store, side by side

    /// What would be done, from the store alone.
    private func rehearse(_ head: ReplayPlan.Head) throws -> Summary {
        let (index, done) = try standings(plan: head.plan)
        var replay = Replay(limits: limits, at: 0)
        var sending = 0
        try eachPlanned { entry, letter in
            guard judge(&replay, entry, letter, index, done) == .send, let letter else { return }
            if try planned(letter, entry, &replay) != nil { sending += 1 }
        }
        var tally = replay.end(planned: head.letters - sending)
        let already = tally.replayed
        tally.replayed = sending
        return Summary(plan: head.plan, tally: tally, end: "dry run", already: already, failure: nil)
    }

    private func standings(plan: String) throws -> (LetterIndex, done: Set<LetterID>) {
        var done: Set<LetterID> = []
        let index = try store.index { record in
            if case .replay(let id, plan, _) = record { done.insert(id) }
        }
        return (index, done)
    }

    /// Each planned letter with what stands at its place in the store; both are in the same order.
    private func eachPlanned(_ body: (ReplayPlan.Entry, StoredLetter?) throws -> Void) throws {
        var plan = PlannedEntries()
        try ReplayPlan.entries(path) { plan.list.append($0) }
        try store.records { record, position in
            while let entry = plan.next, entry.record <= position {
                plan.position += 1
                guard entry.record == position, case .letter(let letter) = record else {
                    try body(entry, nil)
                    continue
                }
                try body(entry, letter)
            }
        }
        while let entry = plan.next {
            plan.position += 1
            try body(entry, nil)
        }
    }

    /// A plan's letters, some two hundred bytes each: what is planned by a person fits.
    private struct PlannedEntries {
        var list: [ReplayPlan.Entry] = []
        var position = 0
        /// `nil` behind the last one.
        var next: ReplayPlan.Entry? { position < list.count ? list[position] : nil }
    }

    private func judge(
        _ replay: inout Replay, _ entry: ReplayPlan.Entry, _ letter: StoredLetter?, _ index: LetterIndex,
        _ done: Set<LetterID>
    ) -> Replay.Verdict {
        let standing = index[entry.id]
        let isSame =
            letter.map { $0.id == entry.id && $0.letter.deadAt == entry.deadAt } == true
            && standing?.record == entry.record
        return replay.judge(standing: standing, isSame: isSame, isDone: done.contains(entry.id))
    }

    // MARK: - the broker

    private func waitUntilOpen(_ inbox: Inbox<AMQPEvent>) throws {
        let deadline = SteadyClock.milliseconds() + limits.answerMilliseconds
        while true {
            if shouldStop() || SteadyClock.milliseconds() > deadline {
                throw AMQPError(code: .timeout, message: "the broker's connection did not open: nothing was sent")
            }
            for event in inbox.wait(milliseconds: Self.stepMilliseconds) {
                switch event {
                case .opened: return
                case .closed(let error): throw error
                default: break
                }
            }
        }
    }

    private func send(
        _ letter: StoredLetter, _ entry: ReplayPlan.Entry, _ run: inout Running, _ writer: inout LetterStore.Writer
    ) throws {
        guard let whole = try planned(letter, entry, &run.replay) else { return }
        // Publishing to an exchange that is not there would end the connection, and with it every apply at this letter.
        let exchange = letter.route(configuration.intake).exchange
        do {
            guard try isThere(exchange, &run) else { return run.replay.cannotBeSent() }
        } catch let error as AMQPError {
            // This connection may be well: what it was given before is awaited and recorded, or it would be sent again.
            try finish(&run, &writer)
            throw error
        }
        while true {
            let wait = run.replay.wait(at: SteadyClock.milliseconds(), bytes: whole.letter.body.count)
            if wait == 0 { break }
            flush(&run)
            try take(
                run.inbox.wait(milliseconds: min(wait ?? Self.stepMilliseconds, Self.stepMilliseconds)), &run, &writer)
            if run.replay.isStopping || shouldStop() { throw Ended.stopped }
        }
        if run.began == nil { run.began = SteadyClock.milliseconds() }
        let token = run.replay.send(
            letter.id, at: SteadyClock.milliseconds(), bytes: whole.letter.body.count)
        run.outbox.append(
            whole.replay(token: token, at: now(), intake: configuration.intake, signing: configuration.signing))
        if run.outbox.count >= Self.handOver {
            flush(&run)
            try take(run.inbox.wait(milliseconds: 0), &run, &writer)
        }
    }

    /// The letter with the body that was planned; `nil` and counted where it cannot be read, or is another one now.
    private func planned(
        _ letter: StoredLetter, _ entry: ReplayPlan.Entry, _ replay: inout Replay
    ) throws -> StoredLetter? {
        guard let whole = try store.readable(letter) else {
            replay.cannotBeRead()
            return nil
        }
        guard configuration.key.messageID(ofBody: whole.letter.body) == entry.body else {
            replay.isNotWhatWasPlanned()
            return nil
        }
        return whole
    }

    /// Each exchange is looked for once a run.
    private func isThere(_ exchange: String, _ run: inout Running) throws -> Bool {
        if let known = run.exchanges[exchange] { return known }
        let answer = Inbox<Result<Bool, any Error>>()
        let address = configuration.address
        // Unstructured: its one answer is waited for below, and it ends within its own time limit.
        Task {
            do {
                try await AMQPAdministration.perform(
                    address, name: "dead-letters apply", timeoutSeconds: Self.lookSeconds
                ) { channel in
                    try channel.declareExchange(name: exchange, type: "topic", passive: true)
                }
                answer.post(.success(true))
            } catch let error as AMQPError where error.code == .notFound {
                answer.post(.success(false))
            } catch {
                answer.post(.failure(error))
            }
        }
        while true {
            if shouldStop() { throw Ended.stopped }
            guard let found = answer.wait(milliseconds: Self.stepMilliseconds).first else { continue }
            let isThere = try found.get()
            run.exchanges[exchange] = isThere
            if !isThere { run.missing.append(exchange) }
            return isThere
        }
    }

    private func flush(_ run: inout Running) {
        if !run.outbox.isEmpty { run.connection.publish(run.outbox) }
        run.outbox = []
    }

    /// Waits for all that is under way.
    private func finish(_ run: inout Running, _ writer: inout LetterStore.Writer) throws {
        flush(&run)
        while !run.replay.isIdle {
            try take(run.inbox.wait(milliseconds: Self.stepMilliseconds), &run, &writer)
            tell(&run)
        }
        if run.replay.hasGivenUp { run.end = "given back by the broker" }
    }

    private func take(_ events: [AMQPEvent], _ run: inout Running, _ writer: inout LetterStore.Writer) throws {
        var results: [(token: UInt64, answer: Replay.Answer)] = []
        var lost: AMQPError?
        for event in events {
            switch event {
            case .published(let published):
                results += published.map { ($0.token, Replay.Answer($0.result)) }
            case .closed(let error): lost = error
            default: break
            }
        }
        if !results.isEmpty { run.confirmed += run.replay.settled(results, at: SteadyClock.milliseconds()) }
        // While more is under way a sync waits until it is worth its time.
        if run.confirmed.count >= Self.recordTogether || run.replay.isIdle || lost != nil { try record(&run, &writer) }
        if let lost { throw lost }
        if run.replay.isOverdue(at: SteadyClock.milliseconds()) {
            try record(&run, &writer)
            throw AMQPError(
                code: .timeout, message: "the broker confirmed nothing for \(limits.answerMilliseconds / 1_000) s")
        }
    }

    private func record(_ run: inout Running, _ writer: inout LetterStore.Writer) throws {
        if run.confirmed.isEmpty { return }
        let deed = LetterRecord.Deed(at: now().text, by: run.by)
        try writer.append(run.confirmed.map { .replay(id: $0, plan: run.plan, deed) }, now: now())
        run.replay.recorded(run.confirmed.count)
        run.sent += run.confirmed.count
        run.confirmed = []
    }

    private func tell(_ run: inout Running) {
        let clock = SteadyClock.milliseconds()
        guard clock - run.told >= Self.progressMilliseconds else { return }
        run.told = clock
        let tally = run.replay.tally
        progress(tally.total, run.total)
    }
}

extension Replay.Answer {
    init(_ result: PublishResult.Outcome) {
        switch result {
        case .confirmed: self = .confirmed
        case .returned(PublishResult.contentTooLarge, _): self = .tooLarge
        case .nacked, .returned: self = .returned
        }
    }
}
