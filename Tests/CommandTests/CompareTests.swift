import Detainers
import Foundation
import Testing

/// `report compare` reads its two sides apart, with the real binary and no broker.
struct CompareTests {
    /// A worker's ledger with three outcomes, and an aggregator in the same directory that has two of them.
    private static func site() throws -> Site {
        let site = try Site(url: nil)
        try Crafted.write(site.ledger, "w1", try (1...3).map { try Crafted.outcome($0).json() })
        try Crafted.write(site.ledger, "aggregate", try (1...2).map { try Crafted.taken($0) })
        return site
    }

    @Test func anAggregatorInTheLedgersDirectoryIsNotComparedWithItself() async throws {
        let site = try Self.site()
        defer { site.scratch.remove() }
        let folders = [site.ledger, site.ledger + "/aggregate"]
        for folder in folders {
            let short = try await site.binary.run("report", "compare", "--with", folder)
            #expect(short.code == 1, "\(short.output) \(short.errors)")
            #expect(short.output.contains("2 alike, 1 in the ledgers alone, 0 at the aggregator alone"))
        }
        try Crafted.write(site.ledger, "aggregate", [try Crafted.taken(3)])
        for folder in folders {
            let whole = try await site.binary.run("report", "compare", "--with", folder)
            #expect(whole.code == 0 && whole.output.hasPrefix("3 alike, 0 in the ledgers alone"), "\(whole.output)")
        }
        // A volume of ledgers that is not mounted is no ledger, whatever else lies there.
        try FileManager.default.removeItem(atPath: site.ledger + "/w1")
        for folder in folders {
            let alone = try await site.binary.run("report", "compare", "--with", folder)
            #expect(alone.code == 74 && alone.output.isEmpty, "\(alone.output)")
            #expect(alone.errors.contains("is its volume mounted"), "\(alone.errors)")
        }
    }

    @Test func whatIsNoAggregatorsOrIsOnBothSidesIsNotCompared() async throws {
        let site = try Self.site()
        defer { site.scratch.remove() }
        let workers = ["--ledger", site.ledger + "/w1", "--with"]
        let worker = try await site.binary.run(["report", "compare"] + workers + [site.ledger + "/w1"])
        #expect(worker.code == 74 && worker.output.isEmpty)
        #expect(worker.errors.contains("there is no aggregator's count in"), "\(worker.errors)")
        let itself = try await site.binary.run(
            "report", "compare", "--ledger", site.ledger + "/aggregate", "--with", site.ledger)
        #expect(itself.code == 74 && itself.output.isEmpty, "\(itself.output)")
        let copies = site.scratch.path + "/copies"
        try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: site.ledger + "/w1", toPath: copies + "/aggregate")
        let copy = try await site.binary.run(["report", "compare"] + workers + [copies])
        #expect(copy.code == 74 && copy.output.isEmpty, "\(copy.output)")
        #expect(copy.errors.contains("have one log id"), "\(copy.errors)")
    }
}
