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
/// into a file of its own first. Damage in a sealed segment is corruption and is refused.
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

    func run() throws(LedgerError) -> Result {
        let names: [String]
        do throws(FileSystem.Errno) { names = try files.names(directory) } catch {
            throw .failed("list", directory, error)
        }
        let segments = LedgerFormat.segments(in: names)
        let signed = try SignedCheckpoints.newest(directory, files: files)
        var reader = SegmentScan(watching: signed.map { [$0.size] } ?? [], parsing: false)
        var sealedBytes = 0
        for (position, segment) in segments.enumerated() {
            guard segment.number == position + 1, !segment.isOpen || position == segments.count - 1 else {
                throw LedgerError(
                    code: .corrupted, message: "`\(directory)/\(segment.name)` does not follow the segment before it")
            }
            if !segment.isOpen {
                let path = directory + "/" + segment.name
                let bytes = try content(path)
                sealedBytes += bytes.count
                try reader.sealed(bytes, path: path, number: segment.number)
            }
        }
        let open = segments.last.flatMap { $0.isOpen ? $0 : nil }
        let number = open?.number ?? segments.count + 1
        let bytes = try open.map { segment throws(LedgerError) in try content(directory + "/" + segment.name) } ?? []
        return try recover(
            bytes, number: number, after: reader, sealedBytes: sealedBytes, names: names, signed: signed)
    }

    private func content(_ path: String) throws(LedgerError) -> [UInt8] {
        do throws(FileSystem.Errno) { return try files.content(path) } catch { throw .failed("read", path, error) }
    }

    private func recover(
        _ bytes: [UInt8], number: Int, after scan: SegmentScan, sealedBytes: Int, names: [String],
        signed: TreeHead?
    ) throws(LedgerError) -> Result {
        var salvage = Salvage(scan: scan, number: number)
        salvage.read(bytes)
        let setAsideFile = try setAside(salvage.damaged, number: number, names: names)
        let logID = salvage.logID ?? Self.randomLogID()
        var lines = LedgerFormat.line(
            LedgerFormat.header(
                logID: logID, segment: number, firstRecord: scan.tree.count, root: scan.tree.root))
        lines += salvage.good
        if salvage.endsInRecord {
            lines += LedgerFormat.line(
                LedgerFormat.checkpoint(
                    records: salvage.tree.count, root: salvage.tree.root, announcedThrough: salvage.announcedThrough,
                    at: now))
        }
        let segment = try OpenSegment.start(directory: directory, number: number, lines: lines, files: files)
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
        _ damaged: [ArraySlice<UInt8>], number: Int, names: [String]
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

/// The good and the damaged lines of an open segment.
private struct Salvage {
    private(set) var tree: MerkleTree
    private(set) var logID: String?
    private(set) var announcedThrough: UInt64
    /// Records and those checkpoints that still hold, byte for byte.
    private(set) var good: [UInt8] = []
    private(set) var endsInRecord = false
    private(set) var damaged: [ArraySlice<UInt8>] = []
    private let number: Int
    /// Behind the first damage it is not known which record was the nth: all of those are announced again.
    private var certainCount: UInt64?

    init(scan: SegmentScan, number: Int) {
        tree = scan.tree
        logID = scan.logID
        announcedThrough = scan.announcedThrough
        self.number = number
    }

    mutating func read(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var isFirst = true
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let line = rest[rest.startIndex..<(end.map { $0 + 1 } ?? rest.endIndex)]
            take(line, isWhole: end != nil, isFirst: isFirst)
            isFirst = false
            rest = rest[line.endIndex...]
        }
        announcedThrough = min(announcedThrough, certainCount ?? tree.count)
    }

    private mutating func take(_ line: ArraySlice<UInt8>, isWhole: Bool, isFirst: Bool) {
        guard isWhole, let content = SegmentLine(line.dropLast()) else { return damage(line) }
        switch content {
        case .header(let id, let segment, let firstRecord, let root):
            let follows = segment == number && firstRecord == tree.count && root == tree.root
            guard isFirst, follows, logID == nil || logID == id else { return damage(line) }
            logID = id
        case .record:
            tree.append(line.dropLast())
            good += line
            endsInRecord = true
        case .checkpoint(let records, let root, let announced):
            announcedThrough = max(announcedThrough, announced)
            if certainCount == nil, records != tree.count || root != tree.root { return damage(line) }
            // Behind damage a root cannot hold any more; the records it covered are kept all the same.
            guard certainCount == nil else { return }
            good += line
            endsInRecord = false
        }
    }

    private mutating func damage(_ line: ArraySlice<UInt8>) {
        damaged.append(line)
        if certainCount == nil { certainCount = tree.count }
    }
}
