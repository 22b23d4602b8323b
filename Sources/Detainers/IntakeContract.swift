/// What comes through the intake queue: a request, or a record of a case.
public enum IntakeMessage: Sendable, Equatable {
    case request(Request)
    case record(CaseMessage)

    /// What the sender chose, and the AMQP property `message_id`.
    public var id: String {
        switch self {
        case .request(let request): request.requestID
        case .record(let record): record.recordID
        }
    }

    /// The member that holds ``id``.
    public var idMember: String {
        switch self {
        case .request: "requestId"
        case .record: "recordId"
        }
    }

    public var schema: String {
        switch self {
        case .request: RequestContract.schema
        case .record: CaseContract.schema
        }
    }
}

/// Tells the contracts of the intake queue, and their versions, apart by the member `schema`.
///
/// Every version of a contract is read into the same values, so that policy and ledger see no difference.
public struct IntakeContract: Sendable {
    /// Reads a message whose member `schema` is that of its version.
    public typealias Reader = @Sendable (JSONNode) throws(ContractError) -> IntakeMessage

    private let versions: [(schema: String, read: Reader)]

    /// What this program reads.
    public static let current = IntakeContract([])
        .adding(RequestContract.schema) { json throws(ContractError) in .request(try RequestContract.read(json)) }
        .adding(CaseContract.schema) { json throws(ContractError) in .record(try CaseContract.read(json)) }

    private init(_ versions: [(schema: String, read: Reader)]) { self.versions = versions }

    /// The same with another version beside those that it reads, none of which changes.
    public func adding(_ schema: String, _ read: @escaping Reader) -> IntakeContract {
        precondition(!versions.contains { $0.schema == schema }, "a version stays what it is")
        return IntakeContract(versions + [(schema, read)])
    }

    /// Reads one message body by ``current``.
    public static func read(
        _ body: [UInt8], as form: IntakeForm = .message
    ) throws(ContractError) -> IntakeMessage { try current.read(body, as: form) }

    /// Reads one message body; an error's path begins at the body, also where the message is an event's `data`.
    public func read(_ body: [UInt8], as form: IntakeForm = .message) throws(ContractError) -> IntakeMessage {
        let json = try Self.parse(body)
        guard form == .event else { return try read(json) }
        let data = try CloudEvent.data(of: json)
        do { return try read(data) } catch {
            throw ContractError(reason: error.reason, path: form.root + error.path, explanation: error.explanation)
        }
    }

    private func read(_ json: JSONNode) throws(ContractError) -> IntakeMessage {
        // Whoever names none is told what a request lacks.
        guard json.isObject, let schema = json["schema"]?.stringValue else {
            return .request(try RequestContract.read(json))
        }
        if let version = versions.first(where: { $0.schema == schema }) { return try version.read(json) }
        let family = Self.family(schema)
        let known = versions.map(\.schema)
        let related = known.filter { Self.family($0) == family }
        throw ContractError(
            reason: !related.isEmpty && Self.isVersion(schema) ? .unsupportedVersion : .schema, path: "/schema",
            explanation: "must be " + (related.isEmpty ? known : related).map { "`\($0)`" }.joined(separator: " or "))
    }

    /// Whether it names a number: another version is ours to learn, anything else is no message of any version.
    private static func isVersion(_ schema: String) -> Bool {
        let number = schema.dropFirst(family(schema).utf8.count + 1)
        return (1...4).contains(number.utf8.count) && number.allSatisfy { ("0"..."9").contains($0) }
    }

    static func parse(_ body: [UInt8]) throws(ContractError) -> JSONNode {
        let maximum = RequestContract.maximumBodyBytes
        if body.count > maximum {
            throw ContractError(reason: .tooLarge, path: "", explanation: "is larger than \(maximum) bytes")
        }
        do { return try JSONText(body).root } catch {
            let reason: DeadLetterReason = error.isEncoding ? .wrongEncoding : .malformedJSON
            throw ContractError(
                reason: reason, path: RequestMembers.pointer(error.path),
                explanation: "\(error.explanation), at byte \(error.offset)")
        }
    }

    static func checkSchema(_ root: inout ObjectReader, is expected: String) throws(ContractError) {
        let schema = try root.requiredText("schema", atMost: RequestContract.Length.text)
        if schema == expected { return }
        let isRelated = family(schema) == family(expected)
        throw ContractError(
            reason: isRelated && isVersion(schema) ? .unsupportedVersion : .schema, path: "/schema",
            explanation: "must be `\(expected)`")
    }

    private static func family(_ schema: String) -> String {
        String(schema.prefix { $0 != "/" })
    }
}
