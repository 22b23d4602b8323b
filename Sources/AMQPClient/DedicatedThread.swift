// The types of pthread belong to whichever module of C includes them first, and OpenSSL's headers may be it.
import CRabbitMQ
import Glibc

/// A detached thread with a stack of known size.
enum DedicatedThread {
    /// rabbitmq-c 0.11 decodes nested header tables by recursion without a bound: anyone who may publish could
    /// overflow a small stack. The deepest nesting that fits a frame fits this one.
    static let stackBytes = 8 << 20

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, stackBytes)
        let box = unsafe Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "no thread could be started: raise the limit of processes")
    }
}

/// Milliseconds of a clock that only goes forward.
public enum SteadyClock {
    public static func milliseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
