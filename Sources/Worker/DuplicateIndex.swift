public import Detainers

/// What this worker's own ledger holds, by id and revision.
public struct DuplicateIndex: Sendable {
    enum Look: Equatable {
        /// Never seen here.
        case new
        /// Recorded and its event confirmed, with the same content.
        case announced
        /// Same content, on its way to disk or to its confirm.
        case pending
        /// Same id and revision, different content.
        case conflict
    }

    private struct Entry {
        var contentKey: String
        var isAnnounced: Bool
    }

    private var entries: [LedgerEntry.Identity: Entry] = [:]

    public init() {}

    /// Enters what was found in the ledger; the first one of an identity stands.
    public mutating func load(_ identity: LedgerEntry.Identity, contentKey: String, isAnnounced: Bool) {
        if let known = entries[identity] {
            entries[identity]?.isAnnounced = known.isAnnounced && isAnnounced
        } else {
            entries[identity] = Entry(contentKey: contentKey, isAnnounced: isAnnounced)
        }
    }

    func look(_ identity: LedgerEntry.Identity, contentKey: String) -> Look {
        guard let entry = entries[identity] else { return .new }
        if entry.contentKey != contentKey { return .conflict }
        return entry.isAnnounced ? .announced : .pending
    }

    mutating func expect(_ identity: LedgerEntry.Identity, contentKey: String) {
        entries[identity] = Entry(contentKey: contentKey, isAnnounced: false)
    }

    mutating func announced(_ identity: LedgerEntry.Identity) {
        entries[identity]?.isAnnounced = true
    }

    mutating func forget(_ identity: LedgerEntry.Identity) {
        entries[identity] = nil
    }
}
