import ArgumentParser
import Detainers
import Foundation
import Ledger

struct LedgerProve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove", abstract: "Prove that a record is in the ledger, or that the ledger only grew.",
        discussion: "Prints a proof (C2SP tlog-proof) that anyone can check without the ledger: "
            + "`detainer ledger verify --proof FILE --public-key KEY`, or deploy/audit/verify-ledger.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Argument(help: "The request's id.")
    var id: String?

    @Option(help: "Which revision of the request; the latest by default.")
    var revision: Int?

    @Option(help: "An earlier signed checkpoint: prove that today's ledger begins with what it covers.")
    var since: String?

    func validate() throws {
        if (id == nil) == (since == nil) { throw ValidationError("name either a request's id or --since CHECKPOINT") }
    }

    func run() async throws {
        try await Exit.mapping {
            let directories = ledgers.resolved(try common.settings())
            let proof = try id.map { try inclusion(of: $0, directories) } ?? consistency(directories)
            guard let proof else {
                Log.error(
                    "not signed yet: checkpoints are signed hourly and when a worker stops, if it has a signing key")
                throw Exit.no
            }
            FileHandle.standardOutput.write(Data(proof.utf8))
        }
    }

    private func inclusion(of id: String, _ directories: [String]) throws -> String? {
        let entries = try LedgerUnion.read(directories).outcomes.sorted().filter {
            $0.value.identity.requestID == id.lowercased()
                && (revision == nil || $0.value.identity.revision == revision)
        }
        guard let entry = entries.max(by: { $0.value.identity.revision < $1.value.identity.revision }) else {
            Log.error("no outcome of that request is on file; `detainer dead-letters list` shows what was not read")
            throw Exit.no
        }
        return try LedgerReader(directory: entry.directory).proof(of: entry.index)
    }

    private func consistency(_ directories: [String]) throws -> String? {
        guard let since else { return nil }
        let earlier = try TreeHead(note: TextFile.read(since))
        for directory in directories {
            for worker in try LedgerReader.workerDirectories(under: directory) {
                let reader = try LedgerReader(directory: worker)
                if try earlier.isOf(logID: reader.logID()) { return try reader.proof(since: earlier) }
            }
        }
        Log.error("`\(since)` is the checkpoint of another ledger")
        throw Exit.no
    }
}
