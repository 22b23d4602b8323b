import AMQPClient
public import Detainers
import Dispatch

/// What a worker counted since it started; a value that any thread may look at.
public struct WorkerMetrics: Sendable {
    /// The steps of the pipeline, each with how long one message, batch or publication took in it.
    public enum Step: String, Sendable, CaseIterable {
        /// Reading and deciding one message.
        case decide
        /// Writing and syncing one batch.
        case record
        /// From publishing one event or letter to its confirm.
        case announce
        /// From the confirm that was still missing to the acknowledgement.
        case settle
    }

    public struct StepFigures: Sendable {
        public var seconds = Histogram.seconds
        /// A message that could not be decided, a batch that was not written, a publication that was refused or
        /// returned, an acknowledgement that was lost with its channel.
        public var errors = 0
    }

    public struct OutcomeLabels: Sendable, Hashable {
        public var jurisdiction: String
        public var disposition: Disposition
    }

    public struct AnswerLabels: Sendable, Hashable {
        public var question: String
        public var answer: AnswerKind
        public var rule: String
    }

    /// What became of replies to senders.
    public enum ReplyFate: String, Sendable, CaseIterable {
        case sent
        /// There is no such queue.
        case unroutable
        /// Too many were on their way, the connection was lost, the broker refused it, or the queue is one of ours.
        case dropped
    }

    public enum Role: String, Sendable, CaseIterable { case consumer, publisher }

    public internal(set) var consumed = 0
    public internal(set) var redeliveries = 0
    public internal(set) var sentEvents = 0
    public internal(set) var sentLetters = 0
    /// All reasons, so that the first one of each is seen as an increase.
    public internal(set) var deadLetters = Dictionary(
        uniqueKeysWithValues: DeadLetterReason.allCases.map { ($0, 0) })
    public internal(set) var outcomes: [OutcomeLabels: Int] = [:]
    /// INVARIANT: as many as the rules of the policies that were in force, which is bounded by their files.
    public internal(set) var answers: [AnswerLabels: Int] = [:]
    public internal(set) var batchRecords = Histogram.sizes
    public internal(set) var steps = Dictionary(uniqueKeysWithValues: Step.allCases.map { ($0, StepFigures()) })
    /// From delivery to acknowledgement.
    public internal(set) var processing = Histogram.seconds
    public internal(set) var isConnected: Set<Role> = []
    public internal(set) var connections: [Role: Int] = [:]
    public internal(set) var inFlight = 0
    public internal(set) var ledgerRecords: UInt64 = 0
    public internal(set) var announcedRecords: UInt64 = 0
    public internal(set) var ledgerBytes = 0
    public internal(set) var replies = Dictionary(uniqueKeysWithValues: ReplyFate.allCases.map { ($0, 0) })

    mutating func took(_ step: Step, _ seconds: Double, times: Int = 1) {
        steps[step]?.seconds.observe(seconds, times: times)
    }

    mutating func failed(_ step: Step) { steps[step]?.errors += 1 }

    mutating func recorded(_ entries: [PendingEntry]) {
        batchRecords.observe(Double(entries.count))
        for entry in entries.lazy.map(\.prepared) {
            guard let disposition = entry.disposition else { continue }
            outcomes[OutcomeLabels(jurisdiction: entry.jurisdiction, disposition: disposition), default: 0] += 1
            guard let decision = entry.decision else { continue }
            count(decision.hold, "hold")
            count(decision.transfer, "transfer")
            count(decision.notify, "notify")
        }
    }

    private mutating func count(_ given: GivenAnswer, _ question: String) {
        answers[AnswerLabels(question: question, answer: given.answer, rule: given.rule), default: 0] += 1
    }
}

/// Seconds of a clock that only goes forward, for durations.
enum Stopwatch {
    static func seconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
}

/// Measures what happens in the shell; owned by its one task, which hands the figures on after each event.
struct WorkerMeter {
    var metrics = WorkerMetrics()
    private var arrivals: [(tag: UInt64, count: Int, at: Double)] = []
    private var batch: (entries: [PendingEntry], at: Double)?
    private var published: [UInt64: (at: Double, reason: DeadLetterReason?)] = [:]
    private var confirmedAt: Double?

    /// Deliveries of one consumer, in their order.
    mutating func delivered(_ deliveries: [Delivery], at now: Double) {
        metrics.consumed += deliveries.count
        metrics.redeliveries += deliveries.count { $0.redelivered }
        // What is too large is rejected at once and never acknowledged.
        let readable = deliveries.filter { !$0.bodyTooLarge }
        if let last = readable.last { arrivals.append((last.deliveryTag, readable.count, now)) }
    }

    /// The broker was told to make a dead letter of it.
    mutating func rejected(_ reason: DeadLetterReason) { metrics.deadLetters[reason, default: 0] += 1 }

    mutating func decided(_ arrivals: [Arrival], since start: Double, at now: Double) {
        guard !arrivals.isEmpty else { return }
        metrics.took(.decide, (now - start) / Double(arrivals.count), times: arrivals.count)
        for arrival in arrivals { if case .dead = arrival.verdict { metrics.failed(.decide) } }
    }

    mutating func writes(_ entries: [PendingEntry], at now: Double) { batch = (entries, now) }

    mutating func wrote(isWritten: Bool, at now: Double) {
        guard let batch else { return }
        self.batch = nil
        metrics.took(.record, now - batch.at)
        if isWritten { metrics.recorded(batch.entries) } else { metrics.failed(.record) }
    }

    mutating func publishes(_ publishings: [Publishing], at now: Double) {
        for publishing in publishings {
            switch publishing {
            case .event(let token, _): published[token] = (now, nil)
            case .letter(let token, let letter): published[token] = (now, letter.reason)
            }
        }
    }

    mutating func settled(_ results: [Publishing.Settled], at now: Double) {
        confirmedAt = now
        for result in results {
            guard let sent = published.removeValue(forKey: result.token) else { continue }
            metrics.took(.announce, now - sent.at)
            guard result.result == .confirmed else {
                metrics.failed(.announce)
                continue
            }
            if let reason = sent.reason {
                metrics.sentLetters += 1
                metrics.deadLetters[reason, default: 0] += 1
            } else {
                metrics.sentEvents += 1
            }
        }
    }

    /// All that these confirms were missing for was acknowledged: what is acknowledged later, as a repeat is at once,
    /// waited for none of them.
    mutating func confirmsAreDone() { confirmedAt = nil }

    /// All deliveries up to that tag were acknowledged.
    mutating func acknowledges(through tag: UInt64, at now: Double) {
        if let confirmedAt { metrics.took(.settle, now - confirmedAt) }
        var done = 0
        for arrival in arrivals {
            guard arrival.tag <= tag else { break }
            metrics.processing.observe(now - arrival.at, times: arrival.count)
            done += 1
        }
        arrivals.removeFirst(done)
    }

    /// The channel is gone, and with it every delivery that was not acknowledged.
    mutating func lostChannel() {
        if !arrivals.isEmpty { metrics.failed(.settle) }
        arrivals = []
        metrics.isConnected.remove(.consumer)
    }

    mutating func lostPublisher() {
        published = [:]
        metrics.isConnected.remove(.publisher)
    }

    mutating func connected(_ role: WorkerMetrics.Role) {
        metrics.isConnected.insert(role)
        metrics.connections[role, default: 0] += 1
    }
}
