/// Makes what lies beside sealed segments again while they are verified, and compares it with what is on the disk:
/// indexes byte for byte, runs by what they hold.
struct CompanionComparison {
    private(set) var problems: [String] = []
    private let directory: String
    private let files: FileSystem
    /// Those that were there at the beginning, the longest first; `nil`: not to be used.
    private var runs: [(segments: ClosedRange<Int>, run: IdentityRun?)] = []
    /// Behind each segment that was scanned, from the first on; `nil` where one holds what no run can.
    private var ends: [SegmentEnd?] = []
    private var contents: [RunContents] = []

    init(directory: String, files: FileSystem) throws(LedgerError) {
        self.directory = directory
        self.files = files
        let names: [String]
        do throws(FileSystem.Errno) { names = try files.names(directory) } catch {
            throw .failed("list", directory, error)
        }
        for segments in names.compactMap(RunFormat.segments) {
            let run = try IdentityRun.open(segments, in: directory, files: files)
            // A worker merged it meanwhile.
            if run == nil, !files.exists(path(segments)) { continue }
            runs.append((segments, run))
        }
    }

    private func path(_ segments: ClosedRange<Int>) -> String { directory + "/" + RunFormat.fileName(segments) }

    /// Runs that hold each segment once, as far as there are any: what is in them nobody has to remember.
    func cover(upTo count: Int) -> [IdentityRun] {
        let opened = runs.compactMap(\.run).filter { $0.segments.upperBound <= count }.sorted {
            ($0.segments.lowerBound, -$0.segments.upperBound) < ($1.segments.lowerBound, -$1.segments.upperBound)
        }
        var cover: [IdentityRun] = []
        for run in opened where run.segments.lowerBound > cover.last?.segments.upperBound ?? 0 { cover.append(run) }
        return cover
    }

    static func indexPath(_ segment: Int, in directory: String) -> String {
        directory + "/" + LedgerFormat.indexName(segment)
    }

    /// Takes the next sealed segment.
    ///
    /// - Parameters:
    ///   - before: the ledger as it stood before it.
    ///   - scan: as it stands behind it.
    mutating func add(
        _ segment: Int, _ reading: SegmentReading, after before: SegmentScan, through scan: SegmentScan
    ) throws(LedgerError) {
        let path = Self.indexPath(segment, in: directory)
        let hasIndex = files.exists(path)
        let isNeeded = hasIndex || runs.contains { $0.segments.contains(segment) }
        if isNeeded, reading.recordFailure != nil {
            // A segment with such a line has no right index; the reader of its records says what is wrong with it.
            problems.append("`\(path)` belongs to a segment with a line that is no record of ours: delete it")
        }
        guard isNeeded, reading.recordFailure == nil else {
            ends.append(nil)
            contents.append(RunContents())
            return
        }
        ends.append(scan.end)
        contents.append(RunContents(reading.index.identities))
        if !hasIndex { return }
        let found: [UInt8]
        do throws(FileSystem.Errno) { found = try files.content(path) } catch { throw .failed("read", path, error) }
        var index = reading.index
        index.follow(before)
        if found != index.bytes(segmentBytes: reading.byteCount, through: scan) {
            problems.append("`\(path)` is not what its segment gives: delete it, and run `detainer ledger index`")
        }
    }

    /// Compares the runs, when all segments were scanned.
    mutating func compareRuns() throws(LedgerError) {
        // A run of segments that were sealed since is left to the next time.
        for (segments, run) in runs where segments.upperBound <= ends.count {
            var expected = RunContents()
            for segment in segments { expected.add(contents[segment - 1]) }
            let found = try run.flatMap { run throws(LedgerError) in try Self.contents(run) }
            let end = run.map { SegmentEnd(logID: $0.logID, records: $0.records, root: $0.root) }
            if found != expected || end != ends[segments.upperBound - 1] {
                problems.append(
                    "`\(path(segments))` is not what its segments give: delete it, and run `detainer ledger index`")
            }
        }
    }

    /// - Returns: `nil` where it is damaged.
    private static func contents(_ run: IdentityRun) throws(LedgerError) -> RunContents? {
        var contents = RunContents()
        var last = RunEntry(hash: 0, segment: 0, offset: 0)
        var page: IdentityRun.FilterPage?
        do throws(LedgerError) {
            for number in 0..<run.blockCount {
                for entry in try run.block(number) {
                    guard last <= entry, try run.mayHold(entry.hash, &page), run.isSought(entry.hash, inBlock: number)
                    else { return nil }
                    last = entry
                    contents.add(entry)
                }
            }
        } catch {
            if error.code == .corrupted { return nil }
            throw error
        }
        return contents
    }
}

/// What a run holds, in whatever order: how many entries, and the sum of their hashes, which are keyed with what only
/// this process knows.
struct RunContents: Equatable {
    private var count = 0
    private var sum = 0

    init(_ entries: [RunEntry] = []) { for entry in entries { add(entry) } }

    mutating func add(_ entry: RunEntry) {
        var hasher = Hasher()
        hasher.combine(entry.hash)
        hasher.combine(entry.segment)
        hasher.combine(entry.offset)
        (count, sum) = (count + 1, sum &+ hasher.finalize())
    }

    mutating func add(_ other: RunContents) { (count, sum) = (count + other.count, sum &+ other.sum) }
}
