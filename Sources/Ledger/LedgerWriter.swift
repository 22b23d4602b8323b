public import Detainers
import Glibc

/// Sizes of a ledger's files.
public struct LedgerConfiguration: Sendable {
    /// A segment is sealed when it has grown to this; it bounds what recovery copies and what readers of a live ledger
    /// read for want of an index, each a fraction of a second.
    public var segmentBytes = 16 << 20
    /// Room is reserved in these steps, so that a full disk is met before a batch is written and not inside a sync.
    public var reserveBytes = 1 << 20
    /// What checkpoints are signed with; without it none is.
    public var signingKey: LedgerSigningKey?

    public init() {}
}

/// A batch that is on the disk.
public struct Commit: Sendable, Equatable {
    public var firstIndex: UInt64
    public var count: Int
    /// RFC 6962 root over all records, in base64.
    public var root: String
    public var logID: String
    /// The number of the segment that it stands in: a change tells that one was sealed.
    public var segment: Int
    /// Of all segments.
    public var ledgerBytes: Int
    /// Where the line of each record begins in its segment.
    public var offsets: [Int] = []
    /// The segment that was sealed before the batch was written.
    public var sealed: SealedSegment?
}

/// The one writer of a worker's ledger, from opening to closing.
///
/// Calls block for the disk: one thread owns it. What `append` returned for is synced; what it threw for is not part of
/// the ledger. After `.syncFailed`, `.vanished` and write errors other than a full disk it takes nothing more: end the
/// process, and let the next start recover.
public struct LedgerWriter: ~Copyable, Sendable {
    let files: FileSystem
    let configuration: LedgerConfiguration
    let directory: String
    private let lock: Int32
    private var segment: OpenSegment
    private(set) var tree: MerkleTree
    private(set) var announcedThrough: UInt64
    let logID: String
    private var isUnusable = false
    /// Behind the last checkpoint there may be bytes of a batch that failed.
    private var needsCuttingBack = false
    private var signedThrough: UInt64
    /// Of the segments before the open one.
    private var sealedBytes: Int
    private let isContradicted: Bool
    /// Not told yet.
    private var sealed: SealedSegment?

    /// A ledger opened for writing, and what recovery found.
    public struct Opening: ~Copyable {
        public var writer: LedgerWriter
        public let report: RecoveryReport

        public consuming func takeWriter() -> LedgerWriter { writer }
    }

    init(
        files: FileSystem, configuration: LedgerConfiguration, directory: String, lock: Int32,
        recovered: Recovery.Result
    ) {
        self.files = files
        self.configuration = configuration
        self.directory = directory
        self.lock = lock
        self.segment = recovered.segment
        self.tree = recovered.tree
        self.announcedThrough = recovered.report.announcedThrough
        self.logID = recovered.report.logID
        self.signedThrough = recovered.report.signedThrough
        self.sealedBytes = recovered.sealedBytes
        self.isContradicted = recovered.report.contradicted != nil
    }

    deinit {
        if !segment.isSealed { files.close(segment.file) }
        Self.giveUp(lock, files)
    }

    private static func giveUp(_ lock: Int32, _ files: FileSystem) {
        files.unlock(lock)
        files.close(lock)
    }

    /// Opens `<directory>/<worker>/`, makes it where it is missing, and recovers what the last run left.
    ///
    /// - Parameters:
    ///   - prepare: called when the ledger is locked and before it is recovered.
    ///   - record: called with each record of the open segment, in order.
    /// - Throws: `.corrupted` where a sealed segment is damaged or missing; otherwise as ``LedgerError/Code`` says.
    public static func open(
        directory: String, worker: String, configuration: LedgerConfiguration = LedgerConfiguration(), now: Moment,
        prepare: (LedgerReader) throws(LedgerError) -> Void = { _ in },
        record: (StoredRecord) throws(LedgerError) -> Void = { _ in }
    ) throws(LedgerError) -> Opening {
        try open(
            directory: directory, worker: worker, configuration: configuration, now: now, files: FileSystem(),
            prepare: prepare, record: record)
    }

