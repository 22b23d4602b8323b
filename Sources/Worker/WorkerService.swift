public import AMQPClient
import Detainers
import Dispatch
import Ledger

/// What a worker needs to know of the broker and of itself.
public struct WorkerConfiguration: Sendable {
    public var address: BrokerAddress
    public var worker: String
    public var requestQueue: String
    /// What its consumers are called at the broker; no other process's are. At most 240 bytes, for a number follows.
    public var consumerTag: String
    public var outcomeExchange: String
    public var deadExchange: String
    /// Deliveries in hand at once: the bound of everything the worker holds in memory.
    public var prefetch: UInt16
    /// Whether each message that was decided is told, which is far too much for every day.
    public var tellsEach = false
    /// Whether senders that name a queue are told there what became of their messages.
    public var repliesToSenders = false
    /// Of this deployment: none of them gets a reply, whoever asks for it.
    public var ownQueues: Set<String> = []
    /// Leave when nothing came for that long; `nil`: stay until told.
    public var exitWhenIdleSeconds: Int?
    /// What tells in a line which process this is, and whose.
    public var process = ""

    public init(
        address: BrokerAddress, worker: String, requestQueue: String, outcomeExchange: String, deadExchange: String,
        prefetch: UInt16, consumerTag: String, exitWhenIdleSeconds: Int? = nil, tellsEach: Bool = false
    ) {
        self.consumerTag = consumerTag
        self.tellsEach = tellsEach
        self.address = address
        self.worker = worker
        self.requestQueue = requestQueue
        self.outcomeExchange = outcomeExchange
        self.deadExchange = deadExchange
        self.prefetch = prefetch
        self.exitWhenIdleSeconds = exitWhenIdleSeconds
    }
}

/// How a worker's run ended.
public struct WorkerSummary: Sendable {
    public var outcomes = 0
    public var deadLetters = 0
    public var events = 0
    /// Why it failed; `nil` after a clean stop.
    public var failure: String?
}

/// Asks a running worker to stop; safe from any thread, any number of times.
public struct WorkerStop: Sendable {
    let yield: @Sendable () -> Void

    public func request() { yield() }
}

/// Something to tell the person who runs the worker. Never holds personal data.
public struct WorkerNotice: Sendable {
    public enum Level: String, Sendable { case debug, info, warning, error }
    public var level: Level
    public var text: String
    /// What a collector of logs searches by; never of a person.
    public var metadata: [(name: String, value: String)] = []
}

/// Runs the pipeline: feeds it what happens and does what it says.
///
/// One task owns the pipeline and takes events in the order they came. The consuming and the publishing connection each
/// have a thread of their own and so has the ledger; they only hand events over.
public final class WorkerService: Sendable {
    enum Happening: Sendable {
        case pipeline(Pipeline.Event)
        case publisher(AMQPEvent, epoch: Int)
        case consumer(AMQPEvent, generation: Int)
        case replier(AMQPEvent, epoch: Int)
        case opened(Result<OpenLedger, any Error>)
        case topologyFound(epoch: Int)
        case reload(PolicyLoad)
        case policiesKept(Result<Void, LedgerError>, PolicyLoad)
        case loadRecorded(Result<Commit, LedgerError>, PolicyLoad)
        case committed(Result<Commit, LedgerError>)
        /// More can be asked of the runs of sealed segments, or the same of fewer files.
        case filed
        /// A sealed segment is damaged; file and line.
        case damaged(String)
        case signed(Result<Void, LedgerError>)
        case probed(Result<Void, LedgerError>)
        /// With its last checkpoint, or without.
        case ledgerClosed(LedgerError?)
        case marked(Result<Void, LedgerError>, message: String, turn: Int)
        /// The marks of a message were taken back; without a turn, nothing waited for it.
        case cleared(Result<Void, LedgerError>, turn: Int?)
    }

    /// Heartbeat of both connections: a silent peer is noticed within two of them and a second.
    static let heartbeatSeconds = 10
    /// Of messages in hand, together: as many as a prefetch of 512 is of the longest that are read.
    static let heldBytes = 512 * RequestContract.maximumBodyBytes
    /// How often an idle worker looks whether its disk could be written to; a busy one finds out by writing.
    static let probeMilliseconds: Int64 = 15_000
    /// How often time is told to the pipeline; its waits are multiples of this.
    static let tickMilliseconds = 100
    /// How long a closing handshake may take before the connection is dropped.
    static let closeMilliseconds: Int64 = 3_000

    let configuration: WorkerConfiguration
    let judge: Judge
    let notify: @Sendable (WorkerNotice) -> Void
    private let happenings: AsyncStream<Happening>
    private let continuation: AsyncStream<Happening>.Continuation

    private let progressed: @Sendable (WorkerStatus) -> Void

    /// - Parameters:
    ///   - notify: told what a person should know; must not wait.
    ///   - progressed: told each time the loop came round, some ten times a second; must not wait.
    public init(
        configuration: WorkerConfiguration, judge: Judge, notify: @escaping @Sendable (WorkerNotice) -> Void,
        progressed: @escaping @Sendable (WorkerStatus) -> Void = { _ in }
    ) {
        self.progressed = progressed
        self.configuration = configuration
        self.judge = judge
        self.notify = notify
        // Unbounded in form, bounded in fact: the broker sends no more than the prefetch, and the pipeline no more
        // publications and replies than their windows.
        (happenings, continuation) = AsyncStream.makeStream(of: Happening.self, bufferingPolicy: .unbounded)
    }

