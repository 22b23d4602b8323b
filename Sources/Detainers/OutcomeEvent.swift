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
}

/// The event that tells the aggregator of an outcome: a CloudEvents 1.0 object in structured JSON.
///
/// Its `id` is the same however often it is sent. It holds no personal data but the keyed pseudonyms.
public enum OutcomeEvent {
    public static let type = "detainer.outcome.1"
    public static let contentType = "application/cloudevents+json"

    public static func json(_ outcome: Outcome, ledger position: LedgerPosition) -> JSONValue {
        var event = Members()
        event.add("specversion", "1.0")
        event.add("id", outcome.identity.eventID)
        event.add("source", "/detainer-worker/\(outcome.jurisdiction)")
        event.add("type", type)
        event.add("subject", outcome.identity.requestID)
        event.add("time", outcome.recordedAt.text)
        event.add("datacontenttype", "application/json")
        event.add("traceparent", outcome.traceparent)
        var data = Members()
        data.add("requestId", outcome.identity.requestID)
        data.add("revision", outcome.identity.revision)
        data.list += outcome.content().list
        data.add("contentKey", outcome.contentKey)
        var ledger = Members()
        ledger.add("logId", position.logID)
        ledger.list.append(JSONMember(name: "index", value: .number(String(position.index))))
        ledger.add("root", position.root)
        data.add("ledger", ledger)
        event.add("data", data)
        return .object(event.list)
    }

    /// `outcome.<jurisdiction>.<disposition>`
    public static func routingKey(_ outcome: Outcome) -> String {
        "outcome.\(outcome.jurisdiction).\(outcome.disposition.rawValue)"
    }
}
