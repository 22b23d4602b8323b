import Foundation

/// A file that only its owner may read, written whole or not at all, a line at a time.
///
/// It grows under another name, `<path>.part`, and takes its own when it is finished and synced; what is there under
/// that name already is not replaced. Where no other run is to go on with it, the part's name holds the process, so
/// that two of them do not write into one; unfinished, it is removed.
public final class PrivateFile {
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public var description: String
    }

    /// What is held before it is written; it bounds the memory, not the file.
    private static let bufferBytes = 1 << 18

    private let path: String
    private let part: String
    private let isResuming: Bool
    private var isFinished = false
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    /// Whole lines that an earlier run left in the unfinished file.
    public let earlierLines: Int

    /// - Parameter resuming: go on where an unfinished file ends; otherwise it is begun anew.
    public init(_ path: String, resuming: Bool = false) throws(Problem) {
        self.path = path
        isResuming = resuming
        part = resuming ? path + ".part" : path + ".\(ProcessInfo.processInfo.processIdentifier).part"
        if FileManager.default.fileExists(atPath: path) {
            throw Problem(description: "\(path): is there already: name another file, or remove it")
        }
        var keep = 0
        var lines = 0
        if resuming, FileManager.default.fileExists(atPath: part) {
            do {
                try Self.lines(of: part, maximumBytes: 1 << 30) { _, line in
                    keep += line.count + 1
                    lines += 1
                }
            } catch is Unfinished {
                // The last line is torn: it is written again.
            } catch {
                throw Problem(description: "\(part): cannot be read: \(error)")
            }
        } else if !FileManager.default.createFile(atPath: part, contents: nil, attributes: [.posixPermissions: 0o600]) {
            throw Problem(description: "\(part): cannot be made: is there such a directory, and may you write there?")
        }
        guard let handle = FileHandle(forWritingAtPath: part) else {
            throw Problem(description: "\(part): cannot be written")
        }
        self.handle = handle
        earlierLines = lines
        do {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: part)
            try handle.truncate(atOffset: UInt64(keep))
            try handle.seek(toOffset: UInt64(keep))
        } catch { throw Problem(description: "\(part): cannot be written: \(error.localizedDescription)") }
    }

    deinit {
        // What stays behind is half a file of nobody's, under its own name.
        if !isFinished, !isResuming { try? FileManager.default.removeItem(atPath: part) }
    }

    public func write(_ bytes: [UInt8]) throws(Problem) {
        buffer += bytes
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Puts what was written so far on the disk.
    public func flush() throws(Problem) {
        do {
            try handle.write(contentsOf: buffer)
            buffer.removeAll(keepingCapacity: true)
        } catch { throw Problem(description: "\(path): cannot be written: \(error.localizedDescription)") }
    }

    /// Everything is on the disk, under its own name, when this returns.
    public func finish() throws(Problem) {
        try flush()
        do {
            try handle.synchronize()
            try handle.close()
            try FileManager.default.moveItem(atPath: part, toPath: path)
            isFinished = true
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            // A directory's entry is on the disk only after the directory is synced.
            if let directory = FileHandle(forReadingAtPath: folder) { try directory.synchronize() }
        } catch { throw Problem(description: "\(path): cannot be finished: \(error.localizedDescription)") }
    }

    // MARK: - reading

    /// The last line has no end.
    public struct Unfinished: Error, CustomStringConvertible {
        var path: String
        public var description: String { "\(path): its last line has no end: was it written to the end?" }
    }

    private static let chunkBytes = 1 << 20

    /// Every line of a file without its newline, counted from 1, in bounded memory.
    ///
    /// - Throws: ``Problem`` where the file cannot be read or a line is too long, `Unfinished` at a last line without
    ///   an end, and what `body` throws.
    public static func lines(
        of path: String, maximumBytes: Int, _ body: (_ number: Int, _ line: [UInt8]) throws -> Void
    ) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Problem(description: "\(path): cannot be read: is it there, and may you read it?")
        }
        // Nothing was written.
        defer { try? handle.close() }
        var rest: [UInt8] = []
        var number = 0
        while let chunk = try handle.read(upToCount: chunkBytes), !chunk.isEmpty {
            // What was there already holds no newline.
            var search = rest.count
            rest += chunk
            var start = rest.startIndex
            while let end = rest[max(start, search)...].firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try body(number, Array(rest[start..<end]))
                start = end + 1
                search = start
            }
            rest.removeSubrange(..<start)
            if rest.count > maximumBytes {
                throw Problem(description: "\(path):\(number + 1): is longer than \(maximumBytes) bytes")
            }
        }
        if !rest.isEmpty { throw Unfinished(path: path) }
    }
}
