import Foundation
import Synchronization

// Faults for `deploy/local/sanitize` to find: with `none` it has none.

@main
struct Planted {
    static func main() {
        switch CommandLine.arguments.last {
        case "overflow": overflow()
        case "race": race(locked: false)
        default:
            race(locked: true)
            contend()
        }
    }

    /// Reads one byte behind what was allocated.
    static func overflow() {
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
        bytes.initialize(repeating: 1, count: 16)
        let count = CommandLine.arguments.count
        print(bytes[14 + count])
        bytes.deallocate()
    }

    final class Counter: @unchecked Sendable {
        var value = 0
        let lock = NSLock()
    }

    /// Threads want a `Mutex` at once, and one array's empty storage: no fault.
    static func contend() {
        final class Numbers: Sendable { let all = Mutex<[Int]>([]) }
        let numbers = Numbers()
        let done = DispatchGroup()
        for _ in 0..<8 {
            done.enter()
            Thread.detachNewThread {
                for number in 0..<10_000 {
                    let none = [Int](unsafeUninitializedCapacity: 0) { _, count in count = 0 }
                    numbers.all.withLock { $0 = $0.count > 100 ? none : $0 + [number] }
                }
                done.leave()
            }
        }
        done.wait()
    }

    /// Two threads count; without the lock nothing orders them.
    static func race(locked: Bool) {
        let counter = Counter()
        let done = DispatchGroup()
        for _ in 0..<2 {
            done.enter()
            Thread.detachNewThread {
                for _ in 0..<1_000 {
                    if locked { counter.lock.lock() }
                    counter.value += 1
                    if locked { counter.lock.unlock() }
                }
                done.leave()
            }
        }
        done.wait()
    }
}
