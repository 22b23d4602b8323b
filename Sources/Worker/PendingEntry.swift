public import Detainers
public import Ledger

/// An entry on its way to the disk and to its confirm: what is written and published of it, and what is asked of it
/// until then. Nothing else of it is kept, so that what was read of its message is given up while it is still in a
/// processor's cache.
///
/// Immutable and passed by reference: on its way through a worker it is handed on many times.
public final class PendingEntry: Sendable, Equatable {
    public let prepared: PreparedEntry
    public let indexed: IndexedEntry

    public init(_ entry: LedgerEntry) { (prepared, indexed) = (PreparedEntry(entry), IndexedEntry(entry)) }

    public static func outcome(_ outcome: consuming Outcome) -> PendingEntry { PendingEntry(.outcome(outcome)) }

    public static func record(_ record: consuming CaseRecord) -> PendingEntry { PendingEntry(.record(record)) }

    public static func == (one: PendingEntry, other: PendingEntry) -> Bool { one.prepared == other.prepared }

    /// What repeats of it are known by.
    public var key: EntryKey { indexed.key }
    public var identity: LedgerEntry.Identity { prepared.identity }
    public var contentKey: String { prepared.contentKey }
    public var eventID: String { prepared.eventID }
}