    static func open(
        directory: String, worker: String, configuration: LedgerConfiguration, now: Moment, files: FileSystem,
        prepare: (LedgerReader) throws(LedgerError) -> Void = { _ in },
        record: (StoredRecord) throws(LedgerError) -> Void = { _ in }
    ) throws(LedgerError) -> Opening {
        let path = directory + "/" + worker
        let lock = try makeAndLock(directory: directory, path: path, files: files)
        do throws(LedgerError) {
            let reader = try LedgerReader(directory: path, files: files)
            // Nothing is written where more was: it would take the numbers of what is missing.
            if let lost = try LostSegment.find(reader) {
                throw LedgerError(code: .corrupted, message: lost.message)
            }
            try prepare(reader)
            let recovered = try Recovery(directory: path, files: files, now: now).run(record)
            let writer = LedgerWriter(
                files: files, configuration: configuration, directory: path, lock: lock, recovered: recovered)
            return Opening(writer: writer, report: recovered.report)
        } catch {
            giveUp(lock, files)
            throw error
        }
    }

    private static func makeAndLock(
        directory: String, path: String, files: FileSystem
    ) throws(LedgerError) -> Int32 {
        var step = path
        do throws(FileSystem.Errno) {
            var above = directory.hasPrefix("/") ? "/" : "."
            for part in path.split(separator: "/") {
                step = above == "/" ? "/" + part : above + "/" + part
                if !files.exists(step) {
                    try files.makeDirectory(step)
                    try files.syncDirectory(above)
                }
                above = step
            }
            step = path + "/lock"
            let lock = try files.open(step, O_CREAT | O_RDWR)
            do throws(FileSystem.Errno) {
                try files.lock(lock)
                return lock
            } catch {
                files.close(lock)
                throw error
            }
        } catch {
            if error.number == EWOULDBLOCK {
                throw LedgerError(
                    code: .locked,
                    message: "another process writes `\(path)`: stop it, or give this worker another name")
            }
            throw .failed("open", step, error)
        }
    }

    /// Writes the records and a checkpoint and syncs them: one write, one `fdatasync`.
    ///
    /// - Parameter announcedThrough: how many records from the first on are announced.
    public mutating func append(
        _ records: [JSONValue], announcedThrough: UInt64, now: Moment
    ) throws(LedgerError) -> Commit {
        try append(objects: records.map { $0.serialized() }, announcedThrough: announcedThrough, now: now)
    }

