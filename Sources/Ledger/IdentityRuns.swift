import Detainers

/// Whether an entry is on record already.
public enum RecordedBefore: Sendable, Equatable {
    case no
    /// Under the same id and revision, with the same content.
    case same
    /// Under the same id and revision, with other content.
    case other
}

/// What the sealed segments of a ledger hold, by identity: asked of its runs, so that nobody has to remember it.
///
/// A value that stays as it is: whoever has it can ask it while its runs are merged into others. Safe from any thread.
public struct IdentityRuns: Sendable {
    let directory: String
    let files: FileSystem
    /// INVARIANT: they follow one another, from the first segment on.
    private(set) var runs: [IdentityRun] = []

    init(_ directory: String, files: FileSystem) { (self.directory, self.files) = (directory, files) }

    /// Every entry of the segments up to this one is in them; 0: of none.
    public var through: Int { runs.last?.segments.upperBound ?? 0 }

    /// How many records there are up to the end of that segment.
    public var records: UInt64 { runs.last?.records ?? 0 }

    /// Theirs, in base64; `nil` where there are none.
    var root: String? { runs.last?.root }

    /// Opens those that belong to the segments as they lie there, the longest first, up to the first gap.
    ///
    /// - Parameter end: of a segment, where it is known.
    static func open(
        _ directory: String, files: FileSystem, end: (Int) -> CheckedSegments.Entry?
    ) throws(LedgerError) -> IdentityRuns {
        let names: [String]
        do throws(FileSystem.Errno) { names = try files.names(directory) } catch {
            throw .failed("list", directory, error)
        }
        let found = names.compactMap(RunFormat.segments).sorted {
            ($0.lowerBound, -$0.upperBound) < ($1.lowerBound, -$1.upperBound)
        }
        var runs = IdentityRuns(directory, files: files)
        for segments in found where segments.lowerBound == runs.through + 1 {
            guard let end = end(segments.upperBound),
                let run = try IdentityRun.open(segments, in: directory, files: files), end.records == run.records,
                end.root == run.root
            else { continue }
            runs.runs.append(run)
        }
        return runs
    }

    /// Takes the run of the segments that follow.
    mutating func append(_ run: IdentityRun) {
        precondition(run.segments.lowerBound == through + 1, "runs follow one another")
        runs.append(run)
    }

    /// Whether these are among its runs.
    func hold(_ parts: [IdentityRun]) -> Bool { parts.allSatisfy { part in runs.contains { $0 === part } } }

    /// Takes a run for those that it was made of.
    mutating func replace(with run: IdentityRun) {
        let parts = runs.filter { run.segments.contains($0.segments.lowerBound) }
        guard let first = parts.first, let last = parts.last,
            first.segments.lowerBound...last.segments.upperBound == run.segments,
            let position = runs.firstIndex(where: { $0 === first })
        else { preconditionFailure("a run takes the place of its parts") }
        runs.replaceSubrange(position..<position + parts.count, with: [run])
    }

    /// The runs that are to be merged next; empty where none are.
    var due: [IdentityRun] {
        guard let segments = RunMerge.due(runs.map(\.segments)) else { return [] }
        return runs.filter { segments.contains($0.segments.lowerBound) }
    }

    /// Whether an entry of the same identity may be in a sealed segment, as far as that can be told without reading:
    /// for those that are not this is true for a few in a hundred, and for all where there is a large run.
    public func mayHold(_ entry: IndexedEntry) -> Bool { runs.contains { $0.mayHoldUnread(entry.hash) } }

    /// Whether an entry is in a sealed segment, and whether it is the same: read from its line. The first one of an
    /// identity stands.
    ///
    /// - Throws: where that cannot be told. A damaged run is removed, so that the next start makes it again.
    public func look(_ entry: IndexedEntry, contentKey: String) throws(LedgerError) -> RecordedBefore {
        let hash = entry.hash
        for run in runs {
            let places: [RunEntry]
            do throws(LedgerError) {
                places = try run.mayHold(hash) ? try run.entries(with: hash) : []
            } catch { throw run.removed(because: error) }
            for place in places {
                guard run.segments.contains(Int(place.segment)), let found = try recorded(at: place),
                    case let key = EntryKey(found.identity), key.hash == hash
                else {
                    throw run.removed(
                        because: LedgerError(
                            code: .corrupted,
                            message: "`\(run.path)` does not tell where the entries of its segments stand"))
                }
                if key == entry.key { return found.contentKey == contentKey ? .same : .other }
            }
        }
        return .no
    }

    /// - Returns: `nil` where no entry stands there.
    /// - Throws: `.corrupted` where a line begins there that is not as it was written: then it is not the run.
    private func recorded(at place: RunEntry) throws(LedgerError) -> LedgerEntry? {
        let path = directory + "/" + LedgerFormat.sealedName(Int(place.segment))
        let start = Int(place.offset)
        guard let line = try Self.line(path, at: start, files: files) else { return nil }
        guard let value = LedgerFormat.value(line[...]) else {
            throw LedgerError(
                code: .corrupted, message: "`\(path)` holds no record at byte \(start): run `detainer ledger verify`")
        }
        // Whatever it is, it is no entry.
        return try? LedgerEntry(json: value)
    }

    /// A line of most records is shorter; a longer one takes a second read.
    private static let usualLineBytes = 2_048

    /// The line that begins there, without its newline; `nil` where none does.
    static func line(_ path: String, at start: Int, files: FileSystem) throws(LedgerError) -> [UInt8]? {
        let bytes: FileBytes
        do throws(FileSystem.Errno) { bytes = try FileBytes(path: path, files: files) } catch {
            throw .failed("read", path, error)
        }
        let opened = try bytes.opened()
        // A line begins behind a newline, or the file does.
        let before = min(start, 1)
        for count in [usualLineBytes, LedgerFormat.maximumLineBytes + 1] {
            let found = try opened.read(start - before..<start + count)
            if before == 1, found.first != UInt8(ascii: "\n") { return nil }
            let line = found.dropFirst(before)
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return Array(line[..<end]) }
        }
        return nil
    }
}
