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

    @Argument(help: "The id of a request or of a record of a case.")
    var id: String?

    @Option(help: "Which revision; the latest by default.")
    var revision: Int?

    @Option(help: "An earlier signed checkpoint: prove that today's ledger begins with what it covers.")
    var since: String?

    func validate() throws {
        if (id == nil) == (since == nil) { throw ValidationError("name either a request's id or --since CHECKPOINT") }
    }

    func run() async throws {
        try await Exit.mapping {
            let directories = ledgers.resolved(try common.settings())
            let proof: String?
            do {
                proof = try id.map { try inclusion(of: $0, directories) } ?? consistency(directories)
            } catch let error as LedgerError where error.code == .contradicted {
                Log.error(error.message)
                throw Exit.no
            }
            guard let proof else {
                Log.error(
                    "not signed yet: checkpoints are signed hourly and when a worker stops, if it has a signing key")
                throw Exit.no
            }
            FileHandle.standardOutput.write(Data(proof.utf8))
        }
    }

    private func inclusion(of id: String, _ directories: [String]) throws -> String? {
        let (union, id) = (try LedgerUnion.read(directories), id.lowercased())
        let outcomes = union.outcomes.sorted().filter { $0.value.identity.requestID == id }
            .map { (revision: $0.value.identity.revision, directory: $0.directory, index: $0.index) }
        let records = union.records.sorted().filter { $0.value.identity.recordID == id }
            .map { (revision: $0.value.identity.revision, directory: $0.directory, index: $0.index) }
        let wanted = (outcomes + records).filter { revision == nil || $0.revision == revision }
        guard let place = wanted.max(by: { $0.revision < $1.revision }) else {
            Log.error("nothing of that id is on file; `detainer dead-letters list` shows what was not read")
            throw Exit.no
        }
        return try LedgerReader(directory: place.directory).proof(of: place.index)
    }

    private func consistency(_ directories: [String]) throws -> String? {
        guard let since else { return nil }
        let earlier = try TreeHead(note: TextFile.read(since))
        for directory in directories {
            for worker in try LedgerReader.directories(counting: directory) {
                let reader = try LedgerReader(directory: worker)
                if try earlier.isOf(logID: reader.logID()) { return try reader.proof(since: earlier) }
            }
        }
        Log.error("`\(since)` is the checkpoint of another ledger")
        throw Exit.no
    }
}
