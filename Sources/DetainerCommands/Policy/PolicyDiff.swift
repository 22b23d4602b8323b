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

    /// A recorded request that the new policy would answer otherwise.
    private struct Case {
        var outcome: Outcome
        var changes: [(question: String, old: String, new: String)]
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
                for line in difference.lines { Output.print(line) }
                if let cases { tell(cases) }
            }
        }
    }

    /// Requests on record for the agencies of the old policy, tried under both: whatever policy decided them.
    private func recorded(_ before: PolicyDocument, _ after: PolicyDocument) throws -> [Case] {
        try OutcomeUnion.read(ledgers).sorted().compactMap { entry in
            guard before.receivers.contains(entry.outcome.agency), let decision = entry.outcome.decision else {
                return nil
            }
            let (one, other) = (
                try before.decide(recorded: decision.facts), try after.decide(recorded: decision.facts)
            )
            let changes = zip(answers(one), answers(other)).filter { $0.words != $1.words }
                .map { (question: $0.question, old: $0.words, new: $1.words) }
            return changes.isEmpty ? nil : Case(outcome: entry.outcome, changes: changes)
        }
    }

    private func answers(_ decision: Decision) -> [(question: String, words: String)] {
        func words(_ answer: GivenAnswer) -> String {
            answer.to.map { "\(answer.answer.rawValue) to the \($0)" } ?? answer.answer.rawValue
        }
        return [
            ("hold", words(decision.hold)), ("transfer", words(decision.transfer)), ("notify", words(decision.notify)),
            ("report line", decision.reportLine),
        ]
    }

    private func tell(_ cases: [Case]) {
        Output.print("on record: \(cases.count) requests would be answered otherwise; they stay as they are")
        for found in cases {
            let identity = found.outcome.identity
            let changes = found.changes.map { "\($0.question): \($0.old) → \($0.new)" }.joined(separator: "; ")
            Output.print(
                "    \(found.outcome.date.date)  \(identity.requestID), revision \(identity.revision): \(changes)")
        }
    }

    private func json(_ cases: [Case]) -> JSONValue {
        .array(
            cases.map { found in
                let changes = found.changes.map { change -> JSONValue in
                    ["question": .string(change.question), "old": .string(change.old), "new": .string(change.new)]
                }
                return [
                    "requestId": .string(found.outcome.identity.requestID),
                    "revision": .number(String(found.outcome.identity.revision)),
                    "date": .string(found.outcome.date.date.description), "changes": .array(changes),
                ]
            })
    }
}
