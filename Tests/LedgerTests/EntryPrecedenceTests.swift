import Detainers
import Testing

@testable import Ledger

/// Which of several records of one identity stands, whoever reads them and wherever they are.
struct EntryPrecedenceTests {
    /// As an aggregator keeps what an event told.
    private static func taken(_ entry: LedgerEntry, of logID: String, at index: Int) -> JSONValue {
        let source: JSONValue = ["logId": .string(logID), "index": .number(String(index)), "root": "root"]
        let members = entry.json().objectValue ?? []
        return .object(members + [JSONMember(name: "source", value: source)])
    }

    private static func write(_ bench: Bench, _ name: String, _ records: [JSONValue]) throws -> Commit {
        var writer = try LedgerWriter.open(directory: bench.directory, worker: name, now: Bench.now).takeWriter()
        let commit = try writer.append(records, announcedThrough: 0, now: Bench.now)
        writer.close()
        return commit
    }

    /// The content of the first outcome, by each way to read it.
    private static func chosen(_ directories: [String]) throws -> [String] {
        let read = try LedgerUnion.read(directories)
        let catalog = try LedgerCatalog.open(directories)
        let counted = try catalog.union(Array(0..<catalog.entryCount))
        var listed: [Outcome] = []
        try LedgerListing(directories).outcomes { listed.append($0) }
        return [read.outcomes.sorted().first?.value, counted.outcomes.sorted().first?.value, listed.first].map {
            $0?.contentKey ?? "none"
        }
    }

    /// Two workers recorded different content of one request at the same moment.
    @Test(arguments: [false, true]) func ledgersAndAnAggregatorChooseAlike(isReversed: Bool) throws {
        let (ledgers, follower) = (Bench(), Bench())
        defer {
            ledgers.remove()
            follower.remove()
        }
        var events: [JSONValue] = []
        for (worker, content) in [("w", "one"), ("x", "two")] {
            let entry = SealedBench.outcome(1, content: content)
            let commit = try Self.write(ledgers, worker, [SealedBench.outcome(2).json(), entry.json()])
            events.append(Self.taken(entry, of: commit.logID, at: 1))
        }
        if isReversed { events.reverse() }
        _ = try Self.write(follower, "aggregate", events)
        let chosen = try Self.chosen([ledgers.directory])
        #expect(chosen.allSatisfy { $0 == chosen[0] && $0 != "none" })
        #expect(try Self.chosen([follower.directory]) == chosen)
        let both = [follower.directory, ledgers.directory]
        #expect(try Self.chosen(both) == chosen)
        // The record itself comes before what was taken of it: its place is what a proof is made of.
        let union = try LedgerUnion.read(both)
        #expect(union.outcomes.sorted().allSatisfy { $0.directory.hasPrefix(ledgers.directory) })
        var verification = UnionVerification()
        for directory in [follower.directory + "/aggregate", ledgers.worker, ledgers.directory + "/x"] {
            #expect(try verification.verify(LedgerReader(directory: directory)).problems == [])
        }
        let count = try verification.count()
        #expect(count.outcomes == union.outcomes.count && count.repeats == union.repeats)
        #expect(count.conflicts == 1 && union.conflicts == 1)
    }
}
