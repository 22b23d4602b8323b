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
        let rows: [CSV.Row]
        do throws(CSV.Problem) { rows = try CSV.rows(text) } catch {
            throw Problem(line: error.line, explanation: error.explanation)
        }
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
    public static func formKind(_ type: String) -> Request.FormKind {
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
    public static func agency(facility: String, state: String) -> String {
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
