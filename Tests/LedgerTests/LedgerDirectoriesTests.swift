import Foundation
import Testing

@testable import Ledger

/// Which directories are workers' ledgers: none is overlooked because one of its files is lost, or hidden by another.
struct LedgerDirectoriesTests {
    /// Two workers' ledgers, and what else lies there: a store without records, a folder, a file.
    private func bench() throws -> Bench {
        let bench = Bench()
        for worker in ["w", "x"] {
            var writer = try LedgerWriter.open(directory: bench.directory, worker: worker, now: Bench.now).takeWriter()
            _ = try writer.append(Bench.records(1...2), announcedThrough: 0, now: Bench.now)
            writer.close()
        }
        try FileManager.default.createDirectory(
            atPath: bench.directory + "/filings", withIntermediateDirectories: true)
        try bench.write([1], bench.directory + "/signing.key")
        return bench
    }

    private func workers(_ bench: Bench) throws -> [String] {
        try LedgerReader.directories(under: bench.directory).map {
            String($0.dropFirst(bench.directory.count))
        }
    }

    @Test func aLedgerThatLostItsLockIsOne() throws {
        let bench = try bench()
        defer { bench.remove() }
        #expect(try workers(bench) == ["/w", "/x"])
        try FileManager.default.removeItem(atPath: bench.worker + "/lock")
        #expect(try workers(bench) == ["/w", "/x"])
        try FileManager.default.createDirectory(atPath: bench.worker + "/lock", withIntermediateDirectories: true)
        #expect(try workers(bench) == ["/w", "/x"])
    }

    @Test func aLedgerThatLostItsSegmentsIsOneByWhatLiesBesideThem() throws {
        let bench = try bench()
        defer { bench.remove() }
        try FileManager.default.removeItem(atPath: bench.openSegment)
        #expect(try workers(bench) == ["/w", "/x"])
        try FileManager.default.moveItem(
            atPath: bench.worker + "/lock", toPath: bench.worker + "/" + CheckedSegments.fileName)
        #expect(try workers(bench) == ["/w", "/x"])
        try FileManager.default.removeItem(atPath: bench.worker + "/" + CheckedSegments.fileName)
        #expect(try workers(bench) == ["/x"])
        try FileManager.default.createDirectory(
            atPath: bench.worker + "/" + SignedCheckpoints.folder, withIntermediateDirectories: true)
        #expect(try workers(bench) == ["/w", "/x"])
    }

    @Test func aStrangersLockHidesNoWorker() throws {
        let bench = try bench()
        defer { bench.remove() }
        try bench.write([], bench.directory + "/lock")
        #expect(try workers(bench) == ["/w", "/x"])
        // Segments that were put there are read as well.
        try FileManager.default.copyItem(
            atPath: bench.openSegment, toPath: bench.directory + "/" + LedgerFormat.openName(1))
        #expect(try workers(bench) == ["", "/w", "/x"])
    }

    @Test func aWorkersOwnDirectoryIsOne() throws {
        let bench = try bench()
        defer { bench.remove() }
        #expect(try LedgerReader.directories(under: bench.worker) == [bench.worker])
        try FileManager.default.removeItem(atPath: bench.openSegment)
        #expect(try LedgerReader.directories(counting: bench.worker) == [bench.worker])
    }

    @Test func anAggregatorsFilesAreNoneOfTheWorkers() throws {
        let bench = try bench()
        defer { bench.remove() }
        func code(_ body: () throws -> Void) throws -> LedgerError.Code {
            let error = try #require(throws: LedgerError.self) { try body() }
            return error.code
        }
        #expect(try code { _ = try LedgerReader.directory(ofAggregator: bench.directory) } == .missing)
        #expect(try code { _ = try LedgerReader.directory(ofAggregator: bench.worker) } == .missing)
        let aggregate = bench.directory + "/aggregate"
        try LedgerWriter.open(directory: bench.directory, worker: "aggregate", now: Bench.now).takeWriter().close()
        #expect(try LedgerReader.directories(ofWorkers: bench.directory) == [bench.worker, bench.directory + "/x"])
        #expect(try LedgerReader.directories(ofWorkers: bench.worker) == [bench.worker])
        #expect(try LedgerReader.directory(ofAggregator: bench.directory) == aggregate)
        #expect(try LedgerReader.directory(ofAggregator: aggregate + "/") == aggregate + "/", "named by itself")
        #expect(try code { _ = try LedgerReader.directories(ofWorkers: aggregate) } == .missing)
        for worker in ["/w", "/x"] { try FileManager.default.removeItem(atPath: bench.directory + worker) }
        #expect(try code { _ = try LedgerReader.directories(ofWorkers: bench.directory) } == .missing)
    }

    @Test func whereThereIsNoLedgerNothingIsCounted() throws {
        let bench = Bench()
        defer { bench.remove() }
        let absent = try #require(throws: LedgerError.self) { _ = try workers(bench) }
        #expect(absent.code == .missing)
        try FileManager.default.createDirectory(
            atPath: bench.directory + "/lost+found", withIntermediateDirectories: true)
        #expect(try workers(bench) == [])
        let empty = try #require(throws: LedgerError.self) {
            _ = try LedgerReader.directories(counting: bench.directory)
        }
        #expect(empty.code == .missing && empty.message == absent.message)
        #expect(empty.message.contains("is its volume mounted"))
        #expect(throws: empty) { _ = try LedgerUnion.read([bench.directory]) }
        #expect(throws: empty) { _ = try LedgerCatalog.open([bench.directory]) }
        // Dead letters are not counted: the workers' folders are elsewhere.
        for store in LedgerStore.allCases {
            let folder = bench.directory + "/" + store.rawValue
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try bench.write([], folder + "/lock")
            #expect(try LedgerReader.directories(counting: folder) == [folder], "named by itself")
            if store.holdsOutcomes { continue }
            #expect(throws: empty) { _ = try LedgerReader.directories(counting: bench.directory) }
        }
        #expect(try LedgerReader.directories(counting: bench.directory).count == LedgerStore.allCases.count)
        // A worker that has just started has recorded nothing, which is zero.
        try bench.open().takeWriter().close()
        #expect(try LedgerUnion.read([bench.directory]).outcomes.count == 0)
    }
}
