public import Detainers
import Glibc

extension LedgerReader {
    /// Where a ledger ends, without its records having been read or checked.
    public struct Tail: Sendable, Equatable {
        public var records: UInt64 = 0
        /// Of all of them, in base64, as the last checkpoint says.
        public var root = ""
        public var announcedThrough: UInt64 = 0
        /// When the last checkpoint was written, as it says; `nil` where there is none yet.
        public var checkpointAt: String?
        /// When the newest record was made, as it says.
        public var lastRecordAt: String?
    }

    /// So much of a segment's end holds the last checkpoints of any but the largest batches.
    private static let tailBytes = 64 << 10

    /// Reads the end of the newest segments: some kilobytes, however large the ledger is.
    ///
    /// What it tells is what the last checkpoint says; ``verify(key:earlier:)`` tells whether that is true.
    public func tail() throws(LedgerError) -> Tail {
        var tail = Tail()
        for segment in try segments().reversed() {
            let end = try self.end(of: segment)
            if let checkpoint = end.checkpoint, tail.checkpointAt == nil {
                tail.records = Self.number(checkpoint, "records")
                tail.root = checkpoint["root"]?.stringValue ?? ""
                tail.announcedThrough = Self.number(checkpoint, "announcedThrough")
                tail.checkpointAt = checkpoint["at"]?.stringValue
            }
            tail.lastRecordAt = tail.lastRecordAt ?? end.recordedAt
            // A segment that was begun just now holds neither: the one before does.
            if tail.checkpointAt != nil, tail.lastRecordAt != nil { break }
        }
        return tail
    }

    private static func number(_ value: JSONNode, _ name: String) -> UInt64 {
        value[name]?.intValue.flatMap(UInt64.init(exactly:)) ?? 0
    }

    private func end(
        of segment: (number: Int, name: String, isOpen: Bool)
    ) throws(LedgerError) -> (checkpoint: JSONNode?, recordedAt: String?) {
        let (bytes, count) = try opened(segment)
        var wanted = Self.tailBytes
        while true {
            let start = max(0, count - wanted)
            let found = Self.ending(try bytes.read(start..<count), isWhole: start == 0)
            if start == 0 || found.checkpoint != nil && found.recordedAt != nil { return found }
            wanted *= 4
        }
    }

    /// The last checkpoint of some lines, and the last record before it.
    private static func ending(_ bytes: [UInt8], isWhole: Bool) -> (checkpoint: JSONNode?, recordedAt: String?) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What stands behind the last newline is being written; what stands before the first one is half a line.
        lines.removeLast()
        if !isWhole, !lines.isEmpty { lines.removeFirst() }
        var checkpoint: JSONNode?
        for line in lines.reversed() {
            guard let value = LedgerFormat.value(line), let kind = value["kind"]?.stringValue else { continue }
            if kind == "checkpoint" {
                checkpoint = checkpoint ?? value
            } else if kind != "segment", checkpoint != nil {
                return (checkpoint, value["recordedAt"]?.stringValue)
            }
        }
        return (checkpoint, nil)
    }

    /// A segment's bytes, which its writer may have sealed under another name since it was listed.
    private func opened(
        _ segment: (number: Int, name: String, isOpen: Bool)
    ) throws(LedgerError) -> (FileBytes.OpenedBytes, count: Int) {
        let path = directory + "/" + segment.name
        guard segment.isOpen, files.exists(path) else {
            return try opened(directory + "/" + LedgerFormat.sealedName(segment.number))
        }
        do throws(LedgerError) { return try opened(path) } catch {
            if files.exists(path) { throw error }
            return try opened(directory + "/" + LedgerFormat.sealedName(segment.number))
        }
    }

    private func opened(_ path: String) throws(LedgerError) -> (FileBytes.OpenedBytes, count: Int) {
        let bytes: FileBytes
        do throws(FileSystem.Errno) { bytes = try FileBytes(path: path, files: files) } catch {
            throw .failed("read", path, error)
        }
        return (try bytes.opened(), bytes.count)
    }

    /// The newest record of a kind that is neither an outcome nor a record of a case, up to the last checkpoint.
    ///
    /// A sealed segment is read only where its index tells that it holds such records, or where it has no index: a few
    /// kilobytes a segment.
    public func newest(kind: String) throws(LedgerError) -> JSONValue? {
        let beginning = Array("{\"kind\":\"\(kind)\"".utf8)
        for segment in try segments().reversed() {
            if !segment.isOpen, let index = SegmentIndexes.open(segment.number, in: directory, files: files),
                index.tree.count - index.firstRecord == UInt64(index.entryCount)
            {
                continue
            }
            let bytes = segment.isOpen ? try open(segment.number) : try content(directory + "/" + segment.name)
            let end = SegmentScan.endOfLastCheckpoint(bytes)
            for line in bytes[..<end].split(separator: UInt8(ascii: "\n")).reversed()
            where line.starts(with: beginning) {
                if let value = LedgerFormat.value(line) { return value.value }
            }
        }
        return nil
    }
}
