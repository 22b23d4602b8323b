import Detainers
import Glibc

/// The segment that is written to.
struct OpenSegment: Sendable {
    var number: Int
    var path: String
    var file: Int32
    /// Bytes up to the end of the last checkpoint.
    var size: Int
    var reserved: Int
    /// The highest that a checkpoint tells, up to its last one.
    var announcedThrough: UInt64
    /// Its file is closed and the next segment is not there yet.
    var isSealed = false

    /// A new file, which is synced and put in the segment's place, whole or not at all.
    struct Draft: ~Copyable {
        private let directory: String
        private let number: Int
        private let path: String
        private var file: DraftFile

        init(directory: String, number: Int, files: FileSystem) throws(LedgerError) {
            (self.directory, self.number) = (directory, number)
            path = directory + "/" + LedgerFormat.openName(number)
            file = try Self.begin(path, files)
        }

        private static func begin(_ path: String, _ files: FileSystem) throws(LedgerError) -> DraftFile {
            do throws(FileSystem.Errno) {
                return try DraftFile(path, suffix: ".new", flags: O_APPEND, files: files)
            } catch { throw .failed("start", path, error) }
        }

        /// Bytes so far.
        var count: Int { file.count }

        mutating func write(_ line: some Collection<UInt8>) throws(LedgerError) {
            do throws(FileSystem.Errno) { try file.write(line) } catch { throw .failed("start", path, error) }
        }

        consuming func finish(announcedThrough: UInt64) throws(LedgerError) -> OpenSegment {
            let (directory, number, path, size) = (directory, number, path, file.count)
            do throws(FileSystem.Errno) {
                return OpenSegment(
                    number: number, path: path, file: try file.take(directory), size: size, reserved: size,
                    announcedThrough: announcedThrough)
            } catch { throw .failed("start", path, error) }
        }
    }

    mutating func reserve(_ count: Int, step: Int, _ files: FileSystem) throws(FileSystem.Errno) {
        if size + count <= reserved { return }
        let length = (count / step + 1) * step
        do throws(FileSystem.Errno) {
            try files.reserve(file, size, length)
            reserved = size + length
        } catch {
            // A file system that cannot reserve meets a full disk in the write itself.
            if error.number != EOPNOTSUPP { throw error }
        }
    }
}
