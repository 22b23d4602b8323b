import AMQPClient
public import Detainers
public import Ledger

extension Pipeline {
    /// Something that happened outside.
    public enum Event: Sendable {
        case started
        case publisherOpened
        case publisherLost(Loss = .broken)
        case consumerOpened(generation: Int)
        case consumerLost(generation: Int, Loss = .broken)
        case consumerCancelled(generation: Int, byBroker: Bool)
        /// Deliveries, already read and decided, of the consumer of that generation.
        case arrived([Arrival], generation: Int)
        /// The batch given to the disk is synced; its first record has this index.
        case recorded(firstIndex: UInt64)
        /// The records below that index can be asked of the runs of sealed segments: whatever arrives from now on was.
        case filed(below: UInt64)
        /// The ledger cannot be written now: nothing was kept of the batch given to the disk.
        case notRecorded
        /// The ledger cannot be written now, which something else than a batch met; a batch that was given to the disk
        /// has its own answer.
        case notWritable
        /// What ``Action/probe`` asked for: the ledger can be written.
        case writable
        case published([Publishing.Settled])
        case blocked
        case unblocked
        /// Other policies decide from now on.
        case policiesTookOver
        /// Take nothing more and run on, until ``resumeRequested``.
        case quietRequested
        case resumeRequested
        case stopRequested
        /// Time has passed; sent at least once a second.
        case tick
    }

    /// How a connection was lost.
    public enum Loss: Sendable {
        case broken
        /// The broker refuses the user, the certificate or what the user asks for: a person has to mend it.
        case refused
        /// A queue or an exchange is not there.
        case missing
    }

    /// Something to do.
    public enum Action: Sendable, Equatable {
        case openPublisher
        case closePublisher
        case openConsumer(generation: Int)
        /// Stop deliveries and keep the channel, so that what is in hand can still be acknowledged.
        case stopConsuming
        /// Close the connection: what is not acknowledged goes back to the queue.
        case closeConsumer
        /// Whoever consumes next asks for one message at a time, until one comes that was never delivered before.
        case takeOneAtATime
        case record([PendingEntry], announcedThrough: UInt64)
        case publish([Publishing])
        /// Acknowledge this delivery and all before it.
        case acknowledge(tag: UInt64, generation: Int)
        /// Tell senders what became of messages that were acknowledged just now; nothing waits for it.
        case reply([AddressedReply])
        /// `nil`: until a person mends something.
        case paused(PauseReason, milliseconds: Int64?)
        case resumed
        /// Look whether the ledger can be written; ``Event/writable`` or ``Event/notWritable`` follows.
        case probe
        /// The disk has not answered for a while; should it go on so, the worker leaves.
        case diskIsSlow
        /// Write the last checkpoint behind what the disk was given before, close and leave with success.
        case finish(announcedThrough: UInt64)
        /// Leave at once with an error.
        case fail(Failure)
    }

    /// Why the worker pauses; never a reason to dead-letter anything.
    public enum PauseReason: String, Sendable {
        case consumerLost = "the consuming connection was lost"
        case publisherLost = "the publishing connection was lost"
        case refused = "the broker refuses this user: correct broker.url, or the user's rights"
        case missing =
            "a queue or an exchange is not there: run `detainer topology apply`; if it was there before, what it held may be lost"
        case cancelledByBroker =
            "the broker cancelled the consumer: the queue was deleted or moved, which may be a loss"
        case blocked = "the broker is out of memory or disk and blocks publishers"
        case nacked = "the broker refused an event"
        case unroutable = "an event reached no queue: run `detainer topology apply`"
        case confirmNeverCame = "the broker confirmed nothing for too long"
        case killSwitch =
            "too many messages cannot be decided or are of an unknown version: mend the policies and send SIGHUP, or start a newer version; the rest waits in its queue"
        case notWritable = "the ledger cannot be written: its disk is full, or it is read-only"
    }

    public enum Failure: String, Sendable {
        case diskHangs = "the ledger's disk does not answer"
    }
}

/// A delivery that was read and decided.
public struct Arrival: Sendable {
    public var tag: UInt64
    public var verdict: Verdict
    /// Whether a sealed segment holds it.
    public var recordedBefore = RecordedBefore.no
    /// Where its sender wants to be told what became of it.
    public var returnAddress: ReturnAddress?
    /// Makes the letter for the case that its content differs from what is on record under its id and revision.
    public var conflictLetter: @Sendable () -> DeadLetter

    public init(
        tag: UInt64, verdict: Verdict, returnAddress: ReturnAddress? = nil,
        conflictLetter: @escaping @Sendable () -> DeadLetter
    ) {
        self.returnAddress = returnAddress
        self.tag = tag
        self.verdict = verdict
        self.conflictLetter = conflictLetter
    }
}

/// What reading and deciding made of one message: an entry for the ledger, or a dead letter.
public enum Verdict: Sendable {
    case entry(PendingEntry)
    case dead(DeadLetter)
}

/// An entry to be recorded, and the deliveries that wait for it.
struct Recording: Sendable {
    var entry: PendingEntry
    var waiting: [UInt64]
}

/// A recorded entry that has to be announced.
public struct Announcement: Sendable, Equatable {
    public var index: UInt64
    public var entry: PendingEntry

    public init(index: UInt64, entry: PendingEntry) {
        self.index = index
        self.entry = entry
    }
}

/// One thing to publish: an entry's event, or a dead letter.
public enum Publishing: Sendable, Equatable {
    case event(token: UInt64, Announcement)
    case letter(token: UInt64, DeadLetter)

    static func event(_ sent: (token: UInt64, announcement: Announcement)) -> Publishing {
        .event(token: sent.token, sent.announcement)
    }

    static func letter(_ sent: (token: UInt64, letter: DeadLetter)) -> Publishing {
        .letter(token: sent.token, sent.letter)
    }

    /// What became of it.
    public struct Settled: Sendable {
        public enum Result: Sendable {
            case confirmed, nacked, returned
        }

        public var token: UInt64
        public var result: Result

        public init(token: UInt64, result: Result) {
            self.token = token
            self.result = result
        }
    }
}
