import Glibc

extension LedgerReader {
    /// The directories of the workers and of the stores below a ledger's directory, and that directory itself where it
    /// is one; none where nobody has written yet.
    ///
    /// One has a lock, a segment, or what lies beside segments: whatever of them is lost, the rest is not overlooked.
    /// The ledger's directory is one itself where segments lie in it, or where it has such files and none is below it.
    public static func directories(under ledger: String) throws(LedgerError) -> [String] {
        let files = FileSystem()
        do throws(FileSystem.Errno) {
            let names = try files.names(ledger)
            var workers: [String] = []
            for name in names {
                let path = ledger + "/" + name
                guard let found = try namesInside(path, name, files) else { continue }
                var isLedger = try holdsSegments(path, found, files)
                if !isLedger { isLedger = try isMarked(path, found, files) }
                if isLedger { workers.append(path) }
            }
            var isOwn = try holdsSegments(ledger, names, files)
            if !isOwn, workers.isEmpty { isOwn = try isMarked(ledger, names, files) }
            return isOwn ? [ledger] + workers : workers
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR { throw missing(ledger) }
            throw .failed("list", ledger, error)
        }
    }

    /// ``directories(under:)``, for whoever counts: where no ledger of a worker is, nothing is known, which is not
    /// the same as zero.
    ///
    /// - Throws: `.missing` where there is none, or stores alone in which no outcome is.
    public static func directories(counting ledger: String) throws(LedgerError) -> [String] {
        let found = try directories(under: ledger)
        if found.allSatisfy({ LedgerStore($0, below: ledger)?.holdsOutcomes == false }) { throw missing(ledger) }
        return found
    }

    /// The workers' alone of ``directories(under:)``: what an aggregator's count is compared with, and no part of it.
    ///
    /// - Throws: `.missing` where there is none.
    public static func directories(ofWorkers ledger: String) throws(LedgerError) -> [String] {
        let found = try directories(under: ledger).filter { LedgerStore(named: $0) == nil }
        if found.isEmpty { throw missing(ledger) }
        return found
    }

    /// The aggregator's alone below its folder, or that directory itself.
    ///
    /// - Throws: `.missing` where there is none.
    public static func directory(ofAggregator folder: String) throws(LedgerError) -> String {
        // A directory itself comes before those below it.
        let found = try directories(under: folder).last { LedgerStore(named: $0) == .aggregate }
        guard let found else {
            throw LedgerError(
                code: .missing,
                message: "there is no aggregator's count in `\(folder)`: is its volume mounted, and is it the folder "
                    + "of `report follow --into`?")
        }
        return found
    }

    private static func missing(_ ledger: String) -> LedgerError {
        LedgerError(
            code: .missing,
            message: "there is no ledger in `\(ledger)`: is its volume mounted, and is it the `ledger.directory` of "
                + "the workers?")
    }

    /// - Returns: `nil` where that is no directory, or none of ours.
    private static func namesInside(
        _ path: String, _ name: String, _ files: FileSystem
    ) throws(FileSystem.Errno) -> [String]? {
        do throws(FileSystem.Errno) { return try files.names(path) } catch {
            switch error.number {
            case ENOTDIR, ENOENT: return nil
            // No worker is called like this: a volume's own folders are for root alone.
            case EACCES where name == "lost+found" || name.hasPrefix("."): return nil
            default: throw error
            }
        }
    }

    private static func holdsSegments(
        _ directory: String, _ names: [String], _ files: FileSystem
    ) throws(FileSystem.Errno) -> Bool {
        for segment in LedgerFormat.segments(in: names) {
            if try isThere(directory + "/" + segment.name, as: .file, files) { return true }
            // Sealed under another name since it was listed.
            let sealed = directory + "/" + LedgerFormat.sealedName(segment.number)
            if segment.isOpen, try isThere(sealed, as: .file, files) { return true }
        }
        return false
    }

    /// Whether there is what lies beside segments.
    private static func isMarked(
        _ directory: String, _ names: [String], _ files: FileSystem
    ) throws(FileSystem.Errno) -> Bool {
        let marks: [(name: String, kind: FileSystem.Kind)] = [
            ("lock", .file), (CheckedSegments.fileName, .file), (SignedCheckpoints.folder, .directory),
        ]
        for mark in marks where names.contains(mark.name) {
            if try isThere(directory + "/" + mark.name, as: mark.kind, files) { return true }
        }
        return false
    }

    private static func isThere(
        _ path: String, as kind: FileSystem.Kind, _ files: FileSystem
    ) throws(FileSystem.Errno) -> Bool {
        do throws(FileSystem.Errno) { return try files.kind(path) == kind } catch {
            if error.number == ENOENT { return false }
            throw error
        }
    }
}
