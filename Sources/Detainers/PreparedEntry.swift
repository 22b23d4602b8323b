/// The bytes that an entry is recorded and announced in, made once, and what is asked of it beside them; the entry
/// itself, with thirty texts of which each has a block of memory, need not be kept.
public struct PreparedEntry: Sendable, Equatable {
    /// An outcome of a form that says all it can has some 1,300.
    private static let usualBytes = 1_536

    public let identity: LedgerEntry.Identity
    public let contentKey: String
    public let eventID: String
    /// What its event is routed by (LedgerEvent.swift).
    public let routingKey: String
    public let traceparent: String?
    public let jurisdiction: String
    public let recordedAt: Moment
    /// Of an outcome, where a policy of ours decided it.
    public let decision: Decision?
    /// `nil`: it is no outcome.
    public let disposition: Disposition?
    /// `nil`: it is no record of a case.
    public let caseKind: CaseKind?
    /// The record's object as the ledger writes it, without its check.
    public let record: [UInt8]
    /// Where the members stand in it that the event has, too.
    private let shared: Range<Int>

    public init(_ entry: LedgerEntry) {
        switch entry {
        case .outcome(let outcome): self.init(outcome)
        case .record(let record): self.init(record)
        }
    }

    private init(_ outcome: Outcome) {
        identity = .request(outcome.identity)
        contentKey = outcome.contentKey
        let eventID = outcome.identity.eventID
        var shared = 0..<0
        record = JSONWriter.object(reserving: Self.usualBytes) { shared = outcome.write(eventID: eventID, into: &$0) }
        (self.eventID, self.shared) = (eventID, shared)
        (routingKey, traceparent) = (LedgerEvent.routingKey(outcome), outcome.traceparent)
        (jurisdiction, recordedAt, caseKind) = (outcome.jurisdiction, outcome.recordedAt, nil)
        (decision, disposition) = (outcome.decision, outcome.disposition)
    }

    private init(_ record: CaseRecord) {
        identity = .record(record.identity)
        contentKey = record.contentKey
        let eventID = record.identity.eventID
        var shared = 0..<0
        self.record = JSONWriter.object(reserving: Self.usualBytes) {
            shared = record.write(eventID: eventID, into: &$0)
        }
        (self.eventID, self.shared) = (eventID, shared)
        (routingKey, traceparent) = (LedgerEvent.routingKey(record), record.traceparent)
        (jurisdiction, recordedAt, caseKind) = (record.jurisdiction, record.recordedAt, record.kind)
        (decision, disposition) = (nil, nil)
    }

    /// The bytes of the event, once it is known where the record stands (LedgerEvent.swift).
    public func event(at position: LedgerPosition) -> [UInt8] {
        JSONWriter.object(reserving: shared.count + 1_024) { event in
            event.add("specversion", "1.0")
            event.add("id", eventID)
            event.add("source", "/detainer-worker/\(jurisdiction)")
            event.add("type", eventType)
            event.add("subject", subject)
            event.add("time", recordedAt.text)
            event.add("datacontenttype", "application/json")
            event.add("traceparent", traceparent)
            event.object("data") { data in
                switch identity {
                case .request(let identity):
                    data.add("requestId", identity.requestID)
                    data.add("revision", identity.revision)
                case .record(let identity):
                    data.add("recordId", identity.recordID)
                    data.add("revision", identity.revision)
                }
                data.add("kind", caseKind?.rawValue)
                data.add(members: record[shared])
                data.add("contentKey", contentKey)
                data.object("ledger") { ledger in
                    ledger.add("logId", position.logID)
                    ledger.add("index", position.index)
                    ledger.add("root", position.root)
                }
            }
        }
    }

    /// The type of its event (LedgerEvent.swift).
    public var eventType: String {
        switch identity {
        case .request: LedgerEvent.outcomeType
        case .record: LedgerEvent.recordType
        }
    }

    public static func == (one: PreparedEntry, other: PreparedEntry) -> Bool { one.record == other.record }

    private var subject: String {
        switch identity {
        case .request(let identity): identity.requestID
        case .record(let identity): identity.recordID
        }
    }
}
