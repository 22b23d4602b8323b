import Dispatch
import Foundation
import Synchronization

/// What a process does about signals instead of ending, until ``cancel()``.
final class Signals {
    private let sources: [any DispatchSourceSignal]

    init(_ acts: [Int32: @Sendable () -> Void]) {
        sources = acts.map { number, act in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { act() }
            source.resume()
            return source
        }
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
