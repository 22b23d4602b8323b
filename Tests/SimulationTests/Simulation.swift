import Detainers

@testable import Ledger
@testable import Worker

/// Several workers, one broker and their disks, run from one seed: the very pipeline, ledger and recovery that ship,
/// with a clock, a network and a disk that do their worst.
struct Simulation {
    /// What a submitted message holds.
    struct Body: Hashable {
        var request: Int
        var revision = 1
        var content = "a"
        var isBroken = false
        /// Whoever decides it dies of it.
        var isGuilty = false

        var identity: RequestIdentity {
            let digits = String(request)
            return RequestIdentity(
                requestID: "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits,
                revision: revision)
        }

        var text: String { "\(request)/\(revision)/\(content)/\(isBroken)/\(isGuilty)" }
    }

    /// Ways in which the code could be wrong; each must be caught.
    enum Mutation: String, CaseIterable, Sendable {
        case acknowledgeBeforeSync, acknowledgeBeforeConfirm, skipDataSync, skipDirectorySync, takeNackForConfirm
        case takeReturnForConfirm, forgetBacklog, watermarkAhead, letterAfterSettling
        case trustAfterFailedSync, settleRepeatsAtOnce, neverCareful, keepMarks, neverLookInRuns
    }

    struct Worker {
        var pipeline: Pipeline?
        var writer: WriterBox?
        var upkeep: SegmentUpkeep?
        var contents: OpenSegmentContents?
        var marks: MarksBox?
        var quarantine = Quarantine<Held>()
        var examined: Arrival?
        var publisherEpoch = 0
        var isPublisherOpen = false
        var life = 0
        /// Publications on their way, which a lost connection forgets.
        var underWay: [Publishing] = []
    }

    /// A delivery in a worker's hands.
    struct Held {
        var tag: UInt64
        var body: Body
    }

    final class MarksBox {
        var marks: AttemptMarks?
        init(_ marks: consuming AttemptMarks) { self.marks = consume marks }
    }

    final class WriterBox {
        var writer: LedgerWriter?
        init(_ writer: consuming LedgerWriter) { self.writer = consume writer }
    }

    /// Something that will happen to a worker of a certain life.
    struct Pending {
        var worker: Int
        var life: Int
        var what: What

        enum What {
            case publisherOpened(epoch: Int)
            case consumerOpened(generation: Int)
            case consumerCancelled(generation: Int)
            case record([PendingEntry], announcedThrough: UInt64)
            case settlePublications(epoch: Int)
            case finish(announcedThrough: UInt64)
            case mark(message: String, turn: Int)
            case clear(message: String)
            case seal(SealedSegment, OpenSegmentContents)
            case merge
            case probe
        }
    }

    static let stepsWithFaults = 150
    /// A run that has not come to rest by then never will.
    static let maximumSteps = 20_000

    let seed: UInt64
    let mutation: Mutation?
    var random: Dice
    /// Few deliveries come at a time: a batch of half as many is written while events are unconfirmed, a smaller one
    /// waits.
    let prefetch: UInt16
    var now: Int64 = 0
    var broker = SimulatedBroker()
    let disk = SimulatedDisk()
    var workers: [Worker]
    var pending: [Pending] = []
    var submitted: [Body] = []
    var problems: [String] = []
    var faults: [String: Int] = [:]
    var hasFaults = true
    var segmentBytes: Int

    init(seed: UInt64, mutation: Mutation? = nil) {
        self.seed = seed
        self.mutation = mutation
        random = Dice(seed: seed)
        prefetch = UInt16(1 + seed % 12)
        workers = Array(repeating: Worker(), count: random.number(1...3))
        segmentBytes = random.chance(1, of: 2) ? 2_000 : 1 << 20
        if mutation == .skipDataSync { disk.skipDataSyncs() }
        if mutation == .skipDirectorySync { disk.skipDirectorySyncs() }
    }

    /// Runs to rest and returns what was wrong.
    mutating func run() -> [String] {
        for worker in workers.indices { start(worker) }
        submitSome()
        for _ in 0..<Self.stepsWithFaults where problems.isEmpty {
            if random.chance(1, of: 20) { submitSome() }
            if random.chance(1, of: 9) { misfortune() }
            step()
        }
        hasFaults = false
        disk.disarm()
        for worker in workers.indices where workers[worker].pipeline == nil { start(worker) }
        for worker in workers.indices { handle(worker, .unblocked) }
        for worker in workers.indices { handle(worker, .resumeRequested) }
        var steps = 0
        while problems.isEmpty, !isAtRest {
            for worker in workers.indices where workers[worker].pipeline == nil { start(worker) }
            step()
            steps += 1
            if steps > Self.maximumSteps { problems.append("the workers never came to rest") }
        }
        if problems.isEmpty { check() }
        return problems
    }

    private var isAtRest: Bool {
        broker.isEmpty && pending.isEmpty
            && workers.allSatisfy {
                $0.pipeline?.isIdle == true && $0.pipeline?.isConsuming == true && $0.quarantine.isEmpty
            }
    }

    private mutating func submitSome() {
        for _ in 0..<random.number(1...5) {
            var body = Body(request: submitted.count + 1)
            if let old = submitted.randomElement(&random) {
                switch random.number(1...10) {
                case 1...2: body = old
                case 3 where !old.isBroken && !old.isGuilty:
                    body = old
                    body.revision += 1
                case 4: body.isBroken = true
                case 5 where random.chance(1, of: 4): body.isGuilty = true
                default: break
                }
            }
            submitted.append(body)
            broker.submit(body)
        }
    }

    private mutating func step() {
        now += Int64(random.number(1...300))
        switch random.number(1...4) {
        case 1:
            let worker = random.number(0...(workers.count - 1))
            handle(worker, .tick)
            probe(worker)
        case 2:
            let worker = random.number(0...(workers.count - 1))
            deliver(to: worker)
        default:
            guard !pending.isEmpty else { return }
            let next = pending.remove(at: random.number(0...(pending.count - 1)))
            if workers[next.worker].life == next.life { happen(next) }
        }
    }

    mutating func handle(_ worker: Int, _ event: Pipeline.Event) {
        guard let actions = workers[worker].pipeline?.handle(event, at: now) else { return }
        for action in actions { perform(action, worker) }
        examineNext(worker)
    }
}

extension [Simulation.Body] {
    fileprivate func randomElement(_ random: inout Dice) -> Simulation.Body? {
        isEmpty ? nil : self[random.number(0...(count - 1))]
    }
}
