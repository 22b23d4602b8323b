import ArgumentParser
import Detainers
import Ledger
import Policy

struct PolicyDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Which requests a new policy would answer otherwise than an old one.",
        discussion: "With --ledger also those on record. Nothing is decided again: records stay as they are.")

    @Argument(help: "The old policy's file.")
    var old: String

    @Argument(help: "The new policy's file.")
    var new: String

    @Option(name: .customLong("ledger"), help: "A ledger's directory, whose recorded requests are tried; repeatable.")
    var ledgers: [String] = []

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    /// A recorded request that the new policy would answer otherwise, or might.
    private struct Case {
        var outcome: Outcome
        var changes: [RecordTrial.Change]

        var isCertain: Bool { changes.contains(where: \.isCertain) }
    }

    private struct Cases {
        var tried = 0
        /// Decided by another policy than the old one that was named.
        var byOthers = 0
        var list: [Case] = []
    }

    func run() async throws {
        try await Exit.mapping {
            let before = try PolicyDocument.parse(text: try PolicyFiles.text(old), file: old)
            let after = try PolicyDocument.parse(text: try PolicyFiles.text(new), file: new)
            let difference = try PolicyDifference(from: before, to: after)
            let cases = ledgers.isEmpty ? nil : try recorded(before, after)
            switch format {
            case .json:
                let members = difference.json.objectValue ?? []
                Output.print(.object(members + (cases.map { [JSONMember(name: "recorded", value: json($0))] } ?? [])))
            case .text:
                for (policy, file) in [(before, old), (after, new)] where !policy.isApproved {
                    Output.print("\(file): nobody has approved this policy")
                }
                for line in difference.lines { Output.print(line) }
                if let cases { tell(cases, before) }
            }
        }
    }

    /// Requests on record for the agencies of the old policy: what is recorded of them against what the new one says.
    private func recorded(_ before: PolicyDocument, _ after: PolicyDocument) throws -> Cases {
        let trial = RecordTrial(after)
        var cases = Cases()
        for entry in try LedgerUnion.read(ledgers).outcomes.sorted() {
            guard before.receivers.contains(entry.value.agency), let decision = entry.value.decision else {
                continue
            }
            cases.tried += 1
            if decision.policyDigest != before.digest { cases.byOthers += 1 }
            let changes = try trial.changes(of: decision)
            if !changes.isEmpty { cases.list.append(Case(outcome: entry.value, changes: changes)) }
        }
        return cases
    }

    private func tell(_ cases: Cases, _ before: PolicyDocument) {
        let certain = cases.list.filter(\.isCertain)
        let open = cases.list.filter { !$0.isCertain }
        Output.print(
            "on record: \(cases.tried) requests, \(cases.byOthers) of them decided by another policy than "
                + "\(before.name); they stay as they are")
        Output.print("    \(certain.count) would be answered otherwise than recorded")
        for found in certain { Output.print(line(found)) }
        if open.isEmpty { return }
        Output.print("    \(open.count) might be: their records lack facts that the new policy asks for")
        for found in open { Output.print(line(found)) }
    }

    private func line(_ found: Case) -> String {
        let identity = found.outcome.identity
        let changes = found.changes.map { change in
            "\(change.question): \(change.recorded) → \(change.possible.joined(separator: " or "))"
                + (change.missing.isEmpty ? "" : " (not recorded: \(change.missing.joined(separator: ", ")))")
        }
        return "        \(found.outcome.date.date)  \(identity.requestID), revision \(identity.revision): "
            + changes.joined(separator: "; ")
    }

    private func json(_ cases: Cases) -> JSONValue {
        func strings(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }
        let list = cases.list.map { found -> JSONValue in
            let changes = found.changes.map { change -> JSONValue in
                [
                    "question": .string(change.question), "recorded": .string(change.recorded),
                    "new": strings(change.possible), "notRecorded": strings(change.missing),
                    "certain": .bool(change.isCertain),
                ]
            }
            return [
                "requestId": .string(found.outcome.identity.requestID),
                "revision": .number(String(found.outcome.identity.revision)),
                "date": .string(found.outcome.date.date.description), "changes": .array(changes),
            ]
        }
        return [
            "tried": .number(String(cases.tried)), "byOtherPolicies": .number(String(cases.byOthers)),
            "requests": .array(list),
        ]
    }
}
