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
        self = try Self.histories(of: [id], in: store)[id] ?? LetterHistory()
    }

    private init() {}

    /// Of several letters, in one pass over the store.
    public static func histories(of ids: Set<LetterID>, in store: LetterStore) throws -> [LetterID: LetterHistory] {
        var histories: [LetterID: LetterHistory] = [:]
        try store.records { record, position in
            guard let id = record.letterID, ids.contains(id) else { return }
            histories[id, default: LetterHistory()].take(record, position)
        }
        return histories
    }

    private var deaths: Set<String> = []

    private mutating func take(_ record: LetterRecord, _ position: UInt64) {
        func event(_ at: String, _ what: String) -> Event { Event(at: at, what: what, record: position) }
        switch record {
        case .letter(let letter):
            if let editOf = letter.editOf { origin = editOf }
            guard deaths.insert(letter.letter.deadAt).inserted else { return }
            events.append(
                letter.editOf.map { event(letter.arrivedAt, "made by mending \($0.text)") }
                    ?? event(letter.letter.deadAt, Self.death(letter.letter)))
        case .replay(_, let plan, let deed): events.append(event(deed.at, "replayed by \(deed.by), plan \(plan)"))
        case .edit(_, let newID, let deed):
            events.append(event(deed.at, "mended by \(deed.by): now letter \(newID.text)"))
        case .discard(_, let reason, let archive, let deed):
            events.append(event(deed.at, "discarded by \(deed.by): \(reason) (archived in \(archive))"))
        case .restore(_, let deed): events.append(event(deed.at, "brought back by \(deed.by)"))
        case .reveal(_, let deed): events.append(event(deed.at, "looked at unmasked by \(deed.by)"))
        case .export, .applyBegun, .apply: break
        }
    }

    private static func death(_ letter: DeadLetter) -> String {
        let attempts = letter.attempts == 0 ? "nobody knows how many attempts" : "\(letter.attempts) attempts"
        return "died: \(letter.reason.rawValue), \(MaskedMessage.sentence(letter.detail)), given up by "
            + "\(MaskedMessage.name(letter.worker)) after \(attempts)"
    }
}
