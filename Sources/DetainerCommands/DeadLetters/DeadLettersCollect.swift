import AMQPClient
import ArgumentParser
import DeadLetters
import Ledger
import Operations
import Worker

struct DeadLettersCollect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Bring what waits in the queue into the flat files.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Exit.mapping {
            Output.print("\(try await Self.collect(try common.settings())) collected")
        }
    }

    static func collect(_ settings: Settings) async throws -> Int {
        // A letter may be of any jurisdiction or of none, and is collected while policies are broken too: letters have
        // a key of their own where jurisdictions have.
        let name = "dead-letters"
        let path = try settings.pseudonymKeyFiles([name])[name] ?? ""
        return try await Collector.collect(
            try settings.address(), queue: settings[.deadLetterQueue], ledger: settings[.ledgerDirectory],
            key: try KeyFile.readOrMake(path).key, now: { WallClock.now() })
    }

    /// Collects first where that is possible; says so where it is not, for the store can be read all the same.
    static func collectIfPossible(_ settings: Settings) async throws {
        do {
            _ = try await collect(settings)
        } catch let error as AMQPError {
            Log.warning("not collected, showing what is on file: \(error.message)")
        } catch let error as LedgerError where error.code == .locked {
            Log.warning("another process is collecting; showing what is on file")
        }
    }
}
