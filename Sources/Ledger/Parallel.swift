import Dispatch
import Foundation
import Synchronization

/// Work on all cores.
public enum Parallel {
    public static let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)

    /// What a function gives for each number, in their order; returns when all are done.
    public static func map<Value: Sendable>(_ range: Range<Int>, _ transform: @Sendable (Int) -> Value) -> [Value] {
        let values = Mutex([Int: Value]())
        DispatchQueue.concurrentPerform(iterations: range.count) { position in
            let number = range.lowerBound + position
            let value = transform(number)
            values.withLock { $0[number] = value }
        }
        return values.withLock { values in range.compactMap { values[$0] } }
    }
}
