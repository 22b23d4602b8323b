/// Why a message breaks the contract: names the path, never the value.
public struct ContractError: Error, Sendable, Equatable, CustomStringConvertible {
    public var reason: DeadLetterReason
    /// JSON Pointer (RFC 6901); empty for the message as a whole.
    public var path: String
    public var explanation: String

    public init(reason: DeadLetterReason, path: String, explanation: String) {
        self.reason = reason
        self.path = path
        self.explanation = explanation
    }

    public var description: String { "\(path.isEmpty ? "message" : path): \(explanation)" }
}
