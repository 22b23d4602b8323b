extension DeadLetterReason {
    /// When a message becomes a dead letter for this reason; one phrase for a contract.
    public var meaning: String {
        switch self {
        case .malformedJSON:
            "the body is no JSON object that can be read: no JSON, a member twice, something behind it, nested too deeply"
        case .schema:
            "a member is missing, not known, or of another type, word, form or bound; or headers nested too deeply"
        case .unsupportedVersion: "the member schema names a version of our contracts that this worker does not know"
        case .tooLarge: "the body has more than \(RequestContract.maximumBodyBytes) bytes, as sent or unpacked"
        case .wrongEncoding:
            "the body is no UTF-8 or no whole gzip, or content_encoding or content_type names what is not read"
        case .conflictingDuplicate: "other content is on record under this id and revision"
        case .identityMismatch: "the property message_id differs from the id in the body"
        case .unsigned: "signatures are demanded and there is none"
        case .wrongSignature: "the key is not known, or the signature is not its for this body"
        case .undecidable: "no policy is in force on its date, or the policy gives no single answer"
        case .poison: "workers ended again and again while they decided it"
        case .infrastructure: "the broker gave it up without a worker's fault being known"
        case .expired: "it outlived its expiration in the queue"
        }
    }

    /// Whether its sender can mend it by sending another message.
    public var isForSender: Bool {
        switch self {
        case .malformedJSON, .schema, .tooLarge, .wrongEncoding, .conflictingDuplicate, .identityMismatch, .unsigned,
            .wrongSignature, .unsupportedVersion:
            true
        case .undecidable, .poison, .infrastructure, .expired: false
        }
    }
}

extension DeadLetter {
    /// The headers of a worker's letter, in the order of ``headers``, and what each holds.
    public static let headerMeanings: [(name: String, meaning: String)] = [
        ("x-detainer-reason", "why, one word of a closed list"),
        ("x-detainer-detail", "a path and a sentence, never a value of the message"),
        ("x-detainer-first-failed-at", "when it first could not be decided, RFC 3339 in UTC"),
        (deadAtHeader, "when it was given up, RFC 3339 in UTC"),
        ("x-detainer-attempts", "how often it was tried"),
        ("x-detainer-worker", "who gave up on it"),
        ("x-detainer-policy", "digest of the policy that could not decide it; empty where none was asked"),
        ("x-detainer-replays", "what the message said of its replays"),
        ("x-detainer-exchange", "where it was published to"),
        ("x-detainer-routing-key", "where it was published to"),
        ("x-detainer-envelope", "the properties and headers that it had, as JSON, so that they have no effect"),
    ]
}
