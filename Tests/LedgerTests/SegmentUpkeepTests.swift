import Detainers
import Foundation
import Synchronization
import Testing

@testable import Ledger

/// What lies beside sealed segments: made once, made again where it is lost, and never believed where it is not theirs.
struct SegmentUpkeepTests {
    /// Fills a ledger the way a worker does, which seals without reading.
    private func work(_ bench: SealedBench, _ range: ClosedRange<Int>, files: FileSystem = FileSystem()) throws {
        var upkeep: SegmentUpkeep?
        var contents: OpenSegmentContents?
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 1_500
        let opening = try LedgerWriter.open(
            directory: bench.bench.directory, worker: "w", configuration: configuration, now: Bench.now, files: files,
            prepare: { reader throws(LedgerError) in
                var made = SegmentUpkeep(reader)
                do { try made.makeMissing() } catch {
                    throw error as? LedgerError ?? .init(code: .corrupted, message: "")
                }
                contents = made.openContents
                upkeep = made
            },
            record: { record throws(LedgerError) in
                guard let entry = try? LedgerEntry(json: record.json) else { return }
                contents?.add(IndexedEntry(entry), record: record.index, offset: record.offset)
            })
        var writer = opening.takeWriter()
        for number in range {
            let entries = [SealedBench.outcome(number), SealedBench.outcome(number, revision: 2)]
            let commit = try writer.append(
                entries.map { $0.json() } + [["kind": "policy-load", "n": 1]],
                announcedThrough: UInt64(number), now: Bench.now)
            if let sealed = commit.sealed, let gathered = contents {
                try upkeep?.seal(sealed, gathered)
                contents = OpenSegmentContents(after: sealed)
                while let merge = upkeep?.dueMerge {
                    _ = try merge.write()
                    try upkeep?.adopt(merge)
                }
            }
            for (position, entry) in entries.enumerated() {
                contents?.add(
                    IndexedEntry(entry), record: commit.firstIndex + UInt64(position),
                    offset: commit.offsets[position])
            }
        }
        writer.close()
    }

