import Detainers

/// What happened to one letter, in order, and who did it; from the store alone.
public struct LetterHistory: Sendable {
    public struct Event: Sendable {
        public var at: String
        /// A sentence that begins with a verb.
        public var what: String
        /// Its place in the store, which tells what came first within the same moment.
        public var record: UInt64
    }

    public private(set) var events: [Event] = []
    /// The letter that it was before a person mended it.
    public private(set) var origin: LetterID?

    /// For people, one line an event.
    public var lines: [String] { events.map { "\($0.at)  \($0.what)" } }

    public init(of id: LetterID, in store: LetterStore) throws {
        var deaths: Set<String> = []
        try store.records { record, position in
            func add(_ at: String, _ what: String) { events.append(Event(at: at, what: what, record: position)) }
            switch record {
            case .letter(let letter) where letter.id == id:
                if let editOf = letter.editOf { origin = editOf }
                guard deaths.insert(letter.letter.deadAt).inserted else { return }
                if let editOf = letter.editOf {
                    add(letter.arrivedAt, "made by mending \(editOf.text)")
                } else {
                    add(letter.letter.deadAt, Self.death(letter.letter))
                }
            case .replay(id, let plan, let deed): add(deed.at, "replayed by \(deed.by), plan \(plan)")
            case .edit(id, let newID, let deed): add(deed.at, "mended by \(deed.by): now letter \(newID.text)")
            case .discard(id, let reason, let archive, let deed):
                add(deed.at, "discarded by \(deed.by): \(reason) (archived in \(archive))")
            case .restore(id, let deed): add(deed.at, "brought back by \(deed.by)")
            case .reveal(id, let deed): add(deed.at, "looked at unmasked by \(deed.by)")
            default: break
            }
        }
    }

    private static func death(_ letter: DeadLetter) -> String {
        let attempts = letter.attempts == 0 ? "nobody knows how many attempts" : "\(letter.attempts) attempts"
        return "died: \(letter.reason.rawValue), \(letter.detail), given up by \(letter.worker) after \(attempts)"
    }
}
