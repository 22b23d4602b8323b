import Detainers
import Ledger

/// The worker's decisions as a value: one event in, the actions it calls for out; no I/O, no clock, no locks.
///
/// The order it keeps for every request is record → announce → settle:
///
///     arrived ─▶ gathered ─▶ writing ─▶ announcing ─▶ settled
///                  (waits for the disk)  (waits for confirms)
///
/// - Whatever arrives while a batch is being written forms the next batch, so that a slow disk makes large batches and
///   an idle one makes small ones. While events wait for confirms, so does a batch that is small yet: a busy worker
///   makes large ones, and one that has nothing else in hand waits for nothing.
/// - A delivery is acknowledged when its outcome is on disk and its event is confirmed, or when its dead letter is.
/// - A repeat waits for its original; it is never acknowledged before it.
/// - A fault of the infrastructure pauses: the consumer is closed, so that what is not recorded goes back to its queue,
///   while what is recorded is kept and announced again.
///
/// Time is an argument (milliseconds of any steady clock). Not thread-safe: one owner feeds it.
public struct Pipeline: Sendable {
    /// Limits and waits, each with its reason.
    public struct Limits: Sendable, Equatable {
        /// A confirm that has not come by then never will: quorum commits take milliseconds, leader elections seconds.
        public var confirmMilliseconds: Int64 = 30_000
        /// A sync that takes longer than this is a device that hangs.
        public var diskMilliseconds: Int64 = 60_000
        /// A sync that takes longer than this is told: a disk that works needs milliseconds.
        public var slowDiskMilliseconds: Int64 = 10_000
        /// How long a stop may take to finish what is in hand; service managers kill after 90 s by default.
        public var drainMilliseconds: Int64 = 30_000
        /// Publications under way at once, so that a long backlog does not grow the socket's queue without end.
        public var publicationWindow = 512
        /// So many records are a batch that waits for no confirms. Each batch costs a sync, a burst on the wire and
        /// some wake-ups, which fewer records are not worth while there is other work. What is not written is the
        /// broker's still, and a fault gives it back.
        public private(set) var batchRecords = Limits.mostBatchRecords
        static let mostBatchRecords = 256
        /// First and longest wait before a fault is probed again.
        public var firstPauseMilliseconds: Int64 = 500
        public var longestPauseMilliseconds: Int64 = 15_000
        /// Wait after a refusal: nothing but a person changes it, and a broker may lock out who tries too often.
        public var refusedPauseMilliseconds: Int64 = 60_000
        /// Share of each wait that this worker takes, drawn once, so that a pool does not come back all at once.
        public var jitter = 1.0

        public init() {}

        /// Half of what may be in hand at most: one half is decided while the other is announced.
        public mutating func fit(prefetch: UInt16) {
            batchRecords = min(Self.mostBatchRecords, max(1, Int(prefetch) / 2))
        }
    }

    var limits: Limits
    var index: DuplicateIndex
    var flights = Flights()
    var announcements: Announcements
    /// Decided, not yet given to the disk.
    var gathered: [Recording] = []
    var writing: Writing?
    var consumer = Link.closed
    var publisher = Link.closed
    var generation = 0
    var blocked = false
    var pause: Pause?
    /// Consecutive faults since something last went well; it lengthens the pause.
    var faults = 0
    /// Since when it takes messages without a fault.
    var wellSince: Int64?
    /// Before that the broker could confirm nothing.
    var unblockedAt = Int64.min
    var stopping: Stopping?
    /// A person told it to take nothing; it runs on.
    var quiet = false
    /// Deliveries were stopped and the channel is kept, until what is in hand is settled on it.
    var consumerIsStopped = false
    /// The broker said that it delivers nothing more on it; what it had sent before has arrived.
    var consumerIsCancelled = false
    var finished = false
    var killSwitch: KillSwitch

    struct Writing {
        var batch: [Recording]
        var since: Int64
        var toldSlow = false
    }

    struct Stopping {
        var deadline: Int64
    }

    enum Link: Equatable {
        case closed, opening, open
    }

    /// - Parameter backlog: recorded outcomes that were not known to be announced when the ledger was opened, in order;
    ///   they are announced before anything is consumed.
    public init(
        index: DuplicateIndex, recordCount: UInt64, backlog: [Announcement], limits: Limits = Limits(),
        killSwitch: KillSwitch = KillSwitch()
    ) {
        self.limits = limits
        self.killSwitch = killSwitch
        self.index = index
        self.announcements = Announcements(recordCount: recordCount, backlog: backlog)
    }

    /// What no confirm is outstanding for: every record below this index is announced.
    public var announcedThrough: UInt64 { announcements.announcedThrough }

    /// Whether deliveries, records or publications are in hand.
    public var isIdle: Bool {
        flights.isEmpty && gathered.isEmpty && writing == nil && announcements.isEmpty
    }

