import Foundation
import Glibc

/// The signed checkpoints beside a ledger's segments.
enum SignedCheckpoints {
    static let folder = "checkpoints"
    static let suffix = ".txt"

    struct File {
        var path: String
        var note: String
    }

    /// Names sort by size up to a million million records.
    static func fileName(size: UInt64) -> String {
        let digits = String(size)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + suffix
    }

    /// All of them, by the number of records they cover.
    static func read(_ directory: String, files: FileSystem) throws(LedgerError) -> [File] {
        var all: [File] = []
        for name in try names(directory, files: files) { all.append(try file(directory, name, files: files)) }
        return all
    }

    /// What the newest of those that can be read says, whoever signed it; `nil` where there is none.
    static func newest(_ directory: String, files: FileSystem) throws(LedgerError) -> TreeHead? {
        for name in try names(directory, files: files).reversed() {
            let note = try file(directory, name, files: files).note
            // A damaged one is told by `verify`; what a worker needs is what it signed last.
            if let head = try? SignedNote.parts(note).head { return head }
        }
        return nil
    }

    private static func names(_ directory: String, files: FileSystem) throws(LedgerError) -> [String] {
        let path = directory + "/" + folder
        guard files.exists(path) else { return [] }
        do throws(FileSystem.Errno) {
            return try files.names(path).filter { $0.hasSuffix(suffix) }
                .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
        } catch { throw .failed("list", path, error) }
    }

    private static func file(_ directory: String, _ name: String, files: FileSystem) throws(LedgerError) -> File {
        let path = directory + "/" + folder + "/" + name
        do throws(FileSystem.Errno) {
            return File(path: path, note: String(decoding: try files.content(path), as: UTF8.self))
        } catch { throw .failed("read", path, error) }
    }

    /// What checkpoints claim, to be compared with the records.
    struct Heads {
        private var claims: [(source: String, head: TreeHead)] = []
        private var unreadable: [String] = []
        /// Checkpoints of the ledger itself that could be read and, with a key, are signed by it.
        private(set) var signed = 0

        init(_ files: [File], key: LedgerPublicKey?) {
            for file in files {
                do throws(NoteError) {
                    let head: TreeHead
                    if let key { head = try key.open(file.note) } else { head = try SignedNote.parts(file.note).head }
                    claims.append((file.path, head))
                    signed += 1
                } catch {
                    unreadable.append("`\(file.path)`: \(error.description)")
                }
            }
        }

        mutating func add(_ earlier: [TreeHead]) {
            claims += earlier.map { ("the earlier checkpoint", $0) }
        }

        var sizes: Set<UInt64> { Set(claims.map(\.head.size)) }

        func problems(roots: [UInt64: [UInt8]], logID: String) -> [String] {
            unreadable
                + claims.compactMap { claim in
                    let (source, head) = (claim.source, claim.head)
                    let place = source.hasPrefix("/") || source.contains("/") ? "`\(source)`" : source
                    if !head.isOf(logID: logID) { return "\(place) is the checkpoint of another ledger" }
                    guard let root = roots[head.size] else {
                        return "\(place) covers \(head.size) records and the ledger has fewer: it was cut short"
                    }
                    return root == head.rootHash
                        ? nil : "\(place): the first \(head.size) records are not those that were signed"
                }
        }
    }
}
