public import Detainers
import Glibc

/// A record as it stands in a segment.
public struct StoredRecord: Sendable {
    public var index: UInt64
    public var value: JSONValue
    /// The line without its newline: the leaf of the tree.
    public var line: [UInt8]
    public var file: String
    public var lineNumber: Int
}

/// What verifying a worker's ledger found.
public struct VerifyReport: Sendable, Equatable {
    public var records: UInt64
    public var logID: String
    public var root: String
    public var announcedThrough: UInt64
    /// One sentence each, with file and line; empty when all is well.
    public var problems: [String]
}

/// Reads a worker's ledger while it may be written to: up to the last checkpoint.
///
/// Memory is bounded by the size of one segment.
public struct LedgerReader: Sendable {
    public let directory: String
    private let files: FileSystem

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

    /// The directories of the workers below a ledger's directory, or that directory itself where it is a worker's.
    public static func workerDirectories(under ledger: String) throws(LedgerError) -> [String] {
        let files = FileSystem()
        do throws(FileSystem.Errno) {
            let names = try files.names(ledger)
            if names.contains("lock") { return [ledger] }
            return names.map { ledger + "/" + $0 }.filter { files.exists($0 + "/lock") }
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR {
                throw LedgerError(code: .missing, message: "there is no ledger in `\(ledger)`")
            }
            throw .failed("list", ledger, error)
        }
    }

    /// Every record from that index on, in order.
    ///
    /// - Throws: `.corrupted` with file and line at the first line that is not as it was written, and what `body`
    ///   throws.
    public func records(from index: UInt64 = 0, _ body: (StoredRecord) throws -> Void) throws {
        var failure: (any Error)?
        do throws(LedgerError) {
            _ = try scan { record throws(LedgerError) in
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

    public func logID() throws(LedgerError) -> String {
        try scan { _ in }.logID ?? ""
    }

    /// Computes every check and every root again.
    public func verify() throws(LedgerError) -> VerifyReport {
        do throws(LedgerError) {
            let scan = try scan { _ in }
            return VerifyReport(
                records: scan.tree.count, logID: scan.logID ?? "", root: scan.tree.root,
                announcedThrough: scan.announcedThrough, problems: [])
        } catch {
            guard error.code == .corrupted else { throw error }
            return VerifyReport(records: 0, logID: "", root: "", announcedThrough: 0, problems: [error.message])
        }
    }

    private func scan(_ record: (StoredRecord) throws(LedgerError) -> Void) throws(LedgerError) -> SegmentScan {
        var scan = SegmentScan()
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
            let path = directory + "/" + segment.name
            if segment.isOpen {
                try scan.open(try open(segment.number), path: path, number: segment.number, record: record)
            } else {
                try scan.sealed(try content(path), path: path, number: segment.number, record: record)
            }
        }
        return scan
    }

    private func content(_ path: String) throws(LedgerError) -> [UInt8] {
        do throws(FileSystem.Errno) { return try files.content(path) } catch { throw .failed("read", path, error) }
    }

    /// The open segment, which its writer may have sealed since the directory was listed.
    private func open(_ number: Int) throws(LedgerError) -> [UInt8] {
        let path = directory + "/" + LedgerFormat.openName(number)
        do throws(FileSystem.Errno) { return try files.content(path) } catch {
            if error.number == ENOENT { return try content(directory + "/" + LedgerFormat.sealedName(number)) }
            throw .failed("read", path, error)
        }
    }
}