    /// Whether a person told it to take nothing.
    public var isQuiet: Bool { quiet }

    /// Why it pauses just now.
    public var pauseReason: PauseReason? { pause?.reason ?? (blocked ? .blocked : nil) }

    /// Of this ledger.
    public var recordCount: UInt64 { announcements.recordCount }

    /// Deliveries that are not settled yet.
    public var inFlightCount: Int { flights.count }

    /// Whether outcomes were decided that the disk was not given yet.
    public var hasUnwrittenOutcomes: Bool { !gathered.isEmpty }

    /// Whether the worker takes messages: consumer and publisher are open, the disk answers and nothing pauses it.
    public var isConsuming: Bool {
        consumer == .open && publisher == .open && pause == nil && !blocked && stopping == nil
            && !consumerIsStopped && writing?.toldSlow != true
    }

    /// Takes one event and returns what to do about it, in order.
    public mutating func handle(_ event: Event, at now: Int64) -> [Action] {
        if finished { return [] }
        var actions: [Action] = []
        switch event {
        case .started: break
        case .publisherOpened:
            publisher = .open
            announcements.forgetSent()
            flights.forgetSentLetters()
        case .publisherLost(let loss): publisherLost(loss, &actions, at: now)
        case .consumerOpened(let opened):
            if opened == generation, consumer == .opening { consumerOpened(&actions) }
        case .consumerLost(let lost, let loss):
            if lost == generation, consumer != .closed {
                loseConsumer(because: loss.reason ?? .consumerLost, &actions, at: now)
            }
        case .consumerCancelled(let cancelled, let byBroker):
            if cancelled == generation { consumerCancelled(byBroker: byBroker, &actions, at: now) }
        case .arrived(let arrivals, let from): arrived(arrivals, from: from, &actions, at: now)
        case .policiesTookOver: policiesTookOver(&actions)
        case .recorded(let firstIndex): recorded(firstIndex)
        case .filed(let records): index.filed(below: records)
        case .notRecorded: notRecorded(&actions, at: now)
        case .notWritable: notWritable(&actions, at: now)
        case .writable: writable(&actions)
        case .published(let results): published(results, &actions, at: now)
        case .blocked:
            blocked = true
            loseConsumer(because: .blocked, &actions, at: now, closing: true)
        case .unblocked: unblocked(at: now)
        case .quietRequested: beQuiet(&actions)
        case .resumeRequested: quiet = false
        case .stopRequested: stop(&actions, at: now)
        case .tick: tick(&actions, at: now)
        }
        advance(&actions, at: now)
        return actions
    }

    // MARK: - what each event changes

    private mutating func arrived(_ arrivals: [Arrival], from: Int, _ actions: inout [Action], at now: Int64) {
        // What was under way when a stop was asked for is finished too: given back, it would count as delivered before.
        guard from == generation else { return }
        for arrival in arrivals { killSwitch.take(arrival.verdict) }
        // Before any letter of this batch is sent.
        if killSwitch.isTripped { return loseConsumer(because: .killSwitch, &actions, at: now, closing: true) }
        for arrival in arrivals {
            let flight = flights.add(tag: arrival.tag, generation: from)
            if let address = arrival.returnAddress { flights.reply(to: address, arrival.verdict, flight) }
            switch arrival.verdict {
            case .dead(let letter): flights.awaitLetter(letter, flight)
            case .entry(let entry): decided(entry, arrival: arrival, flight: flight)
            }
        }
    }

    private mutating func decided(_ entry: PendingEntry, arrival: Arrival, flight: UInt64) {
        switch index.look(entry.key, contentKey: entry.contentKey) {
        case .unknown where arrival.recordedBefore == .no:
            index.expect(entry.key, contentKey: entry.contentKey)
            gathered.append(Recording(entry: entry, waiting: [flight]))
        // What was not announced would be known.
        case .unknown where arrival.recordedBefore == .same: flights.done(flight)
        case .unknown: flights.awaitLetter(arrival.conflictLetter(), flight)
        case .announced: flights.done(flight)
        case .pending: wait(flight, for: entry.key)
        case .conflict: flights.awaitLetter(arrival.conflictLetter(), flight)
        }
    }

    private mutating func wait(_ flight: UInt64, for key: EntryKey) {
        if let position = gathered.firstIndex(where: { $0.entry.key == key }) {
            gathered[position].waiting.append(flight)
        } else if let position = writing?.batch.firstIndex(where: { $0.entry.key == key }) {
            writing?.batch[position].waiting.append(flight)
        } else if !announcements.wait(flight, for: key) {
            preconditionFailure("a pending request is gathered, being written or being announced")
        }
    }

    /// A person mended something: what waits in the queue is tried again.
    private mutating func policiesTookOver(_ actions: inout [Action]) {
        killSwitch.reset()
        guard pause?.reason == .killSwitch else { return }
        pause = nil
        faults = 0
        actions.append(.resumed)
    }

