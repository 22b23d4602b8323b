/// A message that could not become an outcome: its body untouched, and why, where and when it died.
///
/// On the wire the body is the message's body, and everything else travels in headers named `x-detainer-…`:
///
/// | header | holds |
/// | --- | --- |
/// | `x-detainer-reason` | one of ``DeadLetterReason`` |
/// | `x-detainer-detail` | a path and a sentence, never a value of the message |
/// | `x-detainer-dead-at` | RFC 3339, UTC |
/// | `x-detainer-attempts` | how often it was tried |
/// | `x-detainer-worker` | who gave up on it |
/// | `x-detainer-exchange`, `x-detainer-routing-key` | where it was published to |
/// | `x-detainer-envelope` | JSON: the properties and headers it had, as data, so that they have no effect on the way |
public struct DeadLetter: Sendable, Equatable {
    public var reason: DeadLetterReason
    public var detail: String
    public var deadAt: String
    public var attempts: Int
    public var worker: String
    public var exchange: String
    public var routingKey: String
    public var envelope: JSONValue
    public var body: [UInt8]

    public init(
        reason: DeadLetterReason, detail: String, deadAt: String, attempts: Int, worker: String, exchange: String,
        routingKey: String, envelope: JSONValue, body: [UInt8]
    ) {
        self.reason = reason
        self.detail = detail
        self.deadAt = deadAt
        self.attempts = attempts
        self.worker = worker
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
            ("x-detainer-dead-at", deadAt),
            ("x-detainer-attempts", String(attempts)),
            ("x-detainer-worker", worker),
            ("x-detainer-exchange", exchange),
            ("x-detainer-routing-key", routingKey),
            ("x-detainer-envelope", String(decoding: envelope.serialized(), as: UTF8.self)),
        ]
    }

    /// Reads what one of our workers wrote; `nil` where a header is missing or unreadable, as in a letter that the
    /// broker itself dead-lettered.
    public init?(headers: [String: String], body: [UInt8]) {
        guard let reason = headers["x-detainer-reason"].flatMap(DeadLetterReason.init(rawValue:)),
            let detail = headers["x-detainer-detail"], let deadAt = headers["x-detainer-dead-at"],
            let attempts = headers["x-detainer-attempts"].flatMap(Int.init),
            let envelopeText = headers["x-detainer-envelope"]
        else { return nil }
        guard let envelope = try? JSONValue.parse(Array(envelopeText.utf8)) else {
            // The envelope is ours; one that does not parse was not written by a worker.
            return nil
        }
        self.init(
            reason: reason, detail: detail, deadAt: deadAt, attempts: attempts,
            worker: headers["x-detainer-worker"] ?? "unknown", exchange: headers["x-detainer-exchange"] ?? "",
            routingKey: headers["x-detainer-routing-key"] ?? "", envelope: envelope, body: body)
    }
}
