import Detainers
import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Ledger
@testable import Worker

/// A look that fails tells so: it never makes anything new, nor a repeat.
struct RecordedLookTests {
    private static func directory() -> String {
        FileManager.default.temporaryDirectory.path + "/look-" + UUID().uuidString
    }

    /// The runs of a ledger that holds outcomes 1 to 3 in its one sealed segment.
    private func runs(_ directory: String, files: FileSystem = FileSystem()) throws -> IdentityRuns {
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 300
        let now = Moment(secondsSinceEpoch: 0)
        var writer = try LedgerWriter.open(
            directory: directory, worker: "w", configuration: configuration, now: now
        ).takeWriter()
        for batch in [[1, 2, 3], [4]] {
            let records = batch.map { LedgerEntry.outcome(Scene.outcome($0)).json() }
            _ = try writer.append(records, announcedThrough: 0, now: now)
        }
        writer.close()
        var upkeep = SegmentUpkeep(try LedgerReader(directory: directory + "/w", files: files))
        try upkeep.makeMissing()
        return upkeep.runs
    }

    @Test func eachArrivalIsToldApart() throws {
        let directory = Self.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let look = RecordedLook(try runs(directory))
        let arrivals = [
            Scene.arrival(1, tag: 1), Scene.arrival(5, tag: 2), Scene.arrival(2, content: "other", tag: 3),
            Scene.dead(tag: 4), Scene.arrival(3, revision: 2, tag: 5),
        ]
        #expect(try look.look(arrivals).get().map(\.recordedBefore) == [.same, .no, .other, .no, .no])
    }

    @Test func aDiskThatFailsIsNoAnswer() throws {
        let directory = Self.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let gone = Gone()
        var files = FileSystem()
        let read = files.readAt
        files.readAt = { file, offset, count throws(FileSystem.Errno) in
            if gone.isSet { throw FileSystem.Errno(number: EIO) }
            return try read(file, offset, count)
        }
        let look = RecordedLook(try runs(directory, files: files))
        gone.set()
        #expect(throws: LedgerError.self) { _ = try look.look([Scene.arrival(1, tag: 1)]).get() }
    }

    @Test func aDiskThatHangsIsWaitedForNoLongerThanItMay() throws {
        let directory = Self.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let gone = Gone()
        let back = DispatchSemaphore(value: 0)
        var files = FileSystem()
        let read = files.readAt
        files.readAt = { file, offset, count throws(FileSystem.Errno) in
            if gone.isSet { back.wait() }
            return try read(file, offset, count)
        }
        let look = RecordedLook(try runs(directory, files: files), waitMilliseconds: 50)
        gone.set()
        let error = try #require(throws: LedgerError.self) { _ = try look.look([Scene.arrival(1, tag: 1)]).get() }
        #expect(error.message == Pipeline.Failure.diskHangs.rawValue)
        gone.unset()
        for _ in 0..<8 { back.signal() }
    }

    private final class Gone: Sendable {
        private let value = Mutex(false)
        func set() { value.withLock { $0 = true } }
        func unset() { value.withLock { $0 = false } }
        var isSet: Bool { value.withLock { $0 } }
    }
}
