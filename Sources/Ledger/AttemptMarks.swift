public import Detainers
import Glibc

/// Marks of messages that are being decided, so that one which kills its worker is known by name at the next start.
///
/// The file `attempts.jsonl` beside the segments: it is made when a worker starts and removed when it stops in order,
/// so that a start which finds it knows that the last run ended otherwise. Each line carries a check like a segment's:
///
///     {"kind":"attempt","message":"<keyed id>","at":…,"check":…}     synced before the message is decided
///     {"kind":"decided","message":"<keyed id>","at":…,"check":…}     synced before anything else is done with it
///
/// A message whose attempts have no `decided` behind them has ended that many runs within its deciding, which is a
/// matter of a millisecond: whoever is killed by something else is killed elsewhere. No message is held by its content;
/// the id is keyed. Calls block for the disk; one thread owns it.
public struct AttemptMarks: ~Copyable, Sendable {
    /// Lines of a run: two for each message decided with care. Beyond this the file is written anew.
    static let maximumBytes = 1 << 20
    static let fileName = "attempts.jsonl"

    private let files: FileSystem
    private let directory: String
    private var file: Int32
    private var size: Int
    /// Messages with attempts that no decision followed; one or two.
    public private(set) var attempts: [String: Int]
    /// When the first of them was.
    public private(set) var firstAttempts: [String: String]
    /// Whether the last run ended without stopping.
    public let wasUnclean: Bool

    private var path: String { directory + "/" + Self.fileName }

    /// Opens the marks of a worker whose ledger this process has locked.
    public static func open(directory: String) throws(LedgerError) -> AttemptMarks {
        try open(directory: directory, files: FileSystem())
    }

    static func open(directory: String, files: FileSystem) throws(LedgerError) -> AttemptMarks {
        let path = directory + "/" + fileName
        let wasUnclean = files.exists(path)
        var left = Left()
        if wasUnclean {
            do throws(FileSystem.Errno) { left = read(try files.content(path)) } catch {
                throw .failed("read", path, error)
            }
        }
        let started = try start(directory: directory, left, files: files)
        return AttemptMarks(files, directory, started, left, wasUnclean: wasUnclean)
    }

    private init(
        _ files: FileSystem, _ directory: String, _ started: (file: Int32, size: Int), _ left: Left, wasUnclean: Bool
    ) {
        self.files = files
        self.directory = directory
        (file, size) = started
        attempts = left.counts
        firstAttempts = left.first
        self.wasUnclean = wasUnclean
    }

    deinit { files.close(file) }

    /// What an earlier run left.
    private struct Left {
        var counts: [String: Int] = [:]
        var first: [String: String] = [:]
    }

    /// The last line may be torn; it is of a mark that no decision followed yet.
    private static func read(_ bytes: [UInt8]) -> Left {
        var left = Left()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let value = LedgerFormat.value(line), let message = value["message"]?.stringValue else { continue }
            switch value["kind"]?.stringValue {
            case "attempt":
                left.counts[message, default: 0] += 1
                if left.first[message] == nil { left.first[message] = value["at"]?.stringValue }
            case "decided": (left.counts[message], left.first[message]) = (nil, nil)
            default: continue
            }
        }
        return left
    }

    /// Writes the file anew with what still counts, whole or not at all.
    private static func start(
        directory: String, _ left: Left, files: FileSystem
    ) throws(LedgerError) -> (file: Int32, size: Int) {
        let path = directory + "/" + fileName
        var bytes: [UInt8] = []
        for (message, count) in left.counts.sorted(by: { $0.key < $1.key }) {
            var line = [
                JSONMember(name: "kind", value: "attempt"), JSONMember(name: "message", value: .string(message)),
            ]
            if let first = left.first[message] { line.append(JSONMember(name: "at", value: .string(first))) }
            for _ in 0..<count { bytes += LedgerFormat.line(.object(line)) }
        }
        do throws(FileSystem.Errno) {
            let file = try files.open(path + ".new", O_CREAT | O_RDWR | O_TRUNC | O_APPEND)
            do throws(FileSystem.Errno) {
                try files.writeAll(file, bytes)
                try files.dataSync(file)
                try files.rename(path + ".new", path)
                try files.syncDirectory(directory)
            } catch {
                files.close(file)
                throw error
            }
            return (file, bytes.count)
        } catch {
            throw .failed("start", path, error)
        }
    }

    /// Marks that a message is about to be decided; on the disk when this returns.
    public mutating func mark(_ message: String, now: Moment) throws(LedgerError) {
        if size > Self.maximumBytes {
            let left = Left(counts: attempts, first: firstAttempts)
            let (next, length) = try Self.start(directory: directory, left, files: files)
            files.close(file)
            (file, size) = (next, length)
        }
        do throws(LedgerError) { try append("attempt", message, now) } catch {
            // The mark may be there to be read at the next start, and the message was not to blame: take it back.
            // Should that fail too, the mark counts for an attempt that was none, of three.
            if error.code == .syncFailed { try? write("decided", message, now) }
            throw error
        }
        attempts[message, default: 0] += 1
        if firstAttempts[message] == nil { firstAttempts[message] = now.text }
    }

    /// Takes a message's marks back: it was decided, or given up on; on the disk when this returns.
    public mutating func clear(_ message: String, now: Moment) throws(LedgerError) {
        try append("decided", message, now)
        (attempts[message], firstAttempts[message]) = (nil, nil)
    }

    /// More than a mark is long, and what file systems give at least.
    private static let reservedBytes = 4_096

    /// Whether a mark could be written now: room for it can be reserved.
    ///
    /// - Throws: what ``mark(_:now:)`` would.
    public func probe() throws(LedgerError) {
        do throws(FileSystem.Errno) { try files.reserve(file, size, Self.reservedBytes) } catch {
            // A file system that cannot reserve meets a full disk in the write itself.
            if error.number != EOPNOTSUPP { throw .failed("reserve room in", path, error) }
        }
    }

    private mutating func append(_ kind: String, _ message: String, _ now: Moment) throws(LedgerError) {
        try write(kind, message, now)
        do throws(FileSystem.Errno) { try files.dataSync(file) } catch {
            throw LedgerError(
                code: .syncFailed, message: "cannot sync `\(path)`: \(error.text): start again to recover")
        }
    }

    private mutating func write(_ kind: String, _ message: String, _ now: Moment) throws(LedgerError) {
        let line = LedgerFormat.line(
            ["kind": .string(kind), "message": .string(message), "at": .string(now.text)])
        do throws(FileSystem.Errno) { try files.writeAll(file, line) } catch {
            // A torn line is no line; cut back so that the next one begins at its beginning.
            do throws(FileSystem.Errno) { try files.truncate(file, size) } catch {
                throw .failed("cut back", path, error)
            }
            throw .failed("write", path, error)
        }
        size += line.count
    }

    /// Ends the run in order: the next start finds nothing.
    public consuming func close() throws(LedgerError) {
        do throws(FileSystem.Errno) {
            try files.remove(path)
            try files.syncDirectory(directory)
        } catch {
            throw .failed("remove", path, error)
        }
    }
}
