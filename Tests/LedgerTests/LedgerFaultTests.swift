import Detainers
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Ledger

/// Faults of the disk, one system call at a time.
struct LedgerFaultTests {
    /// Makes a call fail from the moment it is armed.
    final class Switch: Sendable {
        private let isOn = Mutex(false)
        func turnOn() { isOn.withLock { $0 = true } }
        func turnOff() { isOn.withLock { $0 = false } }
        var value: Bool { isOn.withLock { $0 } }
    }

    @Test func aFullDiskCutsTheBatchBackAndTheWriterGoesOn() throws {
        let bench = Bench()
        defer { bench.remove() }
        let full = Switch()
        var files = FileSystem()
        let write = files.write
        files.write = { file, bytes throws(FileSystem.Errno) in
            guard full.value else { return try write(file, bytes) }
            // Half of it fits; then nothing does.
            if bytes.count > 40 { return try write(file, bytes.prefix(bytes.count / 2)) }
            throw FileSystem.Errno(number: ENOSPC)
        }
        var writer = try bench.open(files: files).takeWriter()
        _ = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
        let before = try bench.bytes(bench.openSegment)
        full.turnOn()
        let error = try #require(throws: LedgerError.self) {
            _ = try writer.append(Bench.records(2...9), announcedThrough: 0, now: Bench.now)
        }
        #expect(error.code == .notWritable)
        #expect(try bench.bytes(bench.openSegment) == before)
        full.turnOff()
        #expect(try writer.append(Bench.records(2...2), announcedThrough: 0, now: Bench.now).firstIndex == 1)
        #expect(try bench.numbers() == [1, 2])
    }

    /// The one that comes first says how it goes on: after an error that may pass the next batch cuts back, after any
    /// other nothing does.
    @Test(arguments: [(ENOSPC, LedgerError.Code.notWritable), (EIO, .inputOutput)])
    func aBatchThatCannotBeCutBackEither(number: Int32, code: LedgerError.Code) throws {
        let bench = Bench()
        defer { bench.remove() }
        let broken = Switch()
        var files = FileSystem()
        let (write, truncate) = (files.write, files.truncate)
        files.write = { file, bytes throws(FileSystem.Errno) in
            if broken.value { throw FileSystem.Errno(number: number) }
            return try write(file, bytes)
        }
        files.truncate = { file, size throws(FileSystem.Errno) in
            if broken.value { throw FileSystem.Errno(number: EROFS) }
            try truncate(file, size)
        }
        var writer = try bench.open(files: files).takeWriter()
        func append() throws(LedgerError) {
            _ = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
        }
        broken.turnOn()
        let error = try #require(throws: LedgerError.self) { try append() }
        #expect(error.code == code && error.message.hasPrefix("cannot write "), "\(error.message)")
        broken.turnOff()
        if code == .notWritable { try append() } else { #expect(throws: LedgerError.self) { try append() } }
        #expect(try bench.numbers() == (code == .notWritable ? [1] : []))
    }

    @Test func aDiskThatIsFullWhenASegmentStartsIsTriedAgain() throws {
        let bench = Bench()
        defer { bench.remove() }
        let full = Switch()
        var files = FileSystem()
        let open = files.open
        files.open = { path, flags throws(FileSystem.Errno) in
            if full.value, path.hasSuffix(".new") { throw FileSystem.Errno(number: ENOSPC) }
            return try open(path, flags)
        }
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 1
        var writer = try bench.open(configuration, files: files).takeWriter()
        full.turnOn()
        for _ in 1...2 {
            let error = try #require(throws: LedgerError.self) {
                _ = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
            }
            #expect(error.code == .notWritable)
            // Who asks before takes no message that the next batch cannot write.
            let asked = try #require(throws: LedgerError.self) { try writer.probe() }
            #expect(asked.code == .notWritable)
        }
        full.turnOff()
        try writer.probe()
        let commit = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
        #expect(commit.firstIndex == 0 && commit.sealed?.number == 1)
        #expect(try bench.numbers() == [1])
    }

    /// A segment is full, and its directory takes no other name.
    @Test func aProbeSealsWhatTheNextBatchWouldSeal() throws {
        let bench = Bench()
        defer { bench.remove() }
        let refusing = Switch()
        var files = FileSystem()
        let rename = files.rename
        files.rename = { from, to throws(FileSystem.Errno) in
            if refusing.value { throw FileSystem.Errno(number: EACCES) }
            try rename(from, to)
        }
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 600
        var writer = try bench.open(configuration, files: files).takeWriter()
        let commit = try writer.append(Bench.records(1...9), announcedThrough: 0, now: Bench.now)
        #expect(commit.ledgerBytes >= 600)
        refusing.turnOn()
        let error = try #require(throws: LedgerError.self) { try writer.probe() }
        #expect(error.code == .notWritable)
        refusing.turnOff()
        // However often it is asked.
        for _ in 1...3 { try writer.probe() }
        let next = try writer.append(Bench.records(10...10), announcedThrough: 0, now: Bench.now)
        #expect(next.sealed?.number == 1 && next.segment == 2)
        #expect(try bench.numbers() == Array(1...10))
    }

    @Test func aFailedSyncIsNeverRetried() throws {
        let bench = Bench()
        defer { bench.remove() }
        let broken = Switch()
        var files = FileSystem()
        let sync = files.dataSync
        files.dataSync = { file throws(FileSystem.Errno) in
            if broken.value { throw FileSystem.Errno(number: EIO) }
            try sync(file)
        }
        var writer = try bench.open(files: files).takeWriter()
        broken.turnOn()
        let error = try #require(throws: LedgerError.self) {
            _ = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
        }
        #expect(error.code == .syncFailed)
        broken.turnOff()
        let again = try #require(throws: LedgerError.self) {
            _ = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
        }
        #expect(again.code == .unusable)
    }

    @Test func anUnlinkedSegmentIsNoticed() throws {
        let bench = Bench()
        defer { bench.remove() }
        var writer = try bench.open().takeWriter()
        try FileManager.default.removeItem(atPath: bench.openSegment)
        let error = try #require(throws: LedgerError.self) {
            _ = try writer.append(Bench.records(1...1), announcedThrough: 0, now: Bench.now)
        }
        #expect(error.code == .vanished)
    }

    @Test func recoveryThatFailsAtAnySyncOrRenameLosesNothing() throws {
        let bench = Bench()
        defer { bench.remove() }
        try bench.fill()
        for fault in ["sync", "rename", "directory"] {
            var files = FileSystem()
            let error = FileSystem.Errno(number: EIO)
            if fault == "sync" { files.dataSync = { _ throws(FileSystem.Errno) in throw error } }
            if fault == "rename" { files.rename = { _, _ throws(FileSystem.Errno) in throw error } }
            if fault == "directory" { files.sync = { _ throws(FileSystem.Errno) in throw error } }
            #expect(throws: LedgerError.self) { _ = try bench.open(files: files) }
            #expect(try bench.numbers() == [1, 2, 3, 4, 5])
        }
    }
}
