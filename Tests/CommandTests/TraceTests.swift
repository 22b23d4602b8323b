import Detainers
import Testing

/// The story of a request from crafted ledgers, with the real binary and no broker.
struct TraceTests {
    private static let id = "00000000-0000-4000-8000-000000000001"

    private static func trace(_ site: Site, _ ledger: String) async throws -> Binary.Result {
        try await site.binary.run("trace", id, "--offline", "--ledger", ledger)
    }

    @Test func whatAnAggregatorTookWasAnnounced() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        // The same event twice is a repeat.
        try Crafted.write(site.ledger, "aggregate", try [1, 2, 1].map { try Crafted.taken($0) })
        for ledger in [site.ledger, site.ledger + "/aggregate"] {
            let story = try await Self.trace(site, ledger)
            #expect(story.code == 0, "\(story.errors)")
            try #require(story.lines.count == 2, "\(story.output)")
            #expect(story.lines[0].contains("  announced: the aggregator took it: revision 1, "))
            #expect(story.lines.last == "now: decided, recorded, announced and settled")
        }
        // With the worker's ledger, whose own checkpoint tells of the event later than the aggregator has it.
        try Crafted.write(site.ledger, "w1", [try Crafted.outcome(1).json()])
        let story = try await Self.trace(site, site.ledger)
        let order = ["delivered to w1 and decided: ", "recorded in ", "announced: the aggregator took", "now: decided"]
        #expect(story.lines.count == order.count, "\(story.output)")
        for (line, part) in zip(story.lines, order) { #expect(line.contains(part)) }
        #expect(!story.output.contains("not known to be announced"))
    }

    @Test func whatWasFiledIsNoRequest() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        try Crafted.write(site.ledger, "filings", [try Crafted.outcome(1).json()])
        let story = try await Self.trace(site, site.ledger)
        #expect(story.code == 1 && story.output.hasPrefix("now: nothing of it is on file"), "\(story.output)")
    }
}
