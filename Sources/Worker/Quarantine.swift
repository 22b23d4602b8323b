/// Which deliveries are decided as they come, and which one at a time with a mark on the disk before; as a value, with
/// no I/O.
///
/// A worker that was killed does not know by what. After a start that follows no orderly stop it is cautious: it asks
/// the broker for one message at a time and marks each before it decides it. The mark is taken back, synced, as soon as
/// the message is decided. One that still has ``maximumAttempts`` marks has killed that many runs while it was being
/// decided and becomes a `poison` letter, undecided; its neighbours only wait a little. The first message that was
/// never delivered before ends the caution, for those of the last run come back first.
///
/// The same where a letter could not be published: what arrives with it goes back to the queue each time that it fails.
///
/// In any other run the same care is taken of each message that the broker has delivered ``suspiciousDeliveries`` times
/// before: another worker of the pool may have died of it.
///
///     arrived ─▶ queue ─▶ mark ─▶ examine ─▶ clear ─▶ release          suspects
///                     └─▶ pass                                          others
///
/// INVARIANT: items leave in the order they came.
struct Quarantine<Item: Sendable>: Sendable {
    /// One or two deaths may be chance; three within the same millisecond of the same message are not.
    static var maximumAttempts: Int { 3 }
    /// Once is what any lost connection brings about.
    static var suspiciousDeliveries: Int { 2 }

    struct Candidate: Sendable {
        var item: Item
        /// A keyed id, the same for the same message; asked of suspects only.
        var message: @Sendable () -> String
        /// How often the broker has delivered it before.
        var deliveries: Int
    }

    enum Action: Sendable {
        /// Decide it now.
        case pass(Item)
        /// Write a mark and sync it; `marked` follows.
        case mark(message: String, turn: Int)
        /// Decide it, keep what came of it, and have the mark taken back; `cleared` follows.
        case examine(Item, message: String, turn: Int)
        /// What came of the examined one goes on its way.
        case release
        /// It becomes a poison letter, without being looked at.
        case condemn(Item, attempts: Int)
        /// Take marks back; nothing waits for it.
        case clear(message: String)
        /// Ask for as many messages as usual from now on.
        case widen
    }

    private enum Stage: Sendable {
        case empty
        case marking(Candidate, message: String)
        case clearing(isFirstDelivery: Bool)
    }

    private(set) var isCautious: Bool
    private var attempts: [String: Int]
    private var queue: [Candidate] = []
    private var stage = Stage.empty
    /// Answers of an earlier turn are about items that were given back meanwhile.
    private var turn = 0
    private var condemned: [String] = []
    /// What waited was given up while its channel stays open.
    private(set) var takesNothing = false

    init(isCautious: Bool = false, attempts: [String: Int] = [:]) {
        self.isCautious = isCautious
        self.attempts = attempts
    }

    /// From the next consumer on, as after a start that follows no orderly stop.
    mutating func beCautious() { isCautious = true }

    /// Whether nothing waits or is being looked at.
    var isEmpty: Bool { if case .empty = stage { queue.isEmpty } else { false } }

    mutating func arrived(_ candidates: [Candidate], restIsIdle: Bool) -> [Action] {
        if takesNothing { return [] }
        queue += candidates
        return advance(restIsIdle: restIsIdle)
    }

    mutating func marked(message: String, turn: Int) -> [Action] {
        guard turn == self.turn, case .marking(let candidate, _) = stage else {
            attempts[message] = nil
            return [.clear(message: message)]
        }
        attempts[message] = nil
        stage = .clearing(isFirstDelivery: candidate.deliveries == 0)
        return [.examine(candidate.item, message: message, turn: turn)]
    }

    mutating func cleared(turn: Int) -> [Action] {
        guard turn == self.turn, case .clearing(let isFirstDelivery) = stage else { return [] }
        stage = .empty
        var actions = [Action.release]
        if isCautious, isFirstDelivery {
            isCautious = false
            actions.append(.widen)
        }
        return actions
    }

    /// Goes on, after any event; marks only while the rest of the worker has nothing in hand: whatever dies then, dies
    /// of the one that is examined.
    ///
    /// Of `pass`, `release` and `condemn` one answer holds only one kind, and only one of the latter two, so that items
    /// keep their order even where a caller asks again while it still acts on an answer.
    mutating func advance(restIsIdle: Bool) -> [Action] {
        guard case .empty = stage else { return [] }
        var actions: [Action] = []
        if restIsIdle {
            for message in condemned {
                attempts[message] = nil
                actions.append(.clear(message: message))
            }
            condemned = []
        }
        var passed = 0
        for candidate in queue {
            if isSuspect(deliveries: candidate.deliveries) { break }
            actions.append(.pass(candidate.item))
            passed += 1
        }
        queue.removeFirst(passed)
        guard passed == 0, restIsIdle, let suspect = queue.first else { return actions }
        queue.removeFirst()
        let message = suspect.message()
        if let count = attempts[message], count >= Self.maximumAttempts {
            // Its marks stay until its letter is settled: should that not come about, it is condemned again.
            condemned.append(message)
            return actions + [.condemn(suspect.item, attempts: count)]
        }
        turn += 1
        stage = .marking(suspect, message: message)
        return actions + [.mark(message: message, turn: turn)]
    }

    private func isSuspect(deliveries: Int) -> Bool { isCautious || deliveries >= Self.suspiciousDeliveries }

    /// Whether an item that was delivered so often before would be passed at once: then nobody has to ask for it.
    func passes(deliveries: Int) -> Bool {
        isEmpty && condemned.isEmpty && !takesNothing && !isSuspect(deliveries: deliveries)
    }

    /// No more is asked for: what waits is given up, and goes back when its channel is closed.
    ///
    /// INVARIANT: nothing behind it on that channel is taken, for settling a delivery settles all before it.
    mutating func stop() {
        let givesUp = !isEmpty
        forget()
        takesNothing = givesUp
    }

    /// The channel is gone: what came on it will come again.
    mutating func forget() {
        takesNothing = false
        queue = []
        condemned = []
        stage = .empty
        turn += 1
    }
}
