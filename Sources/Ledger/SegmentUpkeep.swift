import Glibc

/// A segment that was sealed, and where the ledger stood there.
public struct SealedSegment: Sendable, Equatable {
    public let number: Int
    let bytes: Int
    let logID: String
    let tree: MerkleTree
    /// The highest that a checkpoint up to its end tells.
    let announcedThrough: UInt64

    var end: SegmentEnd { SegmentEnd(logID: logID, records: tree.count, root: tree.root) }
}

/// What lies in the segment that is being written, gathered while it is written, so that nobody has to read it again.
public struct OpenSegmentContents: Sendable {
    public let segment: Int
    private var index: SegmentIndexBuilder

    init(segment: Int, firstRecord: UInt64, previousRoot: String) {
        self.segment = segment
        index = SegmentIndexBuilder(segment: segment, firstRecord: firstRecord, previousRoot: previousRoot)
    }

    /// Of the segment that follows a sealed one.
    public init(after sealed: SealedSegment) {
        self.init(segment: sealed.number + 1, firstRecord: sealed.tree.count, previousRoot: sealed.tree.root)
    }

    /// - Parameters:
    ///   - record: its index in the ledger.
    ///   - offset: where its line begins in the segment.
    public mutating func add(_ entry: IndexedEntry, record: UInt64, offset: Int) {
        index.add(entry, record: record, offset: offset)
    }

    /// The bytes of the index.
    fileprivate func index(_ sealed: SealedSegment) -> [UInt8] {
        index.bytes(
            segmentBytes: sealed.bytes, logID: sealed.logID, tree: sealed.tree,
            announcedThrough: sealed.announcedThrough)
    }

    fileprivate var identities: [RunEntry] { index.identities }
}

/// Keeps what lies beside the sealed segments of one ledger: indexes, runs, and what the segments looked like.
///
/// Nothing here is the ledger's: all of it is made of the segments, and each file takes its place whole or not at all.
/// Sealed segments never change, so that this needs no lock, and two processes that do it at once write the same. One
/// thread owns a value.
public struct SegmentUpkeep: Sendable {
    private let reader: LedgerReader
    private var checked: CheckedSegments
    /// Of all sealed segments, once ``makeMissing(opening:_:)`` has returned.
    public private(set) var runs: IdentityRuns

    private var directory: String { reader.directory }
    private var files: FileSystem { reader.files }

    public init(_ reader: LedgerReader) {
        self.reader = reader
        checked = CheckedSegments(reader.directory, files: reader.files)
        runs = IdentityRuns(reader.directory, files: reader.files)
    }

    // MARK: - what is missing

    /// What a sealed segment lacks.
    private struct Lack: Sendable {
        /// It does not look as it did when it was checked.
        var isUnchecked: Bool
        /// It has no index, or no run that names it.
        var isUnread: Bool

        var isNone: Bool { !isUnchecked && !isUnread }
    }

    private func lack(
        _ segment: Int, runs named: [ClosedRange<Int>], opening: Bool
    ) throws(LedgerError) -> Lack {
        let hasIndex =
            opening
            ? SegmentIndexes.whole(segment, in: directory, files: files) != nil
            : files.exists(directory + "/" + LedgerFormat.indexName(segment))
        return Lack(
            isUnchecked: try checked.entry(of: segment) == nil,
            isUnread: !hasIndex || !named.contains { $0.contains(segment) })
    }

    private func sealedSegments() throws(LedgerError) -> [Int] {
        try reader.segments().filter { !$0.isOpen }.map(\.number)
    }

    private func namedRuns() throws(LedgerError) -> [ClosedRange<Int>] {
        do throws(FileSystem.Errno) { return try files.names(directory).compactMap(RunFormat.segments) } catch {
            throw .failed("list", directory, error)
        }
    }

