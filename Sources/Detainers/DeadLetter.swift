/// A message that could not become an outcome: its body untouched, and why, where and when it died.
///
/// On the wire the body is the message's body, and everything else travels in headers named `x-detainer-…`:
///
/// | header | holds |
/// | --- | --- |
/// | `x-detainer-reason` | one of ``DeadLetterReason`` |
/// | `x-detainer-detail` | a path and a sentence, never a value of the message |
/// | `x-detainer-first-failed-at` | RFC 3339, UTC: when it first could not be decided, as far as that is known |
/// | `x-detainer-dead-at` | RFC 3339, UTC: when it was given up |
/// | `x-detainer-attempts` | how often it was tried |
/// | `x-detainer-worker` | who gave up on it |
/// | `x-detainer-policy` | digest of the policy that could not decide it; empty where none was asked |
/// | `x-detainer-replays` | what the message said of its replays: `<letter>/<died>/<replayed>`, comma-separated |
/// | `x-detainer-exchange`, `x-detainer-routing-key` | where it was published to |
/// | `x-detainer-envelope` | JSON: the properties and headers it had, as data, so that they have no effect on the way |
public struct DeadLetter: Sendable, Equatable {
    public var reason: DeadLetterReason
    public var detail: String
    public var firstFailedAt: String
    public var deadAt: String
    public var attempts: Int
    public var worker: String
    public var policyDigest: String
    /// As the message's own header says, which any publisher can write: a hint, never a proof.
    public var claimedReplays: ReplayHistory
    public var exchange: String
    public var routingKey: String
    public var envelope: JSONValue
    public var body: [UInt8]

    public init(
        reason: DeadLetterReason, detail: String, firstFailedAt: String? = nil, deadAt: String, attempts: Int,
        worker: String, policyDigest: String = "", claimedReplays: ReplayHistory = ReplayHistory(), exchange: String,
        routingKey: String, envelope: JSONValue, body: [UInt8]
    ) {
        self.reason = reason
        self.detail = detail
        self.firstFailedAt = firstFailedAt ?? deadAt
        self.deadAt = deadAt
        self.attempts = attempts
        self.worker = worker
        self.policyDigest = policyDigest
        self.claimedReplays = claimedReplays
        self.exchange = exchange
        self.routingKey = routingKey
        self.envelope = envelope
        self.body = body
    }

    /// The headers as they go over the wire.
    public var headers: [(name: String, value: String)] {
        [
            ("x-detainer-reason", reason.rawValue),
            ("x-detainer-detail", detail),
            ("x-detainer-first-failed-at", firstFailedAt),
            (Self.deadAtHeader, deadAt),
            ("x-detainer-attempts", String(attempts)),
            ("x-detainer-worker", worker),
            ("x-detainer-policy", policyDigest),
            ("x-detainer-replays", claimedReplays.text),
            ("x-detainer-exchange", exchange),
            ("x-detainer-routing-key", routingKey),
            ("x-detainer-envelope", String(decoding: envelope.serialized(), as: UTF8.self)),
        ]
    }

    /// Of a message whose properties and headers cannot be told.
    public static let lostEnvelope: JSONValue = ["headersLost": true]

    /// The header that tells one death of a message from another.
    public static let deadAtHeader = "x-detainer-dead-at"

    /// Reads what one of our workers wrote; `nil` where a header is missing or unreadable, as in a letter that the
    /// broker itself dead-lettered.
    ///
    /// - Parameter header: the header of a name, where there is one.
    public init?(header: (String) -> String?, body: [UInt8]) {
        guard let reason = header("x-detainer-reason").flatMap(DeadLetterReason.init(rawValue:)),
            let detail = header("x-detainer-detail"), let deadAt = header(Self.deadAtHeader),
            let attempts = header("x-detainer-attempts").flatMap({ Int($0) }),
            let envelopeText = header("x-detainer-envelope")
        else { return nil }
        // One that cannot be read must not keep the rest of the letter, or of the store, from being read.
        let envelope = (try? JSONValue.parse(Array(envelopeText.utf8))) ?? Self.lostEnvelope
        self.init(
            reason: reason, detail: detail, firstFailedAt: header("x-detainer-first-failed-at"), deadAt: deadAt,
            attempts: attempts, worker: header("x-detainer-worker") ?? "unknown",
            policyDigest: header("x-detainer-policy") ?? "",
            claimedReplays: header("x-detainer-replays").flatMap(ReplayHistory.init(text:)) ?? ReplayHistory(),
            exchange: header("x-detainer-exchange") ?? "", routingKey: header("x-detainer-routing-key") ?? "",
            envelope: envelope, body: body)
    }
}
