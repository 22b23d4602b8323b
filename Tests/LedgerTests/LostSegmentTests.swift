import Foundation
import Testing

@testable import Ledger

/// Sealed segments that are missing at the end: the rest looks whole, and what lies beside it tells.
struct LostSegmentTests {
    private static let naming = [
        CheckedSegments.fileName, "segment-00000009.index", "ids-00000009-00000009.run",
    ]

    /// Nine sealed segments of three records each, an open one, and what lies beside them.
    private func bench() throws -> SealedBench {
        let bench = SealedBench()
        try bench.fill(1...30)
        try SegmentIndexes(bench.reader()).make()
        return bench
    }

    private func remove(_ names: [String], _ bench: SealedBench) throws {
        for name in names { try FileManager.default.removeItem(atPath: bench.path(name)) }
    }

    @Test(arguments: naming) func itIsMissedWhicheverFileNamesIt(_ name: String) throws {
        let bench = try bench()
        defer { bench.remove() }
        try remove(Self.naming.filter { $0 != name }, bench)
        #expect(try bench.reader().verify().problems == [])
        try remove(["segment-00000009.jsonl", "segment-00000010.open.jsonl"], bench)
        let problems = try bench.reader().verify().problems
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.hasPrefix("`\(bench.path(name))` names the sealed segment 9, ") == true, "\(problems)")
        #expect(problems.first?.contains("the last one in `\(bench.worker)` is 8: ") == true, "\(problems)")
        let refused = try #require(throws: LedgerError.self) { _ = try bench.bench.open() }
        #expect(refused.code == .corrupted && [refused.message] == problems)
        #expect(try bench.names(".open.jsonl") == [])
        // As it says.
        try remove([name], bench)
        #expect(try bench.reader().verify().problems == [])
        #expect(try bench.bench.open().report.recordCount == 24)
    }

    @Test func allOfThemAreMissed() throws {
        let bench = try bench()
        defer { bench.remove() }
        try remove(try bench.names(".jsonl"), bench)
        #expect(try bench.reader().verify().problems.first?.contains("names the sealed segment 9") == true)
        let refused = try #require(throws: LedgerError.self) { _ = try bench.bench.open() }
        #expect(refused.code == .corrupted && refused.message.contains(" is 0: "))
    }

    @Test func whatIsDamagedOrOfAnotherLedgerNamesNothing() throws {
        let bench = try bench()
        let other = SealedBench()
        defer {
            bench.remove()
            other.remove()
        }
        try other.fill(1...60)
        try SegmentIndexes(other.reader()).make()
        for name in ["segment-00000019.index", "ids-00000009-00000016.run"] {
            try FileManager.default.copyItem(atPath: other.path(name), toPath: bench.path(name))
        }
        for name in ["segment-00000099.index", "ids-00000010-00000099.run"] {
            try bench.bench.write([1], bench.path(name))
        }
        #expect(try bench.reader().verify().problems == [])
        #expect(try bench.bench.open().report.recordCount == 30)
    }

    /// Sealed since the directory was listed.
    @Test func oneThatIsThereByNowIsNotMissed() throws {
        let bench = try bench()
        defer { bench.remove() }
        let real = FileSystem()
        var files = FileSystem()
        files.names = { path throws(FileSystem.Errno) in
            try real.names(path).filter { $0 != "segment-00000009.jsonl" && !$0.hasSuffix(".open.jsonl") }
        }
        #expect(try LostSegment.find(bench.reader(files)) == nil)
        #expect(try bench.reader(files).verify().problems == [])
        let refused = try #require(throws: LedgerError.self) { _ = try bench.bench.open(files: files) }
        #expect(refused.code == .inputOutput && refused.message.contains("listing its directory does not name it"))
    }
}