    /// The sealed segments that lack anything.
    func missing() throws(LedgerError) -> [Int] {
        let named = try namedRuns()
        var missing: [Int] = []
        for segment in try sealedSegments() where try !lack(segment, runs: named, opening: true).isNone {
            missing.append(segment)
        }
        return missing
    }

    /// Makes what is missing, in order, and opens the runs. A segment that does not look as it did when it was checked
    /// is read and checked in full.
    ///
    /// - Parameters:
    ///   - opening: whether each index is opened, to see whether it is whole: that takes a second for ten thousand.
    ///   - progress: called after each segment with how many were read; false: enough.
    /// - Returns: how many were read.
    /// - Throws: `.corrupted` with file and line where a segment is damaged, `LedgerError` where a file cannot be
    ///   written; `RecordError` where a line is intact but no record of ours.
    @discardableResult
    public mutating func makeMissing(opening: Bool = false, _ progress: (Int) -> Bool = { _ in true }) throws -> Int {
        let sealed = try sealedSegments()
        let named = try namedRuns()
        var made = 0
        func goesOn() -> Bool {
            made += 1
            return progress(made)
        }
        try make(sealed.map { try lack($0, runs: named, opening: opening) }, goesOn)
        try openRuns(sealed.count)
        // A run that is there by its name and cannot be used is made again.
        while runs.through < sealed.count, made == 0 || progress(made) {
            let next = named.map(\.lowerBound).filter { $0 > runs.through + 1 }.min() ?? .max
            let gap = runs.through + 1...min(next - 1, sealed.count)
            try make(sealed.map { Lack(isUnchecked: false, isUnread: gap.contains($0)) }, goesOn)
            try openRuns(sealed.count)
        }
        return made
    }

    /// - Parameter lacks: what each segment lacks, from the first on.
    private mutating func make(_ lacks: [Lack], _ goesOn: () -> Bool) throws {
        // INVARIANT: the state behind the segment before, where that was read or there is none.
        var scan: SegmentScan? = SegmentScan()
        var number = 1
        // One that has to be read, whatever it looks like.
        var suspect: Int?
        while number <= lacks.count {
            var lack = lacks[number - 1]
            if suspect == number { lack.isUnread = true }
            if lack.isNone {
                scan = nil
                number += 1
                continue
            }
            guard var before = try scan ?? self.scan(after: number - 1) else {
                // Where the ledger stood there is known only from that segment itself.
                number -= 1
                suspect = number
                scan = number == 1 ? SegmentScan() : nil
                continue
            }
            let known = checked.entries[number]
            try make(number, lack, &before)
            // Where it holds other records than before, the next one cannot follow it, whatever that looks like.
            suspect = known.map { $0.root != before.tree.root } == true ? number + 1 : nil
            scan = before
            number += 1
            if !goesOn() { return }
        }
    }

    /// Where the ledger stood behind a segment, by its index; `nil` where that is not the one of the segment that was
    /// checked.
    private func scan(after segment: Int) throws(LedgerError) -> SegmentScan? {
        guard let entry = try checked.entry(of: segment),
            let index = SegmentIndexes.open(segment, in: directory, files: files),
            index.tree.count == entry.records, index.tree.root == entry.root
        else { return nil }
        return SegmentScan(after: index)
    }

    /// Reads a segment and writes what it lacks.
    private mutating func make(_ number: Int, _ lack: Lack, _ scan: inout SegmentScan) throws {
        let path = directory + "/" + LedgerFormat.sealedName(number)
        // Before it is read: what is done to it meanwhile shows at the next start.
        let stamp = try CheckedSegments.stamp(of: number, in: directory, files: files)
        let bytes = try reader.bytes(path)
        let before = scan
        if !lack.isUnread {
            scan.parsing = false
            try scan.sealed(bytes, path: path, number: number)
            scan.parsing = true
        }
        let index = SegmentIndexes.open(number, in: directory, files: files)
        if lack.isUnread || index?.tree.root != scan.tree.root {
            scan = before
            let (made, identities) = try reader.indexed(bytes, sealed: number, &scan)
            try writeIndex(made, number)
            try writeRun(identities, number, scan.end)
        }
        try enter(number, stamp, scan.end)
    }

