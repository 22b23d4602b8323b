import Glibc

/// A file that is written under a name of its own and then takes its place, whole or not at all.
struct DraftFile: ~Copyable {
    /// Written together, so that small pieces cost no system call each.
    private static let bufferBytes = 256 << 10

    private let files: FileSystem
    private let path: String
    private let draft: String
    private let file: Int32
    private var buffer: [UInt8] = []
    private var isTaken = false
    /// Bytes so far.
    private(set) var count = 0

    /// - Parameter suffix: what the draft is called behind its name; one of its own for each process where several may
    ///   make the same file at once.
    init(
        _ path: String, suffix: String = ".\(getpid()).new", flags: Int32 = 0, files: FileSystem
    ) throws(FileSystem.Errno) {
        self.files = files
        self.path = path
        draft = path + suffix
        file = try files.open(draft, O_CREAT | O_RDWR | O_TRUNC | flags)
    }

    deinit {
        if isTaken { return }
        files.close(file)
        // What cannot be removed now is removed when the next one of its name is made, or its ledger opened.
        try? files.remove(draft)
    }

    mutating func write(_ bytes: some Collection<UInt8>) throws(FileSystem.Errno) {
        buffer += bytes
        count += bytes.count
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Reads what was written; fewer bytes where there are not so many.
    mutating func read(_ offset: Int, _ count: Int) throws(FileSystem.Errno) -> [UInt8] {
        if offset + count > self.count - buffer.count { try flush() }
        return try files.wholeAt(file, offset, count)
    }

    private mutating func flush() throws(FileSystem.Errno) {
        try files.writeAll(file, buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Syncs it and puts it in its place; returns with the directory synced.
    ///
    /// - Returns: the file, still open; its new owner closes it.
    consuming func take(_ directory: String) throws(FileSystem.Errno) -> Int32 {
        try flush()
        try files.dataSync(file)
        try files.rename(draft, path)
        try files.syncDirectory(directory)
        isTaken = true
        return file
    }

    /// The same, and closes it.
    consuming func finish(_ directory: String) throws(FileSystem.Errno) {
        let files = self.files
        files.close(try take(directory))
    }

    /// Writes a whole file in one go.
    static func write(
        _ bytes: [UInt8], _ path: String, in directory: String, files: FileSystem
    ) throws(FileSystem.Errno) {
        var draft = try DraftFile(path, files: files)
        try draft.write(bytes)
        try draft.finish(directory)
    }
}
