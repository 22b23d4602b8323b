/// Where a record stands: the ledger's random id, the record's index, and the newest root when it was announced.
public struct LedgerPosition: Sendable, Equatable {
    public var logID: String
    public var index: UInt64
    public var root: String

    public init(logID: String, index: UInt64, root: String) {
        self.logID = logID
        self.index = index
        self.root = root
    }

    var json: JSONValue {
        ["logId": .string(logID), "index": .number(String(index)), "root": .string(root)]
    }
}

/// The event that tells the aggregator of an outcome or of a record of a case: a CloudEvents 1.0 object in structured
/// JSON.
///
/// Its `id` is the same however often it is sent. It holds no personal data but the keyed pseudonyms.
public enum LedgerEvent {
    public static let outcomeType = "detainer.outcome.1"
    public static let recordType = "detainer.record.1"
    public static let contentType = "application/cloudevents+json"

    public static func json(_ entry: LedgerEntry, ledger position: LedgerPosition) -> JSONValue {
        JSONValue(written: PreparedEntry(entry).event(at: position))
    }

    /// What an event tells, and where its record stands.
    ///
    /// - Returns: `nil` where it is no event of a worker, or lacks what one holds.
    public static func read(_ json: JSONValue) -> (entry: LedgerEntry, ledger: LedgerPosition)? {
        guard let type = json["type"]?.stringValue, let data = json["data"]?.objectValue,
            let ledger = json["data"]?["ledger"], let logID = ledger["logId"]?.stringValue,
            let index = ledger["index"]?.intValue.flatMap(UInt64.init(exactly:)), let root = ledger["root"]?.stringValue
        else { return nil }
        var members = data.filter { $0.name != "ledger" }
        switch type {
        case outcomeType: members.insert(JSONMember(name: "kind", value: .string(Outcome.kind)), at: 0)
        case recordType: break
        default: return nil
        }
        if let time = json["time"] { members.append(JSONMember(name: "recordedAt", value: time)) }
        if let parent = json["traceparent"] { members.append(JSONMember(name: "traceparent", value: parent)) }
        // Whatever it lacks, it is no event of a worker.
        guard let text = try? JSONText(JSONValue.object(members).serialized()),
            let entry = try? LedgerEntry(json: text.root), entry.eventID == json["id"]?.stringValue
        else {
            return nil
        }
        return (entry, LedgerPosition(logID: logID, index: index, root: root))
    }

    /// `outcome.<jurisdiction>.<disposition>`
    static func routingKey(_ outcome: Outcome) -> String {
        "outcome.\(outcome.jurisdiction).\(outcome.disposition.rawValue)"
    }

    /// `record.<jurisdiction>.<kind>`
    static func routingKey(_ record: CaseRecord) -> String {
        "record.\(record.jurisdiction).\(record.kind.rawValue)"
    }
}
