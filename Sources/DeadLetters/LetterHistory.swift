import Detainers

/// What happened to one letter, in order, and who did it; from the store alone.
public struct LetterHistory: Sendable {
    /// Sentences, each with its time first.
    public private(set) var lines: [String] = []
    /// The letter that it was before a person mended it.
    public private(set) var origin: LetterID?

    public init(of id: LetterID, in store: LetterStore) throws {
        var deaths: Set<String> = []
        try store.records { record, _ in
            switch record {
            case .letter(let letter) where letter.id == id:
                let dead = letter.letter
                if let editOf = letter.editOf { origin = editOf }
                guard deaths.insert(dead.deadAt).inserted else { return }
                lines.append(
                    letter.editOf.map { "\(letter.arrivedAt)  made by mending \($0.text)" }
                        ?? "\(dead.deadAt)  died: \(dead.reason.rawValue), \(dead.detail), given up by \(dead.worker)")
            case .replay(id, let plan, let deed):
                lines.append("\(deed.at)  replayed by \(deed.by), plan \(plan)")
            case .edit(id, let newID, let deed):
                lines.append("\(deed.at)  mended by \(deed.by): now letter \(newID.text)")
            case .discard(id, let reason, let archive, let deed):
                lines.append("\(deed.at)  discarded by \(deed.by): \(reason) (archived in \(archive))")
            case .restore(id, let deed): lines.append("\(deed.at)  brought back by \(deed.by)")
            case .reveal(id, let deed): lines.append("\(deed.at)  looked at unmasked by \(deed.by)")
            default: break
            }
        }
    }
}
