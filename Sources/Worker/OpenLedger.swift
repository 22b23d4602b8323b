public import Detainers
public import Ledger

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
        let path = directory + "/" + worker
        var state = RecordedState()
        var opening = try opening(directory, worker, configuration, now: now, &state)
        let recovery = opening.report
        try state.finish(LedgerReader(directory: path), announcedThrough: recovery.announcedThrough)
        guard let upkeep = state.upkeep, let contents = state.contents else {
            preconditionFailure("a ledger is prepared before it is recovered")
        }
        let indexing = SegmentIndexing(directory: path, upkeep, contents, tell: tell)
        for policy in load.texts { try opening.writer.keepPolicy(digest: policy.digest, text: policy.text) }
        let commit = try opening.writer.append([load.record(at: now)], announcedThrough: 0, now: now)
        indexing.committed(commit, [])
        let recordCount = commit.firstIndex + UInt64(commit.count)
        var limits = Pipeline.Limits()
        limits.drainMilliseconds = Int64(drainSeconds) * 1_000
        limits.jitter = Double.random(in: 0.5...1)
        let hasUnsignedRecords = opening.writer.hasUnsignedRecords
        let marks = try AttemptMarks.open(directory: path)
        let (attempts, firstAttempts, wasUnclean) = (marks.attempts, marks.firstAttempts, marks.wasUnclean)
        return OpenLedger(
            desk: LedgerDesk(opening.takeWriter(), marks: marks, indexing: indexing),
            position: LedgerPosition(logID: recovery.logID, index: recordCount, root: commit.root),
            pipeline: Pipeline(
                index: state.index, recordCount: recordCount, backlog: state.backlog, limits: limits,
                killSwitch: KillSwitch(killSwitch)),
            hasUnsignedRecords: hasUnsignedRecords, load: load, attempts: attempts, firstAttempts: firstAttempts,
            wasUnclean: wasUnclean,
            recovery: recovery)
    }

    private static func opening(
        _ directory: String, _ worker: String, _ configuration: LedgerConfiguration, now: Moment,
        _ state: inout RecordedState
    ) throws -> LedgerWriter.Opening {
        do {
            return try LedgerWriter.open(
                directory: directory, worker: worker, configuration: configuration, now: now,
                prepare: { reader throws(LedgerError) in try state.prepare(reader) },
                record: { record throws(LedgerError) in try state.take(record) })
        } catch {
            if let failure = state.failure { throw failure }
            throw error
        }
    }
}
