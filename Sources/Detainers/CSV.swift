/// Comma-separated values (RFC 4180).
public enum CSV {
    /// The text is not of that form; names the line, never a value.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var line: Int
        public var explanation: String
        public var description: String { "line \(line): \(explanation)" }
    }

    public struct Row: Sendable, Equatable {
        /// The line on which it begins; a quoted field may hold several.
        public var line: Int
        public var fields: [String]
    }

    /// A field as it is written between commas: in quotes where it holds what delimits.
    public static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return text }
        // Scalars, for a quote with an accent behind it is another character.
        let scalars = text.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }
        return "\"" + scalars.joined() + "\""
    }

    /// - Parameter separator: what stands between two fields.
    /// - Returns: the header and all other rows as they stand; a byte order mark and empty lines are left out.
    public static func rows(
        _ text: String, separator: UInt8 = UInt8(ascii: ",")
    ) throws(Problem) -> [Row] {
        var rows: [Row] = []
        var fields: [String] = []
        // Bytes, for a list may have a million rows. All that delimits is ASCII, and no other character has such bytes.
        var field: [UInt8] = []
        var line = 1
        var start = 1
        var isQuoted = false
        var wasQuoted = false
        var bytes = Array(text.utf8)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
        if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
                    field.append(byte)
                    position += 1
                } else {
                    isQuoted = false
                    wasQuoted = true
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted: isQuoted = true
            case separator:
                fields.append(String(decoding: field, as: UTF8.self))
                field.removeAll(keepingCapacity: true)
                wasQuoted = false
            case UInt8(ascii: "\r") where position < bytes.count && bytes[position] == UInt8(ascii: "\n"): break
            case UInt8(ascii: "\n"):
                fields.append(String(decoding: field, as: UTF8.self))
                if fields != [""] { rows.append(Row(line: start, fields: fields)) }
                fields = []
                field.removeAll(keepingCapacity: true)
                wasQuoted = false
                start = line
            default:
                if wasQuoted { throw Problem(line: line, explanation: "something stands behind a quoted field") }
                field.append(byte)
            }
        }
        if isQuoted { throw Problem(line: start, explanation: "a quoted field has no end") }
        return rows
    }
}
