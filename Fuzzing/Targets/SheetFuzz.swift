@testable import Detainers
@testable import Intake

/// Lists of other forms and the mappings that tell how they are read: what comes out are requests, or what is wrong with
/// which line and column, and never a cell.
enum SheetFuzz {
    private static let yaml = """
        format: detainer.mapping/1
        name: fuzz
        identity: [No]
        constants:
          receivedBy.agency: boston-police
          form.kind: I-247A
          receipt.channel: fax
        columns:
          No: { member: receipt.senderReference }
          At: { member: receipt.receivedAt, date: M/d/yyyy h:mm a, zone: America/New_York }
          Name:
            - { member: subject.familyName, before: "," }
            - { member: subject.givenNames, after: "," }
          Pages: { member: receipt.pages }
          Paper: { adds: attachments, paper: { kind: I-200, standing: produced } }
          Notes: ignored
        """
    private static let csv = "No,At,Name,Pages,Paper,Notes\n1,1/2/2025 1:00 PM,\"Example, A\",2,x,\n2,,,,,\n"

    private static let mapping: Mapping = {
        guard let mapping = try? Mapping(yaml: yaml) else { broken("the mapping is one") }
        return mapping
    }()

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        switch instructions.byte() % 4 {
        case 0: convert(Array(instructions.rest), mapping)
        case 1: convert(Array("No,At,Name,Pages,Paper,Notes\n".utf8) + instructions.rest, mapping)
        case 2: table(String(decoding: instructions.rest, as: UTF8.self))
        default: mapping(String(decoding: instructions.rest, as: UTF8.self))
        }
    }

    // MARK: - mappings

    private static func mapping(_ text: String) {
        let (first, second) = (mapped(text), mapped(text))
        switch (first, second) {
        case (.failure(let problem), .failure(let again)):
            check(problem == again, "errors are deterministic")
            check(!problem.explanation.isEmpty, "a refusal says what is wrong")
        case (.success(let mapping), .success): convert(Array(csv.utf8), mapping)
        default: broken("reading is deterministic")
        }
    }

    private static func mapped(_ text: String) -> Result<Mapping, Mapping.Problem> {
        Result { () throws(Mapping.Problem) in try Mapping(yaml: text) }
    }

    // MARK: - lists

    private static func convert(_ csv: [UInt8], _ mapping: Mapping) {
        let conversion = SheetConversion(mapping, key: MessageFuzz.key)
        let (requests, problems) = conversion.convert(csv: csv)
        let again = conversion.convert(csv: csv)
        check(requests == again.requests && problems == again.problems, "converting is deterministic")
        check(requests.isEmpty || problems.isEmpty, "where one row is wrong there are no requests")
        let lines = csv.count { $0 == 0x0a } + 1
        for problem in problems {
            check((1...lines).contains(problem.line), "a problem is in a line of the list: \(problem)")
            check(!problem.explanation.contains(Marking.word), "it holds no cell")
        }
        for request in requests {
            let body = RequestContract.json(request).serialized()
            guard case .request(request)? = try? IntakeContract.read(body) else { broken("a request is read") }
        }
        check(
            Set(requests.map { "\($0.requestID) \($0.revision)" }).count == requests.count,
            "each row is a request of its own")
    }

    /// Rows that are written as the form has it are read as the same.
    private static func table(_ text: String) {
        guard let rows = try? CSV.rows(text) else { return }
        check(rows.allSatisfy { !$0.fields.isEmpty && $0.fields != [""] }, "empty lines are left out")
        check(zip(rows, rows.dropFirst()).allSatisfy { $0.line < $1.line }, "lines ascend")
        // By scalars: a quote that a mark combines with is a quote.
        let written = rows.map { row in
            row.fields.map { field in
                let scalars = field.unicodeScalars.flatMap { $0 == "\"" ? [$0, $0] : [$0] }
                return "\"" + String(String.UnicodeScalarView(scalars)) + "\""
            }.joined(separator: ",") + "\r\n"
        }
        guard let again = try? CSV.rows(written.joined()) else { broken("what was read is written") }
        check(again.map(\.fields) == rows.map(\.fields), "what was written is read as the same")
    }
}
