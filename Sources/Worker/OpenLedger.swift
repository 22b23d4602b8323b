public import Detainers
public import Ledger

/// A worker's ledger, opened and read: what it has recorded already and what it still has to announce.
public struct OpenLedger: Sendable {
    let desk: LedgerDesk
    let position: LedgerPosition
    let pipeline: Pipeline
    public let recovery: RecoveryReport
    public let policiesKept: Int

    /// Opens, recovers and reads the ledger of one worker and keeps the texts of the policies beside it.
    ///
    /// - Parameter policies: digest and text of each policy that is loaded.
    /// - Throws: `LedgerError`; `RecordError` where a line is intact but no record of ours.
    public static func open(
        directory: String, worker: String, policies: [(digest: String, text: String)], now: Moment
    ) throws -> OpenLedger {
        var opening = try LedgerWriter.open(directory: directory, worker: worker, now: now)
        for policy in policies { try opening.writer.keepPolicy(digest: policy.digest, text: policy.text) }
        let recovery = opening.report
        var index = DuplicateIndex()
        var backlog: [Announcement] = []
        var count: UInt64 = 0
        let reader = try LedgerReader(directory: directory + "/" + worker)
        try reader.records { record in
            count = record.index + 1
            guard record.value["kind"]?.stringValue == Outcome.kind else { return }
            let outcome = try Outcome(json: record.value)
            let isAnnounced = record.index < recovery.announcedThrough
            index.load(outcome.identity, contentKey: outcome.contentKey, isAnnounced: isAnnounced)
            if !isAnnounced { backlog.append(Announcement(index: record.index, outcome: outcome)) }
        }
        var limits = Pipeline.Limits()
        limits.jitter = Double.random(in: 0.5...1)
        return OpenLedger(
            desk: LedgerDesk(opening.takeWriter()),
            position: LedgerPosition(logID: recovery.logID, index: count, root: recovery.root),
            pipeline: Pipeline(index: index, recordCount: count, backlog: backlog, limits: limits),
            recovery: recovery, policiesKept: policies.count)
    }
}
