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

    static func read(_ paths: [String]) throws -> [Message] {
        try paths.flatMap { path in
            let bytes = try content(path)
            return messages(bytes, file: path == "-" ? "standard input" : path)
        }
    }

    static func content(_ path: String) throws -> [UInt8] {
        if path == "-" { return Array(try FileHandle.standardInput.readToEnd() ?? Data()) }
        guard FileManager.default.fileExists(atPath: path) else {
            throw Problem(description: "\(path): there is no such file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Problem(description: "\(path): cannot be read: may you read it, and is it a file?")
        }
        return Array(data)
    }

    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// JSON Lines when the name says so, or when there are several lines and the first is a whole JSON value;
    /// one message otherwise.
    static func messages(_ bytes: [UInt8], file: String) -> [Message] {
        let newline = UInt8(ascii: "\n")
        let lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        let filled = lines.enumerated().filter { !$0.element.allSatisfy { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 } }
        let isLines =
            file.hasSuffix(".jsonl") || file.hasSuffix(".ndjson")
            || (filled.count > 1 && filled.first.map { isWhole(Array($0.element)) } == true)
        if !isLines { return [Message(file: file, line: nil, body: bytes)] }
        return filled.map { Message(file: file, line: $0.offset + 1, body: Array($0.element)) }
    }

    private static func isWhole(_ line: [UInt8]) -> Bool {
        do {
            _ = try JSONValue.parse(line)
            return true
        } catch {
            return false
        }
    }
}
