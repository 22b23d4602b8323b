import Dispatch
import Foundation
import Synchronization

/// What a process does about signals instead of ending, from when it is made until ``cancel()``.
///
/// Dispatch begins to listen some time after it was asked to, with a handler of its own (sigaction(2)). Until then a
/// signal ends the process, as it does without all this: ignored meanwhile it would be lost.
final class Signals {
    /// Dispatch needs a fraction of a millisecond; a process that is starved of processors goes on without.
    private static let mostSeconds = 10.0

    private let sources: [any DispatchSourceSignal]

    init(_ acts: [Int32: @Sendable () -> Void]) {
        let listening = DispatchGroup()
        sources = acts.map { number, act in
            let source = DispatchSource.makeSignalSource(signal: number)
            listening.enter()
            source.setRegistrationHandler { listening.leave() }
            source.setEventHandler { act() }
            source.resume()
            return source
        }
        _ = listening.wait(timeout: .now() + Self.mostSeconds)
    }

    /// A first interrupt asks for a stop.
    static func stopping(_ flag: StopFlag) -> Signals {
        Signals([SIGTERM: { flag.raise() }, SIGINT: { flag.raise() }])
    }

    func cancel() {
        for source in sources { source.cancel() }
    }
}

/// That somebody asked for a stop; from any thread.
final class StopFlag: Sendable {
    private let raised = Atomic(false)

    func raise() { raised.store(true, ordering: .relaxed) }

    var isRaised: Bool { raised.load(ordering: .relaxed) }
}

/// Runs what blocks its thread on one of its own.
enum Blocking {
    static func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "blocking").async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
