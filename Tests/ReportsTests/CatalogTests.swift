import Detainers
import Foundation
import Testing

@testable import Ledger
@testable import Reports

/// Counting by indexes against counting by reading: the same figures, whatever is on file.
struct CatalogTests {
    /// Some workers' ledgers in small segments, filled by chance.
    private struct Archive {
        let directory = FileManager.default.temporaryDirectory.path + "/archive-" + UUID().uuidString
        var generator: Chance

        /// The same numbers for the same seed (splitmix64).
        struct Chance: RandomNumberGenerator {
            var state: UInt64
            mutating func next() -> UInt64 {
                state &+= 0x9e37_79b9_7f4a_7c15
                var mixed = state
                mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
                mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
                return mixed ^ mixed >> 31
            }
        }

        mutating func pick<Value>(_ values: [Value]) -> Value {
            values[Int.random(in: 0..<values.count, using: &generator)]
        }
        mutating func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

        /// Few people and few bookings, so that many entries have to do with each other, and others stand alone.
        mutating func outcome(_ number: Int) throws -> Outcome {
            let day = try #require(
                CivilDate(year: pick([2023, 2024, 2024, 2024]), month: pick(Array(1...12)), day: pick(Array(1...28))))
            var outcome = try Files.request(
                number, file: happens(30) ? "A\(pick(Array(1...12)))" : nil,
                name: happens(20) ? "N\(pick(Array(1...12)))" : nil,
                booking: happens(20) ? "B\(pick(Array(1...12)))" : nil, formDate: happens(50) ? "2024-05-05" : nil,
                date: day.description)
            outcome.identity = RequestIdentity(requestID: outcome.identity.requestID, revision: pick([1, 1, 1, 2]))
            outcome.station = pick(["A-1", "B-2", nil])
            outcome.channel = pick([.fax, .mail, .email])
            outcome.probableCause = pick([nil, [], [.finalOrder], [.finalOrder, .pendingProceedings]])
            outcome.resumeCustody = pick([.yes, .no, .unknown])
            outcome.receivedAt = Moment(text: "\(day)T10:00:00Z")
            outcome.foundAt = happens(10) ? Moment(text: "\(day)T12:00:00Z") : nil
            outcome.jurisdiction = pick(["boston", "boston", "boston", "salem"])
            outcome.recordedAt = Moment(secondsSinceEpoch: 1_700_000_000 + Int64(number) * 100)
            outcome.contentKey = "c\(pick([1, 1, 2]))"
            if happens(10) { outcome.decision = nil }
            if happens(10) { outcome.decision?.transfer = GivenAnswer(answer: .refer, rule: "T", to: "captain") }
            if happens(10) { outcome.decision?.reportLine = "other" }
            return outcome
        }

        mutating func record(_ number: Int, requests: Int) throws -> CaseRecord {
            var record = try Files.record(
                number,
                pick([.cancellation(.unknown), .detained(.criminalWarrant, from: nil, until: nil), .reentryArrest]),
                about: happens(60) ? pick(Array(1...requests)) : nil,
                file: happens(30) ? "A\(pick(Array(1...12)))" : nil, date: pick(["2024-03-01", "2025-01-02"]))
            record.recordedAt = Moment(secondsSinceEpoch: 1_700_000_000 + Int64(number) * 100)
            return record
        }

        /// Three workers; some requests went to two of them.
        mutating func fill(requests: Int, records: Int) throws {
            var entries: [[LedgerEntry]] = [[], [], []]
            for number in 1...requests {
                let outcome = try outcome(number)
                entries[pick([0, 1, 2])].append(.outcome(outcome))
                if happens(5) { entries[pick([0, 1, 2])].append(.outcome(outcome)) }
                if happens(5) { entries[pick([0, 1, 2])].append(.outcome(try self.outcome(number))) }
            }
            for number in 1...records {
                entries[pick([0, 1, 2])].append(.record(try record(number, requests: requests)))
            }
            var configuration = LedgerConfiguration()
            configuration.segmentBytes = 8_192
            for (worker, entries) in entries.enumerated() {
                var writer = try LedgerWriter.open(
                    directory: directory, worker: "w\(worker)", configuration: configuration,
                    now: Moment(secondsSinceEpoch: 1_700_000_000)
                ).takeWriter()
                var rest = entries[...]
                while !rest.isEmpty {
                    let batch = rest.prefix(3)
                    rest = rest.dropFirst(3)
                    _ = try writer.append(
                        batch.map { $0.json() }, announcedThrough: 0, now: Moment(secondsSinceEpoch: 1_700_000_000))
                }
                writer.close()
            }
        }

