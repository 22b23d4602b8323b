import Foundation
import Glibc
import Testing

@testable import Ledger

/// What recovery takes for announced: never a record whose event was not confirmed, and the same each time.
struct RecoveryTests {
    private enum Fate: CaseIterable { case kept, damaged, gone }

    /// Nothing here loses power: without syncs thousands of recoveries take seconds.
    private static var unsynced: FileSystem {
        var files = FileSystem()
        files.dataSync = { _ throws(FileSystem.Errno) in }
        files.sync = { _ throws(FileSystem.Errno) in }
        return files
    }

    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "\n")).map { $0 + [UInt8(ascii: "\n")] }
    }

    private static func applied(_ fate: Fate, _ line: [UInt8]) -> [UInt8] {
        switch fate {
        case .kept: return line
        case .gone: return []
        case .damaged:
            var line = line
            line[line.count / 2] ^= 1
            return line
        }
    }

    private static func recover(_ bench: Bench) throws -> RecoveryReport {
        let opening = try bench.open(files: unsynced)
        let report = opening.report
        opening.takeWriter().close()
        return report
    }

    @Test func whateverLinesAreLostNothingUnannouncedCountsAsAnnounced() throws {
        let bench = Bench()
        defer { bench.remove() }
        var writer = try bench.open().takeWriter()
        _ = try writer.append(Bench.records(1...3), announcedThrough: 0, now: Bench.now)
        _ = try writer.append(Bench.records(4...5), announcedThrough: 2, now: Bench.now)
        writer.close()
        let whole = Self.lines(try bench.bytes(bench.openSegment))
        try #require(whole.count == 8)
        // Each line behind the header is kept, damaged or gone, in every combination.
        let fates = Fate.allCases
        for combination in 0..<2_187 {
            var (rest, bytes) = (combination, whole[0])
            for line in whole.dropFirst() {
                bytes += Self.applied(fates[rest % fates.count], line)
                rest /= fates.count
            }
            try bench.write(bytes, bench.openSegment)
            let first = try Self.recover(bench)
            let (numbers, recovered) = (try bench.numbers(), try bench.bytes(bench.openSegment))
            let again = try Self.recover(bench)
            let isTrue = numbers.prefix(Int(first.announcedThrough)).allSatisfy { $0 <= 2 }
            let isSame =
                try again.announcedThrough == first.announcedThrough && again.setAside == 0
                && bench.bytes(bench.openSegment) == recovered
            if let file = first.setAsideFile { try FileManager.default.removeItem(atPath: file) }
            // One expectation a combination would cost more than the recovery.
            if !isTrue || !isSame {
                Issue.record(
                    "\(combination): \(numbers), \(first.announcedThrough) announced, then \(again.announcedThrough)")
            }
        }
    }

    /// A sealed segment that is valid in itself and shorter than it was, as a copy is that was made while it was open.
    @Test func aSealedSegmentThatWasCutShortIsRefusedAndNothingIsWritten() throws {
        let bench = Bench()
        defer { bench.remove() }
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 1_000
        var writer = try bench.open(configuration).takeWriter()
        for number in 1...12 {
            _ = try writer.append(Bench.records(number...number), announcedThrough: 0, now: Bench.now)
        }
        writer.close()
        let name = try #require(try LedgerReader(directory: bench.worker).segments().last { !$0.isOpen }?.name)
        let sealed = bench.worker + "/" + name
        let whole = Self.lines(try bench.bytes(sealed))
        // Its last batch: a record and a checkpoint.
        try bench.write(whole.dropLast(2).flatMap { $0 }, sealed)
        func files() throws -> [String: [UInt8]] {
            var files: [String: [UInt8]] = [:]
            let names = try FileManager.default.contentsOfDirectory(atPath: bench.worker)
            for name in names where name.hasSuffix("jsonl") {
                files[name] = try bench.bytes(bench.worker + "/" + name)
            }
            return files
        }
        let before = try files()
        for _ in 1...2 {
            let error = try #require(throws: LedgerError.self) { _ = try Self.recover(bench) }
            #expect(error.code == .corrupted && error.message.contains("line 1: this header does not follow"))
        }
        #expect(try files() == before)
        try bench.write(whole.flatMap { $0 }, sealed)
        #expect(try Self.recover(bench).recordCount == 12)
    }

    @Test func aCheckpointThatAnnouncesMoreThanThereIsIsDamaged() throws {
        let bench = Bench()
        defer { bench.remove() }
        try bench.fill()
        var tree = MerkleTree()
        var bytes = Self.lines(try bench.bytes(bench.openSegment))[0]
        for record in Bench.records(1...2) {
            let line = LedgerFormat.line(record)
            tree.append(line.dropLast())
            bytes += line
        }
        bytes += LedgerFormat.line(
            LedgerFormat.checkpoint(records: 2, root: tree.root, announcedThrough: 9, at: Bench.now))
        bytes += LedgerFormat.line(Bench.records(3...3)[0])
        try bench.write(bytes, bench.openSegment)
        let problems = try LedgerReader(directory: bench.worker).verify().problems
        #expect(problems == ["`\(bench.openSegment)`, line 4: it announces more records than there are"])
        let first = try Self.recover(bench)
        #expect(first.setAside == 1 && first.recordCount == 3 && first.announcedThrough == 0)
        let again = try Self.recover(bench)
        #expect(again.setAside == 0 && again.announcedThrough == 0)
    }

    @Test func aListingThatFailsOrLacksTheOpenSegmentCostsNothing() throws {
        let bench = Bench()
        defer { bench.remove() }
        try bench.fill()
        let before = try bench.bytes(bench.openSegment)
        let real = FileSystem()
        var files = Self.unsynced
        files.names = { _ throws(FileSystem.Errno) in throw FileSystem.Errno(number: EIO) }
        let failed = try #require(throws: LedgerError.self) { _ = try bench.open(files: files) }
        #expect(failed.code == .inputOutput && failed.message.hasPrefix("cannot list `\(bench.worker)`"))
        #expect(try bench.bytes(bench.openSegment) == before)
        files.names = { path throws(FileSystem.Errno) in
            try real.names(path).filter { !$0.hasPrefix("segment-") }
        }
        for name in [LedgerFormat.openName(1), LedgerFormat.sealedName(1)] {
            let path = bench.worker + "/" + name
            if path != bench.openSegment { try FileManager.default.moveItem(atPath: bench.openSegment, toPath: path) }
            let refused = try #require(throws: LedgerError.self) { _ = try bench.open(files: files) }
            #expect(refused.code == .inputOutput && refused.message.hasPrefix("`\(path)` is there"))
            #expect(try bench.bytes(path) == before)
        }
        try FileManager.default.moveItem(
            atPath: bench.worker + "/" + LedgerFormat.sealedName(1), toPath: bench.openSegment)
        #expect(try Self.recover(bench).recordCount == 5)
    }

    @Test func listingWhatIsNoDirectoryOrIsNotThereThrowsItsNumber() throws {
        let bench = Bench()
        defer { bench.remove() }
        try bench.fill()
        let files = FileSystem()
        #expect(try files.names(bench.directory) == ["w"])
        for (path, number) in [(bench.openSegment, ENOTDIR), (bench.directory + "/none", ENOENT)] {
            let error = try #require(throws: FileSystem.Errno.self) { _ = try files.names(path) }
            #expect(error.number == number)
        }
    }
}
