import ArgumentParser
import Detainers
import Ledger

struct LedgerVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every line, every checkpoint and every root.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            var problems: [String] = []
            var union = OutcomeUnion()
            for directory in ledgers.resolved(try common.settings()) {
                for worker in try LedgerReader.workerDirectories(under: directory) {
                    let reader = try LedgerReader(directory: worker)
                    let report = try reader.verify()
                    problems += report.problems
                    if report.problems.isEmpty { try union.add(reader) }
                    if format == .text {
                        Output.print("\(worker): \(report.records) records, root \(report.root)")
                    }
                }
            }
            show(union, problems)
            if !union.conflicts.isEmpty || !problems.isEmpty { throw Exit.no }
        }
    }

    private func show(_ union: OutcomeUnion, _ problems: [String]) {
        switch format {
        case .json:
            Output.print(
                .object([
                    JSONMember(name: "outcomes", value: .number(String(union.count))),
                    JSONMember(name: "repeats", value: .number(String(union.repeats))),
                    JSONMember(name: "conflicts", value: .number(String(union.conflicts.count))),
                    JSONMember(name: "problems", value: .array(problems.map(JSONValue.string))),
                ]))
        case .text:
            for problem in problems { Output.print("problem: " + problem) }
            for conflict in union.conflicts {
                Output.print("conflict: request \(conflict.requestID), revision \(conflict.revision)")
            }
            Output.print(
                "\(union.count) outcomes, \(union.repeats) repeats, \(union.conflicts.count) conflicts, "
                    + "\(problems.count) problems")
        }
    }
}
