/// What an apply does next, as a value: no I/O, no clock.
///
///     planned ─▶ judged ─▶ published ─▶ confirmed ─▶ recorded
///                  └─▶ gone, refused        └─▶ returned: it still waits
///                  └─▶ unreadable: it still waits
///
/// A letter counts as replayed only after its confirm. One whose confirm was not recorded, because the run was ended in
/// between, is published again by the next run: the worker that decided it knows it again.
struct Replay {
    struct Limits {
        /// Published and not yet confirmed; some tenths of a second of a fast broker.
        var window = 1_000
        /// Their bodies together, for large ones: it bounds the memory, and keeps a fast broker busy all the same. A
        /// single larger one goes alone.
        var windowBytes = 32 << 20
        /// Messages a second at most; `nil`: as fast as the broker confirms.
        var rate: Int?
        /// The same message is replayed so often at most: after that the cause is another than was thought.
        var maximumReplays = 3
        /// Messages that the broker gives back before no more are sent: no queue is bound, or it is full.
        var mostReturned = 10
        /// Nothing confirmed for that long while something is under way: the broker is gone or short of something.
        var answerMilliseconds: Int64 = 30_000
    }

    /// What is done with a planned letter.
    enum Verdict: Equatable {
        case send
        /// By an earlier run of the same plan.
        case replayed
        case refused
        case gone
    }

    /// What became of a publication.
    enum Answer: Equatable {
        case confirmed
        /// No queue is bound there, or it is full.
        case returned
        /// It never left: this connection takes none of that size, which says nothing of the broker.
        case tooLarge
    }

    private let limits: Limits
    private(set) var tally = ReplayTally()
    private var underWay: [UInt64: (id: LetterID, bytes: Int)] = [:]
    private var bytesUnderWay = 0
    private var nextToken: UInt64 = 1
    private var firstSent: Int64?
    private var sent = 0
    private var lastAnswer: Int64
    private(set) var isStopping = false
    private var givenBack = 0

    init(limits: Limits, at now: Int64) {
        self.limits = limits
        lastAnswer = now
    }

    /// - Parameters:
    ///   - standing: where the letter stands now; `nil`: the store does not know it.
    ///   - isSame: whether its latest death and its body are those that were planned.
    ///   - isDone: whether this plan replayed it before.
    mutating func judge(standing: LetterIndex.Standing?, isSame: Bool, isDone: Bool) -> Verdict {
        // What this plan replayed stays replayed, even if it died again since: that death joined no plan.
        if isDone {
            tally.replayed += 1
            return .replayed
        }
        guard let standing, standing.state == .waiting, isSame else {
            tally.gone += 1
            return .gone
        }
        if Int(standing.replays) >= limits.maximumReplays {
            tally.refused += 1
            return .refused
        }
        return .send
    }

    /// Its body is another one than was planned: it is left alone.
    mutating func isNotWhatWasPlanned() { tally.gone += 1 }

    /// Its body is gone or damaged: it waits until that is mended.
    mutating func cannotBeRead() { tally.unreadable += 1 }

    /// The exchange that it came from is not there.
    mutating func cannotBeSent() { tally.returned += 1 }

    /// How long to wait before a message with so large a body may be sent; 0: now; `nil`: until something is confirmed.
    func wait(at now: Int64, bytes: Int) -> Int64? {
        if underWay.count >= limits.window { return nil }
        if !underWay.isEmpty, bytesUnderWay + bytes > limits.windowBytes { return nil }
        guard let rate = limits.rate, let firstSent else { return 0 }
        let due = firstSent + Int64(sent) * 1_000 / Int64(rate)
        return max(0, due - now)
    }

    /// Takes the token to publish a letter with.
    mutating func send(_ id: LetterID, at now: Int64, bytes: Int) -> UInt64 {
        if underWay.isEmpty { lastAnswer = now }
        if firstSent == nil { firstSent = now }
        sent += 1
        let token = nextToken
        nextToken += 1
        underWay[token] = (id, bytes)
        bytesUnderWay += bytes
        return token
    }

    /// The letters that may be recorded as replayed.
    mutating func settled(_ results: [(token: UInt64, answer: Answer)], at now: Int64) -> [LetterID] {
        lastAnswer = now
        var confirmed: [LetterID] = []
        for result in results {
            guard let sent = underWay.removeValue(forKey: result.token) else { continue }
            bytesUnderWay -= sent.bytes
            switch result.answer {
            case .confirmed: confirmed.append(sent.id)
            case .returned:
                tally.returned += 1
                givenBack += 1
            case .tooLarge: tally.returned += 1
            }
        }
        if givenBack >= limits.mostReturned { isStopping = true }
        return confirmed
    }

    /// Their records are on the disk.
    mutating func recorded(_ count: Int) { tally.replayed += count }

    /// Whether the broker gave so many back that no more are sent.
    var hasGivenUp: Bool { givenBack > 0 && isStopping }

    var isIdle: Bool { underWay.isEmpty }

    /// Whether the broker has not answered for so long that it is given up.
    func isOverdue(at now: Int64) -> Bool {
        !underWay.isEmpty && now - lastAnswer >= limits.answerMilliseconds
    }

    /// What is under way when a run ends without its confirm still waits.
    mutating func end(planned: Int) -> ReplayTally {
        (underWay, bytesUnderWay) = ([:], 0)
        tally.left = max(0, planned - tally.total)
        return tally
    }
}
