public import Detainers

/// ICE's released list of detainers, as far as it is compared with our forms.
///
/// The lists of all years are read: columns are found by their names, in which letter case does not matter and spaces
/// and underscores are the same. Needed are `prepare_date` (or `detainer_prepare_date`), `detainer_type`, `facility`
/// (`detainer_facility`), `state` and `city` (`facility_state`, `facility_city`). Used where they are there:
/// `lift_reason` (`detainer_lift_reason`), `anonymized_identifier` (`unique_identifier`), and `a_number`
/// (`alien_file_number`, `alien_number`), which only a list that was never published has.
public struct ReleasedList: Sendable, Equatable {
    /// The list is not of that form; names the line and the column, never a value.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var line: Int
        public var explanation: String
        public var description: String { "line \(line): \(explanation)" }
    }

    /// One detainer, as ICE lists it.
    public struct Row: Sendable, Equatable {
        public var line: Int
        /// The day on which ICE prepared the form; `nil`: the list does not tell.
        public var prepareDate: CivilDate?
        public var formKind: Request.FormKind
        /// What requests that are made out of the list are received by.
        public var agency: String
        /// As it was written.
        public var facility: String
        public var liftReason: String?
        /// The number that the list gives a person in place of a name.
        public var person: String?
        /// The person's A-number. Compared as a keyed pseudonym only, and never told.
        public var fileNumber: String?
        /// All fields: rows that say the same have the same.
        public var fingerprint: [String]
    }

    /// In the order of the list.
    public let rows: [Row]

    public init(csv: [UInt8]) throws(Problem) {
        guard let text = String(validating: csv, as: UTF8.self) else {
            throw Problem(line: 1, explanation: "the list is not UTF-8")
        }
        let lines: [CSV.Row]
        do throws(CSV.Problem) { lines = try CSV.rows(text) } catch {
            throw Problem(line: error.line, explanation: error.explanation)
        }
        guard let header = lines.first else { throw Problem(line: 1, explanation: "the list is empty") }
        let columns = try Columns(header)
        var rows: [Row] = []
        rows.reserveCapacity(lines.count - 1)
        for line in lines.dropFirst() {
            guard line.fields.count == header.fields.count else {
                throw Problem(
                    line: line.line, explanation: "has \(line.fields.count) fields, the header \(header.fields.count)")
            }
            rows.append(try columns.row(line))
        }
        self.rows = rows
    }

    /// `2014-12-07`, `12/7/2014`, or one of them with a time behind it.
    static func date(_ text: String) -> CivilDate? {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == " " || $0 == "T" }
        guard let day = parts.first else { return nil }
        if parts.count == 2, !isTime(parts[1]) { return nil }
        if let date = CivilDate(String(day)) { return date }
        let numbers = day.split(separator: "/", omittingEmptySubsequences: false)
        let areDigits = numbers.allSatisfy { number in number.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        // The year stands last and in full: of two digits nobody knows which they are.
        guard areDigits, numbers.count == 3, numbers[0].count <= 2, numbers[1].count <= 2, numbers[2].count == 4,
            let month = Int(numbers[0]), let dayOfMonth = Int(numbers[1]), let year = Int(numbers[2])
        else { return nil }
        return CivilDate(year: year, month: month, day: dayOfMonth)
    }

    /// What time it was does not matter, but that it is one: anything else would mean that the column is another one.
    private static func isTime(_ text: Substring) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, (0x30...0x39).contains(first) else { return false }
        return bytes.contains(UInt8(ascii: ":")) && bytes.allSatisfy { "0123456789:.+- APMapmZ".utf8.contains($0) }
    }
}

extension ReleasedList.Row {
    /// What ICE says itself of a row that does not count.
    var ownWord: Reconciliation.Item.Kind? {
        guard let reason = liftReason?.lowercased() else { return nil }
        if reason.contains("supersed") { return .superseded }
        return reason.contains("duplicate") ? .duplicated : nil
    }

