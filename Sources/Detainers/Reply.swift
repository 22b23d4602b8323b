// The contract detainer.reply/1: what a sender is told that asked for an answer.
//
//     {"schema": "detainer.reply/1", "result": "recorded", "id": UUID, "revision": 1, "eventId": UUID,
//      "disposition": "referred", "ledger": {"logId": …, "index": 7, "root": …}}
//     {"schema": "detainer.reply/1", "result": "refused", "reason": word, "detail": "/form/kind: must be one of …"}
//
// `disposition` stands there where a request was recorded, `ledger` where anything was: the record's index, and the
// root of a checkpoint that covers it. Neither is in the reply to a repeat of what was announced before: a worker does
// not keep what it decided then, and what it would decide today is another matter. The event of that id tells both.

/// What became of a message, for its sender.
public enum Reply: Sendable, Equatable {
    /// The message is on record, and the event that tells of it is confirmed.
    case recorded(Recorded)
    /// The message is a dead letter, which is confirmed; nothing of it is recorded.
    case refused(DeadLetterReason, detail: String)

    public static let schema = "detainer.reply/1"
    /// A path and a sentence of ours; longer ones are cut.
    public static let maximumDetailBytes = 2_000

    public enum Result: String, Sendable, CaseIterable { case recorded, refused }

    /// What was recorded, and where.
    public struct Recorded: Sendable, Equatable {
        public var id: String
        public var revision: Int
        public var eventID: String
        /// Of a request that this message brought.
        public var disposition: Disposition?
        /// Of a record that this message brought.
        public var position: LedgerPosition?

        public init(_ identity: LedgerEntry.Identity) {
            switch identity {
            case .request(let request):
                (id, revision, eventID) = (request.requestID, request.revision, request.eventID)
            case .record(let record): (id, revision, eventID) = (record.recordID, record.revision, record.eventID)
            }
        }

        /// What this message brought.
        public init(_ entry: PreparedEntry, at position: LedgerPosition) {
            self.init(entry.identity)
            (disposition, self.position) = (entry.disposition, position)
        }
    }

    public var json: JSONValue {
        switch self {
        case .recorded(let recorded):
            .object(
                [
                    JSONMember(name: "schema", value: .string(Self.schema)),
                    JSONMember(name: "result", value: .string(Result.recorded.rawValue)),
                    JSONMember(name: "id", value: .string(recorded.id)),
                    JSONMember(name: "revision", value: .number(String(recorded.revision))),
                    JSONMember(name: "eventId", value: .string(recorded.eventID)),
                    recorded.disposition.map { JSONMember(name: "disposition", value: .string($0.rawValue)) },
                    recorded.position.map { JSONMember(name: "ledger", value: $0.json) },
                ].compactMap { $0 })
        case .refused(let reason, let detail):
            [
                "schema": .string(Self.schema), "result": .string(Result.refused.rawValue),
                "reason": .string(reason.rawValue), "detail": .string(Self.shortened(detail)),
            ]
        }
    }

    /// Never within a character.
    private static func shortened(_ text: String) -> String {
        if text.utf8.count <= maximumDetailBytes { return text }
        var bytes = 0
        return String(
            text.prefix { character in
                bytes += character.utf8.count
                return bytes <= maximumDetailBytes
            })
    }
}