    /// How it is just now; safe from any thread.
    public var status: WorkerStatus { shared.withLock { $0 } }
    private let shared = Shared(WorkerStatus())

    func cameRound() { progressed(status) }

    func update(_ change: @Sendable (inout WorkerStatus) -> Void) { shared.withLock { change(&$0) } }

    func took(over load: PolicyLoad) {
        let policies = load.status
        update {
            $0.policies = policies
            $0.loads += 1
            $0.forgetRefusal(before: load.number)
        }
    }

    /// The policies were to be loaded again and do not hold; the old ones stay.
    public func refusedLoad(_ sentence: String) {
        update {
            $0.asked += 1
            $0.refuse($0.asked, sentence)
        }
    }

    /// These policies held, and cannot be kept beside the records; the old ones stay.
    func refused(_ load: PolicyLoad, _ sentence: String) { update { $0.refuse(load.number, sentence) } }

    /// What the broker tells of the consumer with that tag; of one that is no more it is not taken.
    public func saw(_ sighting: ConsumerEvidence.Sighting, of tag: String) {
        update { if $0.consumer?.tag == tag { $0.consumer?.saw(sighting, at: SteadyClock.milliseconds()) } }
    }

    /// Takes nothing more and runs on, until ``resume()``; what is in hand is finished.
    public func beQuiet() { continuation.yield(.pipeline(.quietRequested)) }

    /// Takes messages again.
    public func resume() { continuation.yield(.pipeline(.resumeRequested)) }

    public var stop: WorkerStop {
        WorkerStop { [self] in
            update { $0.isStopping = true }
            continuation.yield(.pipeline(.stopRequested))
        }
    }

    /// Decides by other policies from now on: as soon as their texts are kept beside the records, and between two
    /// batches.
    public func reload(_ load: PolicyLoad) {
        let number = shared.withLock {
            $0.asked += 1
            return $0.asked
        }
        var load = load
        load.number = number
        continuation.yield(.reload(load))
    }

    /// How long until a ledger that cannot be written is tried again at the start; a person frees room or mounts it.
    static let openingMilliseconds: Int64 = 5_000

    /// Opens the ledger, waiting while its disk is full or read-only, and runs until stopped, idle or failed. To be
    /// called once.
    public func run(_ open: @escaping @Sendable () throws -> OpenLedger) async throws -> WorkerSummary {
        let ticker = DispatchSource.makeTimerSource()
        ticker.schedule(deadline: .now(), repeating: .milliseconds(Self.tickMilliseconds))
        ticker.setEventHandler { [continuation] in continuation.yield(.pipeline(.tick)) }
        ticker.resume()
        defer { ticker.cancel() }
        var meanwhile = Meanwhile()
        guard let ledger = try await opened(open, &meanwhile) else { return WorkerSummary() }
        took(over: ledger.load)
        if let load = meanwhile.load { continuation.yield(.reload(load)) }
        var shell = WorkerShell(service: self, ledger: ledger, yield: { [continuation] in continuation.yield($0) })
        if meanwhile.isQuiet { shell.take(.pipeline(.quietRequested)) }
        shell.take(.pipeline(.started))
        for await happening in happenings {
            shell.take(happening)
            if shell.isFinished { break }
        }
        await shell.close(happenings)
        return shell.summary
    }

    /// What was asked for while the ledger was not open yet.
    private struct Meanwhile {
        var load: PolicyLoad?
        var isQuiet = false
    }

    /// The ledger; `nil` where the worker was told to stop before it could be opened.
    private func opened(
        _ open: @escaping @Sendable () throws -> OpenLedger, _ meanwhile: inout Meanwhile
    ) async throws -> OpenLedger? {
        let opener = DispatchQueue(label: "opener")
        func begin() {
            opener.async { [continuation] in continuation.yield(.opened(Result { try open() })) }
        }
        begin()
        var again: Int64?
        let slow = SteadyClock.milliseconds() + Pipeline.Limits().slowDiskMilliseconds
        var toldSlow = false
        // The ticker goes on, so that this loop comes round even while the disk does not answer.
        for await happening in happenings {
            update { $0.lastRound = SteadyClock.milliseconds() }
            switch happening {
            case .pipeline(.stopRequested): return nil
            case .opened(.success(let ledger)): return ledger
            case .opened(.failure(let error as LedgerError)) where error.code == .notWritable:
                notify(WorkerNotice(level: .error, text: "\(error.message); tried again until it can be written"))
                update { $0.pause = error.message }
                again = SteadyClock.milliseconds() + Self.openingMilliseconds
            case .opened(.failure(let error)): throw error
            case .reload(let load): meanwhile.load = load
            case .pipeline(.quietRequested): meanwhile.isQuiet = true
            case .pipeline(.resumeRequested): meanwhile.isQuiet = false
            default: break
            }
            if let time = again, SteadyClock.milliseconds() >= time {
                again = nil
                begin()
            }
            if again == nil, !toldSlow, SteadyClock.milliseconds() >= slow {
                toldSlow = true
                notify(WorkerNotice(level: .warning, text: "the ledger is not open yet: it is long, or its disk hangs"))
            }
        }
        return nil
    }
}
