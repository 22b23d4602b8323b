public import Detainers
import Foundation

// Exported letters are a file of JSON Lines, readable by its owner alone (0600): one letter a line, as its record in
// the store (LetterRecord.swift), but always with its body. It holds persons.

/// Letters out of the store into a file, and back.
public enum LetterTransfer {
    /// A letter of a file: RabbitMQ takes no message above 512 MiB, which are 683 MiB as base64.
    private static let maximumLineBytes = 1 << 30
    /// Letters recorded with one sync, and their bytes: the bound of what is in memory.
    private static let batchCount = 500
    private static let batchBytes = 8 << 20

    /// The file holds something else than what is to be written to it, or is no such file.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public var description: String
    }

    /// What was written to a file.
    public struct Exported: Sendable, Equatable {
        /// The letters that the file holds, in its order.
        var ids: [LetterID] = []
        /// Whose bodies cannot be read; each was warned of.
        public var leftOut = 0

        public var count: Int { ids.count }
    }

    /// Writes the letters that a filter wants, in the order of the store.
    ///
    /// Ended at any moment, it goes on where it stopped when it is called again alike.
    ///
    /// - Parameter beforeFinish: called with the number of letters before the file takes its name.
    public static func export(
        _ store: LetterStore, _ filter: LetterFilter, to path: String, progress: (Int) -> Void = { _ in },
        beforeFinish: (Int) throws -> Void = { _ in }
    ) throws -> Exported {
        let index = try store.index()
        let part = path + ".part"
        let earlier = FileManager.default.fileExists(atPath: part) ? try ids(in: part) : []
        let file = try PrivateFile(path, resuming: true)
        var written = Exported()
        let unmatched = try store.letters(index, filter) { letter, _ in
            let isEarlier = written.count < file.earlierLines
            if isEarlier, earlier[written.count] == letter.id { return written.ids.append(letter.id) }
            // The earlier run may have left it out as well.
            guard let whole = try store.readable(letter) else { return written.leftOut += 1 }
            if isEarlier {
                throw Problem(
                    description: "\(path).part: an unfinished export of other letters: remove it, or name another file")
            }
            try file.write(line(whole))
            written.ids.append(letter.id)
            progress(written.count)
        }
        written.leftOut += unmatched
        if written.count < file.earlierLines {
            throw Problem(
                description: "\(path).part: an unfinished export of more letters: remove it, or name another file")
        }
        try beforeFinish(written.count)
        try file.finish()
        return written
    }

    private static func line(_ letter: StoredLetter) -> [UInt8] {
        var whole = letter
        whole.bodyFile = nil
        return whole.json.serialized() + [UInt8(ascii: "\n")]
    }

    private static func ids(in part: String) throws -> [LetterID] {
        var ids: [LetterID] = []
        do {
            try PrivateFile.lines(of: part, maximumBytes: maximumLineBytes) { number, line in
                ids.append(try letter(line, part, number).id)
            }
        } catch is PrivateFile.Unfinished {
            // Its torn last line is written again.
        }
        return ids
    }

    private static func letter(_ line: [UInt8], _ path: String, _ number: Int) throws -> StoredLetter {
        let value: JSONValue
        var limits = JSONLimits()
        limits.bytes = maximumLineBytes
        do { value = try JSONValue.parse(line, limits: limits) } catch {
            throw Problem(description: "\(path):\(number): is no exported letter: \(error.explanation)")
        }
        // Whatever keeps it from being one, the sentence below names the line.
        guard value["kind"]?.stringValue == StoredLetter.kind,
            case .letter(let letter)? = try? LetterRecord(json: value)
        else { throw Problem(description: "\(path):\(number): is no exported letter") }
        // Without its body it is no letter that could be replayed; one that nobody could have written is none either.
        guard letter.encodedBody != nil, letter.letter.attempts >= 0, Moment(text: letter.letter.deadAt) != nil else {
            throw Problem(description: "\(path):\(number): is no exported letter")
        }
        return try letter.decoded()
    }

    /// What an import found.
    public struct Imported: Sendable, Equatable {
        public var added = 0
        /// Known and dealt with: they wait again.
        public var restored = 0
        /// Known and waiting.
        public var known = 0
        /// Known, and their bodies were gone or damaged; they are whole again.
        public var healed = 0
    }

    /// Brings letters of a file back into the store; they wait then. Ended at any moment, it can be called again.
    ///
    /// - Throws: `Problem` with file and line at the first line that is no letter; what is before it is imported.
    public static func restore(
        _ path: String, into store: LetterStore, key: PseudonymKey, by: String, now: () -> Moment,
        progress: (Int) -> Void = { _ in }
    ) throws -> Imported {
        var writer = try store.open(now: now())
        let index = try store.index()
        var imported = Imported()
        var batch: [LetterRecord] = []
        var bytes = 0
        var seen: Set<LetterID> = []
        do {
            try PrivateFile.lines(of: path, maximumBytes: maximumLineBytes) { number, line in
                let found = try letter(line, path, number)
                let id = LetterID(found.letter, key)
                let stored = StoredLetter(id: id, arrivedAt: now().text, editOf: found.editOf, letter: found.letter)
                let isNew = seen.insert(id).inserted
                // The same id is the same body.
                if index[id] != nil, try writer.keepBody(of: stored) { imported.healed += 1 }
                switch index[id]?.state {
                case nil where isNew:
                    imported.added += 1
                    batch.append(.letter(stored))
                case .replayed? where isNew, .edited? where isNew, .discarded? where isNew:
                    imported.restored += 1
                    batch.append(.restore(id: id, LetterRecord.Deed(at: now().text, by: by)))
                default: imported.known += 1
                }
                bytes += line.count
                if batch.count >= batchCount || bytes >= batchBytes {
                    try writer.append(batch, now: now())
                    (batch, bytes) = ([], 0)
                    progress(number)
                }
            }
        } catch {
            try writer.append(batch, now: now())
            throw error
        }
        try writer.append(batch, now: now())
        try writer.close()
        return imported
    }

    /// Puts the letters that a filter wants into an archive, then records that they are discarded.
    ///
    /// - Parameter archive: a file's name in ``LetterStore/archiveDirectory``.
    public static func discard(
        _ store: LetterStore, _ filter: LetterFilter, reason: String, archive: String, by: String, now: () -> Moment
    ) throws -> Exported {
        var writer = try store.open(now: now())
        let path = try store.archivePath(archive)
        let archived: Exported
        do { archived = try export(store, filter, to: path) } catch {
            // What is there of it is no archive; the letters are where they were.
            // The error that is told is why there is none, not that its rest stays too.
            try? FileManager.default.removeItem(atPath: path + ".part")
            throw error
        }
        if archived.ids.isEmpty { try FileManager.default.removeItem(atPath: path) }
        var batch: [LetterRecord] = []
        for id in archived.ids {
            batch.append(
                .discard(id: id, reason: reason, archive: archive, LetterRecord.Deed(at: now().text, by: by)))
            if batch.count >= batchCount {
                try writer.append(batch, now: now())
                batch = []
            }
        }
        try writer.append(batch, now: now())
        try writer.close()
        return archived
    }
}
