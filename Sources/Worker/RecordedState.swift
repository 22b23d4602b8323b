import Detainers
import Ledger

/// What a worker's ledger says about where the worker stands, gathered while it is opened.
///
/// Only the open segment is read, and then those that hold what was not announced: what else is on record is asked of
/// the runs. Memory: the identities of the open segment, and the entries that are to be announced, which are read when
/// it is known which those are.
struct RecordedState {
    private(set) var index = DuplicateIndex()
    /// Entries that are not known to be announced, in order.
    private(set) var backlog: [Announcement] = []
    private(set) var count: UInt64 = 0
    private(set) var contents: OpenSegmentContents?
    private(set) var upkeep: SegmentUpkeep?
    /// Why a step threw, where that was no error of the ledger.
    private(set) var failure: RecordError?

    /// Makes what lies beside sealed segments, where any of it is missing: the first step, before the recovery.
    mutating func prepare(_ reader: LedgerReader) throws(LedgerError) {
        var upkeep = SegmentUpkeep(reader)
        do {
            try upkeep.removeDrafts()
            try upkeep.makeMissing()
            try upkeep.removeLeftovers()
        } catch let error as LedgerError {
            throw error
        } catch {
            throw failed(error)
        }
        contents = upkeep.openContents
        count = upkeep.runs.records
        self.upkeep = upkeep
    }

    /// Takes the next record of the open segment.
    mutating func take(_ record: StoredRecord) throws(LedgerError) {
        count = record.index + 1
        let entry: LedgerEntry?
        do throws(RecordError) { entry = try LedgerEntry(json: record.json) } catch { throw failed(error) }
        guard let entry else { return }
        let indexed = IndexedEntry(entry)
        contents?.add(indexed, record: record.index, offset: record.offset)
        index.load(indexed.key, contentKey: entry.contentKey, record: record.index, isAnnounced: true)
    }

    /// The last step, when the ledger is recovered.
    mutating func finish(_ reader: LedgerReader, announcedThrough: UInt64) throws {
        if announcedThrough < count {
            try reader.lastRecords(from: announcedThrough) { record in
                guard let entry = try LedgerEntry(json: record.json) else { return }
                let pending = PendingEntry(entry)
                index.load(pending.key, contentKey: entry.contentKey, record: record.index, isAnnounced: false)
                backlog.append(Announcement(index: record.index, entry: pending))
            }
        }
        index.filed(below: upkeep?.runs.records ?? 0)
    }

    private mutating func failed(_ error: any Error) -> LedgerError {
        failure = error as? RecordError
        return LedgerError(code: .corrupted, message: "\(error)")
    }
}
