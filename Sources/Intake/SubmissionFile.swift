import Crypto
import Detainers
import Foundation

// The file of one submission, from which a later run goes on: JSON Lines, mode 0600, append-only.
//
//     {"format":"detainer.submission/1","exchange":"detainer.intake","files":["night.jsonl"]}
//     {"file":0,"messages":12000,"chain":"5f1c…","confirmed":12000}     any number of them; the last one holds
//     {"file":0,"messages":90000,"chain":"07aa…","confirmed":90000,"finished":true}
//
// A line says that the broker has confirmed the first `messages` messages of the file at position `file`, and all of
// the files before it: `confirmed` in all. `chain` is over the bodies of all of these: SHA-256 of the chain before and
// the body, from 32 zeros on. It keeps a later run from going on in other files of the same names, and from passing
// over what was added to a file before the last one. Each line is synced before the run goes on. A last line without
// an end is torn, and is cut off; a first one only where it is the beginning of the header.
//
// Earlier versions wrote `mark`, a chain that began anew with each file. In the first file both are one.
//
// A mark is a digest of messages that name persons, and so the file belongs beside them and to their owner alone.

/// How far a submission is.
public struct SubmissionPlace: Sendable, Equatable {
    public var file = 0
    /// Of that file.
    public var messages = 0
    /// Of all messages up to there, those of the files before included.
    public var mark = ContentMark()
    public var confirmed = 0
    public var isFinished = false

    public init() {}

    /// Behind one more message of a file.
    public func after(_ body: [UInt8], file: Int) -> SubmissionPlace {
        var next = self
        if file != next.file { (next.file, next.messages) = (file, 0) }
        next.messages += 1
        next.mark = next.mark.after(body)
        next.confirmed += 1
        next.isFinished = false
        return next
    }
}

/// What tells a sequence of messages from every other one.
public struct ContentMark: Sendable, Equatable {
    private var digest = [UInt8](repeating: 0, count: 32)

    public init() {}

    init?(text: String) {
        let digits = Array(text)
        guard digits.count == 64 else { return nil }
        var digest: [UInt8] = []
        for position in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(String(digits[position...position + 1]), radix: 16) else { return nil }
            digest.append(byte)
        }
        self.digest = digest
    }

    public func after(_ body: [UInt8]) -> ContentMark {
        var hash = SHA256()
        hash.update(data: digest)
        hash.update(data: body)
        var mark = self
        mark.digest = Array(hash.finalize())
        return mark
    }

    var text: String {
        digest.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

/// The file of a submission, held by one run at a time.
public final class SubmissionFile {
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String
    }

    static let format = "detainer.submission/1"
    /// A line has a few hundred bytes and one is written a second: a year's run has not so many.
    private static let maximumBytes = 1 << 30

    private let path: String
    private let handle: FileHandle
    /// From where to go on.
    public let place: SubmissionPlace

    /// Opens the file, or makes it where there is none.
    ///
    /// - Throws: where another run holds it, or it is of other files or of another exchange.
    public init(_ path: String, exchange: String, files: [String]) throws(Problem) {
        self.path = path
        let header = Self.header(exchange: exchange, files: files)
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew,
            !FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        {
            throw Problem(description: "\(path): cannot be made: is there such a directory, and may you write there?")
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else {
            throw Problem(description: "\(path): cannot be read and written: may you?")
        }
        guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Problem(description: "\(path): another run goes on from it just now")
        }
        self.handle = handle
        let content: [UInt8]
        do { content = Array(try handle.read(upToCount: Self.maximumBytes) ?? Data()) } catch {
            throw Problem(description: "\(path): cannot be read: \(error.localizedDescription)")
        }
        let end = content.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let lines = content[..<end].split(separator: UInt8(ascii: "\n"))
        if lines.isEmpty, !header.serialized().starts(with: content) { throw Self.alien(path) }
        place = try Self.place(lines.map { Array($0) }, header: header, path: path)
        do {
            try handle.truncate(atOffset: UInt64(end))
            try handle.seek(toOffset: UInt64(end))
        } catch { throw Problem(description: "\(path): cannot be written: \(error.localizedDescription)") }
        if lines.isEmpty {
            try append(header)
            try syncFolder()
        }
    }

    deinit {
        // A process that is being started just then has this open too, and would hold the lock a moment longer.
        flock(handle.fileDescriptor, LOCK_UN)
    }

    /// Everything up to there was confirmed; on the disk when this returns.
    public func save(_ place: SubmissionPlace) throws(Problem) {
        var members: [JSONMember] = [
            JSONMember(name: "file", value: .number(String(place.file))),
            JSONMember(name: "messages", value: .number(String(place.messages))),
            JSONMember(name: "chain", value: .string(place.mark.text)),
            JSONMember(name: "confirmed", value: .number(String(place.confirmed))),
        ]
        if place.isFinished { members.append(JSONMember(name: "finished", value: true)) }
        try append(.object(members))
    }

    private static func header(exchange: String, files: [String]) -> JSONValue {
        [
            "format": .string(format), "exchange": .string(exchange),
            "files": .array(files.map(JSONValue.string)),
        ]
    }

    private static func place(
        _ lines: [[UInt8]], header: JSONValue, path: String
    ) throws(Problem) -> SubmissionPlace {
        var values: [JSONValue] = []
        for line in lines {
            do { values.append(try JSONValue.parse(line)) } catch { throw alien(path) }
        }
        guard let first = values.first else { return SubmissionPlace() }
        guard first["format"]?.stringValue == format else { throw alien(path) }
        guard first == header else {
            throw Problem(description: "\(path): belongs to a submission of other files, or to another exchange")
        }
        if values.count == 1 { return SubmissionPlace() }
        let last = values[values.count - 1]
        var place = SubmissionPlace()
        guard let file = last["file"]?.intValue, let messages = last["messages"]?.intValue,
            let mark = (last["chain"] ?? (file == 0 ? last["mark"] : nil))?.stringValue
                .flatMap(ContentMark.init(text:)),
            let confirmed = last["confirmed"]?.intValue
        else {
            throw Problem(
                description: "\(path): its last line was written by another version, which kept something else: name "
                    + "another file with --resume to begin anew")
        }
        (place.file, place.messages, place.mark, place.confirmed) = (file, messages, mark, confirmed)
        place.isFinished = last["finished"]?.boolValue == true
        return place
    }

    private static func alien(_ path: String) -> Problem {
        Problem(description: "\(path): is no file of a submission: name another one")
    }

    private func append(_ value: JSONValue) throws(Problem) {
        do {
            try handle.write(contentsOf: value.serialized() + [UInt8(ascii: "\n")])
            try handle.synchronize()
        } catch { throw Problem(description: "\(path): cannot be written: \(error.localizedDescription)") }
    }

    /// A new file's name is on the disk only after its directory is synced.
    private func syncFolder() throws(Problem) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do { try FileHandle(forReadingAtPath: folder)?.synchronize() } catch {
            throw Problem(description: "\(folder): cannot be synced: \(error.localizedDescription)")
        }
    }
}