    /// ``append(_:announcedThrough:now:)`` of records that are serialized already, each one object without its check.
    public mutating func append(
        objects records: [[UInt8]], announcedThrough: UInt64, now: Moment
    ) throws(LedgerError) -> Commit {
        if isUnusable {
            throw LedgerError(code: .unusable, message: "`\(segment.path)` met an error before: start again to recover")
        }
        let firstIndex = tree.count
        let announced = max(self.announcedThrough, announcedThrough)
        if records.isEmpty, announced == self.announcedThrough { return commit(firstIndex, 0) }
        try openSegment()
        var grown = tree
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.reduce(256) { $0 + $1.count + LedgerFormat.checkBytes + 1 })
        var offsets: [Int] = []
        offsets.reserveCapacity(records.count)
        for record in records {
            let start = bytes.count
            LedgerFormat.appendLine(record, to: &bytes)
            guard bytes.count - start <= LedgerFormat.maximumLineBytes else {
                throw LedgerError(code: .inputOutput, message: "a record is longer than a line of a segment may be")
            }
            grown.append(bytes[start..<bytes.count - 1])
            offsets.append(segment.size + start)
        }
        bytes += LedgerFormat.line(
            LedgerFormat.checkpoint(records: grown.count, root: grown.root, announcedThrough: announced, at: now))
        try write(bytes)
        tree = grown
        self.announcedThrough = announced
        segment.announcedThrough = max(segment.announcedThrough, announced)
        return commit(firstIndex, records.count, offsets)
    }

    /// Whether a batch could be written now: the segment that takes it is open, where it was made, and room can be
    /// reserved behind it. One that is full is sealed for that, and the next one started, as the batch would.
    ///
    /// - Throws: what ``append(_:announcedThrough:now:)`` would; after `.notWritable` it may be called again.
    public mutating func probe() throws(LedgerError) {
        if isUnusable {
            throw LedgerError(code: .unusable, message: "`\(segment.path)` met an error before: start again to recover")
        }
        try openSegment()
        do throws(FileSystem.Errno) {
            // Blocks that are reserved already cost nothing to reserve again.
            try files.reserve(segment.file, segment.size, configuration.reserveBytes)
        } catch {
            // A file system that cannot reserve meets a full disk in the write itself.
            if error.number != EOPNOTSUPP { throw .failed("reserve room in", segment.path, error) }
        }
    }

    private mutating func commit(_ firstIndex: UInt64, _ count: Int, _ offsets: [Int] = []) -> Commit {
        defer { sealed = nil }
        return Commit(
            firstIndex: firstIndex, count: count, root: tree.root, logID: logID, segment: segment.number,
            ledgerBytes: sealedBytes + segment.size, offsets: offsets, sealed: sealed)
    }

    private mutating func write(_ bytes: [UInt8]) throws(LedgerError) {
        do throws(FileSystem.Errno) {
            if needsCuttingBack { try files.truncate(segment.file, segment.size) }
            needsCuttingBack = false
            try segment.reserve(bytes.count, step: configuration.reserveBytes, files)
            try files.writeAll(segment.file, bytes)
        } catch {
            let failure = LedgerError.failed("write", segment.path, error)
            if failure.code != .notWritable { isUnusable = true }
            // What was reserved behind it goes with it, and is asked for again.
            segment.reserved = segment.size
            do throws(FileSystem.Errno) { try files.truncate(segment.file, segment.size) } catch {
                // On a file system that turned read-only nothing can be cut back either: the next batch does it first.
                needsCuttingBack = true
                if !error.mayPass, !isUnusable {
                    isUnusable = true
                    throw .failed("cut back", segment.path, error)
                }
            }
            throw failure
        }
        do throws(FileSystem.Errno) { try files.dataSync(segment.file) } catch {
            isUnusable = true
            throw LedgerError(
                code: .syncFailed, message: "cannot sync `\(segment.path)`: \(error.text): start again to recover")
        }
        segment.size += bytes.count
    }

    /// Seals the segment where it is full, and starts the next one where it is sealed.
    ///
    /// One seal a commit: the next commit tells of it, and of no other.
    private mutating func openSegment() throws(LedgerError) {
        if !segment.isSealed {
            try checkThatSegmentIsThere()
            if segment.size >= configuration.segmentBytes, sealed == nil { try seal() }
        }
        if segment.isSealed { try startNextSegment() }
    }

    private mutating func checkThatSegmentIsThere() throws(LedgerError) {
        do throws(FileSystem.Errno) {
            if try files.identity(segment.path) == files.identityOfFile(segment.file) { return }
        } catch {
            // The path leads nowhere: told below.
        }
        isUnusable = true
        throw LedgerError(
            code: .vanished, message: "`\(segment.path)` is no longer the file that was opened: is its volume mounted?")
    }

    /// Seals the open segment, which ends in a synced checkpoint.
    private mutating func seal() throws(LedgerError) {
        let sealed = directory + "/" + LedgerFormat.sealedName(segment.number)
        do throws(FileSystem.Errno) {
            // What was reserved and not needed is given back, and so is what a failed batch left.
            try files.truncate(segment.file, segment.size)
            segment.reserved = segment.size
        } catch {
            if !error.mayPass { isUnusable = true }
            throw .failed("seal", segment.path, error)
        }
        do throws(FileSystem.Errno) { try files.dataSync(segment.file) } catch {
            isUnusable = true
            throw LedgerError(
                code: .syncFailed, message: "cannot sync `\(segment.path)`: \(error.text): start again to recover")
        }
        do throws(FileSystem.Errno) { try files.rename(segment.path, sealed) } catch {
            if !error.mayPass { isUnusable = true }
            throw .failed("seal", segment.path, error)
        }
        do throws(FileSystem.Errno) { try files.syncDirectory(directory) } catch {
            isUnusable = true
            throw LedgerError(
                code: .syncFailed, message: "cannot sync `\(directory)`: \(error.text): start again to recover")
        }
        files.close(segment.file)
        segment.isSealed = true
        self.sealed = SealedSegment(
            number: segment.number, bytes: segment.size, logID: logID, tree: tree,
            announcedThrough: segment.announcedThrough)
    }

    /// Starts the segment after the sealed one; where the disk is full, the next batch tries again.
    private mutating func startNextSegment() throws(LedgerError) {
        let number = segment.number + 1
        let sealed = segment.size
        let header = LedgerFormat.header(logID: logID, segment: number, firstRecord: tree.count, root: tree.root)
        do throws(LedgerError) {
            var draft = try OpenSegment.Draft(directory: directory, number: number, files: files)
            try draft.write(LedgerFormat.line(header))
            segment = try draft.finish(announcedThrough: segment.announcedThrough)
            sealedBytes += sealed
        } catch {
            if error.code != .notWritable { isUnusable = true }
            throw error
        }
    }

    /// Records that no signed checkpoint covers yet, where there is a key and nothing was signed that they contradict.
    public var hasUnsignedRecords: Bool {
        configuration.signingKey != nil && !isContradicted && tree.count > signedThrough
    }

    /// Signs what is synced and puts the checkpoint into a file of its own, synced when this returns.
    ///
    /// Does nothing without ``hasUnsignedRecords``. After `.notWritable` it may be called again.
    public mutating func signCheckpoint() throws(LedgerError) {
        guard hasUnsignedRecords, let key = configuration.signingKey else { return }
        let head = TreeHead(origin: key.origin(logID: logID), size: tree.count, rootHash: tree.rootHash)
        let note: String
        do throws(NoteError) { note = try key.sign(head) } catch {
            throw LedgerError(code: .inputOutput, message: error.description)
        }
        _ = try keep(
            Array(note.utf8), folder: SignedCheckpoints.folder, name: SignedCheckpoints.fileName(size: head.size))
        signedThrough = head.size
    }

    /// Keeps the text of a policy under its digest.
    public mutating func keepPolicy(digest: String, text: String) throws(LedgerError) {
        _ = try keep(Array(text.utf8), folder: PolicyTexts.folder, name: PolicyTexts.fileName(digest: digest))
    }

    /// Keeps what does not belong into a line in a file of its own, synced when this returns; one that is there with
    /// other content is damaged, and is replaced.
    ///
    /// - Returns: whether it was written.
    public mutating func keep(_ bytes: [UInt8], folder: String, name: String) throws(LedgerError) -> Bool {
        // One that cannot be read has to be written as well.
        let found = try? files.content(directory + "/" + folder + "/" + name)
        if found == bytes { return false }
        try put(bytes, folder: folder, name: name)
        return true
    }

    private func put(_ bytes: [UInt8], folder: String, name: String) throws(LedgerError) {
        let folder = directory + "/" + folder
        let path = folder + "/" + name
        do throws(FileSystem.Errno) {
            try files.makeDirectory(folder)
            try files.syncDirectory(directory)
            let draft = path + ".new"
            let file = try files.open(draft, O_CREAT | O_WRONLY | O_TRUNC)
            defer { files.close(file) }
            try files.writeAll(file, bytes)
            try files.dataSync(file)
            try files.rename(draft, path)
            try files.syncDirectory(folder)
        } catch {
            throw .failed("keep", path, error)
        }
    }

    /// Gives up the lock. Everything that was appended is synced already.
    public consuming func close() {}
}
