import Detainers
import Glibc

/// What opening a ledger found.
public struct RecoveryReport: Sendable, Equatable {
    /// Records of the open segment that were kept.
    public var kept: UInt64
    /// Damaged or torn pieces that were set aside, and where they are.
    public var setAside: Int
    public var setAsideFile: String?
    public var announcedThrough: UInt64
    public var recordCount: UInt64
    public var logID: String
    public var root: String
    /// The newest signed checkpoint where the records are no longer those that it covers: they were damaged, cut short
    /// or rolled back after they had been signed. Nothing is signed in this ledger any more.
    public var contradicted: TreeHead?
    /// Records covered by the newest signed checkpoint.
    var signedThrough: UInt64
}

/// Makes a ledger writable again after whatever ended the last run.
///
/// Nothing in the open segment is trusted where it stands: after a failed sync the page cache shows bytes that are not
/// on the disk. Its good lines are copied into a new file, which is synced and then takes its place; the rest is copied
/// into a file of its own first. Damage in a sealed segment is corruption and is refused: a sealed segment is read and
/// checked in full unless it looks as it did when that was done last (CheckedSegments.swift), and the tree goes on from
/// the index of the last of those. Memory: a piece of a file, its longest line, and what is damaged.
struct Recovery {
    struct Result {
        var segment: OpenSegment
        var tree: MerkleTree
        /// Of the segments before the open one.
        var sealedBytes: Int
        var report: RecoveryReport
    }

    let directory: String
    let files: FileSystem
    let now: Moment

    /// - Parameter record: called with each record of the open segment that is kept, in order; what it throws ends the
    ///   recovery.
    func run(_ record: (StoredRecord) throws(LedgerError) -> Void) throws(LedgerError) -> Result {
        let names: [String]
        do throws(FileSystem.Errno) { names = try files.names(directory) } catch {
            throw .failed("list", directory, error)
        }
        let segments = try LedgerReader(directory: directory, files: files).segments()
        let signed = try SignedCheckpoints.newest(directory, files: files)
        let open = segments.last.flatMap { $0.isOpen ? $0 : nil }
        let sealed = segments.filter { !$0.isOpen }.map(\.number)
        let (scan, sealedBytes) = try self.sealed(sealed, watching: signed.map { [$0.size] } ?? [])
        let found = try open.map { segment throws(LedgerError) in try bytes(directory + "/" + segment.name) }
        let number = open?.number ?? segments.count + 1
        if open == nil { try refuseToReplace(number) }
        return try recover(
            found ?? FileBytes([]), number: number, after: scan, sealedBytes: sealedBytes, names: names,
            signed: signed, record)
    }

    /// A listing may lack what is there, and a new segment takes its place by a rename: nothing is put over a file that
    /// nobody has read.
    private func refuseToReplace(_ number: Int) throws(LedgerError) {
        for name in [LedgerFormat.openName(number), LedgerFormat.sealedName(number)] {
            let path = directory + "/" + name
            do throws(FileSystem.Errno) { _ = try files.identity(path) } catch {
                if error.number == ENOENT { continue }
                throw .failed("look for", path, error)
            }
            throw LedgerError(
                code: .inputOutput,
                message: "`\(path)` is there, and listing its directory does not name it: nothing was written; check "
                    + "the disk and its file system, then start again")
        }
    }

    private func bytes(_ path: String) throws(LedgerError) -> FileBytes {
        do throws(FileSystem.Errno) { return try FileBytes(path: path, files: files) } catch {
            throw .failed("read", path, error)
        }
    }

    // MARK: - sealed segments

    /// Where the sealed segments end, and how many bytes they are.
    private func sealed(
        _ sealed: [Int], watching sizes: Set<UInt64>
    ) throws(LedgerError) -> (SegmentScan, sealedBytes: Int) {
        let checked = CheckedSegments(directory, files: files)
        var entries: [CheckedSegments.Entry] = []
        for segment in sealed {
            guard let entry = try checked.entry(of: segment) else { break }
            entries.append(entry)
        }
        var (scan, next) = try untouched(entries, watching: sizes)
        var sealedBytes = entries[..<next].reduce(0) { $0 + $1.stamp.bytes }
        for segment in sealed[next...] {
            let path = directory + "/" + LedgerFormat.sealedName(segment)
            let bytes = try bytes(path)
            sealedBytes += bytes.count
            try scan.sealed(bytes, path: path, number: segment)
        }
        return (scan, sealedBytes)
    }

