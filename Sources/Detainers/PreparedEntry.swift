/// An entry with the bytes that it is recorded and announced in, which are made once, where it was decided.
///
/// Immutable and passed by reference: on its way through a worker it is handed on many times.
public final class PreparedEntry: Sendable, Equatable {
    /// An outcome of a form that says all it can has some 1,300.
    private static let usualBytes = 1_536

    /// With many texts, each with a count of its references: what is asked for of each entry stands beside it.
    public let entry: LedgerEntry
    public let identity: LedgerEntry.Identity
    public let contentKey: String
    public let eventID: String
    /// What its event is routed by (LedgerEvent.swift).
    public let routingKey: String
    public let traceparent: String?
    public let jurisdiction: String
    /// Of an outcome, where a policy of ours decided it.
    public let decision: Decision?
    /// `nil`: it is no outcome.
    public let disposition: Disposition?
    /// The record's object as the ledger writes it, without its check.
    public let record: [UInt8]
    /// Where the members stand in it that the event has, too.
    private let shared: Range<Int>

    public convenience init(_ entry: LedgerEntry) {
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
        (jurisdiction, decision, disposition) = (outcome.jurisdiction, outcome.decision, outcome.disposition)
        entry = .outcome(outcome)
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
        (jurisdiction, decision, disposition) = (record.jurisdiction, nil, nil)
        entry = .record(record)
    }

    public static func outcome(_ outcome: consuming Outcome) -> PreparedEntry { PreparedEntry(outcome) }

    public static func record(_ record: consuming CaseRecord) -> PreparedEntry { PreparedEntry(record) }

    /// The bytes of the event, once it is known where the record stands (LedgerEvent.swift).
    public func event(at position: LedgerPosition) -> [UInt8] {
        JSONWriter.object(reserving: shared.count + 1_024) { event in
            event.add("specversion", "1.0")
            event.add("id", eventID)
            event.add("source", "/detainer-worker/\(jurisdiction)")
            event.add("type", eventType)
            event.add("subject", subject)
            event.add("time", entry.recordedAt.text)
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
                if case .record(let record) = entry { data.add("kind", record.kind.rawValue) }
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

    public static func == (one: PreparedEntry, other: PreparedEntry) -> Bool { one.entry == other.entry }

    private var subject: String {
        switch identity {
        case .request(let identity): identity.requestID
        case .record(let identity): identity.recordID
        }
    }
}
