// The contract detainer.reply/1: what a sender is told that asked for an answer.
//
//     {"schema": "detainer.reply/1", "result": "recorded", "id": UUID, "revision": 1, "eventId": UUID}
//     {"schema": "detainer.reply/1", "result": "refused", "reason": word, "detail": "/form/kind: must be one of …"}
//
// It is a function of the message alone, so that a repeat gets the same. What was decided is not in it, nor where the
// record stands: a worker does not keep that of what it recorded long ago. The event of that id tells both, to those
// who may read events.

/// What became of a message, for its sender.
public enum Reply: Sendable, Equatable {
    /// The message is on record, and the event that tells of it is confirmed.
    case recorded(id: String, revision: Int, eventID: String)
    /// The message is a dead letter, which is confirmed; nothing of it is recorded.
    case refused(DeadLetterReason, detail: String)

    public static let schema = "detainer.reply/1"
    /// A path and a sentence of ours; longer ones are cut.
    public static let maximumDetailBytes = 2_000

    public enum Result: String, Sendable, CaseIterable { case recorded, refused }

    public static func recorded(_ identity: LedgerEntry.Identity) -> Reply {
        switch identity {
        case .request(let request):
            .recorded(id: request.requestID, revision: request.revision, eventID: request.eventID)
        case .record(let record): .recorded(id: record.recordID, revision: record.revision, eventID: record.eventID)
        }
    }

    public var json: JSONValue {
        switch self {
        case .recorded(let id, let revision, let eventID):
            [
                "schema": .string(Self.schema), "result": .string(Result.recorded.rawValue), "id": .string(id),
                "revision": .number(String(revision)), "eventId": .string(eventID),
            ]
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