    /// Where those of the first segments end that nobody touched since they were checked, and how many they are.
    private func untouched(
        _ entries: [CheckedSegments.Entry], watching sizes: Set<UInt64>
    ) throws(LedgerError) -> (SegmentScan, count: Int) {
        for count in stride(from: entries.count, to: 0, by: -1) {
            guard let index = index(count, entries[count - 1]) else { continue }
            var roots: [UInt64: [UInt8]] = [:]
            // A root in the midst of them is that of the segment which it stands in.
            for size in sizes where size < index.tree.count {
                guard let segment = entries.firstIndex(where: { size <= $0.records }) else { continue }
                roots.merge(try self.roots(of: segment + 1, entries, watching: [size])) { $1 }
            }
            // Where they say that it stands elsewhere than it does, they are not believed, and more is read.
            guard sizes.allSatisfy({ $0 >= index.tree.count || roots[$0] != nil }) else { continue }
            var scan = SegmentScan(after: index, watching: sizes, parsing: false)
            scan.remember(roots)
            return (scan, count)
        }
        return (SegmentScan(watching: sizes, parsing: false), 0)
    }

    private func index(_ segment: Int, _ entry: CheckedSegments.Entry) -> SegmentIndex? {
        guard let index = SegmentIndexes.open(segment, in: directory, files: files),
            index.tree.count == entry.records, index.tree.root == entry.root
        else { return nil }
        return index
    }

    /// The roots at some sizes that lie within a segment, which is read for them.
    private func roots(
        of segment: Int, _ entries: [CheckedSegments.Entry], watching sizes: Set<UInt64>
    ) throws(LedgerError) -> [UInt64: [UInt8]] {
        var first = segment
        var scan = SegmentScan(watching: sizes, parsing: false)
        // The one before has an index, unless somebody removed it.
        while first > 1 {
            if let index = index(first - 1, entries[first - 2]) {
                scan = SegmentScan(after: index, watching: sizes, parsing: false)
                break
            }
            first -= 1
        }
        for number in first...segment {
            let path = directory + "/" + LedgerFormat.sealedName(number)
            try scan.sealed(try bytes(path), path: path, number: number)
        }
        return scan.tree.roots
    }

    // MARK: - the open segment

    private func recover(
        _ bytes: FileBytes, number: Int, after scan: SegmentScan, sealedBytes: Int, names: [String],
        signed: TreeHead?, _ record: (StoredRecord) throws(LedgerError) -> Void
    ) throws(LedgerError) -> Result {
        let path = directory + "/" + LedgerFormat.openName(number)
        var salvage = Salvage(scan: scan, number: number, path: path)
        var lines = try LineReader(bytes)
        var next = try lines.next()
        if let line = next, try salvage.takeHeader(line) { next = try lines.next() }
        var draft = try OpenSegment.Draft(directory: directory, number: number, files: files)
        let logID = salvage.logID ?? Self.randomLogID()
        try draft.write(
            LedgerFormat.line(
                LedgerFormat.header(
                    logID: logID, segment: number, firstRecord: scan.tree.count, root: scan.tree.root)))
        while let line = next {
            if let kept = try salvage.take(line, at: draft.count, record) { try draft.write(kept) }
            next = try lines.next()
        }
        salvage.end()
        if salvage.lacksCheckpoint {
            try draft.write(
                LedgerFormat.line(
                    LedgerFormat.checkpoint(
                        records: salvage.tree.count, root: salvage.tree.root,
                        announcedThrough: salvage.announcedThrough, at: now)))
        }
        let setAsideFile = try setAside(salvage.damaged, number: number, names: names)
        let segment = try draft.finish(announcedThrough: salvage.announcedThrough)
        let contradicted = signed.flatMap { head in
            salvage.tree.roots[head.size] == head.rootHash && head.isOf(logID: logID) ? nil : head
        }
        return Result(
            segment: segment, tree: salvage.tree, sealedBytes: sealedBytes,
            report: RecoveryReport(
                kept: salvage.tree.count - scan.tree.count, setAside: salvage.damaged.count,
                setAsideFile: setAsideFile, announcedThrough: salvage.announcedThrough,
                recordCount: salvage.tree.count, logID: logID, root: salvage.tree.root,
                contradicted: contradicted, signedThrough: signed?.size ?? 0))
    }

    private func setAside(
        _ damaged: [[UInt8]], number: Int, names: [String]
    ) throws(LedgerError) -> String? {
        if damaged.isEmpty { return nil }
        let prefix =
            LedgerFormat.sealedName(number).replacing("segment", with: "set-aside").dropLast(".jsonl".count) + "-"
        let taken = names.compactMap {
            $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count).dropLast(".txt".count)) : nil
        }
        let path = directory + "/\(prefix)\((taken.max() ?? 0) + 1).txt"
        do throws(FileSystem.Errno) {
            let file = try files.open(path, O_CREAT | O_WRONLY | O_EXCL)
            defer { files.close(file) }
            try files.writeAll(file, Array(damaged.joined()))
            try files.dataSync(file)
            try files.syncDirectory(directory)
        } catch {
            throw .failed("set damaged lines aside in", path, error)
        }
        return path
    }

    private static func randomLogID() -> String {
        (0..<16).map { _ in
            let text = String(UInt8.random(in: .min ... .max), radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
