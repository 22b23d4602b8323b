public import Detainers
public import Ledger

/// What a worker's ledger says about where the worker stands.
struct RecordedState {
    var index = DuplicateIndex()
    /// Entries that are not known to be announced, in order.
    var backlog: [Announcement] = []
    var count: UInt64 = 0

    /// - Throws: `LedgerError`; `RecordError` where a line is intact but no record of ours.
    static func read(_ reader: LedgerReader, announcedThrough: UInt64) throws -> RecordedState {
        var state = RecordedState()
        try reader.records { record in
            state.count = record.index + 1
            guard let entry = try LedgerEntry(json: record.json) else { return }
            let isAnnounced = record.index < announcedThrough
            state.index.load(entry.identity, contentKey: entry.contentKey, isAnnounced: isAnnounced)
            if !isAnnounced { state.backlog.append(Announcement(index: record.index, entry: PreparedEntry(entry))) }
        }
        return state
    }
}

/// A worker's ledger, opened and read: what it has recorded already and what it still has to announce.
public struct OpenLedger: Sendable {
    let desk: LedgerDesk
    let position: LedgerPosition
    let pipeline: Pipeline
    let hasUnsignedRecords: Bool
    let load: PolicyLoad
    /// Messages with attempts on file that no decision followed.
    let attempts: [String: Int]
    /// When the first of them was.
    let firstAttempts: [String: String]
    /// Whether the last run ended without stopping in order.
    public let wasUnclean: Bool
    public let recovery: RecoveryReport

    /// Opens, recovers and reads the ledger of one worker, keeps the texts of the policies beside it and records that
    /// they are in force.
    ///
    /// - Parameters:
    ///   - drainSeconds: how long a stop may take to finish what is in hand.
    ///   - signingKey: what checkpoints are signed with; without it none is.
    ///   - tell: what keeps sealed segments from being indexed; nothing waits for it.
    /// - Throws: `LedgerError`; `RecordError` where a line is intact but no record of ours.
    public static func open(
        directory: String, worker: String, load: PolicyLoad, signingKey: LedgerSigningKey?,
        killSwitch: KillSwitch.Limits = KillSwitch.Limits(), drainSeconds: Int = 30, now: Moment,
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> OpenLedger {
        var configuration = LedgerConfiguration()
        configuration.signingKey = signingKey
        var opening = try LedgerWriter.open(
            directory: directory, worker: worker, configuration: configuration, now: now)
        for policy in load.texts { try opening.writer.keepPolicy(digest: policy.digest, text: policy.text) }
        let recovery = opening.report
        let commit = try opening.writer.append([load.record(at: now)], announcedThrough: 0, now: now)
        let state = try RecordedState.read(
            LedgerReader(directory: directory + "/" + worker), announcedThrough: recovery.announcedThrough)
        var limits = Pipeline.Limits()
        limits.drainMilliseconds = Int64(drainSeconds) * 1_000
        limits.jitter = Double.random(in: 0.5...1)
        let hasUnsignedRecords = opening.writer.hasUnsignedRecords
        let marks = try AttemptMarks.open(directory: directory + "/" + worker)
        let (attempts, firstAttempts, wasUnclean) = (marks.attempts, marks.firstAttempts, marks.wasUnclean)
        return OpenLedger(
            desk: LedgerDesk(
                opening.takeWriter(), marks: marks,
                indexing: SegmentIndexing(directory: directory + "/" + worker, tell: tell)),
            position: LedgerPosition(logID: recovery.logID, index: state.count, root: commit.root),
            pipeline: Pipeline(
                index: state.index, recordCount: state.count, backlog: state.backlog, limits: limits,
                killSwitch: KillSwitch(killSwitch)),
            hasUnsignedRecords: hasUnsignedRecords, load: load, attempts: attempts, firstAttempts: firstAttempts,
            wasUnclean: wasUnclean,
            recovery: recovery)
    }
}
