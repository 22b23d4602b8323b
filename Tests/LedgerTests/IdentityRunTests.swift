import Detainers
import Foundation
import Testing

@testable import Ledger

struct IdentityRunTests {
    private func runs(_ bench: SealedBench, files: FileSystem = FileSystem()) throws -> IdentityRuns {
        var upkeep = SegmentUpkeep(try bench.reader(files))
        _ = try upkeep.makeAll()
        return upkeep.runs
    }

    private func look(_ runs: IdentityRuns, _ entry: LedgerEntry) throws(LedgerError) -> RecordedBefore {
        let indexed = IndexedEntry(entry)
        if !runs.mayHold(indexed) { return .no }
        return try runs.look(indexed, contentKey: entry.contentKey)
    }

    @Test func keysTellIdentitiesApart() {
        func key(_ id: String, _ revision: Int) -> EntryKey {
            EntryKey(.request(RequestIdentity(requestID: id, revision: revision)))
        }
        let id = "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44"
        #expect(key(id, 1) == key(id, 1))
        #expect(key(id, 1) != key(id, 2))
        #expect(key(id, 1) != EntryKey(.record(RecordIdentity(recordID: id, revision: 1))))
        // Ids that are no UUID in lower case are kept by their hash.
        let others = [
            id.uppercased(), "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e4", id + " ", "",
            "6f1c2a528b0e-4d3c-9a57-2f0b7c1d9e44-",
        ]
        for (position, other) in others.enumerated() {
            #expect(key(other, 1) != key(id, 1))
            for later in others[(position + 1)...] { #expect(key(other, 1) != key(later, 1)) }
        }
        #expect(key("x", 1) != key("x", 2))
    }

    @Test(arguments: [(1, 200), (8, 400), (64, 1_500), (512, 6_000)])
    func theFilterForgetsNothingAndPassesFewOthers(segments: Int, mostPassed: Int) throws {
        var random = SystemRandomNumberGenerator()
        let held = (0..<20_000).map { _ in random.next() }.sorted()
        let blocks = IdentityFilter.blockCount(for: held.count, segments: segments)
        var pages: [[UInt8]] = []
        var maker = IdentityFilter.PageMaker(blockCount: blocks)
        for hash in held { maker.add(hash) { pages.append($0) } }
        maker.finish { pages.append($0) }
        #expect(pages.count == IdentityFilter.pageCount(of: blocks))
        var filter = IdentityFilter(blockCount: blocks)
        for (number, page) in pages.enumerated() {
            let isTaken = filter.take(page, page: number)
            #expect(isTaken)
        }
        #expect(held.allSatisfy(filter.mayHold))
        let passed = (0..<100_000).count { _ in filter.mayHold(random.next()) }
        #expect(passed < mostPassed, "\(passed) of 100,000")
    }

    /// Against a dictionary: what was recorded is found with its content, and nothing else is.
    @Test(arguments: [1, 7, 8, 20, 66]) func whatIsRecordedIsFoundAndNothingElse(segments: Int) throws {
        let bench = SealedBench()
        defer { bench.remove() }
        let last = segments * 3
        try bench.fill(1...(last + 3))
        let runs = try runs(bench)
        #expect(runs.through == segments)
        for number in 1...last {
            #expect(try look(runs, SealedBench.outcome(number)) == .same)
            #expect(try look(runs, SealedBench.outcome(number, content: "other")) == .other)
            #expect(try look(runs, SealedBench.outcome(number, revision: 2)) == .no)
        }
        for number in (last + 1)...(last + 500) { #expect(try look(runs, SealedBench.outcome(number)) == .no) }
        #expect(try bench.reader().verify().problems == [])
    }

    @Test func eightOfASizeMakeOneOfTheNext() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...(3 * 75))
        _ = try runs(bench)
        #expect(
            try bench.names(".run") == [
                "ids-00000001-00000064.run", "ids-00000065-00000072.run", "ids-00000073-00000073.run",
                "ids-00000074-00000074.run",
            ])
        #expect(RunMerge.due([1...512, 513...1024]) == nil)
        #expect(RunMerge.due((1...8).map { $0...$0 }) == 1...8)
        #expect(RunMerge.due((2...9).map { $0...$0 }) == nil)
    }

    @Test func aRunOfManyBlocksIsReadAsItWasWritten() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...3)
        var random = SystemRandomNumberGenerator()
        // Some hashes many times, over the borders of blocks.
        var entries: [RunEntry] = []
        for number in UInt32(0)..<17_000 {
            let hash = number % 7 == 0 ? UInt64(number / 1_400) << 60 : random.next()
            entries.append(RunEntry(hash: hash, segment: 1, offset: number))
        }
        entries.sort()
        var writer = try IdentityRunWriter(
            3...3, end: SegmentEnd(logID: "l", records: 17_000, root: "r"), entries: entries.count, in: bench.worker,
            files: FileSystem())
        for entry in entries { try writer.add(entry) }
        try writer.finish()
        let run = try #require(try IdentityRun.open(3...3, in: bench.worker, files: FileSystem()))
        #expect(try (0..<run.blockCount).flatMap { try run.block($0) } == entries)
        for (hash, expected) in Dictionary(grouping: entries, by: \.hash) {
            #expect(try run.mayHold(hash))
            #expect(try run.entries(with: hash) == expected)
        }
        #expect(try run.entries(with: 5) == [])
        #expect(try run.entries(with: .max - 1) == [])
        // From a hash on: at the first and the last one of a block, beside them, and at the ends.
        let borders = stride(from: 0, to: entries.count, by: 255).flatMap { [entries[max(0, $0 - 1)], entries[$0]] }
        for border in borders.map(\.hash) + [0, .max] {
            for first in [border, border &- 1, border &+ 1] {
                let expected = entries.filter { $0.hash >= first }
                for cursor in [
                    try RunCursor(run, from: first, removingDamaged: false), RunCursor(entries, of: 0, from: first),
                ] {
                    var merge = EntryMerge([cursor])
                    var found = 0
                    while let next = try merge.next() {
                        guard found < expected.count, next.entry == expected[found] else { break }
                        found += 1
                    }
                    #expect(found == expected.count)
                }
            }
        }
    }

    /// A filter of other hashes would say of entries that are on record that they are not.
    @Test func aFilterIsNotMadeOfBlocksThatAreReadOtherThanTheyWereWritten() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...3)
        var files = FileSystem()
        let real = files
        files.readAt = { file, offset, count throws(FileSystem.Errno) in
            var bytes = try real.readAt(file, offset, count)
            if bytes.count > 7 { bytes[7] ^= 0x80 }
            return bytes
        }
        var writer = try IdentityRunWriter(
            1...1, end: SegmentEnd(logID: "l", records: 1_000, root: "r"), entries: 1_000, in: bench.worker,
            files: files)
        for number in UInt32(0)..<1_000 {
            try writer.add(RunEntry(hash: UInt64(number) << 54, segment: 1, offset: number))
        }
        var failure: LedgerError?
        do throws(LedgerError) { try writer.finish() } catch { failure = error }
        #expect(failure?.code == .inputOutput)
        #expect(try bench.names(".run") == [])
    }

    /// A header is anybody's to write, with its check: no number in it is taken for memory or leads beyond the file.
    @Test(arguments: [1, 1_000, 1 << 40, 1 << 56, Int.max / 16, Int.max])
    func aHeaderThatTellsOfMoreThanThereIsIsNone(entries: Int) throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...3)
        let blocks = entries > Int.max / 16 - 255 ? 1 : IdentityFilter.blockCount(for: entries, segments: 1)
        let header = LedgerFormat.line([
            "format": .string(RunFormat.name), "first": 1, "last": 1, "logId": "l", "records": 3, "root": "r",
            "entries": .number(String(entries)), "filterBlocks": .number(String(blocks)),
        ])
        try bench.bench.write(header + [UInt8](repeating: 0, count: 64), bench.path(RunFormat.fileName(1...1)))
        #expect(try IdentityRun.open(1...1, in: bench.worker, files: FileSystem()) == nil)
    }

    /// A flipped byte is never believed: the run is not opened, or what it should tell is refused and the run removed;
    /// made again, all is as it was. A run of 64 segments does not hold its filter.
    @Test(arguments: [(8, step: 41), (64, step: 331)])
    func noDamagedByteIsTrusted(segments: Int, step: Int) throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...(3 * segments + 6))
        _ = try runs(bench)
        let name = RunFormat.fileName(1...segments)
        let whole = try bench.bench.bytes(bench.path(name))
        let known = (1...3 * segments).map { SealedBench.outcome($0) }
        var refusals = 0
        // Nothing here loses power; every byte would take minutes.
        let files = Death(after: .max).files
        let end = try #require(whole.firstIndex(of: UInt8(ascii: "\n")))
        for position in Array(stride(from: 0, to: end, by: step / 5))
            + Array(stride(from: end + 1, to: whole.count, by: step))
        {
            var damaged = whole
            damaged[position] ^= 0x10
            try bench.bench.write(damaged, bench.path(name))
            var upkeep = SegmentUpkeep(try bench.reader(files))
            let opened = try IdentityRuns.open(bench.worker, files: FileSystem()) { segment in
                CheckedSegments(bench.worker, files: FileSystem()).entries[segment]
            }
            if opened.through >= segments {
                var isRefused = false
                for entry in known where !isRefused {
                    do throws(LedgerError) {
                        #expect(try look(opened, entry) == .same, "byte \(position)")
                    } catch {
                        #expect(error.message.contains("`\(bench.path(name))`"), "byte \(position)")
                        #expect(error.message.contains("it was removed"), "byte \(position)")
                        isRefused = true
                    }
                }
                if isRefused { refusals += 1 } else { Issue.record("byte \(position) was believed") }
            }
            _ = try upkeep.makeAll()
            for entry in known where try look(upkeep.runs, entry) != .same {
                Issue.record("byte \(position): an entry is not found again")
            }
            try bench.bench.write(whole, bench.path(name))
        }
        #expect(refusals > 10)
    }

    @Test func verifyTellsADamagedRunAndOneOfOtherSegments() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...60)
        _ = try runs(bench)
        #expect(try bench.reader().verify().problems == [])
        let name = "ids-00000009-00000016.run"
        let whole = try bench.bench.bytes(bench.path(name))
        try bench.flip(name, at: whole.count - 40)
        let damaged = try bench.reader().verify().problems
        #expect(damaged.count == 1 && damaged[0].contains("`\(bench.path(name))`"), "\(damaged)")
        // One entry is another, and every check is right.
        let entries = (1...24).map { RunEntry(hash: UInt64($0), segment: 9, offset: 0) }
        let run = try #require(try IdentityRun.open(1...8, in: bench.worker, files: FileSystem()))
        var writer = try IdentityRunWriter(
            9...16, end: SegmentEnd(logID: run.logID, records: 48, root: "r"), entries: 24, in: bench.worker,
            files: FileSystem())
        for entry in entries { try writer.add(entry) }
        try writer.finish()
        #expect(try bench.reader().verify().problems.count == 1)
        try bench.bench.write(whole, bench.path(name))
        #expect(try bench.reader().verify().problems == [])
    }

    /// A run with all its checks that leads elsewhere than to an entry: into a line, to a header, behind the end, to
    /// another segment. The segments are whole, so that it is the run that is wrong.
    @Test func aRunThatLeadsAstrayIsRemovedAndMadeAgain() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...9)
        let whole = try #require(
            try IdentityRun.open(1...1, in: runs(bench).directory, files: FileSystem()))
        let segment = try bench.bench.bytes(bench.path("segment-00000001.jsonl"))
        let lastLine = try #require(segment.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
        let sought = SealedBench.outcome(1)
        let places: [(UInt32, UInt32)] = [
            (1, 0), (1, 1), (1, UInt32(lastLine)), (1, UInt32(lastLine - 5)), (1, UInt32(segment.count)),
            (1, .max), (2, 0), (9, 0), (0, 0), (.max, 7),
        ]
        for (number, offset) in places {
            var writer = try IdentityRunWriter(
                1...1, end: SegmentEnd(logID: whole.logID, records: whole.records, root: whole.root), entries: 1,
                in: bench.worker, files: FileSystem())
            try writer.add(RunEntry(hash: EntryKey(sought.identity).hash, segment: number, offset: offset))
            try writer.finish()
            var upkeep = SegmentUpkeep(try bench.reader())
            try upkeep.makeMissing()
            let error = try #require(throws: LedgerError.self) { try look(upkeep.runs, sought) }
            #expect(error.code == .corrupted && error.message.contains("removed"), "\(number) \(offset): \(error)")
            try upkeep.makeMissing()
            #expect(try look(upkeep.runs, sought) == .same, "\(number) \(offset)")
        }
    }

    @Test func anotherContentAtThePlaceOfALineEndsTheLook() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...6)
        let runs = try runs(bench)
        try bench.flip("segment-00000001.jsonl", at: 300)
        let error = try #require(throws: LedgerError.self) {
            for number in 1...3 { _ = try look(runs, SealedBench.outcome(number)) }
        }
        #expect(error.code == .corrupted && error.message.contains("segment-00000001.jsonl"))
        #expect(try bench.names(".run") == ["ids-00000001-00000001.run"])
    }
}
