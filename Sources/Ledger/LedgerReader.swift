public import Detainers
import Glibc

/// A record as it stands in a segment.
public struct StoredRecord: Sendable {
    public var index: UInt64
    private let read: JSONNode?
    /// The line without its newline: the leaf of the tree.
    public var line: [UInt8]
    /// Where the line begins in its file.
    public var offset: Int
    public var file: String
    public var lineNumber: Int

    init(index: UInt64, read: JSONNode?, line: [UInt8], offset: Int, file: String, lineNumber: Int) {
        self.index = index
        self.read = read
        self.line = line
        self.offset = offset
        self.file = file
        self.lineNumber = lineNumber
    }

    /// The record's object.
    ///
    /// - Precondition: the ledger was read to have its records, not only to check their lines.
    public var json: JSONNode {
        guard let read else { preconditionFailure("this record's line was only checked") }
        return read
    }

    /// ``json``, as a tree.
    public var value: JSONValue { json.value }
}

/// Reads a worker's ledger while it may be written to: up to the last checkpoint.
///
/// Memory is bounded by the size of one segment.
public struct LedgerReader: Sendable {
    public let directory: String
    let files: FileSystem

    /// - Throws: `.missing` where there is no such directory.
    public init(directory: String) throws(LedgerError) {
        try self.init(directory: directory, files: FileSystem())
    }

    init(directory: String, files: FileSystem) throws(LedgerError) {
        self.directory = directory
        self.files = files
        guard files.exists(directory) else {
            throw LedgerError(code: .missing, message: "there is no ledger in `\(directory)`")
        }
    }

    /// Whether a process holds this ledger's lock just now, without touching the lock: a worker that starts at this
    /// very moment must get it. By the lock's inode in proc_locks(5).
    ///
    /// - Returns: `nil` where this machine does not tell.
    public func isBeingWritten() -> Bool? { holders().map { !$0.isEmpty } }

    /// The process of this machine that holds the lock; `nil` where none does, or this machine does not tell.
    public func writingProcess() -> Int32? { holders()?.first { $0 > 0 } }

    private func holders() -> [Int32]? {
        do throws(FileSystem.Errno) {
            let inode = String(try files.identity(directory + "/lock").inode)
            let table = String(decoding: try files.content("/proc/locks"), as: UTF8.self)
            let isFirst = try files.identity("/proc/self/ns/pid").inode == Self.firstProcessNamespace
            return Self.holders(of: inode, in: table, isWhole: isFirst)
        } catch {
            // No lock file, or no such table: nothing is known.
            return nil
        }
    }

    /// The machine's own, by a number that the kernel fixes; containers have others.
    private static let firstProcessNamespace: UInt64 = 4_026_531_836

    /// - Parameter isWhole: whether the table has the locks of all processes. Elsewhere than in the machine's own
    ///   namespace the kernel leaves out those of processes that have no number there.
    /// - Returns: `nil` where a lock that the table does not have may be held all the same.
    static func holders(of inode: String, in table: String, isWhole: Bool) -> [Int32]? {
        let holders = table.split(separator: "\n").compactMap { line -> Int32? in
            let words = line.split(separator: " ")
            guard words.contains("FLOCK"), words.count > 5,
                words.contains(where: { $0.split(separator: ":").last.map(String.init) == inode })
            else { return nil }
            // 1: FLOCK ADVISORY WRITE 4711 fe:00:123 0 EOF
            return words.dropFirst().compactMap { Int32($0) }.first ?? 0
        }
        return holders.isEmpty && !isWhole ? nil : holders
    }

    /// Every record from that index on, in order.
    ///
    /// - Returns: how many records from the first on are announced, as the last checkpoint says.
    /// - Throws: `.corrupted` with file and line at the first line that is not as it was written, and what `body`
    ///   throws.
    @discardableResult
    public func records(from index: UInt64 = 0, _ body: (StoredRecord) throws -> Void) throws -> UInt64 {
        try extent { if $0.index >= index { try body($0) } }.announcedThrough
    }

    /// The records from that index on, in order, of a ledger that was recovered and is not written to meanwhile.
    /// Segments before it are not read, as far as indexes tell where they end. Memory: a piece of a file.
    public func lastRecords(from index: UInt64, _ body: (StoredRecord) throws -> Void) throws {
        let segments = try segments()
        var scan = SegmentScan()
        var first = segments.count { !$0.isOpen }
        while first > 0 {
            if let known = SegmentIndexes.open(first, in: directory, files: files), known.tree.count <= index {
                scan = SegmentScan(after: known)
                break
            }
            first -= 1
        }
        var failure: (any Error)?
        for segment in segments[first...] {
            let path = directory + "/" + segment.name
            do throws(LedgerError) {
                // The open one ends in a checkpoint too, as the recovery left it.
                try scan.sealed(try bytes(path), path: path, number: segment.number) { record throws(LedgerError) in
                    if record.index < index { return }
                    do { try body(record) } catch {
                        failure = error
                        throw LedgerError(code: .inputOutput, message: "stopped")
                    }
                }
            } catch {
                throw failure ?? error
            }
        }
    }

