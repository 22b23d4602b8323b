/// An entry with the bytes that it is recorded and announced in, which are made once, where it was decided.
///
/// Immutable and passed by reference: on its way through a worker it is handed on many times.
public final class PreparedEntry: Sendable, Equatable {
    public let entry: LedgerEntry
    public let identity: LedgerEntry.Identity
    public let contentKey: String
    public let eventID: String
    /// The record's object as the ledger writes it, without its check.
    public let record: [UInt8]
    /// What the record and the event have in common, an object of its own.
    private let content: [UInt8]

    public init(_ entry: LedgerEntry) {
        let eventID = entry.eventID
        let content: [UInt8]
        switch entry {
        case .outcome(let outcome):
            content = outcome.content()
            record = JSONWriter.object(reserving: content.count + 512) {
                outcome.write(content: content, eventID: eventID, into: &$0)
            }
        case .record(let record):
            content = record.content()
            self.record = JSONWriter.object(reserving: content.count + 512) {
                record.write(content: content, eventID: eventID, into: &$0)
            }
        }
        self.entry = entry
        self.content = content
        self.eventID = eventID
        identity = entry.identity
        contentKey = entry.contentKey
    }

    public static func outcome(_ outcome: Outcome) -> PreparedEntry { PreparedEntry(.outcome(outcome)) }

    public static func record(_ record: CaseRecord) -> PreparedEntry { PreparedEntry(.record(record)) }

    /// The bytes of the event, once it is known where the record stands (LedgerEvent.swift).
    public func event(at position: LedgerPosition) -> [UInt8] {
        JSONWriter.object(reserving: content.count + 1_024) { event in
            event.add("specversion", "1.0")
            event.add("id", eventID)
            event.add("source", "/detainer-worker/\(entry.jurisdiction)")
            event.add("type", LedgerEvent.type(entry))
            event.add("subject", subject)
            event.add("time", entry.recordedAt.text)
            event.add("datacontenttype", "application/json")
            event.add("traceparent", entry.traceparent)
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
                data.add(members: content[1..<content.count - 1])
                data.add("contentKey", contentKey)
                data.object("ledger") { ledger in
                    ledger.add("logId", position.logID)
                    ledger.add("index", position.index)
                    ledger.add("root", position.root)
                }
            }
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
