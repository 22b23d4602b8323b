import ArgumentParser
import Detainers
import Ledger

struct LedgerList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What was decided, each request and revision once.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "Which records: outcome.")
    var kind = Outcome.kind

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if kind != Outcome.kind { throw ValidationError("--kind takes `\(Outcome.kind)`") }
    }

    func run() async throws {
        try await Exit.mapping {
            let union = try OutcomeUnion.read(ledgers.resolved(try common.settings()))
            let outcomes = union.sorted().map(\.outcome)
            switch format {
            case .json: for outcome in outcomes { Output.print(outcome.json()) }
            case .text:
                Output.table(
                    ["DATE", "REQUEST", "REV", "STATION", "FORM", "DISPOSITION", "HOLD", "TRANSFER", "NOTIFY"],
                    outcomes.map(row))
            }
        }
    }

    private func row(_ outcome: Outcome) -> [String] {
        func cell(_ answer: GivenAnswer?) -> String { answer.map { "\($0.answer.rawValue) (\($0.rule))" } ?? "-" }
        return [
            outcome.date.date.description, outcome.identity.requestID, String(outcome.identity.revision),
            outcome.station ?? "-", outcome.formKind.rawValue, outcome.disposition.rawValue,
            cell(outcome.decision?.hold), cell(outcome.decision?.transfer), cell(outcome.decision?.notify),
        ]
    }
}