    /// By all that they say, so that the order of the list does not matter; the line only tells identical rows apart.
    func isBefore(_ other: Self) -> Bool {
        if fingerprint != other.fingerprint { return fingerprint.lexicographicallyPrecedes(other.fingerprint) }
        return line < other.line
    }
}

/// The persons that rows of a list name, the day for each, and the forms.
struct Sightings {
    private struct Key: Hashable {
        var person: String
        var day: CivilDate
    }

    private var kinds: [Key: Set<Request.FormKind>] = [:]

    mutating func add(_ row: ReleasedList.Row) {
        if let key = Self.key(row) { kinds[key, default: []].insert(row.formKind) }
    }

    /// Whether the same person was named for the same day. Two forms that are known to be different ones are no repeat.
    func hold(_ row: ReleasedList.Row) -> Bool {
        guard let key = Self.key(row), let known = kinds[key] else { return false }
        return row.formKind == .unknown || known.contains(.unknown) || known.contains(row.formKind)
    }

    /// A row that names nobody is no repeat by person.
    private static func key(_ row: ReleasedList.Row) -> Key? {
        guard let person = row.person ?? row.fileNumber, let day = row.prepareDate else { return nil }
        return Key(person: person, day: day)
    }
}

/// A column that was found: its place, and the name under which it was.
private struct Column {
    var position: Int
    var name: String

    /// `nil` where none of the names is there.
    init?(_ names: [String], in header: [String]) {
        for name in names {
            guard let position = header.firstIndex(of: name) else { continue }
            (self.position, self.name) = (position, name)
            return
        }
        return nil
    }
}

/// Where in a row each value stands.
private struct Columns {
    private let prepareDate: Column
    private let type: Column
    private let facility: Column
    private let state: Column
    private let liftReason: Column?
    private let person: Column?
    private let fileNumber: Column?

    init(_ header: CSV.Row) throws(ReleasedList.Problem) {
        let names = header.fields.map(Self.name)
        func needed(_ alternatives: String...) throws(ReleasedList.Problem) -> Column {
            if let column = Column(alternatives, in: names) { return column }
            let quoted = alternatives.map { "`\($0)`" }.joined(separator: " or ")
            throw ReleasedList.Problem(line: header.line, explanation: "the column \(quoted) is missing")
        }
        prepareDate = try needed("prepare_date", "detainer_prepare_date")
        type = try needed("detainer_type")
        facility = try needed("facility", "detainer_facility")
        state = try needed("state", "facility_state")
        // Part of the fingerprint only; but without it the rows of two stations of one name could seem identical.
        _ = try needed("city", "facility_city")
        liftReason = Column(["lift_reason", "detainer_lift_reason"], in: names)
        person = Column(["anonymized_identifier", "unique_identifier"], in: names)
        fileNumber = Column(["a_number", "alien_file_number", "alien_number"], in: names)
    }

    /// `Detainer Prepare Date`, `detainer_prepare_date` and `DETAINER-PREPARE-DATE` are one.
    private static func name(_ field: String) -> String {
        field.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
    }

    func row(_ line: CSV.Row) throws(ReleasedList.Problem) -> ReleasedList.Row {
        let written = line.fields[prepareDate.position]
        let date = ReleasedList.date(written)
        guard date != nil || Self.isBlank(written) else {
            throw ReleasedList.Problem(
                line: line.line, explanation: "`\(prepareDate.name)` is not a date such as 2014-12-07 or 12/7/2014")
        }
        func optional(_ column: Column?) -> String? {
            guard let column, !Self.isBlank(line.fields[column.position]) else { return nil }
            return line.fields[column.position]
        }
        let place = line.fields[facility.position]
        return ReleasedList.Row(
            line: line.line, prepareDate: date, formKind: ICEReleasedList.formKind(line.fields[type.position]),
            agency: ICEReleasedList.agency(facility: place, state: line.fields[state.position]), facility: place,
            liftReason: optional(liftReason), person: optional(person), fileNumber: optional(fileNumber),
            fingerprint: line.fields)
    }

    private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
