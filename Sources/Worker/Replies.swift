public import Detainers

/// Where a sender wants to be told what became of its message.
public struct ReturnAddress: Sendable, Equatable {
    public var queue: String
    /// The sender's own word for the message, which the reply carries.
    public var correlationID: String

    public init(queue: String, correlationID: String) {
        (self.queue, self.correlationID) = (queue, correlationID)
    }
}

/// A reply on its way to a sender.
public struct AddressedReply: Sendable, Equatable {
    public var address: ReturnAddress
    public var reply: Reply
    /// What the message brought, where it was not on record before.
    public var record: Announcement?

    public init(address: ReturnAddress, reply: Reply) { (self.address, self.reply) = (address, reply) }

    /// With what was decided and where it stands.
    ///
    /// - Parameter ledger: its newest checkpoint, which covers every record that is announced.
    func told(of ledger: LedgerPosition) -> AddressedReply {
        guard let record else { return self }
        let position = LedgerPosition(logID: ledger.logID, index: record.index, root: ledger.root)
        return AddressedReply(
            address: address, reply: .recorded(Reply.Recorded(record.entry.prepared, at: position)))
    }
}

/// Replies to senders as a value: what to do about each, at most ``most`` on their way.
///
/// They are a courtesy: whatever goes wrong with one, it is dropped and counted, and nothing waits for it. They have a
/// connection of their own, which is opened for the first one. For a sender chooses where its reply goes: a queue that
/// the user may not publish to ends the channel, one that is not there is returned, and on the publisher's connection
/// each of these would pause the worker.
///
/// Time is an argument (milliseconds of any steady clock).
struct Replies {
    /// As many as publications may be under way; a broker that confirms takes milliseconds for them.
    static let most = 512
    /// A confirm that has not come by then never will.
    static let confirmMilliseconds: Int64 = 30_000
    /// Before another connection is opened: what ended the last one is most likely still so.
    static let pauseMilliseconds: Int64 = 15_000
    /// Nobody waits longer than a day for a reply; a queue that nobody reads does not grow for ever.
    static let lifeMilliseconds = 86_400_000

    enum Action: Equatable {
        case open
        case publish([(token: UInt64, reply: AddressedReply)])
        /// End the connection at once; what it does from now on is not told any more.
        case abort

        static func == (left: Action, right: Action) -> Bool {
            switch (left, right) {
            case (.open, .open), (.abort, .abort): true
            case (.publish(let one), .publish(let other)): one.elementsEqual(other) { $0 == $1 }
            default: false
            }
        }
    }

    private enum Link { case closed, opening, open }

    private(set) var fates = Dictionary(uniqueKeysWithValues: WorkerMetrics.ReplyFate.allCases.map { ($0, 0) })
    private let ownQueues: Set<String>
    private var link = Link.closed
    /// No connection is opened before that.
    private var closedUntil = Int64.min
    private var waiting: [AddressedReply] = []
    /// When each was sent that has no answer of the broker yet.
    private var sent: [UInt64: Int64] = [:]
    private var tokens: UInt64 = 0

    /// - Parameter ownQueues: that no sender may have anything put into.
    init(ownQueues: Set<String>) { self.ownQueues = ownQueues }

    mutating func reply(_ replies: [AddressedReply], at now: Int64) -> [Action] {
        let allowed = replies.filter { !ownQueues.contains($0.address.queue) }
        // A connection that was lost is not tried again for each reply.
        let room = link == .closed && now < closedUntil ? 0 : max(0, Self.most - waiting.count - sent.count)
        waiting += allowed.prefix(room)
        fates[.dropped, default: 0] += replies.count - min(room, allowed.count)
        if waiting.isEmpty { return [] }
        switch link {
        case .open: return send(at: now)
        case .opening: return []
        case .closed:
            link = .opening
            return [.open]
        }
    }

    mutating func opened(at now: Int64) -> [Action] {
        link = .open
        return send(at: now)
    }

    private mutating func send(at now: Int64) -> [Action] {
        if waiting.isEmpty { return [] }
        let publishing = waiting.map { reply in
            tokens += 1
            sent[tokens] = now
            return (token: tokens, reply: reply)
        }
        waiting = []
        return [.publish(publishing)]
    }

    mutating func settled(_ results: [(token: UInt64, result: Publishing.Settled.Result)]) {
        for (token, result) in results where sent.removeValue(forKey: token) != nil {
            switch result {
            case .confirmed: fates[.sent, default: 0] += 1
            case .returned: fates[.unroutable, default: 0] += 1
            case .nacked: fates[.dropped, default: 0] += 1
            }
        }
    }

    mutating func lost(at now: Int64) {
        fates[.dropped, default: 0] += waiting.count + sent.count
        (waiting, sent) = ([], [:])
        link = .closed
        closedUntil = now + Self.pauseMilliseconds
    }

    mutating func tick(at now: Int64) -> [Action] {
        guard let oldest = sent.values.min(), now - oldest >= Self.confirmMilliseconds else { return [] }
        lost(at: now)
        return [.abort]
    }
}
