import Detainers
import Foundation
import Testing

@testable import Ledger

/// What verifying reads in parallel and counts without holding it is what reading everything in order gives.
struct VerificationTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Of few requests, so that many come again, with other content, on another day, or later.
    private static func entry(_ numbers: inout Numbers) -> LedgerEntry {
        let number = Int.random(in: 1...150, using: &numbers)
        let day = CivilDate(daysSinceEpoch: Int64.random(in: 20_000...20_009, using: &numbers))
        let recordedAt = Moment(secondsSinceEpoch: 1_700_000_000 + Int64.random(in: 0...5, using: &numbers))
        let content = ["same", "same", "same", "other"].randomElement(using: &numbers) ?? ""
        guard case .outcome(var outcome) = SealedBench.outcome(number, content: content) else {
            preconditionFailure("the bench makes outcomes")
        }
        outcome.date = RequestDate(date: day, basis: .recorded)
        outcome.recordedAt = recordedAt
        if number % 5 > 0 { return .outcome(outcome) }
        return .record(
            CaseRecord(
                message: CaseMessage(
                    recordID: outcome.identity.requestID, agency: "police", recordedBy: "desk",
                    about: .init(requestID: outcome.identity.requestID),
                    detail: .custodyOutcome(.bailed, bailPostedAt: nil, receivingAgency: nil)),
                date: day, pseudonyms: Pseudonyms(keyID: "test"), contentKey: content, recordedAt: recordedAt,
                traceparent: nil, jurisdiction: "boston", isOurs: true))
    }

    /// Ledgers of three workers, in small segments.
    ///
    /// - Parameter indexed: how many of them have indexes and runs.
    private func ledgers(_ seed: Int, indexed: Int) throws -> Bench {
        let bench = Bench()
        var numbers = Numbers(state: UInt64(seed))
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = 3_000
        for worker in 0..<3 {
            var writer = try LedgerWriter.open(
                directory: bench.directory, worker: "w\(worker)", configuration: configuration, now: Bench.now
            ).takeWriter()
            for _ in 0..<40 {
                let entries = (0..<2).map { _ in Self.entry(&numbers).json() }
                _ = try writer.append(entries, announcedThrough: 0, now: Bench.now)
            }
            writer.close()
            if worker < indexed {
                try SegmentIndexes(LedgerReader(directory: "\(bench.directory)/w\(worker)")).make()
            }
        }
        return bench
    }

    @Test(arguments: 0...3) func theCountsAreThoseOfTheUnion(indexed: Int) throws {
        for seed in 1...5 {
            let bench = try ledgers(seed, indexed: indexed)
            defer { bench.remove() }
            let union = try LedgerUnion.read([bench.directory])
            var verification = UnionVerification()
            for worker in try LedgerReader.directories(under: bench.directory) {
                #expect(try verification.verify(LedgerReader(directory: worker)).problems == [])
            }
            #expect(union.conflicts > 10 && union.repeats > 10)
            for parts in [1, 2, 3, 64] {
                let count = try verification.count(parts: parts)
                #expect(count.outcomes == union.outcomes.count && count.records == union.records.count)
                #expect(count.repeats == union.repeats)
                #expect(count.conflictingOutcomes == union.outcomes.conflicts)
                #expect(count.conflictingRecords == union.records.conflicts)
            }
        }
    }

    @Test(arguments: 0...3) func theListIsThatOfTheUnion(indexed: Int) throws {
        for seed in 1...5 {
            let bench = try ledgers(seed, indexed: indexed)
            defer { bench.remove() }
            let union = try LedgerUnion.read([bench.directory])
            let listing = try LedgerListing([bench.directory])
            var (outcomes, records): ([Outcome], [CaseRecord]) = ([], [])
            try listing.outcomes { outcomes.append($0) }
            try listing.records { records.append($0) }
            #expect(outcomes == union.outcomes.sorted().map(\.value))
            #expect(records == union.records.sorted().map(\.value))
            #expect(outcomes.count > 50 && records.count > 10)
        }
    }

    @Test func theFirstDamageIsToldWithFileAndLineWhateverIsReadFirst() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...60)
        #expect(try bench.reader().verify().problems == [])
        for segment in [17, 9, 3, 1] {
            let name = "segment-" + LedgerFormat.padded(segment) + ".jsonl"
            let bytes = try bench.bench.bytes(bench.path(name))
            try bench.flip(name, at: bytes.count / 2)
            let problems = try bench.reader().verify().problems
            #expect(problems.count == 1 && problems[0].hasPrefix("`\(bench.path(name))`, line "), "\(problems)")
        }
    }

    /// Whichever of them is longer, and whichever is read first.
    @Test func twoHistoriesOfOneLogAreToldAndACopyIsNone() throws {
        let (one, copy) = (SealedBench(), SealedBench())
        defer {
            one.remove()
            copy.remove()
        }
        try one.fill(1...12)
        try FileManager.default.copyItem(atPath: one.bench.directory, toPath: copy.bench.directory)
        func problems(_ benches: [SealedBench]) throws -> [String] {
            var verification = UnionVerification()
            return try benches.flatMap { try verification.verify($0.reader()).problems }
        }
        #expect(try problems([one, copy]) == [])
        try one.fill(13...20)
        #expect(try problems([one, copy]) == [])
        #expect(try problems([copy, one]) == [])
        try copy.fill(21...23)
        let logID = try one.reader().logID()
        for (first, second) in [(one, copy), (copy, one)] {
            let found = try problems([first, second])
            #expect(found.count == 1, "\(found)")
            let sentence =
                "two histories of one log: `\(first.worker)` and `\(second.worker)` have the log id "
                + "`\(logID)`, and the first 15 records"
            #expect(found.first?.hasPrefix(sentence) == true, "\(found)")
        }
    }

    @Test func aLineThatIsNoRecordOfOursIsAProblemOfItsLedgerAlone() throws {
        let (strange, good) = (SealedBench(), SealedBench())
        defer {
            strange.remove()
            good.remove()
        }
        try good.fill(1...9)
        var writer = try strange.bench.open().takeWriter()
        _ = try writer.append(
            [SealedBench.outcome(1).json(), ["kind": "outcome", "n": 1]], announcedThrough: 0, now: Bench.now)
        writer.close()
        var verification = UnionVerification()
        let problems = try verification.verify(strange.reader()).problems
        #expect(problems.count == 1, "\(problems)")
        // Behind the header and the outcome.
        #expect(problems.first?.hasPrefix("`\(strange.bench.openSegment)`, line 3: a record lacks") == true)
        #expect(try verification.verify(good.reader()).problems == [])
        #expect(try verification.count().outcomes == 9)
    }

    @Test func aRootThatIsNotThatOfTheRecordsIsToldWithFileAndLine() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...30)
        let path = bench.path("segment-00000004.jsonl")
        var lines = try bench.bench.bytes(path).split(separator: UInt8(ascii: "\n")).map(Array.init)
        // A record that says something else, and whose check is right.
        let changed = try #require(LedgerFormat.value(lines[2][...])).value
        guard case .object(let members) = changed else { preconditionFailure("a record is an object") }
        lines[2] = LedgerFormat.line(
            .object(members.filter { !["check", "agency"].contains($0.name) } + [.init(name: "agency", value: "x")])
        ).dropLast()
        try bench.bench.write(lines.flatMap { $0 + [UInt8(ascii: "\n")] }, path)
        let problems = try bench.reader().verify().problems
        #expect(
            problems == ["`\(path)`, line \(lines.count): its root is not that of the records before it"],
            "\(problems)")
    }

    @Test func whatIsMadeInOrderIsTakenInOrderUntilSomethingIsThrown() throws {
        var taken: [Int] = []
        Parallel.inOrder(0..<500) {
            $0 * 2
        } take: { number, value in
            taken.append(number)
            #expect(value == number * 2)
        }
        #expect(taken == Array(0..<500))
        #expect(throws: CancellationError.self) {
            try Parallel.inOrder(0..<500) {
                $0
            } take: { number, _ in
                if number == 3 { throw CancellationError() }
            }
        }
        Parallel.inOrder(0..<0) {
            $0
        } take: { _, _ in
            Issue.record("there is nothing to take")
        }
    }

    @Test(arguments: [0, 1, 3, 500]) func stretchesAreTheWholeRangeInOrder(count: Int) {
        let stretches = Parallel.stretches(of: 7..<7 + count)
        #expect(stretches.flatMap(Array.init) == Array(7..<7 + count))
        #expect(stretches.count <= 4 * Parallel.cores && !stretches.contains(where: \.isEmpty))
    }

    @Test func indexingMakesADamagedRunAgain() throws {
        let bench = SealedBench()
        defer { bench.remove() }
        try bench.fill(1...60)
        let indexes = SegmentIndexes(try bench.reader())
        try indexes.make()
        let name = "ids-00000009-00000016.run"
        let whole = try bench.bench.bytes(bench.path(name))
        #expect(try indexes.make() == 0)
        // In its header, in its first block, which is read only when somebody asks, and in its filter.
        for position in [40, 400, whole.count - 40] {
            try bench.flip(name, at: position)
            #expect(try indexes.missing() == [])
            #expect(try indexes.make() == 8)
            #expect(try bench.bench.bytes(bench.path(name)) == whole)
        }
    }
}