    private func writeIndex(_ index: [UInt8], _ number: Int) throws(LedgerError) {
        let path = directory + "/" + LedgerFormat.indexName(number)
        do throws(FileSystem.Errno) { try DraftFile.write(index, path, in: directory, files: files) } catch {
            throw .failed("write", path, error)
        }
    }

    private func writeRun(_ identities: [RunEntry], _ number: Int, _ end: SegmentEnd) throws(LedgerError) {
        var writer = try IdentityRunWriter(
            number...number, end: end, entries: identities.count, in: directory, files: files)
        for entry in identities.sorted() { try writer.add(entry) }
        try writer.finish()
    }

    /// Last: a segment that stands there has the rest.
    private mutating func enter(
        _ number: Int, _ stamp: FileSystem.Stamp, _ end: SegmentEnd
    ) throws(LedgerError) {
        try checked.enter(CheckedSegments.Entry(stamp: stamp, records: end.records, root: end.root), of: number)
    }

    private mutating func openRuns(_ count: Int) throws(LedgerError) {
        runs = try IdentityRuns.open(directory, files: files) { $0 <= count ? checked.entries[$0] : nil }
    }

    private func opened(_ segments: ClosedRange<Int>) throws(LedgerError) -> IdentityRun {
        guard let run = try IdentityRun.open(segments, in: directory, files: files) else {
            let path = directory + "/" + RunFormat.fileName(segments)
            throw LedgerError(code: .inputOutput, message: "`\(path)` was written and cannot be read")
        }
        return run
    }

    /// Writes what lies beside a segment that was sealed just now, without reading it, and takes its run.
    public mutating func seal(_ sealed: SealedSegment, _ contents: OpenSegmentContents) throws(LedgerError) {
        let number = sealed.number
        precondition(contents.segment == number && runs.through == number - 1, "segments are sealed in order")
        let stamp = try CheckedSegments.stamp(of: number, in: directory, files: files)
        guard stamp.bytes == sealed.bytes else {
            let path = directory + "/" + LedgerFormat.sealedName(number)
            throw LedgerError(code: .corrupted, message: "`\(path)` is not as long as it was written")
        }
        try writeIndex(contents.index(sealed), number)
        try writeRun(contents.identities, number, sealed.end)
        try enter(number, stamp, sealed.end)
        runs.append(try opened(number...number))
    }

    /// What the open segment holds: nothing, until its entries are added.
    public var openContents: OpenSegmentContents {
        OpenSegmentContents(
            segment: runs.through + 1, firstRecord: runs.records, previousRoot: runs.root ?? MerkleTree().root)
    }

    // MARK: - rot

    /// Reads a sealed segment again and checks it in full.
    ///
    /// - Throws: `.corrupted` with file and line where it is damaged; the next start checks it in full then, too.
    public mutating func check(_ number: Int) throws(LedgerError) {
        guard (1...max(1, runs.through)).contains(number), let known = checked.entries[number],
            var scan = number == 1 ? SegmentScan() : try self.scan(after: number - 1)
        else { return }
        scan.parsing = false
        let path = directory + "/" + LedgerFormat.sealedName(number)
        do throws(LedgerError) {
            try scan.sealed(try reader.bytes(path), path: path, number: number)
            if scan.tree.root == known.root { return }
            throw LedgerError(code: .corrupted, message: "`\(path)` no longer holds the records that it held")
        } catch {
            if error.code == .corrupted { forget(number, known) }
            throw error
        }
    }

    /// The next start reads that segment in full: rot leaves its stamp as it was.
    private mutating func forget(_ number: Int, _ known: CheckedSegments.Entry) {
        var unlike = known
        unlike.stamp.bytes = -1
        do throws(LedgerError) { try checked.enter(unlike, of: number) } catch {
            // On a full disk nothing is written, and what is there can be removed: then all are read again. Where that
            // fails too, the damage is what is told.
            try? files.remove(directory + "/" + CheckedSegments.fileName)
        }
    }

