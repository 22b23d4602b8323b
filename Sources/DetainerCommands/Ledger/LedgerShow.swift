import ArgumentParser
import Detainers
import Foundation
import Ledger
import Policy

struct LedgerShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "One request or record: what was decided or done, why, and where it stands on file.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Argument(help: "The id of a request or of a record of a case.")
    var id: String

    @Flag(help: "Decide again from the recorded facts and the recorded policy, and compare byte for byte.")
    var rederive = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let union = try LedgerUnion.read(ledgers.resolved(try common.settings()))
            let entries = union.outcomes.sorted().filter { $0.value.identity.requestID == id.lowercased() }
            let records = union.records.sorted().filter {
                $0.value.identity.recordID == id.lowercased() || $0.value.requestID == id.lowercased()
            }
            for record in records where entries.isEmpty { show(record) }
            if entries.isEmpty, !records.isEmpty { return }
            guard !entries.isEmpty else {
                Log.error("nothing of that id is on file; `detainer dead-letters list` shows what was not read")
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
            for record in records { show(record) }
            if !isSame { throw Exit.no }
        }
    }

    private func show(_ entry: ValueUnion<CaseRecord>.Entry) {
        let record = entry.value
        guard format == .text else { return Output.print(record.json()) }
        Output.print("record       \(record.identity.recordID), revision \(record.identity.revision)")
        Output.print("date         \(record.date)")
        Output.print("tells        \(record.kind.rawValue): \(record.detail.sentence)")
        Output.print("answered by  \(record.recordedBy) at \(record.agency)")
        if let request = record.requestID { Output.print("about        request \(request)") }
        if let correction = record.correction {
            Output.print("correction   \(correction.reason.rawValue)\(correction.isWithdrawn ? ", withdrawn" : "")")
        }
        Output.print("on file      \(entry.directory), record \(entry.index)")
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
