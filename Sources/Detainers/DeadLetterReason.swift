/// Why a message became a dead letter; a closed list.
public enum DeadLetterReason: String, Sendable, CaseIterable {
    case malformedJSON = "malformed-json"
    case schema
    case unsupportedVersion = "unsupported-version"
    case tooLarge = "too-large"
    case wrongEncoding = "wrong-encoding"
    case conflictingDuplicate = "conflicting-duplicate"
    case identityMismatch = "identity-mismatch"
    /// No signature, where one is demanded.
    case unsigned
    case wrongSignature = "wrong-signature"
    case undecidable, poison, infrastructure, expired
}
