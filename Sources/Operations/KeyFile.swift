import AMQPClient
public import Detainers
import Foundation
import Ledger

/// The file that holds a jurisdiction's pseudonym key: one line, made with mode 0600.
public enum KeyFile {
    /// What is wrong with the file; names it, never its content.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String
    }

    /// The disk does not take the file.
    public struct NotWritten: Error, CustomStringConvertible, Sendable {
        let path: String

        public var description: String {
            "key file `\(path)` cannot be made: is its directory one, may you write there, and is there room?"
        }
    }

    /// What was recorded with a pseudonym key: another one in its place links to none of it.
    public enum Use: Sendable {
        case records
        case letters

        var sentence: String {
            switch self {
            case .records:
                "it is not there although workers have recorded: with another key nothing links to what was recorded"
            case .letters:
                "it is not there although letters were kept: with another key the same letter gets another id"
            }
        }

        static let remedy =
            "bring it back from where it is kept; set pseudonym.key-file where that is another place; of a "
            + "jurisdiction that is new here, detainer ledger keygen --pseudonyms NAME makes it"
    }

    /// A pseudonym key is gone that was used.
    public struct Lost: Error, CustomStringConvertible, Sendable {
        let path: String
        let use: Use

        public var description: String { "pseudonym key `\(path)`: \(use.sentence): \(Use.remedy)" }
    }

    /// Reads the key, or makes it where there is no file yet and nothing was recorded with it.
    ///
    /// Made under another name and linked into place, so that of two workers that start together one makes the key and
    /// both read it; on the disk when this returns, before anything is recorded with it.
    ///
    /// - Parameter use: what was recorded with it, if anything was; to be found out before this is called, for whoever
    ///   starts at the same time makes its key before it records.
    /// - Returns: the key, and whether it was made just now.
    /// - Throws: ``Lost`` where it was used and is not there.
    public static func readOrMake(_ path: String, unless use: Use?) throws -> (key: PseudonymKey, isNew: Bool) {
        let files = FileManager.default
        if let use { return (try read(path, of: use), false) }
        if files.fileExists(atPath: path) { return (try read(path), false) }
        try makeDirectory(of: path)
        let draft = path + "." + UUID().uuidString
        defer {
            // A draft left behind is harmless: it is a key that nothing was made with.
            try? files.removeItem(atPath: draft)
        }
        try write(PseudonymKey.generate(), to: draft, mode: 0o600, as: path)
        var isNew = true
        do { try files.linkItem(atPath: draft, toPath: path) } catch {
            guard files.fileExists(atPath: path) else { throw NotWritten(path: path) }
            isNew = false
        }
        try sync(directory(of: path), as: path)
        return (try read(path), isNew)
    }

    /// - Parameter use: what was recorded with it.
    /// - Throws: ``Lost`` where it is not there.
    public static func read(_ path: String, of use: Use) throws -> PseudonymKey {
        guard FileManager.default.fileExists(atPath: path) else { throw Lost(path: path, use: use) }
        return try read(path)
    }

    private static func directory(of path: String) -> String {
        let directory = (path as NSString).deletingLastPathComponent
        return directory.isEmpty ? "." : directory
    }

    private static func makeDirectory(of path: String) throws(NotWritten) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory(of: path), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw NotWritten(path: path) }
    }

    /// - Parameters:
    ///   - mode: what it has in the end; until all of it is there it is closed to others.
    ///   - name: what a person calls the file.
    private static func write(
        _ text: String, to path: String, mode: Int, as name: String
    ) throws(NotWritten) {
        do {
            try OwnerFile.make(Array(text.utf8), at: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        } catch { throw NotWritten(path: name) }
        try sync(path, as: name)
    }

    /// Puts a file's bytes, or a directory's names, on the disk.
    private static func sync(_ path: String, as name: String) throws(NotWritten) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw NotWritten(path: name) }
        do {
            try handle.synchronize()
            try handle.close()
        } catch { throw NotWritten(path: name) }
    }

    public static func read(_ path: String) throws -> PseudonymKey {
        try PseudonymKey(file: Array(try text(path).utf8))
    }

    /// The text of a file that holds a secret.
    ///
    /// - Throws: `Problem` where it cannot be read, or can be read by others.
    public static func text(_ path: String) throws -> String {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw Problem(description: "key file `\(path)` cannot be read: is it there, and may you read it?")
        }
        if isOpenToOthers(path) {
            throw Problem(
                description: "key file `\(path)` can be read by others: \(closing(path, group: readingGroup(path)))")
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// Whether others may read a file, by the rule of ``SecretMode``.
    static func isOpenToOthers(_ path: String) -> Bool {
        // What systemd hands over may be read by the service's own group, through an access list that shows as a mode.
        let isCredential =
            ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"].map { path.hasPrefix($0 + "/") } ?? false
        // A file that cannot be looked at cannot be read here either.
        let attributes = (try? FileTarget.attributes(path)) ?? [:]
        let mode = (attributes[.posixPermissions] as? NSNumber)?.uint32Value ?? 0
        if isCredential { return mode & 0o007 != 0 }
        let owner = (attributes[.ownerAccountID] as? NSNumber)?.uint32Value ?? .max
        return SecretMode.isOpenToOthers(mode, owner: owner, user: geteuid())
    }

    /// The command that closes a file to others and leaves it to this user.
    ///
    /// - Parameter group: as ``readingGroup(_:)`` says.
    static func closing(_ path: String, group: UInt32?) -> String {
        group.map { "chgrp \($0) \(path) && chmod 640 \(path)" } ?? "chmod 600 \(path)"
    }

    /// This user's group where a file is root's and the user is not: only by its group the user may read it.
    static func readingGroup(_ path: String) -> UInt32? {
        // Of a file that cannot be looked at nothing is to be closed.
        let attributes = (try? FileTarget.attributes(path)) ?? [:]
        let owner = (attributes[.ownerAccountID] as? NSNumber)?.uint32Value
        return owner == 0 && geteuid() != 0 ? getegid() : nil
    }

    /// Writes a file that must not be there yet, synced when this returns.
    public static func writeNew(_ text: String, to path: String, mode: Int) throws {
        try makeDirectory(of: path)
        if FileManager.default.fileExists(atPath: path) {
            throw Problem(description: "`\(path)` is there already: a key that was used must be kept")
        }
        try write(text, to: path, mode: mode, as: path)
        try sync(directory(of: path), as: path)
    }
}
