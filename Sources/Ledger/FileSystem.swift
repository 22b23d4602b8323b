import CFileSystem
import Glibc

/// The system calls that the ledger makes, one function each; a value, so that tests can make the Nth one fail.
///
/// Each throws the call's errno. EINTR is retried here, but for `fdatasync` and `fsync`: a failed sync is never
/// retried.
struct FileSystem: Sendable {
    struct Errno: Error, Equatable {
        var number: Int32
        var text: String { unsafe String(cString: strerror(number)) }
        /// Whether a person can make it go away without the process having to start again.
        var mayPass: Bool { [ENOSPC, EDQUOT, EROFS, EACCES, EPERM].contains(number) }
    }

    struct Identity: Equatable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    /// What a file looked like: whatever writes, renames, restores or copies it changes one of these.
    struct Stamp: Equatable, Sendable {
        var bytes: Int
        var inode: UInt64
        /// Of its bytes, in nanoseconds since 1970.
        var modified: Int64
        /// Of its bytes, its names or its rights.
        var changed: Int64
    }

    /// open(2); new files are 0600.
    var open: @Sendable (_ path: String, _ flags: Int32) throws(Errno) -> Int32 = { path, flags throws(Errno) in
        try Self.retrying { unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600) }
    }
    /// write(2): may write less than asked.
    var write: @Sendable (_ file: Int32, _ bytes: ArraySlice<UInt8>) throws(Errno) -> Int = {
        file, bytes throws(Errno) in
        try Self.retrying {
            unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, min($0.count, 1 << 30)) }
        }
    }
    /// read(2)
    var read: @Sendable (_ file: Int32, _ count: Int) throws(Errno) -> [UInt8] = { file, count throws(Errno) in
        try unsafe Self.filled(count) { unsafe Glibc.read(file, $0.baseAddress, count) }
    }
    /// pread(2): may read less than asked.
    var readAt: @Sendable (_ file: Int32, _ offset: Int, _ count: Int) throws(Errno) -> [UInt8] = {
        file, offset, count throws(Errno) in
        try unsafe Self.filled(count) { unsafe pread(file, $0.baseAddress, count, off_t(offset)) }
    }
    /// fdatasync(2)
    var dataSync: @Sendable (_ file: Int32) throws(Errno) -> Void = { file throws(Errno) in
        if fdatasync(file) != 0 { throw Errno(number: errno) }
    }
    /// fsync(2), for directories.
    var sync: @Sendable (_ file: Int32) throws(Errno) -> Void = { file throws(Errno) in
        if fsync(file) != 0 { throw Errno(number: errno) }
    }
    /// fallocate(2), keeping the size.
    var reserve: @Sendable (_ file: Int32, _ offset: Int, _ length: Int) throws(Errno) -> Void = {
        file, offset, length throws(Errno) in
        _ = try Self.retrying { detainer_reserve(file, off_t(offset), off_t(length)) }
    }
    /// ftruncate(2)
    var truncate: @Sendable (_ file: Int32, _ length: Int) throws(Errno) -> Void = { file, length throws(Errno) in
        _ = try Self.retrying { ftruncate(file, off_t(length)) }
    }
    /// rename(2)
    var rename: @Sendable (_ from: String, _ to: String) throws(Errno) -> Void = { from, to throws(Errno) in
        _ = try Self.retrying { unsafe Glibc.rename(from, to) }
    }
    /// unlink(2)
    var remove: @Sendable (_ path: String) throws(Errno) -> Void = { path throws(Errno) in
        _ = try Self.retrying { unsafe unlink(path) }
    }
    /// mkdir(2), 0700; one that is there already is fine.
    var makeDirectory: @Sendable (_ path: String) throws(Errno) -> Void = { path throws(Errno) in
        do throws(Errno) { _ = try Self.retrying { unsafe mkdir(path, 0o700) } } catch {
            if error.number != EEXIST { throw error }
        }
    }
    /// stat(2)
    var identity: @Sendable (_ path: String) throws(Errno) -> Identity = { path throws(Errno) in
        var status = stat()
        _ = try Self.retrying { unsafe stat(path, &status) }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
    /// stat(2): how long a file is.
    var size: @Sendable (_ path: String) throws(Errno) -> Int = { path throws(Errno) in
        var status = stat()
        _ = try Self.retrying { unsafe stat(path, &status) }
        return Int(status.st_size)
    }
    /// stat(2)
    var stamp: @Sendable (_ path: String) throws(Errno) -> Stamp = { path throws(Errno) in
        var status = stat()
        _ = try Self.retrying { unsafe stat(path, &status) }
        func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }
        return Stamp(
            bytes: Int(status.st_size), inode: UInt64(status.st_ino), modified: nanoseconds(status.st_mtim),
            changed: nanoseconds(status.st_ctim))
    }
    /// What a path leads to.
    enum Kind: Sendable { case file, directory, other }

    /// stat(2)
    var kind: @Sendable (_ path: String) throws(Errno) -> Kind = { path throws(Errno) in
        var status = stat()
        _ = try Self.retrying { unsafe stat(path, &status) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        default: return .other
        }
    }
    /// fstat(2)
    var identityOfFile: @Sendable (_ file: Int32) throws(Errno) -> Identity = { file throws(Errno) in
        var status = stat()
        _ = try Self.retrying { unsafe fstat(file, &status) }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// flock(2), exclusive, without waiting.
    var lock: @Sendable (_ file: Int32) throws(Errno) -> Void = { file throws(Errno) in
        _ = try Self.retrying { flock(file, LOCK_EX | LOCK_NB) }
    }
    /// flock(2): gives the lock up even where a process that is being started still holds a copy of the descriptor.
    var unlock: @Sendable (_ file: Int32) -> Void = { file in _ = flock(file, LOCK_UN) }
    /// close(2): after a sync there is nothing left that it could tell.
    var close: @Sendable (_ file: Int32) -> Void = { file in _ = Glibc.close(file) }
    /// access(2)
    var exists: @Sendable (_ path: String) -> Bool = { path in unsafe access(path, F_OK) == 0 }
    /// readdir(3), sorted; all of them, or none.
    var names: @Sendable (_ directory: String) throws(Errno) -> [String] = { directory throws(Errno) in
        guard let handle = unsafe opendir(directory) else { throw Errno(number: errno) }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while true {
            // Only this number tells the end of a listing from a call that failed: either way there is no entry.
            errno = 0
            guard let entry = unsafe readdir(handle) else {
                if errno == 0 { break }
                if errno == EINTR { continue }
                throw Errno(number: errno)
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Writes all of it, however short each write is.
    func writeAll(_ file: Int32, _ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try write(file, rest)
            // A write that takes nothing and names no reason would be tried for ever.
            if count == 0 { throw Errno(number: EIO) }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads so many bytes at an offset, however short each read is; fewer where the file ends before.
    func wholeAt(_ file: Int32, _ offset: Int, _ count: Int) throws(Errno) -> [UInt8] {
        var bytes = try readAt(file, offset, count)
        while bytes.count < count {
            let more = try readAt(file, offset + bytes.count, count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// getrlimit(2): how many files the process may have open at once.
    static var openFileLimit: Int {
        var limit = rlimit()
        // It fails for no resource that there is.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }

    func syncDirectory(_ path: String) throws(Errno) {
        let file = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(file) }
        try sync(file)
    }

    /// Reads the beginning of a file.
    func start(_ path: String, atMost count: Int) throws(Errno) -> [UInt8] {
        let file = try open(path, O_RDONLY)
        defer { close(file) }
        return try read(file, count)
    }

    /// Reads a whole file; segments are bounded by their configured size.
    func content(_ path: String) throws(Errno) -> [UInt8] {
        let file = try open(path, O_RDONLY)
        defer { close(file) }
        var bytes: [UInt8] = []
        while true {
            let part = try read(file, 1 << 20)
            if part.isEmpty { return bytes }
            bytes += part
        }
    }

    /// What a call put into room that nobody cleared first: a part of a segment is a megabyte.
    private static func filled(
        _ count: Int, _ call: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(Errno) { filled = try Self.retrying { unsafe call(buffer) } } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(Errno) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { throw Errno(number: errno) }
        }
    }
}

extension LedgerError {
    /// What a failed system call means for the ledger.
    static func failed(_ what: String, _ path: String, _ errno: FileSystem.Errno) -> LedgerError {
        let advice =
            switch errno.number {
            case ENOSPC, EDQUOT: ": free some room"
            case EROFS, EACCES, EPERM: ": make it writable for the worker's user"
            default: ""
            }
        return LedgerError(
            code: errno.mayPass ? .notWritable : .inputOutput,
            message: "cannot \(what) `\(path)`: \(errno.text)\(advice)")
    }
}
