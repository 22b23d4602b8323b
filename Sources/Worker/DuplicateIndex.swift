public import Detainers

/// What this worker's own ledger holds, by request id and revision.
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

    private var entries: [RequestIdentity: Entry] = [:]

    public init() {}

    /// Enters an outcome found in the ledger; the first one of an identity stands.
    public mutating func load(_ identity: RequestIdentity, contentKey: String, isAnnounced: Bool) {
        if let known = entries[identity] {
            entries[identity]?.isAnnounced = known.isAnnounced && isAnnounced
        } else {
            entries[identity] = Entry(contentKey: contentKey, isAnnounced: isAnnounced)
        }
    }

    func look(_ identity: RequestIdentity, contentKey: String) -> Look {
        guard let entry = entries[identity] else { return .new }
        if entry.contentKey != contentKey { return .conflict }
        return entry.isAnnounced ? .announced : .pending
    }

    mutating func expect(_ identity: RequestIdentity, contentKey: String) {
        entries[identity] = Entry(contentKey: contentKey, isAnnounced: false)
    }

    mutating func announced(_ identity: RequestIdentity) {
        entries[identity]?.isAnnounced = true
    }

    mutating func forget(_ identity: RequestIdentity) {
        entries[identity] = nil
    }
}
