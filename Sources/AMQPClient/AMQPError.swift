/// Why a connection could not be opened, ended, or refused what it was asked; says what to do, never a secret.
public struct AMQPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of an error; compare it with the constants.
    public struct Code: Sendable, Hashable {
        let name: String

        /// The URL is not one that can be used.
        public static let invalidAddress = Code(name: "invalid-address")
        /// No connection, or it broke.
        public static let connectionFailed = Code(name: "connection-failed")
        /// The broker refuses the user, the virtual host or the operation.
        public static let accessRefused = Code(name: "access-refused")
        /// TLS fails for a reason that stays until a person mends it: a certificate, a name, a key, a version.
        public static let tlsRefused = Code(name: "tls-refused")
        /// The broker closed the connection in order, as when it is shut down.
        public static let closedByBroker = Code(name: "closed-by-broker")
        /// The broker closed the channel for a reason without a code of its own here.
        public static let channelClosed = Code(name: "channel-closed")
        /// The broker did not answer in time or went silent.
        public static let timeout = Code(name: "timeout")
        /// What arrived is not AMQP, or not in an order that AMQP allows.
        public static let protocolViolation = Code(name: "protocol-violation")
        /// No such queue or exchange.
        public static let notFound = Code(name: "not-found")
        /// It is there, but different.
        public static let preconditionFailed = Code(name: "precondition-failed")
        /// Another connection has it for itself.
        public static let resourceLocked = Code(name: "resource-locked")
        /// More publications were handed over than the queue may hold.
        public static let tooManyPublications = Code(name: "too-many-publications")
        /// This side asked for the end.
        public static let localClose = Code(name: "local-close")
    }

    public let code: Code
    /// The broker's own reply code, where it gave one.
    public let replyCode: Int?
    public let message: String

    /// Whether it stays so until a person mends something, here or at the broker: trying again soon is of no use.
    public var needsAPerson: Bool { code == .accessRefused || code == .tlsRefused }

    public init(code: Code, replyCode: Int? = nil, message: String) {
        self.code = code
        self.replyCode = replyCode
        self.message = message
    }

    public var description: String {
        replyCode.map { "\(message) (\(code.name), \($0))" } ?? "\(message) (\(code.name))"
    }

    /// The reply code of AMQP 0-9-1 with which a broker refuses an exchange's type that it does not know.
    public static let commandInvalid = 503

    static let localClose = AMQPError(code: .localClose, message: "the connection was closed by this side")

    static let silent = AMQPError(
        code: .timeout, message: "the broker has been silent for two heartbeats: check the network between")

    static func violation(_ what: String) -> AMQPError {
        AMQPError(code: .protocolViolation, message: "the broker sent \(what): check what listens at that address")
    }

    /// The error for a reply code and text with which a broker closed a connection or a channel.
    static func closed(replyCode: Int, text: String, wholeConnection: Bool) -> AMQPError {
        let code: Code =
            switch replyCode {
            case 403, 530: .accessRefused
            case 404: .notFound
            case 405: .resourceLocked
            case 406: .preconditionFailed
            default: wholeConnection ? .closedByBroker : .channelClosed
            }
        return AMQPError(code: code, replyCode: replyCode, message: "the broker says: \(text)")
    }
}
