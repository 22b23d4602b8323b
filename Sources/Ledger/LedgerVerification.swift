import Detainers

/// What verifying a worker's ledger found.
public struct VerifyReport: Sendable, Equatable {
    public var records: UInt64
    public var logID: String
    public var root: String
    public var announcedThrough: UInt64
    /// Signed checkpoints whose roots are those of the records they cover.
    public var signedCheckpoints: Int
    /// Bytes behind the last checkpoint, which no reader counts: being written just now, or left by a run that was
    /// ended. The worker's next start keeps every intact line of them and reports the rest.
    public var uncountedBytes: Int
    /// One sentence each, with file and line; empty when all is well.
    public var problems: [String]
}

/// What a ledger that was verified holds, by identity, so that several can be compared without being read again.
struct VerifiedEntries: Sendable {
    var reader: LedgerReader
    var logID = ""
    /// Where it was read to its end.
    var history: LedgerHistory?
    /// Runs that are what their segments give.
    var runs: [IdentityRun] = []
    /// Of the segments that are in no run: 16 bytes an entry.
    var others: [RunEntry] = []
    var outcomes = 0
    var caseRecords = 0
    /// The digests of the policies that were loaded.
    var policies: Set<String> = []
    /// The first line that is intact and no record of ours: a sentence with file and line.
    var failure: String?
}

extension LedgerReader {
    /// Computes every check, every root and, with the key, every signature again.
    ///
    /// All cores read segments. Memory: a few of them by their leaves and indexes, and 16 bytes for each entry of
    /// segments that are in no run.
    ///
    /// - Parameters:
    ///   - key: without it, signed checkpoints are compared with the records, but nobody knows who made them.
    ///   - earlier: checkpoints that someone kept elsewhere; today's ledger must begin as they say.
    ///   - progress: called with how many segments of how many are verified.
    public func verify(
        key: LedgerPublicKey? = nil, earlier: [TreeHead] = [], progress: (Int, Int) -> Void = { _, _ in }
    ) throws(LedgerError) -> VerifyReport {
        try verified(key: key, earlier: earlier, progress: progress).report
    }

    /// - Parameter others: ledgers that were verified before.
    func verified(
        key: LedgerPublicKey?, earlier: [TreeHead], others: [LedgerHistory] = [], progress: (Int, Int) -> Void
    ) throws(LedgerError) -> (report: VerifyReport, entries: VerifiedEntries) {
        var entries = VerifiedEntries(reader: self)
        do throws(LedgerError) {
            // Read before the records, so that a live ledger has all the records that these cover.
            let signed = try SignedCheckpoints.read(directory, files: files)
            var heads = SignedCheckpoints.Heads(signed, key: key)
            let own = try logID()
            heads.add(earlier.filter { $0.isOf(logID: own) })
            var companions = try CompanionComparison(directory: directory, files: files)
            let others = others.filter { !own.isEmpty && $0.logID == own }
            let sizes = heads.sizes.union(others.map(\.records))
            let scan = try scan(watching: sizes, &companions, &entries, progress)
            try companions.compareRuns()
            var problems = heads.problems(roots: scan.tree.roots, logID: own) + companions.problems
            problems += try PolicyTexts.problems(directory, loaded: entries.policies, files: files)
            if let lost = try LostSegment.find(self) { problems.append(lost.message) }
            if key != nil, heads.signed == 0, scan.tree.count > 0 {
                problems.append("`\(directory)` holds records and no signed checkpoint")
            }
            entries.logID = own
            let history = LedgerHistory(
                reader: self, logID: own, records: scan.tree.count, rootHash: scan.tree.rootHash)
            for other in others {
                let contradiction = try history.contradiction(of: other, keptIn: scan.tree)
                if let contradiction { problems.append(contradiction) }
            }
            entries.history = history
            let report = VerifyReport(
                records: scan.tree.count, logID: own, root: scan.tree.root, announcedThrough: scan.announcedThrough,
                signedCheckpoints: heads.signed, uncountedBytes: scan.uncountedBytes, problems: problems)
            return (report, entries)
        } catch {
            guard error.code == .corrupted else { throw error }
            let report = VerifyReport(
                records: 0, logID: "", root: "", announcedThrough: 0, signedCheckpoints: 0,
                uncountedBytes: 0, problems: [error.message])
            return (report, entries)
        }
    }

    private func scan(
        watching sizes: Set<UInt64>, _ companions: inout CompanionComparison, _ entries: inout VerifiedEntries,
        _ progress: (Int, Int) -> Void
    ) throws(LedgerError) -> SegmentScan {
        let segments = try segments()
        entries.runs = companions.cover(upTo: segments.count { !$0.isOpen })
        var scan = SegmentScan(watching: sizes)
        try Parallel.inOrder(0..<segments.count) { position in
            let segment = segments[position]
            return Result { () throws(LedgerError) in
                try reading(segment.number, directory + "/" + segment.name, isOpen: segment.isOpen)
            }
        } take: { position, made throws(LedgerError) in
            let (reading, segment, before) = (try made.get(), segments[position], scan)
            try scan.take(
                reading, path: directory + "/" + segment.name, number: segment.number, isOpen: segment.isOpen)
            if !segment.isOpen { try companions.add(segment.number, reading, after: before, through: scan) }
            entries.add(reading, segment.number, directory + "/" + segment.name)
            progress(position + 1, segments.count)
        }
        return scan
    }

    private func reading(_ number: Int, _ path: String, isOpen: Bool) throws(LedgerError) -> SegmentReading {
        if isOpen { return try SegmentReading(try open(number), open: number, path: path) }
        let hasIndex = files.exists(CompanionComparison.indexPath(number, in: directory))
        return try SegmentReading(try bytes(path), sealed: number, path: path, makingIndex: hasIndex)
    }
}

extension VerifiedEntries {
    fileprivate mutating func add(_ reading: SegmentReading, _ segment: Int, _ path: String) {
        outcomes += reading.outcomes
        caseRecords += reading.caseRecords
        policies.formUnion(reading.policies)
        if failure == nil, let error = reading.recordFailure {
            failure = "`\(path)`, line \(reading.recordFailureLine): \(error.description)"
        }
        if !runs.contains(where: { $0.segments.contains(segment) }) { others += reading.index.identities }
    }
}
