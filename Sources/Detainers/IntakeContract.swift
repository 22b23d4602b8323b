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

/// Tells the contracts of the intake queue apart by their member `schema`.
public enum IntakeContract {
    static let families = ["detainer.request", "detainer.record"]

    /// Reads one message body.
    public static func read(_ body: [UInt8]) throws(ContractError) -> IntakeMessage {
        let json = try parse(body)
        let schema = json["schema"]
        if schema?.isString(RequestContract.schema) == true { return .request(try RequestContract.read(json)) }
        switch schema?.stringValue.map(family) {
        case "detainer.record": return .record(try CaseContract.read(json))
        case "detainer.request", nil: return .request(try RequestContract.read(json))
        default:
            throw ContractError(
                reason: .schema, path: "/schema",
                explanation: "must be `\(RequestContract.schema)` or `\(CaseContract.schema)`")
        }
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
        // Another version is ours to learn; anything else is no message of any version.
        let version = family(schema) == family(expected) ? schema.dropFirst(family(schema).utf8.count + 1) : ""
        let isVersion = (1...4).contains(version.utf8.count) && version.allSatisfy { ("0"..."9").contains($0) }
        throw ContractError(
            reason: isVersion ? .unsupportedVersion : .schema, path: "/schema", explanation: "must be `\(expected)`")
    }

    private static func family(_ schema: String) -> String {
        String(schema.prefix { $0 != "/" })
    }
}
