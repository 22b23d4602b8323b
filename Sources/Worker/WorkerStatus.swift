import AMQPClient

/// How a running worker is, as a value that any thread may look at.
public struct WorkerStatus: Sendable {
    /// A policy that decides now.
    public struct Policy: Sendable, Equatable {
        public var name: String
        public var jurisdiction: String
        public var digest: String
        public var isApproved: Bool
    }

    /// The ledger is open and recovered.
    public var isOpen = false
    public var isConsuming = false
    /// A person told it to take nothing.
    public var isQuiet = false
    /// It was told to stop, and is on its way out.
    public var isStopping = false
    /// What is known of the newest consumer; `nil` before there was one.
    public internal(set) var consumer: ConsumerEvidence?
    /// Why it takes no messages; `nil` while it does, and while it has not begun.
    public var pause: String?
    public var policies: [Policy] = []
    /// How often policies took over, the start included.
    public var loads = 0
    /// How often policies were to be loaded and did not hold.
    public var refusedLoads = 0
    /// What was wrong with the policies on the disk when they were last to be loaded: the old ones decide on.
    public var refusal: String? { refused?.sentence }
    private var refused: (number: Int, sentence: String)?
    /// How often policies were to be loaded since the start.
    var asked = 0
    /// When the worker's loop last came round, on the steady clock.
    var lastRound = SteadyClock.milliseconds()

    /// When something last moved, or there was nothing to move, on the steady clock.
    var lastProgress = SteadyClock.milliseconds()
    public var metrics = WorkerMetrics()

    /// How long nothing has moved although there was something to move.
    public var stuckMilliseconds: Int64 { max(0, SteadyClock.milliseconds() - lastProgress) }

    /// Above all that the pipeline itself waits for before it gives up: the disk's minute and the confirms' half.
    static let progressMilliseconds: Int64 = 90_000

    /// The loop comes round ten times a second; a worker whose loop has not for so long hangs.
    static let liveMilliseconds: Int64 = 15_000

    mutating func refuse(_ number: Int, _ sentence: String) {
        refusedLoads += 1
        if number >= refused?.number ?? 0 { refused = (number, sentence) }
    }

    /// One that was asked for earlier and takes over only now does not mend what was refused since.
    mutating func forgetRefusal(before number: Int) {
        if let refused, refused.number < number { self.refused = nil }
    }

    public var isLive: Bool { SteadyClock.milliseconds() - lastRound < Self.liveMilliseconds }

    /// Whether the pipeline moves, or has nothing to move.
    public var makesProgress: Bool { isLive && stuckMilliseconds < Self.progressMilliseconds }

    /// What keeps it from being ready; empty: it is.
    public var reasons: [String] {
        var reasons: [String] = []
        if isStopping {
            reasons.append("it was told to stop: it finishes what is in hand and leaves")
            // What may keep it from finishing.
            if let pause { reasons.append(pause) }
        } else if isQuiet {
            reasons.append("it was told to be quiet: `detainer worker resume`, or SIGUSR2, lets it take messages again")
        } else if let pause {
            reasons.append(pause)
        } else if !isConsuming {
            reasons.append("it does not consume yet")
        } else if let missing = consumer?.reason {
            reasons.append(missing)
        }
        if let refusal { reasons.append("the policies on the disk do not load, the old ones decide on: \(refusal)") }
        return reasons
    }
}
