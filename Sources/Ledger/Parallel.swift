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

    /// A range in stretches, of which each core works on some: a few for each, so that one that takes longer holds up
    /// little.
    static func stretches(of range: Range<Int>) -> [Range<Int>] {
        let count = min(cores * 4, range.count)
        return (0..<count).map { number in
            let bounds = [number, number + 1].map { range.lowerBound + range.count * $0 / count }
            return bounds[0]..<bounds[1]
        }
    }

    /// Makes a value for each number on all cores, and takes them one after the other on the caller's thread.
    ///
    /// Memory: one value for each core, and one that waits to be taken.
    public static func inOrder<Value: Sendable, Failure: Error>(
        _ range: Range<Int>, make: @escaping @Sendable (Int) -> Value,
        take: (Int, Value) throws(Failure) -> Void
    ) throws(Failure) {
        let work = OrderedWork(range, make)
        // Threads of their own: a caller that waits on a pool's thread must not take the place of those that work.
        for _ in 0..<min(cores, range.count) { Thread.detachNewThread { work.run() } }
        defer { work.end() }
        for number in range { try take(number, work.value(number)) }
    }
}

private final class OrderedWork<Value: Sendable>: Sendable {
    private struct State {
        var next: Int
        var end: Int
        var made: [Int: Value] = [:]
    }

    private let state: Mutex<State>
    private let make: @Sendable (Int) -> Value
    /// For values that nobody has taken yet.
    private let room = DispatchSemaphore(value: 0)
    private let isMade = DispatchSemaphore(value: 0)

    init(_ range: Range<Int>, _ make: @escaping @Sendable (Int) -> Value) {
        state = Mutex(State(next: range.lowerBound, end: range.upperBound))
        self.make = make
        for _ in 0...Parallel.cores { room.signal() }
    }

    func run() {
        while true {
            room.wait()
            let number = state.withLock { state -> Int? in
                guard state.next < state.end else { return nil }
                defer { state.next += 1 }
                return state.next
            }
            guard let number else { return }
            let value = make(number)
            state.withLock { $0.made[number] = value }
            isMade.signal()
        }
    }

    func value(_ number: Int) -> Value {
        while true {
            if let value = state.withLock({ $0.made.removeValue(forKey: number) }) {
                room.signal()
                return value
            }
            isMade.wait()
        }
    }

    /// Nothing more is begun.
    func end() {
        state.withLock { $0.end = $0.next }
        for _ in 0..<Parallel.cores { room.signal() }
    }
}
