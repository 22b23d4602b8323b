import Detainers
import Foundation
import Testing

@testable import Ledger

struct LedgerTailTests {
    private static let load: JSONValue = ["kind": "policy-load", "recordedAt": "2025-01-01T00:00:00Z", "n": 0]

    private static func record(_ number: Int, padding: Int = 0) -> JSONValue {
        [
            "kind": "outcome", "n": .number(String(number)), "recordedAt": .string("at \(number)"),
            "padding": .string(String(repeating: "x", count: padding)),
        ]
    }

    @Test func theEndOfALedgerIsThatOfReadingItWhole() throws {
        let bench = Bench()
        defer { bench.remove() }
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 2_000
        var writer = try bench.open(configuration).takeWriter()
        let reader = try LedgerReader(directory: bench.worker)
        #expect(try reader.tail() == LedgerReader.Tail())
        #expect(try reader.newest(kind: "policy-load") == nil)
        _ = try writer.append([Self.load], announcedThrough: 0, now: Bench.now)
        // Over several segments, and past the bytes that are read at first.
        for (number, padding) in [0, 500, 1_500, 0, 200_000, 0].enumerated() {
            _ = try writer.append(
                [Self.record(number, padding: padding)], announcedThrough: UInt64(number), now: Bench.now)
            let (tail, whole) = (try reader.tail(), try reader.verify())
            #expect((tail.records, tail.root) == (whole.records, whole.root))
            #expect(tail.announcedThrough == whole.announcedThrough)
            #expect(tail.checkpointAt == Bench.now.text && tail.lastRecordAt == "at \(number)")
            #expect(try reader.newest(kind: "policy-load")?["n"] == 0)
        }
        #expect(try reader.segments().count > 2)
        writer.close()
    }

    @Test func whatStandsBehindTheLastCheckpointDoesNotCount() throws {
        let bench = Bench()
        defer { bench.remove() }
        try bench.fill()
        let reader = try LedgerReader(directory: bench.worker)
        let before = try reader.tail()
        #expect((before.records, before.announcedThrough) == (5, 3))
        let bytes = try bench.bytes(bench.openSegment)
        try bench.write(
            bytes + LedgerFormat.line(Self.load) + LedgerFormat.line(Self.record(9)).dropLast(5), bench.openSegment)
        #expect(try reader.tail() == before)
        #expect(try reader.newest(kind: "policy-load") == nil)
    }

    @Test func aProbeTellsOfTheDiskAndLeavesNothing() throws {
        let bench = Bench()
        defer { bench.remove() }
        try FileManager.default.createDirectory(atPath: bench.directory, withIntermediateDirectories: true)
        #expect(try DiskProbe.syncMicroseconds(bench.directory, rounds: 3) > 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory).isEmpty)
        #expect(try #require(DiskProbe.freeBytes(bench.directory)) > 0)
        #expect(DiskProbe.isWritable(bench.directory) && !DiskProbe.isWritable(bench.directory + "/none"))
        #expect(DiskProbe.freeBytes(bench.directory + "/none") == nil)
        #expect(throws: LedgerError.self) { try DiskProbe.syncMicroseconds(bench.directory + "/none") }
    }

    /// As proc_locks(5) tells them.
    @Test func whoHoldsALockIsReadOffTheKernelsTable() {
        let table = """
            1: POSIX  ADVISORY  WRITE 11 fe:00:7 1073741824 1073742335
            2: FLOCK  ADVISORY  WRITE 12 fe:00:77 0 EOF
            3: FLOCK  ADVISORY  WRITE 13 fe:00:8 0 EOF
            3: -> FLOCK  ADVISORY  WRITE 14 fe:00:9 0 EOF

            """
        for isWhole in [true, false] {
            #expect(LedgerReader.holders(of: "8", in: table, isWhole: isWhole) == [13])
            #expect(LedgerReader.holders(of: "77", in: table, isWhole: isWhole) == [12])
        }
        #expect(LedgerReader.holders(of: "7", in: table, isWhole: true) == [])
        // Who holds it may have no number in this container.
        #expect(LedgerReader.holders(of: "7", in: table, isWhole: false) == nil)
    }
}
