import Detainers
import Glibc

// segments.checked beside the segments: what each sealed segment looked like when it was last checked in full, so that
// a start need not read again what nobody touched. Losing it costs only checking all of them again.
//
//     {"kind":"checked","segment":1,"bytes":n,"inode":n,"modified":n,"changed":n,"records":n,"root":…,"check":…}
//
// a line for each segment; where one has several, the last one holds, and a line that is not valid is none. `bytes`,
// `inode`, `modified` and `changed` (nanoseconds since 1970) are those of stat(2); `records` and `root` are those of
// the ledger up to the segment's end. Checked means that every line and every root was computed again, or that the
// process that wrote the segment synced each of its batches and sealed it.
//
// Whatever writes, renames, restores or copies a segment changes one of the four numbers. What changes none of them is
// the rot of a medium: `ledger verify` finds it, and so does a running worker, which reads its segments again in turn.
struct CheckedSegments: Sendable {
    static let fileName = "segments.checked"

    struct Entry: Equatable, Sendable {
        var stamp: FileSystem.Stamp
        var records: UInt64
        var root: String
    }

    private(set) var entries: [Int: Entry] = [:]
    /// Lines that say nothing, or nothing any more.
    private var idleLines = 0
    private let directory: String
    private let files: FileSystem

    /// Reads what is there; what cannot be read is not there.
    init(_ directory: String, files: FileSystem) {
        (self.directory, self.files) = (directory, files)
        // Without it everything is checked again.
        guard let bytes = try? files.content(Self.path(directory)) else { return }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            guard let (segment, entry) = Self.entry(line) else {
                idleLines += 1
                continue
            }
            if entries.updateValue(entry, forKey: segment) != nil { idleLines += 1 }
        }
        if bytes.last != UInt8(ascii: "\n") { idleLines += 1 }
    }

    private static func path(_ directory: String) -> String { directory + "/" + fileName }

    /// What is known of a segment if it looks as it did then.
    func entry(of segment: Int) throws(LedgerError) -> Entry? {
        guard let entry = entries[segment] else { return nil }
        return try Self.stamp(of: segment, in: directory, files: files) == entry.stamp ? entry : nil
    }

    static func stamp(
        of segment: Int, in directory: String, files: FileSystem
    ) throws(LedgerError) -> FileSystem.Stamp {
        let path = directory + "/" + LedgerFormat.sealedName(segment)
        do throws(FileSystem.Errno) { return try files.stamp(path) } catch { throw .failed("read", path, error) }
    }

    /// Enters a segment that was checked, synced when this returns.
    mutating func enter(_ entry: Entry, of segment: Int) throws(LedgerError) {
        if entries.updateValue(entry, forKey: segment) != nil { idleLines += 1 }
        let path = Self.path(directory)
        do throws(FileSystem.Errno) {
            // A line behind half a line would be none.
            if idleLines > 0 || !files.exists(path) {
                let lines = entries.sorted { $0.key < $1.key }.flatMap { Self.line($0.key, $0.value) }
                try DraftFile.write(lines, path, in: directory, files: files)
                idleLines = 0
                return
            }
            let file = try files.open(path, O_WRONLY | O_APPEND)
            defer { files.close(file) }
            try files.writeAll(file, Self.line(segment, entry))
            try files.dataSync(file)
        } catch { throw .failed("write", path, error) }
    }

    private static func line(_ segment: Int, _ entry: Entry) -> [UInt8] {
        func number(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
        return LedgerFormat.line([
            "kind": "checked", "segment": number(segment), "bytes": number(entry.stamp.bytes),
            "inode": number(entry.stamp.inode), "modified": number(entry.stamp.modified),
            "changed": number(entry.stamp.changed), "records": number(entry.records), "root": .string(entry.root),
        ])
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> (segment: Int, Entry)? {
        guard let value = LedgerFormat.value(line), value["kind"]?.stringValue == "checked",
            let segment = value["segment"]?.intValue, let bytes = value["bytes"]?.intValue,
            let inode = value["inode"]?.intValue.flatMap(UInt64.init(exactly:)),
            let modified = value["modified"]?.intValue, let changed = value["changed"]?.intValue,
            let records = value["records"]?.intValue.flatMap(UInt64.init(exactly:)),
            let root = value["root"]?.stringValue
        else { return nil }
        let stamp = FileSystem.Stamp(
            bytes: bytes, inode: inode, modified: Int64(modified), changed: Int64(changed))
        return (segment, Entry(stamp: stamp, records: records, root: root))
    }
}
