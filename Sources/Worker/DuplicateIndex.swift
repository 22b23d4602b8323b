import Ledger

/// What is on record here and cannot be asked of the runs of sealed segments yet, by id and revision: the entries of
/// the open segment, of one that was sealed just now, and those that are not announced.
///
/// It is bounded by the size of a segment and by the deliveries in hand, however long the ledger is.
public struct DuplicateIndex: Sendable {
    enum Look: Equatable {
        /// Not here.
        case unknown
        /// Recorded and its event confirmed, with the same content.
        case announced
        /// Same content, on its way to disk or to its confirm.
        case pending
        /// Same id and revision, different content.
        case conflict
    }

    private struct Entry {
        var contentKey: String
        /// Its index in the ledger; `nil` while it is on its way there.
        var record: UInt64?
        var isAnnounced: Bool
    }

    private var entries: [EntryKey: Entry] = [:]
    /// Announced entries whose records are below this index are asked of the runs.
    private var filedRecords: UInt64 = 0

    public init() {}

    var count: Int { entries.count }

    /// Enters what was found in the ledger; the first one of an identity stands.
    mutating func load(_ key: EntryKey, contentKey: String, record: UInt64, isAnnounced: Bool) {
        if let known = entries[key] {
            entries[key]?.isAnnounced = known.isAnnounced && isAnnounced
        } else {
            entries[key] = Entry(contentKey: contentKey, record: record, isAnnounced: isAnnounced)
        }
    }

    func look(_ key: EntryKey, contentKey: String) -> Look {
        guard let entry = entries[key] else { return .unknown }
        if entry.contentKey != contentKey { return .conflict }
        return entry.isAnnounced ? .announced : .pending
    }

    mutating func expect(_ key: EntryKey, contentKey: String) {
        entries[key] = Entry(contentKey: contentKey, isAnnounced: false)
    }

    mutating func recorded(_ key: EntryKey, record: UInt64) {
        entries[key]?.record = record
    }

    mutating func announced(_ key: EntryKey) {
        guard let place = entries.index(forKey: key) else { return }
        if let record = entries.values[place].record, record < filedRecords {
            entries.remove(at: place)
        } else {
            entries.values[place].isAnnounced = true
        }
    }

    mutating func forget(_ key: EntryKey) {
        entries[key] = nil
    }

    /// The records below that index are in runs: those that are announced are asked of them from now on.
    mutating func filed(below records: UInt64) {
        if records <= filedRecords { return }
        filedRecords = records
        // Into a new one: it shrinks, too.
        entries = entries.filter { _, entry in
            guard entry.isAnnounced, let record = entry.record else { return true }
            return record >= records
        }
    }
}
