import ArgumentParser
import Ledger
import Operations

struct LedgerIndex: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Make what is missing or damaged beside sealed segments: indexes, and runs of identities.",
        discussion: "A running worker makes its own. With indexes a report counts without reading every record; with "
            + "runs a worker knows a repeat without remembering it, and starts without reading. Losing one costs only "
            + "making it again. Running workers are not disturbed.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    func run() async throws {
        try await Exit.mapping {
            var made = 0
            for directory in ledgers.resolved(try common.settings()) {
                for path in try LedgerReader.directories(under: directory) {
                    let indexes = SegmentIndexes(try LedgerReader(directory: path))
                    let missing = try indexes.missing().count
                    let progress = Progress("indexing \(path)")
                    defer { progress.end() }
                    made += try indexes.make { done in
                        progress.tell(done, of: missing)
                        return true
                    }
                }
            }
            Output.print("\(made) segments indexed")
        }
    }
}
