public import Detainers

/// Turns the rows of a list into requests, as a mapping says.
public struct SheetConversion: Sendable {
    /// What is wrong with one cell or row; names line and column, never a value.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var line: Int
        /// A name out of the mapping, never out of the list.
        public var column: String?
        public var explanation: String

        public var description: String {
            "line \(line)" + (column.map { ", column `\($0)`" } ?? "") + ": \(explanation)"
        }
    }

    private let mapping: Mapping
    private let key: PseudonymKey?

    /// - Parameter key: for ids of rows that only a person tells apart; see ``Mapping/needsKey``.
    public init(_ mapping: Mapping, key: PseudonymKey? = nil) {
        precondition(!mapping.needsKey || key != nil, "such ids are keyed")
        (self.mapping, self.key) = (mapping, key)
    }

    /// - Returns: a request a row, or everything that is wrong with the list.
    public func convert(csv: [UInt8]) -> (requests: [Request], problems: [Problem]) {
        do throws(Problem) {
            let (positions, rows) = try table(csv)
            return convert(rows, positions)
        } catch { return ([], [error]) }
    }

    private func table(_ csv: [UInt8]) throws(Problem) -> (positions: [Int], rows: [CSV.Row]) {
        guard let text = String(validating: csv, as: UTF8.self) else {
            throw Problem(line: 1, explanation: "the list is not UTF-8: save it as `CSV UTF-8`")
        }
        var rows: [CSV.Row]
        do throws(CSV.Problem) { rows = try CSV.rows(text, separator: mapping.separator) } catch {
            throw Problem(line: error.line, explanation: error.explanation)
        }
        rows.removeAll { $0.line < mapping.headerLine }
        guard let header = rows.first else { throw Problem(line: 1, explanation: "the list has no header") }
        let names = header.fields.map(Self.trimmed)
        var positions: [Int] = []
        for column in mapping.columns {
            guard let position = names.firstIndex(of: column.name) else {
                throw Problem(line: header.line, column: column.name, explanation: "is not there")
            }
            positions.append(position)
        }
        for (position, name) in names.enumerated() where !mapping.columns.contains(where: { $0.name == name }) {
            throw Problem(
                line: header.line,
                explanation: "the mapping does not name column \(position + 1): name it, or `ignored`")
        }
        guard Set(names).count == names.count else {
            throw Problem(line: header.line, explanation: "two columns have the same name")
        }
        return (positions, rows.dropFirst().filter { !$0.fields.allSatisfy { Self.trimmed($0).isEmpty } })
    }

    private func convert(_ rows: [CSV.Row], _ positions: [Int]) -> (requests: [Request], problems: [Problem]) {
        var requests: [Request] = []
        var problems: [Problem] = []
        var seen: [[String]: Int] = [:]
        for row in rows {
            guard row.fields.count > positions.max() ?? 0 else {
                problems.append(Problem(line: row.line, explanation: "has fewer fields than the header"))
                continue
            }
            // The header has as many as the mapping has columns. Blanks behind them are a spreadsheet's.
            guard row.fields.dropFirst(positions.count).allSatisfy({ Self.trimmed($0).isEmpty }) else {
                problems.append(
                    Problem(
                        line: row.line,
                        explanation: "has more fields than the header: quote a field that holds the separator"))
                continue
            }
            var cells: [String: String] = [:]
            for (column, position) in zip(mapping.columns, positions) {
                cells[column.name] = Self.trimmed(row.fields[position])
            }
            let (request, found) = self.request(cells, row.line, &seen)
            problems += found
            if let request { requests.append(request) }
        }
        return problems.isEmpty ? (requests, []) : ([], problems)
    }

    private func request(
        _ cells: [String: String], _ line: Int, _ seen: inout [[String]: Int]
    ) -> (Request?, [Problem]) {
        var values = Dictionary(uniqueKeysWithValues: mapping.constants.map { ($0.member, $0.value) })
        var problems: [Problem] = []
        for column in mapping.columns {
            let cell = cells[column.name] ?? ""
            for use in column.uses {
                do throws(CellProblem) { try fill(use, cell, &values) } catch {
                    problems.append(Problem(line: line, column: column.name, explanation: error.explanation))
                }
            }
        }
        var identity = mapping.identity.map { cells[$0] ?? "" }
        if identity.contains("") {
            problems.append(
                Problem(line: line, column: mapping.identity.first, explanation: "is empty, but tells rows apart"))
        }
        // Revisions of one request are several rows.
        let revision = String(values["revision"]?.intValue ?? 1)
        if let earlier = seen.updateValue(line, forKey: identity + [revision]) {
            problems.append(
                Problem(line: line, column: mapping.identity.first, explanation: "is the same as in line \(earlier)"))
        }
        if !problems.isEmpty { return (nil, problems) }
        identity.insert(mapping.name, at: 0)
        values["schema"] = .string(Contract.request.name)
        values["requestId"] = .string(id(identity))
        let body = Contract.request.shape.assembled(values).serialized()
        do throws(ContractError) { return (try RequestContract.read(body), []) } catch {
            return (nil, IntakeDiagnosis.problems(in: body).map { problem(of: $0, line) })
        }
    }

    private func id(_ identity: [String]) -> String {
        guard mapping.needsKey, let key else { return DerivedUUID.make(Mapping.format, identity) }
        // Each with its length before it, so that no part can be taken for the beginning of the next.
        let text = Mapping.format + identity.map { " \($0.utf8.count):\($0)" }.joined()
        return DerivedUUID.make(Mapping.format, [key.messageID(ofBody: Array(text.utf8))])
    }

    private func problem(of problem: ContractProblem, _ line: Int) -> Problem {
        let path = problem.path.split(separator: "/").map(String.init)
        let column = mapping.columns.first { column in
            column.uses.contains { use in
                let member = use.member.split(separator: ".").map(String.init)
                return path.starts(with: member)
            }
        }
        let place = column == nil ? "`\(path.joined(separator: "."))` " : ""
        let hint = column == nil ? ": give it by a column or a constant" : ""
        return Problem(line: line, column: column?.name, explanation: place + problem.expected + hint)
    }

    private struct CellProblem: Error {
        var explanation: String
    }

    private func fill(_ use: Mapping.Use, _ cell: String, _ values: inout [String: JSONValue]) throws(CellProblem) {
        switch use {
        case .value(let value): if let filled = try self.value(value, cell) { values[value.member] = filled }
        case .box(let box):
            let word = cell.lowercased()
            let isTicked = box.ticked.contains(word)
            guard isTicked || box.clear.contains(word) else {
                if box.unknown.contains(word) { return }
                throw CellProblem(explanation: "is no tick: name the word in `ticked`, `clear` or `unknown`")
            }
            var list = values[box.member]?.arrayValue ?? []
            if isTicked { list.append(box.element) }
            values[box.member] = .array(list)
        }
    }

    private func value(_ value: Mapping.Value, _ cell: String) throws(CellProblem) -> JSONValue? {
        var cell = cell
        switch value.part {
        case .before(let separator)?: cell = Self.trimmed(Self.parts(of: cell, at: separator).first ?? "")
        case .after(let separator)?: cell = Self.trimmed(Self.parts(of: cell, at: separator).dropFirst().first ?? "")
        case nil: break
        }
        if let words = value.words {
            if let word = words[cell.lowercased()] ?? (cell.isEmpty ? nil : words["*"]) {
                return value.shape.value(of: word)
            }
            if cell.isEmpty { return nil }
            throw CellProblem(explanation: "holds a word that `words` does not name")
        }
        if cell.isEmpty { return nil }
        if let pattern = value.pattern {
            guard let (day, second) = pattern.read(cell) else {
                throw CellProblem(explanation: "is no date of the form \(pattern.text)")
            }
            guard let second, let zone = value.zone else { return .string(day.description) }
            guard let moment = Moment(day: day, secondOfDay: second, in: zone) else {
                throw CellProblem(explanation: "is a time that the clocks of \(zone.name) skip")
            }
            return .string(moment.text)
        }
        let filled = value.shape.value(of: cell)
        if let complaint = value.shape.complaint(filled) { throw CellProblem(explanation: complaint) }
        return filled
    }

    /// Before and behind the first separator, either of which may be empty.
    private static func parts(of cell: String, at separator: String) -> [Substring] {
        cell.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let space: (Character) -> Bool = { $0.isWhitespace || $0 == "\u{feff}" }
        return String(text.drop(while: space).reversed().drop(while: space).reversed())
    }
}
