import ArgumentParser
import Detainers
import Foundation
import Ledger

struct LedgerVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every line, checkpoint, root and signature; or one proof.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "The public key; without it signed checkpoints are compared with the records, whoever signed them.")
    var publicKey: String?

    @Option(help: "A signed checkpoint kept from earlier, repeatable: the ledger must begin with what it covers.")
    var checkpoint: [String] = []

    @Option(help: "Check this proof alone, without any ledger; needs --public-key.")
    var proof: String?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if proof != nil, publicKey == nil { throw ValidationError("--proof needs --public-key") }
        if proof != nil, checkpoint.count > 1 { throw ValidationError("--proof takes one --checkpoint") }
    }

    func run() async throws {
        try await Exit.mapping {
            let key = try publicKey.map(TextFile.publicKey)
            if let proof, let key {
                try verify(proof: proof, key)
            } else {
                try verifyLedgers(key)
            }
        }
    }

    private func verifyLedgers(_ key: LedgerPublicKey?) throws {
        var findings = Findings()
        var union = UnionVerification()
        var earlier: [TreeHead] = []
        for path in checkpoint {
            let note = try TextFile.read(path)
            do { earlier.append(try key?.open(note) ?? TreeHead(note: note)) } catch let error as NoteError {
                findings.problems.append("`\(path)`: \(error.description)")
            }
        }
        var found: Set<String> = []
        for directory in ledgers.resolved(try common.settings()) {
            for worker in try LedgerReader.directories(counting: directory) {
                let progress = Progress("verifying \(worker)")
                defer { progress.end() }
                let report = try union.verify(
                    try LedgerReader(directory: worker), key: key, earlier: earlier, progress: progress.tell(_:of:))
                progress.end()
                found.insert(report.logID)
                findings.problems += report.problems
                findings.signed += report.signedCheckpoints
                findings.uncountedBytes += report.uncountedBytes
                if format == .text {
                    Output.print(
                        "\(worker): \(report.records) records, \(report.signedCheckpoints) signed checkpoints, "
                            + "root \(report.root)")
                }
            }
        }
        for head in earlier where !found.contains(where: head.isOf) {
            findings.problems.append("no ledger here is the one of the checkpoint with origin `\(head.origin)`")
        }
        let count = try union.count()
        findings.show(count, format, signaturesChecked: key != nil)
        if key == nil, findings.signed > 0, format == .text {
            Output.print("signatures not checked: --public-key FILE")
        }
        if count.conflicts > 0 || !findings.problems.isEmpty { throw Exit.no }
    }

    private func verify(proof path: String, _ key: LedgerPublicKey) throws {
        let text = try TextFile.read(path)
        let earlier = try checkpoint.first.map(TextFile.read)
        let proof: LedgerProof
        do throws(NoteError) { proof = try LedgerProof(text: text, key: key, earlier: earlier) } catch {
            Log.error("`\(path)`: \(error.description)")
            throw Exit.no
        }
        switch proof {
        case .inclusion(let line, let index, let head):
            if format == .text {
                Output.print("record \(index) of the \(head.size) that `\(head.origin)` has signed:")
            }
            Output.print(String(decoding: line, as: UTF8.self))
        case .consistency(let old, let new):
            Output.print(
                "`\(new.origin)` with \(new.size) records begins with the \(old.size) of the earlier checkpoint")
        }
    }
}

/// What verifying several ledgers found.
private struct Findings {
    var problems: [String] = []
    var signed = 0
    var uncountedBytes = 0

    func show(_ union: UnionCount, _ format: OutputFormat, signaturesChecked: Bool) {
        switch format {
        case .json:
            var members = [
                JSONMember(name: "outcomes", value: .number(String(union.outcomes))),
                JSONMember(name: "repeats", value: .number(String(union.repeats))),
                JSONMember(name: "conflicts", value: .number(String(union.conflicts))),
                JSONMember(name: "problems", value: .array(problems.map(JSONValue.string))),
            ]
            if union.records > 0 {
                members.append(JSONMember(name: "records", value: .number(String(union.records))))
            }
            if uncountedBytes > 0 {
                members.append(JSONMember(name: "uncountedBytes", value: .number(String(uncountedBytes))))
            }
            if signaturesChecked {
                members.append(JSONMember(name: "signedCheckpoints", value: .number(String(signed))))
            }
            Output.print(.object(members))
        case .text:
            for problem in problems { Output.print("problem: " + problem) }
            if uncountedBytes > 0 {
                Output.print(
                    "\(uncountedBytes) bytes behind the last checkpoints are not counted: they are being written, or a "
                        + "run was ended; the worker's next start keeps what is intact and sets the rest aside")
            }
            for conflict in union.conflictingOutcomes {
                Output.print("conflict: request \(conflict.requestID), revision \(conflict.revision)")
            }
            for conflict in union.conflictingRecords {
                Output.print("conflict: record \(conflict.recordID), revision \(conflict.revision)")
            }
            Output.print(
                "\(union.outcomes) outcomes, \(union.records) records of cases, \(union.repeats) repeats, "
                    + "\(union.conflicts) conflicts, \(problems.count) problems")
        }
    }
}
