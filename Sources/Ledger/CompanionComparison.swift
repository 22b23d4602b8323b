import Crypto
import Detainers

/// Makes what lies beside sealed segments again while they are verified, and compares it with what is on the disk:
/// indexes byte for byte, runs by what they hold.
struct CompanionComparison {
    private(set) var problems: [String] = []
    private let directory: String
    private let files: FileSystem
    private let runs: [ClosedRange<Int>]
    private var builder: SegmentIndexBuilder?
    private var path = ""
    /// Behind each segment that was scanned, from the first on; `nil` where one holds what no run can.
    private var ends: [SegmentEnd?] = []
    private var contents: [RunContents] = []

    init(directory: String, files: FileSystem) throws(LedgerError) {
        self.directory = directory
        self.files = files
        do throws(FileSystem.Errno) { runs = try files.names(directory).compactMap(RunFormat.segments) } catch {
            throw .failed("list", directory, error)
        }
    }

    mutating func begin(_ segment: Int, after scan: SegmentScan) {
        path = directory + "/" + LedgerFormat.indexName(segment)
        let isNeeded = files.exists(path) || runs.contains { $0.contains(segment) }
        builder = isNeeded ? SegmentIndexBuilder(segment: segment, after: scan) : nil
    }

    mutating func add(_ record: StoredRecord) {
        do throws(RecordError) { try builder?.add(record) } catch {
            // A segment with such a line has no right index; the reader of its records says what is wrong with it.
            builder = nil
            problems.append("`\(path)` belongs to a segment with a line that is no record of ours: delete it")
        }
    }

    mutating func end(segmentBytes: Int, through scan: SegmentScan) throws(LedgerError) {
        ends.append(builder == nil ? nil : scan.end)
        contents.append(builder.map { RunContents($0.identities) } ?? RunContents())
        guard let builder, files.exists(path) else { return }
        let found: [UInt8]
        do throws(FileSystem.Errno) { found = try files.content(path) } catch { throw .failed("read", path, error) }
        if found != builder.bytes(segmentBytes: segmentBytes, through: scan) {
            problems.append("`\(path)` is not what its segment gives: delete it, and run `detainer ledger index`")
        }
    }

    /// Compares the runs, when all segments were scanned.
    mutating func compareRuns() throws(LedgerError) {
        // A run of segments that were sealed since is left to the next time.
        for segments in runs where segments.upperBound <= ends.count {
            let path = directory + "/" + RunFormat.fileName(segments)
            let run = try IdentityRun.open(segments, in: directory, files: files)
            // A worker merged it meanwhile.
            if run == nil, !files.exists(path) { continue }
            var expected = RunContents()
            for segment in segments { expected.add(contents[segment - 1]) }
            let found = try run.flatMap { run throws(LedgerError) in try Self.contents(run) }
            let end = run.map { SegmentEnd(logID: $0.logID, records: $0.records, root: $0.root) }
            if found != expected || end != ends[segments.upperBound - 1] {
                problems.append("`\(path)` is not what its segments give: delete it, and run `detainer ledger index`")
            }
        }
    }

    /// - Returns: `nil` where it is damaged.
    private static func contents(_ run: IdentityRun) throws(LedgerError) -> RunContents? {
        var contents = RunContents()
        var last = RunEntry(hash: 0, segment: 0, offset: 0)
        do throws(LedgerError) {
            for number in 0..<run.blockCount {
                for entry in try run.block(number) {
                    guard last <= entry, run.mayHold(entry.hash), run.isSought(entry.hash, inBlock: number) else {
                        return nil
                    }
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

/// What a run holds, in whatever order: how many entries, and the sum of their hashes.
struct RunContents: Equatable {
    private var count = 0
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    init(_ entries: [RunEntry] = []) { for entry in entries { add(entry) } }

    mutating func add(_ entry: RunEntry) {
        var bytes: [UInt8] = []
        bytes.append(entry.hash)
        bytes.append(entry.segment)
        bytes.append(entry.offset)
        let digest = Array(SHA256.hash(data: bytes))
        (count, high) = (count + 1, high &+ digest.number(at: 0, as: UInt64.self))
        low &+= digest.number(at: 8, as: UInt64.self)
    }

    mutating func add(_ other: RunContents) {
        (count, high, low) = (count + other.count, high &+ other.high, low &+ other.low)
    }
}
