import Crypto
public import Detainers

/// One version of a city's policy: decision tables, the law they rest on, and the examples that prove them.
///
/// One that came out of ``parse(text:file:)`` answers every request in exactly one way. Immutable and passed by
/// reference: one is looked up for each request.
public final class PolicyDocument: Sendable {
    /// `sha-256:` and the digest of the text, in hexadecimal.
    public let digest: String
    public let text: String
    let file: String
    let draft: PolicyDraft
    let space: FactSpace
    private let decider: Decider

    public enum Status: String, Sendable, CaseIterable {
        case draft, approved
    }

    public var name: String { draft.name }
    public var jurisdiction: String { draft.jurisdiction }
    /// Agencies that it answers for.
    public var receivers: [String] { draft.receivers }
    public var inForceFrom: CivilDate { draft.inForceFrom }
    public var timeZone: TimeZoneName { draft.timeZone }
    public var status: Status { draft.status }
    /// Who stands for it; `nil`: nobody yet.
    public var approvedBy: String? { draft.approvedBy }
    /// What its author looked for and did not find.
    public var notKnown: [String] { draft.notKnown }
    var law: [Citation] { draft.law }
    var facts: [FactDeclaration] { draft.facts }
    /// Hold, transfer, notify, report line.
    var tables: [Table] { draft.tables }
    var duties: [Duty] { draft.duties }
    var examples: [Example] { draft.examples }

    /// Somebody stands for it by name, and it is no draft.
    public var isApproved: Bool { approvedBy != nil && status == .approved }

    /// What is in it, for telling.
    public var counts: (rows: Int, examples: Int) { (tables.reduce(0) { $0 + $1.rows.count }, examples.count) }

    /// Reads and proves one file.
    ///
    /// - Throws: all that is wrong with it.
    public static func parse(text: String, file: String) throws(PolicyError) -> PolicyDocument {
        let document = try read(text: text, file: file)
        let problems = document.proof()
        if !problems.isEmpty { throw PolicyError(problems) }
        return document
    }

    /// Reads one file without proving it, as for running its examples, or for one that was proved when it decided.
    public static func read(text: String, file: String) throws(PolicyError) -> PolicyDocument {
        var reader = PolicyReader(file: file)
        return try reader.document(text)
    }

    /// All that keeps the policy from being proved; empty: it is.
    public func proof() -> [PolicyProblem] { Proof(self).problems }

    /// - Throws: where a fact is told apart in too many ways.
    init(_ draft: PolicyDraft, text: String, file: String) throws(PolicyError) {
        let space = try draft.space(file: file)
        let digest = Self.digest(of: text)
        self.draft = draft
        self.space = space
        self.text = text
        self.file = file
        self.digest = digest
        decider = Decider(draft, space, digest: digest, file: file)
    }

    static func digest(of text: String) -> String {
        "sha-256:"
            + SHA256.hash(data: Array(text.utf8)).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }

    // MARK: - deciding

    /// Decides one request. Pure: the same request always gets the same decision. Takes less than a microsecond.
    ///
    /// - Throws: only where a table has no single answer, which a document that was proved never has.
    public func decide(_ request: Request) throws(PolicyError) -> Decision {
        try decider.decide(request)
    }

    /// Decides from the facts that a record holds; those that it lacks are unknown.
    ///
    /// - Throws: also where a fact has a value that it cannot have.
    public func decide(recorded: [Fact]) throws(PolicyError) -> Decision {
        try decider.decide(try values(of: recorded))
    }

    func values(of recorded: [Fact]) throws(PolicyError) -> [FactValue] {
        var values = [FactValue](repeating: .unknown, count: facts.count)
        for (position, declaration) in facts.enumerated() {
            guard let text = recorded.first(where: { $0.name == declaration.name })?.value else { continue }
            guard let value = declaration.type.value(text) else {
                throw PolicyError(file: file, explanation: "a record's `\(declaration.name)` has no value of its type")
            }
            values[position] = value
        }
        return values
    }

    /// The row of a table that answers a point, or none where there is no single one.
    func row(of table: Int, at values: [FactValue]) -> Row? {
        guard case .row(let position) = decider.look(table, FactPoint(space.point(values))) else { return nil }
        return tables[table].rows[position]
    }

    func duties(at values: [FactValue]) -> [Duty] {
        let point = space.point(values)
        return duties.filter { space.box($0.conditions).contains(point) }
    }

    // MARK: - examples

    /// How one example came out.
    public struct ExampleResult: Sendable, Equatable {
        let example: Example
        public let got: [String]
        /// Whether a request can have its facts.
        let isPossible: Bool
        public var name: String { example.name }
        public var expected: [String] { example.expect }
        /// A sentence; `nil`: it came out as it says.
        public var failure: String? {
            if !isPossible { return "no request has such facts at once" }
            if got == example.expect { return nil }
            return "expects \(example.expect.joined(separator: ", ")) and gets \(got.joined(separator: ", "))"
        }
        public var problem: PolicyProblem?
    }

    public func runExamples() -> [ExampleResult] {
        examples.map { example in
            let rows = tables.indices.map { row(of: $0, at: example.given)?.id ?? "nothing" }
            var result = ExampleResult(
                example: example, got: rows + duties(at: example.given).map(\.id),
                isPossible: space.possible(in: Region([space.point(example.given)])) != nil)
            result.problem = result.failure.map {
                PolicyProblem(
                    file: file, line: example.mark.line, column: example.mark.column, row: "example `\(example.name)`",
                    explanation: $0)
            }
            return result
        }
    }
}