    private mutating func recorded(_ firstIndex: UInt64) {
        guard let batch = writing?.batch else { return }
        writing = nil
        for (offset, recording) in batch.enumerated() {
            index.recorded(recording.entry.key, record: firstIndex + UInt64(offset))
        }
        announcements.add(batch, firstIndex: firstIndex)
    }

    private mutating func published(_ results: [Publishing.Settled], _ actions: inout [Action], at now: Int64) {
        for result in results {
            switch result.result {
            case .confirmed:
                faults = 0
                if let confirmed = announcements.confirmed(result.token) {
                    index.announced(confirmed.announcement.entry.key)
                    for flight in confirmed.waiting { flights.recorded(flight, confirmed.announcement) }
                } else {
                    flights.letterConfirmed(result.token)
                }
            case .nacked, .returned:
                announcements.forgetSent(result.token)
                announcements.proveAgain()
                flights.forgetSentLetter(result.token)
                let reason: PauseReason = result.result == .nacked ? .nacked : .unroutable
                loseConsumer(because: reason, &actions, at: now, closing: true)
            }
        }
        announcements.dropConfirmed()
    }

    private mutating func stop(_ actions: inout [Action], at now: Int64) {
        guard stopping == nil else { return }
        stopping = Stopping(deadline: now + limits.drainMilliseconds)
        stopConsuming(&actions)
    }

    private mutating func beQuiet(_ actions: inout [Action]) {
        quiet = true
        stopConsuming(&actions)
    }

    /// One that is being opened is stopped as soon as it is: with its answer the broker sends messages, which would
    /// count as delivered before if its channel were closed.
    private mutating func stopConsuming(_ actions: inout [Action]) {
        guard consumer == .open, !consumerIsStopped else { return }
        consumerIsStopped = true
        actions.append(.stopConsuming)
    }

    private mutating func consumerOpened(_ actions: inout [Action]) {
        consumer = .open
        if stopping != nil || quiet { stopConsuming(&actions) }
    }

    // MARK: - what follows from the state

    private mutating func advance(_ actions: inout [Action], at now: Int64) {
        if finished { return }
        // Only when all is settled on it may the channel of a consumer that was stopped go, and a new one come.
        if consumerIsCancelled, stopping == nil, isIdle {
            actions.append(.closeConsumer)
            closeConsumer()
        }
        connect(&actions)
        announce(&actions, at: now)
        if let settled = flights.settle() {
            actions.append(.acknowledge(tag: settled.tag, generation: settled.generation))
            if !settled.replies.isEmpty { actions.append(.reply(settled.replies)) }
        }
        if writing == nil, !gathered.isEmpty, isWorthABatch {
            writing = Writing(batch: gathered, since: now)
            gathered = []
            actions.append(.record(writing?.batch.map(\.entry) ?? [], announcedThrough: announcedThrough))
        }
        finishStop(&actions, at: now)
    }

    /// Whether what is gathered is written now, or waits for more: for as many as a batch has, for the last confirm, or
    /// until nothing more is to come.
    ///
    /// INVARIANT: what is sent comes to an end, confirmed, refused or lost with its connection, and then nothing waits.
    private var isWorthABatch: Bool {
        announcements.sentCount == 0 || consumerIsStopped || gathered.count >= limits.batchRecords
    }

    private mutating func connect(_ actions: inout [Action]) {
        guard pause == nil, !blocked else { return }
        if publisher == .closed {
            publisher = .opening
            actions.append(.openPublisher)
        }
        guard stopping == nil, !quiet, publisher == .open, consumer == .closed, announcements.backlogIsAnnounced
        else { return }
        consumer = .opening
        actions.append(.openConsumer(generation: generation))
    }

    private mutating func announce(_ actions: inout [Action], at now: Int64) {
        guard publisher == .open, pause == nil, !blocked else { return }
        let room = limits.publicationWindow - announcements.sentCount - flights.lettersSentCount
        guard room > 0 else { return }
        var publications = announcements.send(atMost: room, at: now).map(Publishing.event)
        publications += flights.sendLetters(atMost: room - publications.count, at: now, tokens: announcements.tokens())
            .map(Publishing.letter)
        if !publications.isEmpty { actions.append(.publish(publications)) }
    }

    private mutating func finishStop(_ actions: inout [Action], at now: Int64) {
        guard let stop = stopping else { return }
        let mustLeave = now >= stop.deadline
        let takesNothing = consumer == .closed || consumerIsCancelled
        guard isIdle && takesNothing || mustLeave else { return }
        finished = true
        if diskHangs(at: now) {
            // What it holds is recovered at the next start.
            actions.append(.fail(.diskHangs))
        } else {
            // The ledger is closed behind a batch that is under way, which the next start announces.
            actions.append(.finish(announcedThrough: announcedThrough))
        }
    }
}