    /// How far a ledger reaches.
    public struct Extent: Sendable, Equatable {
        public var records: UInt64
        /// Of all of them, in base64.
        public var root: String
        public var announcedThrough: UInt64
    }

    /// Every record, in order, and where the ledger ended when it was read.
    public func extent(_ body: (StoredRecord) throws -> Void) throws -> Extent {
        var failure: (any Error)?
        do throws(LedgerError) {
            let scan = try scan { record throws(LedgerError) in
                do { try body(record) } catch {
                    failure = error
                    throw LedgerError(code: .inputOutput, message: "stopped")
                }
            }
            return Extent(records: scan.tree.count, root: scan.tree.root, announcedThrough: scan.announcedThrough)
        } catch {
            throw failure ?? error
        }
    }

    /// Whether the record of that index is this one, byte for byte, check and all.
    public func isRecord(_ value: JSONValue, at index: UInt64) throws -> Bool {
        let line = LedgerFormat.line(value).dropLast()
        var isSame = false
        try records(from: index) { record in
            if record.index == index { isSame = record.line[...] == line }
        }
        return isSame
    }

    /// The ledger's random id, from its first line; empty where there is none yet.
    public func logID() throws(LedgerError) -> String {
        for name in [LedgerFormat.sealedName(1), LedgerFormat.openName(1), LedgerFormat.sealedName(1)] {
            let path = directory + "/" + name
            if !files.exists(path) { continue }
            let start: [UInt8]
            do throws(FileSystem.Errno) { start = try files.start(path, atMost: 4096) } catch {
                // Sealed under another name since it was looked for.
                if error.number == ENOENT { continue }
                throw .failed("read", path, error)
            }
            if let line = start.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first,
                case .header(let logID, _, _, _)? = SegmentLine(line)
            {
                return logID
            }
            throw LedgerError(code: .corrupted, message: "`\(path)`, line 1: this is no header of a segment")
        }
        return ""
    }

    func signedCheckpoints() throws(LedgerError) -> [SignedCheckpoints.File] {
        try SignedCheckpoints.read(directory, files: files)
    }

    /// Over so many records from the first on; `nil` where there are fewer.
    func rootHash(of count: UInt64) throws(LedgerError) -> [UInt8]? {
        try scan(from: SegmentScan(watching: [count], parsing: false)) { _ in }.tree.roots[count]
    }

    private func scan(
        from beginning: SegmentScan = SegmentScan(), _ record: (StoredRecord) throws(LedgerError) -> Void
    ) throws(LedgerError) -> SegmentScan {
        var scan = beginning
        for segment in try segments() {
            let path = directory + "/" + segment.name
            if segment.isOpen {
                try scan.open(try open(segment.number), path: path, number: segment.number, record: record)
            } else {
                try scan.sealed(try bytes(path), path: path, number: segment.number, record: record)
            }
        }
        return scan
    }

    /// In the order of their numbers, the open one last.
    ///
    /// - Throws: `.corrupted` where one is missing.
    func segments() throws(LedgerError) -> [(number: Int, name: String, isOpen: Bool)] {
        let names: [String]
        do throws(FileSystem.Errno) { names = try files.names(directory) } catch {
            throw .failed("list", directory, error)
        }
        let segments = LedgerFormat.segments(in: names)
        for (position, segment) in segments.enumerated() {
            guard segment.number == position + 1, !segment.isOpen || position == segments.count - 1 else {
                throw LedgerError(
                    code: .corrupted, message: "`\(directory)/\(segment.name)` does not follow the segment before it")
            }
        }
        return segments
    }

    func content(_ path: String) throws(LedgerError) -> [UInt8] {
        do throws(FileSystem.Errno) { return try files.content(path) } catch { throw .failed("read", path, error) }
    }

    /// A file that does not change any more, to be read piece by piece.
    func bytes(_ path: String) throws(LedgerError) -> FileBytes {
        do throws(FileSystem.Errno) { return try FileBytes(path: path, files: files) } catch {
            throw .failed("read", path, error)
        }
    }

    /// The open segment, which its writer may have sealed since the directory was listed.
    func open(_ number: Int) throws(LedgerError) -> [UInt8] {
        let path = directory + "/" + LedgerFormat.openName(number)
        do throws(FileSystem.Errno) { return try files.content(path) } catch {
            if error.number == ENOENT { return try content(directory + "/" + LedgerFormat.sealedName(number)) }
            throw .failed("read", path, error)
        }
    }
}
