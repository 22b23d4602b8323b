import Glibc
import Synchronization

/// Watches one connection from outside: a library call that outlives its deadline has its socket shut down under it.
///
/// rabbitmq-c 0.11 waits for ever in a publish when the broker is silent. Shutting the socket down makes the call
/// return with an error. The guardian holds a duplicate of the descriptor, for the library closes its own whenever it
/// likes and the number may soon belong to another file.
final class Guardian: Sendable {
    private let descriptor = Mutex<Int32>(-1)
    /// When the call under way must be over, on the steady clock; 0 between calls.
    private let deadline = Atomic<Int64>(0)
    private let tripped = Atomic<Bool>(false)

    /// Whether the socket was shut down because a call had outlived its deadline.
    var hasTripped: Bool { tripped.load(ordering: .acquiring) }

    func watch(_ original: Int32) {
        descriptor.withLock { $0 = fcntl(original, F_DUPFD_CLOEXEC, 0) }
        Watch.shared.add(self)
    }

    func release() {
        Watch.shared.remove(self)
        descriptor.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    func enter(until milliseconds: Int64) { deadline.store(milliseconds, ordering: .releasing) }

    func leave() { deadline.store(0, ordering: .releasing) }

    func shutDown() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// For one last look at a socket that the library has closed.
    func withDescriptor<Value>(_ body: (Int32) -> Value) -> Value { body(descriptor.withLock { $0 }) }

    fileprivate func check(at now: Int64) {
        let limit = deadline.load(ordering: .acquiring)
        if limit == 0 || now < limit { return }
        tripped.store(true, ordering: .releasing)
        shutDown()
    }
}

/// The one thread that looks at all guardians; it lives while there is one.
private final class Watch: Sendable {
    static let shared = Watch()
    private static let periodMicroseconds: UInt32 = 100_000

    private struct State {
        var guardians: [Guardian] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    func add(_ guardian: Guardian) {
        let starts = state.withLock { state in
            state.guardians.append(guardian)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { DedicatedThread.start { self.run() } }
    }

    func remove(_ guardian: Guardian) {
        state.withLock { $0.guardians.removeAll { $0 === guardian } }
    }

    private func run() {
        while true {
            usleep(Self.periodMicroseconds)
            let guardians = state.withLock { state in
                state.isRunning = !state.guardians.isEmpty
                return state.guardians
            }
            if guardians.isEmpty { return }
            let now = SteadyClock.milliseconds()
            for guardian in guardians { guardian.check(at: now) }
        }
    }
}
