import Crypto
public import Detainers
import Yams

/// One version of a city's policy: decision tables, the law they rest on, and the examples that prove them.
///
/// It loads only when every combination of facts has exactly one answer and every example comes out as it says.
public struct PolicyDocument: Sendable {
    public let name: String
    public let receivers: [String]
    public let jurisdiction: String
    public let inForceFrom: CivilDate
    public let timeZone: TimeZoneName
    public let approvedBy: String?
    public let status: String
    /// `sha-256:` and the digest of the text, in hexadecimal.
    public let digest: String
    public let text: String
    let file: String
    let facts: [FactDeclaration]
    let law: [String: Citation]
    let tables: [Table]
    let examples: [Example]

    /// Somebody stands for it by name, and it is no draft.
    public var isApproved: Bool { approvedBy != nil && status == "approved" }

    static let keys = [
        "policy", "jurisdiction", "receivers", "in force from", "time zone", "status", "approved by", "law", "facts",
        "hold", "transfer", "notify", "report line", "examples",
    ]

    /// Reads, checks and proves one file.
    public static func parse(text: String, file: String) throws(PolicyError) -> PolicyDocument {
        let document = try PolicyDocument(text: text, file: file)
        for table in document.tables { try Completeness.check(table, document.facts, file: file) }
        if let failure = document.runExamples().first {
            throw PolicyError(file: file, line: failure.line, explanation: failure.sentence)
        }
        return document
    }

    private init(text: String, file: String) throws(PolicyError) {
        let reader = PolicyReader(file: file)
        let root = try reader.root(text)
        for (key, value) in root where !Self.keys.contains(key) {
            throw reader.error(value, "unknown key `\(key)`")
        }
        func member(_ name: String) throws(PolicyError) -> Node {
            guard let node = root.first(where: { $0.key == name })?.value else {
                throw PolicyError(file: file, explanation: "lacks `\(name)`")
            }
            return node
        }
        self.text = text
        self.file = file
        digest =
            "sha-256:"
            + SHA256.hash(data: Array(text.utf8)).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        name = try reader.text(try member("policy"), "`policy`")
        jurisdiction = try reader.text(try member("jurisdiction"), "`jurisdiction`")
        receivers = try reader.words(try member("receivers"), "`receivers`")
        status = try reader.text(try member("status"), "`status`")
        guard ["draft", "approved"].contains(status) else {
            throw reader.error(try member("status"), "`status` is draft or approved")
        }
        let approver = try reader.text(try member("approved by"), "`approved by`")
        approvedBy = approver == "nobody yet" ? nil : approver
        guard let date = CivilDate(try reader.text(try member("in force from"), "`in force from`")) else {
            throw reader.error(try member("in force from"), "`in force from` must be a date such as 2019-12-19")
        }
        inForceFrom = date
        guard let zone = TimeZoneName(try reader.text(try member("time zone"), "`time zone`")) else {
            throw reader.error(try member("time zone"), "`time zone` must be an IANA name such as America/New_York")
        }
        timeZone = zone
        law = try reader.law(try member("law"))
        facts = try reader.facts(try member("facts"))
        var tables: [Table] = []
        for name in PolicyReader.tableNames {
            tables.append(try reader.table(name, try member(name), facts: facts, law: law))
        }
        var ids: Set<String> = []
        for row in tables.flatMap(\.rows) where !ids.insert(row.id).inserted {
            throw PolicyError(file: file, line: row.line, explanation: "row \(row.id) stands in two tables")
        }
        self.tables = tables
        examples = try reader.examples(try member("examples"), facts: facts)
    }

    /// An example that does not come out as its author said.
    public struct ExampleFailure: Sendable, Equatable {
        public var line: Int
        public var sentence: String
    }

    public func runExamples() -> [ExampleFailure] {
        examples.compactMap { example in
            let rows = tables.map { rowID($0, example.given) }
            if rows == example.expect { return nil }
            return ExampleFailure(
                line: example.line,
                sentence: "example `\(example.name)` expects \(example.expect.joined(separator: ", ")) "
                    + "and gets \(rows.joined(separator: ", "))")
        }
    }

    private func rowID(_ table: Table, _ facts: FactValues) -> String {
        if case .row(let row) = table.look(facts) { row.id } else { "nothing" }
    }

    /// Decides one request. Pure: the same request always gets the same decision.
    ///
    /// - Throws: only where a table has no single answer, which a document that was parsed never has.
    public func decide(_ request: Request) throws(PolicyError) -> Decision {
        let facts = FactsOfRequest.facts(of: request).filter { fact in self.facts.contains { $0.name == fact.name } }
        let values = FactValues(uniqueKeysWithValues: facts.map { ($0.name, $0.value) })
        var rows: [Row] = []
        for table in tables {
            guard case .row(let row) = table.look(values) else {
                throw PolicyError(
                    file: file, line: table.line, explanation: "table `\(table.name)` has no single answer")
            }
            rows.append(row)
        }
        func given(_ row: Row) throws(PolicyError) -> GivenAnswer {
            guard let answer = AnswerKind(rawValue: row.answer) else {
                throw PolicyError(file: file, line: row.line, explanation: "row \(row.id) gives no answer")
            }
            return GivenAnswer(answer: answer, rule: row.id, to: row.role)
        }
        return Decision(
            hold: try given(rows[0]), transfer: try given(rows[1]), notify: try given(rows[2]),
            reportLine: rows[3].answer, reportRule: rows[3].id, facts: facts, policyName: name, policyDigest: digest)
    }
}
