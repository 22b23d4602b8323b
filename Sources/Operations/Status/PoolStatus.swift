/// A pool at a glance: its workers, its queues, its dead letters, and what to do next.
public struct PoolStatus: Sendable {
    public struct Worker: Sendable {
        public var name: String
        /// `nil` where this machine does not tell.
        public var isRunning: Bool?
        public var records: UInt64 = 0
        public var announcedThrough: UInt64 = 0
        /// Times as the ledger's lines say them.
        public var checkpointAt: String?
        public var lastRecordAt: String?
        public var loadedAt: String?
        public var policies: [(name: String, digest: String)] = []
        /// Whether it decides by the policies on the disk; `nil` where these do not load.
        public var isCurrent: Bool?
        public var problems: [String] = []

        public init(name: String) { self.name = name }

        /// Records whose events are not confirmed yet, as far as the last checkpoint knows.
        public var unannounced: UInt64 { records - min(announcedThrough, records) }
    }

    public struct Queue: Sendable, Equatable {
        public var name: String
        /// Of a partition, its number.
        public var partition: Int?
        public var isThere = true
        public var ready: Int?
        public var unacknowledged: Int?
        public var consumers: Int?
        /// Messages a second, as the broker says.
        public var publishRate: String?
        public var acknowledgeRate: String?

        public init(name: String) { self.name = name }
    }

    public enum Queues: Sendable {
        case seen(requests: [Queue], deadLetters: Queue, report: Queue)
        /// Why they are not seen.
        case unseen(String)

        public var all: [Queue] {
            if case .seen(let requests, let deadLetters, let report) = self {
                requests + [deadLetters, report]
            } else {
                []
            }
        }
    }

    public var workers: [Worker] = []
    /// Where the policies lie.
    public var policyDirectory = Settings.Key.policyDirectory.fallback
    /// Whether those there load: where they do not, a worker that ends does not start again.
    public var policiesLoad = true
    public var queues: Queues
    /// Queues of settings with other partitions.
    public var leftovers: [Topology.Leftover] = []
    /// Dead letters that wait in the store, by reason.
    public var letters: [(reason: String, count: Int)] = []

    public init(queues: Queues) { self.queues = queues }

    public var letterCount: Int { letters.reduce(0) { $0 + $1.count } }

    /// Whether every worker runs, whole, by the policies on the disk.
    public var isWell: Bool {
        policiesLoad
            && workers.allSatisfy { $0.isRunning != false && $0.isCurrent != false && $0.problems.isEmpty }
    }

    /// The one thing to do first, as a sentence.
    public var next: String {
        if let worker = workers.first(where: { !$0.problems.isEmpty }) {
            return "the ledger of \(worker.name) is damaged: copy it elsewhere, then run `detainer ledger verify`"
        }
        if !policiesLoad {
            return "the policies on the disk do not load: run `detainer policy check \(policyDirectory)`"
        }
        if workers.isEmpty { return "no worker has recorded here yet: `detainer doctor`, then `detainer worker run`" }
        if let worker = workers.first(where: { $0.isRunning == false }) {
            return "\(worker.name) does not run: look at the last lines of its log, then start it"
        }
        guard case .seen(let requests, let deadLetters, let report) = queues else {
            return "the queues are not seen: `detainer doctor` tells why"
        }
        if let queue = queues.all.first(where: { !$0.isThere }) {
            return "the queue \(queue.name) is not there: run `detainer topology apply`"
        }
        if let worker = workers.first(where: { $0.isCurrent == false }) {
            return "the policies on the disk are not those of \(worker.name): `detainer policy check "
                + "\(policyDirectory)`, then send it SIGHUP"
        }
        if let queue = requests.first(where: { $0.consumers == 0 }), let partition = queue.partition {
            return "nobody consumes from \(queue.name): start a worker whose worker.partition is \(partition)"
        }
        if let queue = requests.first(where: { $0.consumers == 0 }) {
            return "nobody consumes from \(queue.name): look at /ready of a worker, or at its log"
        }
        if let queue = leftovers.first(where: { $0.waiting > 0 && $0.consumers == 0 }) {
            return "\(queue.waiting) requests wait in \(queue.queue), of settings with other partitions: "
                + "`detainer doctor` tells who finishes them"
        }
        if letterCount + (deadLetters.ready ?? 0) > 0 {
            return "dead letters wait and count in no report: `detainer dead-letters list`"
        }
        if let ready = report.ready, ready > 0, report.consumers == 0 {
            return "\(ready) events wait and nobody takes them: start the aggregator that reads \(report.name)"
        }
        return "nothing has to be done"
    }
}
