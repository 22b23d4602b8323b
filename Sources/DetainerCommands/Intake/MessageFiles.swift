import Detainers
import Foundation

/// Messages out of files: a JSON file holds one, a JSON Lines file one a line, `-` is standard input.
enum MessageFiles {
    struct Message {
        var file: String
        /// `nil` where the file is one message.
        var line: Int?
        var body: [UInt8]

        var place: String { line.map { "\(file):\($0)" } ?? file }
    }

    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// What a person calls a file.
    static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

    static func content(_ path: String) throws -> [UInt8] {
        if path == "-" { return Array(try FileHandle.standardInput.readToEnd() ?? Data()) }
        try refuseUnlessThere(path)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Problem(description: "\(path): cannot be read: may you read it, and is it a file?")
        }
        return Array(data)
    }

    static func refuseUnlessThere(_ path: String) throws {
        guard path == "-" || FileManager.default.fileExists(atPath: path) else {
            throw Problem(description: "\(path): there is no such file")
        }
    }

    /// Whether a file gives what it holds only once.
    static func isPipe(_ path: String) -> Bool {
        // A file that cannot be looked at is told when it is read.
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        let type = attributes?[.type] as? FileAttributeType
        return type != nil && type != .typeRegular && type != .typeDirectory
    }

    /// How many bytes the files have together, for who wants to know how far it is; standard input has none.
    static func size(_ paths: [String]) -> Int {
        paths.reduce(0) { sum, path in
            // A file that cannot be looked at is told when it is read.
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }
}

/// The messages of one file, one after the other, in bounded memory.
///
/// It is JSON Lines when its name says so, or when there are several lines and the first is a whole JSON value; one
/// message otherwise.
final class MessageReader {
    private static let chunkBytes = 1 << 20
    /// No message that a broker takes is longer, and a file without line ends must not fill the memory.
    private static let maximumMessageBytes = 64 << 20
    private static let newline = UInt8(ascii: "\n")

    private let file: String
    private let handle: FileHandle
    private let isNamedLines: Bool
    private var isLines: Bool?
    private var buffer: [UInt8] = []
    /// Where in the buffer the next line begins.
    private var start = 0
    private var line = 0
    private var isAtEnd = false
    /// How many bytes were read.
    private(set) var bytesRead = 0

    init(_ path: String) throws {
        file = MessageFiles.name(path)
        isNamedLines = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson")
        try MessageFiles.refuseUnlessThere(path)
        guard let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path) else {
            throw MessageFiles.Problem(description: "\(path): cannot be read: may you read it?")
        }
        self.handle = handle
    }

    /// - Returns: `nil` at the end.
    func next() throws -> MessageFiles.Message? {
        let isLines = try isLines ?? looksLikeLines()
        self.isLines = isLines
        if isLines {
            while let bytes = try nextLine() {
                if !Self.isBlank(bytes) { return MessageFiles.Message(file: file, line: line, body: bytes) }
            }
            return nil
        }
        if line > 0 { return nil }
        line = 1
        while try fill() {}
        return MessageFiles.Message(file: file, line: nil, body: buffer)
    }

    private func looksLikeLines() throws -> Bool {
        if isNamedLines { return true }
        // A file of lines has an end of one in its first chunk, or its lines are no messages of ours.
        _ = try fill()
        let filled = buffer.split(separator: Self.newline).lazy.filter { !Self.isBlank($0) }
        guard let first = filled.first, filled.dropFirst().first != nil else { return false }
        // Only whether it is one is asked.
        return (try? JSONValue.parse(Array(first))) != nil
    }

    private static func isBlank(_ line: some Sequence<UInt8>) -> Bool {
        line.allSatisfy { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }
    }

    private func nextLine() throws -> [UInt8]? {
        var search = start
        while true {
            if let end = buffer[search...].firstIndex(of: Self.newline) {
                defer { start = end + 1 }
                line += 1
                return Array(buffer[start..<end])
            }
            // What was there holds no newline.
            search = buffer.count - start
            buffer.removeSubrange(..<start)
            start = 0
            if try !fill() {
                if buffer.isEmpty { return nil }
                defer { buffer = [] }
                line += 1
                return buffer
            }
        }
    }

    /// - Returns: whether there was more.
    private func fill() throws -> Bool {
        if isAtEnd { return false }
        if buffer.count - start > Self.maximumMessageBytes {
            throw MessageFiles.Problem(
                description: "\(file):\(line + 1): is longer than \(Self.maximumMessageBytes) bytes: no broker takes it"
            )
        }
        let chunk: Data
        do { chunk = try handle.read(upToCount: Self.chunkBytes) ?? Data() } catch {
            throw MessageFiles.Problem(description: "\(file): cannot be read: is it a file?")
        }
        isAtEnd = chunk.isEmpty
        buffer += chunk
        bytesRead += chunk.count
        return !isAtEnd
    }
}
