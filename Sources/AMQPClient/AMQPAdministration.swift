/// Declaring, binding and deleting, on a short-lived connection of its own.
public enum AMQPAdministration {
    /// Opens a connection, runs `body` with its channel on a thread of its own, and closes the connection.
    ///
    /// - Parameter timeoutSeconds: for all of it together.
    /// - Throws: `AMQPError`, or what `body` throws.
    public static func perform<Value: Sendable>(
        _ address: BrokerAddress, name: String, timeoutSeconds: Int,
        _ body: @escaping @Sendable (inout AdministrationChannel) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DedicatedThread.start {
                continuation.resume(
                    with: Result { try run(address, name: name, timeoutSeconds: max(timeoutSeconds, 1), body) })
            }
        }
    }

    private static func run<Value>(
        _ address: BrokerAddress, name: String, timeoutSeconds: Int,
        _ body: (inout AdministrationChannel) throws -> Value
    ) throws -> Value {
        let guardian = Guardian()
        defer { guardian.release() }
        let deadline = SteadyClock.milliseconds() + Int64(timeoutSeconds) * 1000
        do {
            let handle = try ConnectionHandle.open(
                address, name: name, heartbeatSeconds: 10, timeoutSeconds: timeoutSeconds, guardian: guardian)
            guardian.enter(until: deadline)
            var channel = try AdministrationChannel(handle)
            let value = try body(&channel)
            channel.close()
            return value
        } catch let error as AMQPError where guardian.hasTripped {
            throw AMQPError(
                code: .timeout, message: "the broker did not answer in \(timeoutSeconds) s (\(error.message))")
        }
    }
}

/// What an exchange passes messages on to.
public enum BindingKind: String, Sendable, Equatable {
    case queue, exchange
}

/// A channel on which to declare things; each call waits for the broker's answer.
///
/// A call that the broker refuses closes its channel; the next call opens another, so that one can look for many
/// things.
public struct AdministrationChannel: ~Copyable {
    /// What a queue holds.
    public struct QueueCount: Sendable, Equatable {
        /// Ready to be delivered.
        public var messageCount: Int
        public var consumerCount: Int
    }

    private var handle: ConnectionHandle
    private var number: UInt16 = 1
    private var isOpen = true

    init(_ handle: consuming ConnectionHandle) throws {
        self.handle = handle
        try self.handle.openChannel(1)
    }

    /// - Parameter passive: only look whether it is there; `.notFound` is thrown where it is not.
    public mutating func declareExchange(
        name: String, type: String, durable: Bool = true, passive: Bool = false,
        arguments: [(String, FieldValue)] = []
    ) throws {
        try call { handle, channel throws(AMQPError) in
            try handle.declareExchange(
                channel, name: name, type: type, durable: durable, passive: passive, arguments: arguments)
        }
    }

    /// Declares a durable queue.
    ///
    /// - Parameter passive: only look whether it is there; `.notFound` is thrown where it is not.
    public mutating func declareQueue(
        name: String, arguments: [(String, FieldValue)] = [], passive: Bool = false
    ) throws -> QueueCount {
        try call { handle, channel throws(AMQPError) in
            try handle.declareQueue(channel, name: name, arguments: arguments, passive: passive)
        }
    }

    public mutating func bindQueue(queue: String, exchange: String, routingKey: String) throws {
        try bind(.queue, queue, to: exchange, routingKey: routingKey)
    }

    /// Lets an exchange pass on to a queue, or to a second exchange.
    public mutating func bind(
        _ kind: BindingKind, _ destination: String, to exchange: String, routingKey: String
    ) throws {
        try call { handle, channel throws(AMQPError) in
            try handle.bind(channel, kind, destination, to: exchange, routingKey: routingKey, away: false)
        }
    }

    /// Takes such a binding away; one that is not there is no error.
    public mutating func unbind(
        _ kind: BindingKind, _ destination: String, from exchange: String, routingKey: String
    ) throws {
        try call { handle, channel throws(AMQPError) in
            try handle.bind(channel, kind, destination, to: exchange, routingKey: routingKey, away: true)
        }
    }

    /// Deletes a queue with all it holds.
    public mutating func deleteQueue(name: String) throws {
        try call { handle, channel throws(AMQPError) in try handle.deleteQueue(channel, name: name) }
    }

    public mutating func deleteExchange(name: String) throws {
        try call { handle, channel throws(AMQPError) in try handle.deleteExchange(channel, name: name) }
    }

    /// Empties a queue and returns how many messages that destroyed.
    @discardableResult
    public mutating func purge(queue: String) throws -> Int {
        try call { handle, channel throws(AMQPError) in try handle.purgeQueue(channel, name: queue) }
    }

    mutating func close() { handle.closeInOrder() }

    private mutating func call<Value>(
        _ body: (borrowing ConnectionHandle, UInt16) throws(AMQPError) -> Value
    ) throws(AMQPError) -> Value {
        if !isOpen {
            number += 1
            try handle.openChannel(number)
            isOpen = true
        }
        do {
            return try body(handle, number)
        } catch {
            isOpen = false
            throw error
        }
    }
}
