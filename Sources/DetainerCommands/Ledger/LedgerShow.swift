import ArgumentParser
import Detainers
import Foundation
import Ledger
import Policy

struct LedgerShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One request: what was decided, why, and where it stands on file.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Argument(help: "The request's id.")
    var id: String

    @Flag(help: "Decide again from the recorded facts and the recorded policy, and compare byte for byte.")
    var rederive = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let union = try LedgerUnion.read(ledgers.resolved(try common.settings())).outcomes
            let entries = union.sorted().filter { $0.value.identity.requestID == id.lowercased() }
            guard !entries.isEmpty else {
                Log.error("no outcome of that request is on file; `detainer dead-letters list` shows what was not read")
                throw Exit.no
            }
            var isSame = true
            for entry in entries {
                switch format {
                case .json: Output.print(entry.value.json())
                case .text: try show(entry)
                }
                if rederive, !(try isDerivedAgain(entry)) { isSame = false }
            }
            if !isSame { throw Exit.no }
        }
    }

    private func show(_ entry: ValueUnion<Outcome>.Entry) throws {
        let outcome = entry.value
        Output.print("request      \(outcome.identity.requestID), revision \(outcome.identity.revision)")
        Output.print("date         \(outcome.date.date) (\(outcome.date.basis.rawValue))")
        Output.print("lodged with  \(outcome.agency)\(outcome.station.map { ", " + $0 } ?? "")")
        Output.print("disposition  \(outcome.disposition.rawValue)")
        Output.print("on file      \(entry.directory), record \(entry.index)")
        guard let decision = outcome.decision else { return }
        Output.print("policy       \(decision.policyName), \(decision.policyDigest)")
        Output.print("facts        " + decision.facts.map { "\($0.name): \($0.value)" }.joined(separator: "; "))
        for line in try keptPolicy(entry, decision).explain(decision).lines { Output.print("  " + line) }
    }

    /// The policy that decided it, whatever the policy directory holds today: its text is kept beside the records.
    private func keptPolicy(_ entry: ValueUnion<Outcome>.Entry, _ decision: Decision) throws -> PolicyDocument {
        let digest = decision.policyDigest.replacing("sha-256:", with: "")
        let kept = entry.directory + "/policies/" + digest + ".yaml"
        // It was proved when it was loaded; what is proved may grow.
        let policy = try PolicyDocument.read(text: try PolicyFiles.text(kept), file: kept)
        guard policy.digest == decision.policyDigest else {
            throw PolicyError(file: kept, explanation: "is not the text that its name says: it was changed")
        }
        return policy
    }

    private func isDerivedAgain(_ entry: ValueUnion<Outcome>.Entry) throws -> Bool {
        guard let decision = entry.value.decision else {
            if format == .text { Output.print("rederived    no policy decided it: there is nothing to derive") }
            return true
        }
        var derived = entry.value
        derived.decision = try keptPolicy(entry, decision).decide(recorded: decision.facts)
        let isSame = try LedgerReader(directory: entry.directory).isRecord(derived.json(), at: entry.index)
        guard format == .text else {
            Output.print([
                "requestId": .string(derived.identity.requestID),
                "revision": .number(String(derived.identity.revision)), "rederived": .bool(isSame),
            ])
            return isSame
        }
        Output.print(
            isSame
                ? "rederived    the same record, byte for byte, from its facts and policy \(decision.policyDigest)"
                : "rederived    ANOTHER record than the one on file: run `detainer ledger verify`")
        return isSame
    }
}