        func indexes() throws -> [SegmentIndexes] {
            try LedgerReader.directories(under: directory).map { SegmentIndexes(try LedgerReader(directory: $0)) }
        }

        func remove() { try? FileManager.default.removeItem(atPath: directory) }
    }

    private func archive(_ seed: UInt64, requests: Int = 120, records: Int = 30) throws -> Archive {
        var archive = Archive(generator: .init(state: seed))
        try archive.fill(requests: requests, records: records)
        return archive
    }

    /// Both ways to count, as CSV, which holds every figure.
    private func both(
        _ archive: Archive, _ period: Period, _ rule: CountingRule, asOf: Moment, mostListed: Int
    ) throws -> (read: AnnualReport, counted: AnnualReport) {
        let union = try LedgerUnion.read([archive.directory]).asOf(asOf)
        let read = AnnualReport(
            Casebook(union, jurisdiction: "boston"), period: period, jurisdiction: "boston", rule: rule, asOf: asOf,
            checkpoints: union.heads)
        let counted = try AnnualReport(
            counting: LedgerCatalog.open([archive.directory]), period: period, jurisdiction: "boston", rule: rule,
            asOf: asOf, mostListed: mostListed)
        return (read, counted)
    }

    @Test(arguments: UInt64(1)...10) func countingByIndexesGivesWhatReadingGives(seed: UInt64) throws {
        let archive = try archive(seed)
        defer { archive.remove() }
        let year = try #require(Period(year: 2024))
        let days = try #require(
            CivilDate("2024-02-10").flatMap { first in
                CivilDate("2024-08-20").flatMap { Period(from: first, to: $0) }
            })
        let (late, middle) = (Moment(secondsSinceEpoch: 1_800_000_000), Moment(secondsSinceEpoch: 1_700_006_000))
        func compare() throws {
            for (period, rule, asOf) in [
                (year, CountingRule.forms, late), (year, .episodes, late), (days, .forms, middle),
                (year, .forms, middle),
            ] {
                let unlisted = try both(archive, period, rule, asOf: asOf, mostListed: 0)
                #expect(unlisted.read.csv() == unlisted.counted.csv())
                #expect(unlisted.read.checkpoints == unlisted.counted.checkpoints)
                #expect(unlisted.read.policies == unlisted.counted.policies)
                let listed = try both(archive, period, rule, asOf: asOf, mostListed: 1_000)
                #expect(listed.read.json() == listed.counted.json())
                #expect(listed.read.listed == listed.counted.listed)
            }
        }
        #expect(try LedgerCatalog.open([archive.directory]).unindexed > 5)
        try compare()
        for indexes in try archive.indexes() {
            let missing = try indexes.missing().count
            #expect(try indexes.make() == missing)
        }
        #expect(try LedgerCatalog.open([archive.directory]).unindexed == 0)
        try compare()
    }

    /// Far more entries than a word of bits or a batch holds.
    @Test func countingALargerArchiveByIndexesGivesTheSame() throws {
        let archive = try archive(11, requests: 1_500, records: 300)
        defer { archive.remove() }
        for indexes in try archive.indexes() { try indexes.make() }
        let year = try #require(Period(year: 2024))
        for rule in CountingRule.allCases {
            let reports = try both(archive, year, rule, asOf: Moment(secondsSinceEpoch: 1_800_000_000), mostListed: 0)
            #expect(reports.read.csv() == reports.counted.csv())
            #expect(reports.read.tally["requests", "total"] > 100)
        }
    }

    @Test func whatStandsAloneIsNotRead() throws {
        let archive = try archive(7)
        defer { archive.remove() }
        for indexes in try archive.indexes() { try indexes.make() }
        let catalog = try LedgerCatalog.open([archive.directory])
        let (linked, all) = (try catalog.linking().linkedCount, catalog.entryCount)
        #expect(linked > 50 && linked < all - 20)
    }

    @Test func anIndexOfAnotherSegmentIsNotTaken() throws {
        let archive = try archive(3, requests: 60)
        defer { archive.remove() }
        let indexes = try archive.indexes()
        for indexes in indexes { try indexes.make() }
        let worker = archive.directory + "/w0"
        let first = worker + "/segment-00000001.index"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: first))
        // Cut short, of another segment, not there: each time the segment is read instead.
        for damaged in [
            bytes.dropLast(), try Data(contentsOf: URL(fileURLWithPath: worker + "/segment-00000002.index")),
        ] {
            try damaged.write(to: URL(fileURLWithPath: first))
            #expect(try indexes[0].missing() == [1])
            #expect(try LedgerCatalog.open([archive.directory]).unindexed == 1)
        }
        try FileManager.default.removeItem(atPath: first)
        #expect(try indexes[0].make() == 1)
        #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == bytes)
        #expect(try LedgerReader(directory: worker).verify().problems == [])
        // What still looks like an index and is not what the segment gives is found by verifying.
        var tampered = bytes
        tampered[tampered.count - 2] ^= 1
        try tampered.write(to: URL(fileURLWithPath: first))
        let problems = try LedgerReader(directory: worker).verify().problems
        #expect(problems.count == 1 && problems[0].contains("segment-00000001.index"))
    }

    /// Whatever rots in a column would only count otherwise: the segment is read instead, and the index made again.
    @Test func anIndexThatRottedIsNoneAndCountsNothing() throws {
        let archive = try archive(3, requests: 60)
        defer { archive.remove() }
        let indexes = try archive.indexes()
        for indexes in indexes { try indexes.make() }
        let path = archive.directory + "/w0/segment-00000001.index"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let body = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 1
        let whole = try Self.figures(archive)
        for position in stride(from: body, to: bytes.count, by: (bytes.count - body) / 20) {
            var damaged = bytes
            damaged[position] ^= 1
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(try LedgerCatalog.open([archive.directory]).unindexed == 1)
            #expect(try Self.figures(archive) == whole)
        }
        #expect(try indexes[0].missing() == [1] && indexes[0].make() == 1)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    private static func figures(_ archive: Archive) throws -> JSONValue {
        try AnnualReport(
            counting: LedgerCatalog.open([archive.directory]), period: #require(Period(year: 2024)),
            jurisdiction: "boston", asOf: Moment(secondsSinceEpoch: 1_800_000_000)
        ).json()
    }

    /// The bytes of an index with another body, as whoever forges one would write them.
    private static func forged(_ bytes: Data, body: Int) throws -> Data {
        let header = try JSONValue.parse(Array(bytes[..<(body - 1)])).objectValue ?? []
        let check = CRC32C.text(Array(bytes[body...])[...])
        let members = header.filter { $0.name != "check" }.map { member in
            member.name == "body" ? JSONMember(name: "body", value: .string(check)) : member
        }
        return Data(LedgerFormat.line(.object(members))) + bytes[body...]
    }

    /// A number of an index may be any: what it leads to is looked at before it is used.
    @Test func anIndexWithForgedNumbersEndsNoReader() throws {
        let archive = try archive(3, requests: 60)
        defer { archive.remove() }
        for indexes in try archive.indexes() { try indexes.make() }
        let path = archive.directory + "/w0/segment-00000001.index"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let body = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 1
        let year = try #require(Period(year: 2024))
        let late = Moment(secondsSinceEpoch: 1_800_000_000)
        var refused = 0
        // The highest byte of every third number, and the lowest of others.
        for position in Array(stride(from: body + 3, to: bytes.count, by: 12))
            + stride(from: body, to: bytes.count, by: 28)
        {
            var damaged = bytes
            damaged[position] ^= 0xff
            try Self.forged(damaged, body: body).write(to: URL(fileURLWithPath: path))
            do {
                let linking = try LedgerCatalog.open([archive.directory]).linking()
                _ = try linking.lone(year.first...year.last, by: late)
                for batch in try linking.linkedBatches(year.first...year.last, by: late) { _ = try linking.read(batch) }
                for batch in try linking.loneBatches(year.first...year.last, by: late) { _ = try linking.read(batch) }
            } catch is LedgerError { refused += 1 } catch is RecordError { refused += 1 }
        }
        #expect(refused > 10)
    }
}
