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
        let collector = Collector(
            try settings.address(), queue: settings[.deadLetterQueue], requestQueues: settings.requestQueueNames,
            store: try settings.letterStoreToFill(), key: try settings.letterKey(), now: { WallClock.now() })
        let count = try await collector.look()
        // It blocks for disk and broker: not on a thread that others share.
        return try await Blocking.perform {
            let progress = Progress("collected")
            defer { progress.end() }
            let collected = try collector.collect(count) { progress.tell($0, of: count.messageCount) }
            if collected < count.messageCount {
                Log.warning(
                    "\(collected) of \(count.messageCount) waiting letters came: "
                        + (count.consumerCount > 0
                            ? "other consumers of the queue (\(count.consumerCount)) have the others, or the broker is slow"
                            : "the broker is slow, or another consumer came and has the others")
                        + "; run `detainer dead-letters collect` again")
            }
            return collected
        }
    }

    /// Collects first where that is possible; says so where it is not, for the store can be read all the same.
    ///
    /// - Returns: the store.
    /// - Throws: `LedgerError`, `.missing` where the ledger's directory is not there.
    static func collectIfPossible(_ settings: Settings) async throws -> LetterStore {
        let store = try settings.letterStore()
        do {
            _ = try await collect(settings)
        } catch let error as AMQPError {
            Log.warning("not collected, showing what is on file: \(error.message)")
        } catch let error as LedgerError {
            // A full disk or a read-only one keeps nobody from reading.
            Log.warning("not collected, showing what is on file: \(error.message)")
        } catch let error as KeyFile.Lost {
            Log.warning("not collected, showing what is on file: \(error)")
        }
        return store
    }
}
