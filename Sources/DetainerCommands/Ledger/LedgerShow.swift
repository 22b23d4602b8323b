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

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let union = try OutcomeUnion.read(ledgers.resolved(try common.settings()))
            let entries = union.sorted().filter { $0.outcome.identity.requestID == id.lowercased() }
            guard !entries.isEmpty else {
                Log.error("no outcome of that request is on file; `detainer dead-letters list` shows what was not read")
                throw Exit.no
            }
            for entry in entries {
                switch format {
                case .json: Output.print(entry.outcome.json())
                case .text: try show(entry)
                }
            }
        }
    }

    private func show(_ entry: OutcomeUnion.Entry) throws {
        let outcome = entry.outcome
        Output.print("request      \(outcome.identity.requestID), revision \(outcome.identity.revision)")
        Output.print("date         \(outcome.date.date) (\(outcome.date.basis.rawValue))")
        Output.print("lodged with  \(outcome.agency)\(outcome.station.map { ", " + $0 } ?? "")")
        Output.print("disposition  \(outcome.disposition.rawValue)")
        Output.print("on file      \(entry.directory), record \(entry.index)")
        guard let decision = outcome.decision else { return }
        Output.print("policy       \(decision.policyName), \(decision.policyDigest)")
        Output.print("facts        " + decision.facts.map { "\($0.name): \($0.value)" }.joined(separator: "; "))
        let digest = decision.policyDigest.replacing("sha-256:", with: "")
        let kept = entry.directory + "/policies/" + digest + ".yaml"
        // The text that decided it is kept beside the records, whatever the policy directory holds today.
        let text = try String(contentsOfFile: kept, encoding: .utf8)
        for line in try PolicyDocument.parse(text: text, file: kept).explain(decision) { Output.print("  " + line) }
    }
}
