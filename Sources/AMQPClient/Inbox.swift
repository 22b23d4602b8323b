import Dispatch
import Synchronization

/// What other threads have to tell the one that works: it waits here, and they never do.
///
/// For programs that block for disk and broker on a thread of their own; one thread waits, any may post.
public final class Inbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let bell = DispatchSemaphore(value: 0)

    public init() {}

    public func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        bell.signal()
    }

    /// All that was posted since, in order; empty where nothing came for so long.
    public func wait(milliseconds: Int64) -> [Message] {
        let taken = take()
        if !taken.isEmpty || milliseconds <= 0 { return taken }
        _ = bell.wait(timeout: .now() + .milliseconds(Int(milliseconds)))
        return take()
    }

    private func take() -> [Message] {
        let taken = messages.withLock { list in
            defer { list = [] }
            return list
        }
        // A bell that rang for what is taken already must not end the next wait.
        while !taken.isEmpty, bell.wait(timeout: .now()) == .success {}
        return taken
    }
}

extension AMQPConnection {
    /// Closes and waits for it, so that the last acknowledgement is on its way before the process ends.
    ///
    /// - Parameter inbox: where the connection's events are posted; what else comes is dropped.
    public func closeAndWait(_ inbox: Inbox<AMQPEvent>, milliseconds: Int64) {
        close()
        let deadline = SteadyClock.milliseconds() + milliseconds
        while SteadyClock.milliseconds() < deadline {
            for case .closed in inbox.wait(milliseconds: 100) { return }
        }
    }
}