    // MARK: - merging

    /// A merge that is due.
    public struct Merge: Sendable {
        fileprivate let parts: [IdentityRun]
        fileprivate let directory: String
        fileprivate let files: FileSystem

        /// Writes the run, which takes a second for millions of entries; safe from any thread.
        ///
        /// - Parameter goesOn: asked now and then; false: enough.
        /// - Returns: whether it was written.
        /// - Throws: `.corrupted` where a part is damaged; it is removed, so that the next start makes it again.
        public func write(_ goesOn: () -> Bool = { true }) throws(LedgerError) -> Bool {
            try RunMerge.merge(parts, in: directory, files: files, goesOn: goesOn)
        }
    }

    /// What is to be merged next; `nil`: nothing.
    public var dueMerge: Merge? {
        let parts = runs.due
        return parts.isEmpty ? nil : Merge(parts: parts, directory: directory, files: files)
    }

    /// Takes a merged run, which was written, for its parts, and removes their files; not where these were merged with
    /// others meanwhile.
    public mutating func adopt(_ merge: Merge) throws(LedgerError) {
        guard let first = merge.parts.first, let last = merge.parts.last, runs.hold(merge.parts) else { return }
        runs.replace(with: try opened(first.segments.lowerBound...last.segments.upperBound))
        try removeLeftovers()
    }

    /// Removes runs of which a block is damaged: that shows only when it is read, which a start does not.
    private func removeDamagedRuns() throws(LedgerError) {
        for segments in try namedRuns() {
            guard let run = try IdentityRun.open(segments, in: directory, files: files) else { continue }
            do throws(LedgerError) { for block in 0..<run.blockCount { _ = try run.block(block) } } catch {
                guard error.code == .corrupted else { throw error }
                do throws(FileSystem.Errno) { try files.remove(run.path) } catch {
                    // A worker merged it meanwhile.
                    if error.number != ENOENT { throw .failed("remove", run.path, error) }
                }
            }
        }
    }

    /// Makes what is missing or damaged, and merges what is due.
    mutating func makeAll(_ progress: (Int) -> Bool = { _ in true }) throws -> Int {
        try removeDamagedRuns()
        let made = try makeMissing(opening: true, progress)
        while let merge = dueMerge {
            _ = try merge.write()
            try adopt(merge)
        }
        try removeLeftovers()
        return made
    }

    /// Removes runs and indexes that processes left half written; to be called with the ledger locked. A `ledger index`
    /// that is at it just now fails, and is run again.
    public func removeDrafts() throws(LedgerError) {
        let own = ".\(getpid()).new"
        do throws(FileSystem.Errno) {
            for name in try files.names(directory) where name.hasSuffix(".new") && !name.hasSuffix(own) {
                let isDraft = name.hasPrefix("ids-") || name.hasPrefix("segment-") && name.contains(".index.")
                if isDraft { try files.remove(directory + "/" + name) }
            }
        } catch {
            if error.number != ENOENT { throw .failed("remove a draft from", directory, error) }
        }
    }

    /// Removes the runs that another one holds whole: what was merged, also by a process that ended before it could.
    public func removeLeftovers() throws(LedgerError) {
        do throws(FileSystem.Errno) {
            for segments in try files.names(directory).compactMap(RunFormat.segments) {
                let isHeld = runs.runs.contains {
                    $0.segments != segments && $0.segments.contains(segments.lowerBound)
                        && $0.segments.contains(segments.upperBound)
                }
                if isHeld { try files.remove(directory + "/" + RunFormat.fileName(segments)) }
            }
        } catch {
            // Another process that does the same was faster.
            if error.number != ENOENT { throw .failed("remove a merged run from", directory, error) }
        }
    }
}
