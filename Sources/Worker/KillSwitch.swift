import Detainers
import Ledger

/// Stops a worker whose own fault turns message after message into dead letters: a wrong policy or an old version.
///
/// It watches the last messages that could be read. When enough of them could not be decided (`undecidable`) or were of
/// a version that this program does not know (`unsupported-version`), the deployment is at fault and not the senders:
/// the worker pauses, and what is left of the backlog stays in its queue. What senders do wrong (no JSON, a wrong
/// schema) counts neither for nor against it, so that garbage never trips it; a conflict was decided.
public struct KillSwitch: Sendable {
    public struct Limits: Sendable, Equatable {
        /// Messages that are looked back on.
        public var window = 100
        /// Fewer than these say nothing: one strange request at a quiet hour is no fault of a deployment.
        public var minimum = 20
        /// Of a hundred; more than a hundred: never.
        public var percent = 50

        public init() {}

        public init(window: Int, minimum: Int, percent: Int) {
            self.window = window
            self.minimum = minimum
            self.percent = percent
        }
    }

    let limits: Limits
    /// What each message of the window is known by, and whether it was at fault: a ring, for every message of the
    /// worker comes by here.
    private var recent: [(message: Int, isAtFault: Bool)] = []
    /// Where the oldest stands once the ring is full.
    private var oldest = 0
    private var known: Set<Int> = []
    private var faults = 0
    private(set) var isTripped = false

    public init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Takes what became of a message; tripped, it stays so until ``reset()``.
    ///
    /// A message that comes again, after a fault of the broker perhaps, says nothing new.
    mutating func take(_ verdict: Verdict) {
        guard let isAtFault = Self.isAtFault(verdict), !isTripped else { return }
        let message = Self.message(verdict)
        guard known.insert(message).inserted else { return }
        if recent.count < limits.window {
            recent.append((message, isAtFault))
        } else {
            known.remove(recent[oldest].message)
            if recent[oldest].isAtFault { faults -= 1 }
            recent[oldest] = (message, isAtFault)
            oldest = (oldest + 1) % limits.window
        }
        if isAtFault { faults += 1 }
        isTripped = recent.count >= limits.minimum && faults * 100 >= limits.percent * recent.count
    }

    /// A hash of this process, which tells messages apart.
    private static func message(_ verdict: Verdict) -> Int {
        switch verdict {
        case .entry(let entry): entry.key.hashValue
        case .dead(let letter): letter.body.hashValue
        }
    }

    /// `nil`: it says nothing about this worker.
    private static func isAtFault(_ verdict: Verdict) -> Bool? {
        switch verdict {
        case .entry: false
        case .dead(let letter):
            switch letter.reason {
            case .undecidable, .unsupportedVersion: true
            case .malformedJSON, .schema, .tooLarge, .wrongEncoding, .conflictingDuplicate, .identityMismatch, .poison,
                .infrastructure, .expired, .unsigned, .wrongSignature:
                nil
            }
        }
    }

    /// Something was mended: other policies decide from now on.
    mutating func reset() { self = KillSwitch(limits) }
}
