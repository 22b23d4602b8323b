/// ICE's own released list of detainers (CSV out of its FOIA release), turned into requests.
///
/// One row is one request. Used are the columns `prepare_date`, `detainer_type`, `facility`, `state` and `city`; all
/// others are ignored. What the list does not say stays unknown: the channel, what was asked, what was attached.
public enum ICEReleasedList {
    /// The list is not of that form; names the line and the column, never a value.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var line: Int
        public var explanation: String
        public var description: String { "line \(line): \(explanation)" }
    }

    static let columns = ["prepare_date", "detainer_type", "facility", "state", "city"]

    /// - Returns: a request a row. Its id is a function of the row's content and of how many identical rows stand
    ///   before it, so that it is the same from run to run and two identical rows are two requests.
    public static func convert(csv: [UInt8]) throws(Problem) -> [Request] {
        guard let text = String(validating: csv, as: UTF8.self) else {
            throw Problem(line: 1, explanation: "the list is not UTF-8")
        }
        let rows = try CSV.rows(text)
        guard let header = rows.first else { throw Problem(line: 1, explanation: "the list is empty") }
        var positions: [Int] = []
        for column in columns {
            guard let position = header.fields.firstIndex(of: column) else {
                throw Problem(line: header.line, explanation: "the column `\(column)` is missing")
            }
            positions.append(position)
        }
        var seen: [[String]: Int] = [:]
        var requests: [Request] = []
        for row in rows.dropFirst() {
            guard row.fields.count == header.fields.count else {
                throw Problem(
                    line: row.line, explanation: "has \(row.fields.count) fields, the header \(header.fields.count)")
            }
            let occurrence = seen[row.fields, default: 0]
            seen[row.fields] = occurrence + 1
            requests.append(try request(positions.map { row.fields[$0] }, row, occurrence: occurrence))
        }
        return requests
    }

    private static func request(
        _ values: [String], _ row: CSV.Row, occurrence: Int
    ) throws(Problem) -> Request {
        guard values[0].isEmpty || CivilDate(values[0]) != nil else {
            throw Problem(line: row.line, explanation: "`prepare_date` is not a date such as 2014-12-07")
        }
        let id = DerivedUUID.make("ice-foia/1", row.fields + [String(occurrence)])
        return Request(
            requestID: id, receivedBy: Request.ReceivedBy(agency: agency(facility: values[2], state: values[3])),
            receipt: Request.Receipt(channel: .unknown),
            form: Request.Form(kind: formKind(values[1]), formDate: CivilDate(values[0])))
    }

    /// The words before the dash: `I247D - Immigration Detainer - Request for Action`.
    static func formKind(_ type: String) -> Request.FormKind {
        let word = type.prefix { $0 != " " }
        return switch word {
        case "I247A": .i247A
        case "I247": .i247
        case "I247D": .i247D
        case "I247X": .i247X
        case "I247N": .i247N
        case "I247G": .i247G
        default: .unknown
        }
    }

    /// Boston's police stands in the list under one name in two cities; every other facility is named after itself.
    static func agency(facility: String, state: String) -> String {
        if facility.uppercased().hasPrefix("BOSTON POLICE") { return "boston-police" }
        var words: [String] = []
        var word = ""
        for character in (facility + " " + state).lowercased() {
            if character.isASCII, character.isLetter || character.isNumber {
                word.append(character)
            } else if !word.isEmpty {
                words.append(word)
                word = ""
            }
        }
        if !word.isEmpty { words.append(word) }
        return words.isEmpty ? "unknown" : words.joined(separator: "-")
    }
}

/// Comma-separated values (RFC 4180).
enum CSV {
    struct Row {
        var line: Int
        var fields: [String]
    }

    static func rows(_ text: String) throws(ICEReleasedList.Problem) -> [Row] {
        var rows: [Row] = []
        var fields: [String] = []
        var field = String.UnicodeScalarView()
        var line = 1
        var start = 1
        var isQuoted = false
        var wasQuoted = false
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{feff}" { scalars.removeFirst() }
        if let last = scalars.last, last != "\n" { scalars.append("\n") }
        var position = 0
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            if scalar == "\n" { line += 1 }
            if isQuoted {
                if scalar != "\"" {
                    field.append(scalar)
                } else if position < scalars.count, scalars[position] == "\"" {
                    field.append(scalar)
                    position += 1
                } else {
                    isQuoted = false
                    wasQuoted = true
                }
                continue
            }
            switch scalar {
            case "\"" where field.isEmpty && !wasQuoted: isQuoted = true
            case ",":
                fields.append(String(field))
                field = String.UnicodeScalarView()
                wasQuoted = false
            case "\r" where position < scalars.count && scalars[position] == "\n": break
            case "\n":
                fields.append(String(field))
                if fields != [""] { rows.append(Row(line: start, fields: fields)) }
                fields = []
                field = String.UnicodeScalarView()
                wasQuoted = false
                start = line
            default:
                if wasQuoted {
                    throw ICEReleasedList.Problem(line: line, explanation: "something stands behind a quoted field")
                }
                field.append(scalar)
            }
        }
        if isQuoted { throw ICEReleasedList.Problem(line: start, explanation: "a quoted field has no end") }
        return rows
    }
}