    @Test func whatIsGatheredWhileWritingIsByteForByteWhatReadingGives() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        // Several runs, so that a segment is also begun by one and sealed by the next.
        for start in stride(from: 1, to: 60, by: 3) { try work(bench, start...(start + 2)) }
        let names = try bench.names(".index") + bench.names(".run")
        #expect(names.count > 10)
        let gathered = try names.map { try bench.bench.bytes(bench.path($0)) }
        for name in names { try FileManager.default.removeItem(atPath: bench.path(name)) }
        #expect(try SegmentIndexes(bench.reader()).make() == bench.names(".jsonl").count - 1)
        #expect(try bench.names(".index") + bench.names(".run") == names)
        #expect(try names.map { try bench.bench.bytes(bench.path($0)) } == gathered)
        #expect(try bench.reader().verify().problems == [])
    }

    @Test func aStartReadsNothingThatNobodyTouched() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...60)
        try SegmentIndexes(bench.reader()).make()
        var files = FileSystem()
        let open = files.open
        let read = Names()
        files.open = { path, flags throws(FileSystem.Errno) in
            read.add(path)
            return try open(path, flags)
        }
        var upkeep = SegmentUpkeep(try bench.reader(files))
        #expect(try upkeep.makeMissing() == 0)
        let opening = try bench.bench.open(files: files)
        #expect(opening.report.recordCount == 60)
        opening.takeWriter().close()
        #expect(read.all.filter { $0.hasSuffix(".jsonl") && !$0.hasSuffix(".open.jsonl") } == [])
        #expect(read.all.filter { $0.hasSuffix(".index") }.count == 1)
    }

    /// Paths, from any thread.
    private final class Names: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    @Test(arguments: [1, 9, 19]) func damageInASealedSegmentIsRefusedWithFileAndLineAfterAnyTouch(segment: Int) throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...60)
        try SegmentIndexes(bench.reader()).make()
        let name = LedgerFormat.sealedName(segment)
        let whole = try bench.bench.bytes(bench.path(name))
        for position in stride(from: 0, to: whole.count, by: 97) {
            try bench.flip(name, at: position)
            let refused = try #require(throws: LedgerError.self) { _ = try bench.bench.open() }
            #expect(refused.code == .corrupted && refused.message.contains("`\(bench.path(name))`, line "))
            var upkeep = SegmentUpkeep(try bench.reader())
            let told = try #require(throws: LedgerError.self) { try upkeep.makeMissing() }
            #expect(told.message == refused.message)
            try bench.bench.write(whole, bench.path(name))
        }
        var upkeep = SegmentUpkeep(try bench.reader())
        #expect(try upkeep.makeMissing() == 1)
        #expect(try upkeep.makeMissing() == 0)
        #expect(try bench.bench.open().report.recordCount == 60)
    }

    @Test func aCopiedLedgerIsCheckedOnceAndItsRunsAreKept() throws {
        let bench = SealedBench()
        let copy = SealedBench()
        defer {
            bench.remove()
            copy.remove()
        }
        try bench.fill(1...60)
        try SegmentIndexes(bench.reader()).make()
        try FileManager.default.copyItem(atPath: bench.bench.directory, toPath: copy.bench.directory)
        let runs = try copy.names(".run")
        let inodes = try runs.map { try FileSystem().stamp(copy.path($0)).inode }
        var upkeep = SegmentUpkeep(try copy.reader())
        #expect(try upkeep.makeMissing() == 19)
        #expect(upkeep.runs.through == 19)
        #expect(try runs.map { try FileSystem().stamp(copy.path($0)).inode } == inodes)
        #expect(try upkeep.makeMissing() == 0)
    }

    @Test func aSegmentThatWasRewrittenWithOtherRecordsIsRefused() throws {
        let bench = SealedBench()
        let other = SealedBench()
        defer {
            bench.remove()
            other.remove()
        }
        try bench.fill(1...30)
        try SegmentIndexes(bench.reader()).make()
        // Another ledger with the same id, whose fourth segment holds something else and is right in itself.
        try FileManager.default.createDirectory(atPath: other.worker, withIntermediateDirectories: true)
        for name in try bench.names("").filter({
            ["segment-00000001.jsonl", "segment-00000002.jsonl", "segment-00000003.jsonl", "lock"].contains($0)
        }) {
            try FileManager.default.copyItem(atPath: bench.path(name), toPath: other.path(name))
        }
        try other.fill(101...112)
        try bench.bench.write(
            other.bench.bytes(other.path("segment-00000004.jsonl")), bench.path("segment-00000004.jsonl"))
        let refused = try #require(throws: LedgerError.self) { _ = try SegmentIndexes(bench.reader()).make() }
        #expect(refused.message.contains("segment-00000005.jsonl`, line 1"), "\(refused.message)")
    }

    @Test func anOlderCopyPutBackIsNotToldByNewerFilesBesideIt() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...12)
        let kept = bench.bench.directory + "-kept"
        try FileManager.default.copyItem(atPath: bench.bench.directory, toPath: kept)
        defer { try? FileManager.default.removeItem(atPath: kept) }
        try bench.fill(13...30)
        try SegmentIndexes(bench.reader()).make()
        // The segments of the older copy come back, and what lies beside the newer ones stays.
        for name in try bench.names(".jsonl") { try FileManager.default.removeItem(atPath: bench.path(name)) }
        for name in try FileManager.default.contentsOfDirectory(atPath: kept + "/w") where name.hasSuffix(".jsonl") {
            try FileManager.default.copyItem(atPath: kept + "/w/" + name, toPath: bench.path(name))
        }
        // What names more than there is keeps a worker from starting, unless somebody puts it aside.
        let refused = try #require(throws: LedgerError.self) { try bench.fill(41...60) }
        #expect(refused.message.contains("names the sealed segment 9"))
        let beside = try bench.names(".index") + bench.names(".run") + bench.names(".checked")
        for name in beside { try FileManager.default.moveItem(atPath: bench.path(name), toPath: kept + "/" + name) }
        try bench.fill(41...60)
        for name in beside { try FileManager.default.moveItem(atPath: kept + "/" + name, toPath: bench.path(name)) }
        var upkeep = SegmentUpkeep(try bench.reader())
        _ = try upkeep.makeAll()
        func look(_ number: Int) throws -> RecordedBefore {
            let entry = SealedBench.outcome(number)
            return try upkeep.runs.look(IndexedEntry(entry), contentKey: entry.contentKey)
        }
        for number in 13...30 { #expect(try look(number) == .no) }
        for number in Array(1...12) + Array(41...57) { #expect(try look(number) == .same, "\(number)") }
        #expect(try bench.reader().verify().problems == [])
    }

    /// Killed at any change of the disk, the next one finds everything, and leaves nothing behind.
    /// Its lines are anybody's to write: one that puts a segment's end elsewhere makes nobody take what was signed for
    /// contradicted.
    @Test func whatWasSignedIsKnownWhereverSegmentsAreSaidToEnd() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...30)
        let reader = try bench.reader()
        _ = try SegmentIndexes(reader).make()
        var tree = MerkleTree(watching: [4])
        try reader.records { tree.append($0.line[...]) }
        let head = TreeHead(
            origin: "test/" + (try reader.logID()), size: 4, rootHash: try #require(tree.roots[4]))
        let folder = bench.path(SignedCheckpoints.folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try bench.bench.write(
            Array((head.text + "\n— \(head.origin) AAAAAAAA\n").utf8),
            folder + "/" + SignedCheckpoints.fileName(size: 4))
        for (segment, records) in [(1, 3), (1, 1_000), (1, 4), (2, 0), (2, 3), (3, 4), (8, 4)] as [(Int, UInt64)] {
            var checked = CheckedSegments(bench.worker, files: FileSystem())
            let truth = try #require(checked.entries[segment])
            var said = truth
            said.records = records
            try checked.enter(said, of: segment)
            let recovered = try Recovery(directory: bench.worker, files: FileSystem(), now: Bench.now).run { _ in }
            FileSystem().close(recovered.segment.file)
            #expect(
                recovered.report.signedThrough == 4 && recovered.report.contradicted == nil, "\(segment) \(records)")
            #expect(recovered.tree.root == tree.root)
            try checked.enter(truth, of: segment)
        }
    }

    @Test func deathAtEveryStepCostsNothingButMakingItAgain() throws {
        var steps = 0
        while true {
            let bench = SealedBench()
            defer { bench.remove() }
            try bench.fill(1...27, files: Death(after: .max).files)
            let death = Death(after: steps)
            do {
                _ = try SegmentIndexes(bench.reader(death.files)).make()
            } catch {
                #expect(death.hasCome)
            }
            #expect(try bench.bench.open(files: Death(after: .max).files).report.recordCount == 27)
            var upkeep = SegmentUpkeep(try bench.reader(Death(after: .max).files))
            _ = try upkeep.makeAll()
            for number in 1...24 {
                let entry = SealedBench.outcome(number)
                #expect(try upkeep.runs.look(IndexedEntry(entry), contentKey: "same") == .same)
            }
            #expect(try bench.names(".run") == ["ids-00000001-00000008.run"])
            if !death.hasCome { break }
            steps += 1
        }
        #expect(steps > 40)
    }

    @Test func whatAProcessLeftHalfWrittenIsRemoved() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...6)
        let drafts = ["ids-00000001-00000008.run.1.new", "segment-00000001.index.1.new"]
        for name in drafts { try bench.bench.write([1], bench.path(name)) }
        try bench.bench.write([1], bench.path("kept.new"))
        try SegmentUpkeep(bench.reader()).removeDrafts()
        #expect(try bench.names(".new") == ["kept.new"])
    }

    @Test func rotIsFoundBySlowCheckingAndRefusedAtTheNextStart() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...30)
        var upkeep = SegmentUpkeep(try bench.reader())
        _ = try upkeep.makeAll()
        for number in 1...9 { try upkeep.check(number) }
        try bench.flip("segment-00000003.jsonl", at: 100)
        // As if nothing had touched it.
        let entry = try #require(CheckedSegments(bench.worker, files: FileSystem()).entries[3])
        var checked = CheckedSegments(bench.worker, files: FileSystem())
        try checked.enter(
            .init(
                stamp: FileSystem().stamp(bench.path("segment-00000003.jsonl")), records: entry.records,
                root: entry.root),
            of: 3)
        upkeep = SegmentUpkeep(try bench.reader())
        #expect(try upkeep.makeMissing() == 0)
        let found = try #require(throws: LedgerError.self) { try upkeep.check(3) }
        #expect(found.message.contains("`\(bench.path("segment-00000003.jsonl"))`, line "))
        let refused = try #require(throws: LedgerError.self) { _ = try bench.bench.open() }
        #expect(refused.message == found.message)
    }

    @Test func whatIsNotAnnouncedIsReadFromTheSegmentsThatHoldIt() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...30)
        try SegmentIndexes(bench.reader()).make()
        for first in [0, 1, 13, 26, 27, 29, 30] {
            var found: [UInt64] = []
            try bench.reader().lastRecords(from: UInt64(first)) { found.append($0.index) }
            #expect(found == (first..<30).map(UInt64.init))
        }
    }

    @Test func anIndexOfFewerRecordsThanComeBeforeItsSegmentIsNone() throws {
        let builder = SegmentIndexBuilder(segment: 1, firstRecord: 1, previousRoot: "")
        var tree = MerkleTree()
        for isIndex in [false, true] {
            let bytes = builder.bytes(segmentBytes: 1, logID: "log", tree: tree, announcedThrough: 0)
            let index = try SegmentIndex(FileBytes(bytes), segment: 1)
            #expect((index != nil) == isIndex)
            tree.append([1])
        }
    }

    /// It is read in pieces of 64 KiB: each of them counts, and so does that all are there.
    @Test func aLongBodyOfAnIndexIsWholeOrNotWhereverItRots() throws {
        var builder = SegmentIndexBuilder(segment: 1, firstRecord: 0, previousRoot: "")
        for number in 0..<5_000 {
            builder.add(SealedBench.outcome(number), record: UInt64(number), offset: number)
        }
        let bytes = builder.bytes(segmentBytes: 1, logID: "log", tree: MerkleTree(), announcedThrough: 0)
        let body = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 1
        try #require(bytes.count - body > 2 * 65_536)
        func isWhole(_ bytes: [UInt8]) throws -> Bool {
            try #require(try SegmentIndex(FileBytes(bytes), segment: 1)).isWhole()
        }
        #expect(try isWhole(bytes))
        for position in [body, body + 65_535, body + 65_536, body + 131_072] {
            var damaged = bytes
            damaged[position] ^= 1
            #expect(try !isWhole(damaged))
        }
    }
}
