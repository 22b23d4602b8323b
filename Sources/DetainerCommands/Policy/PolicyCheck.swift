import ArgumentParser
import Detainers
import Operations
import Policy

struct PolicyCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Prove that a policy answers every request in exactly one way, or show one that it does not.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Policy files, or directories of them. Default: the policy directory of the settings.")
    var files: [String] = []

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let paths = try files.isEmpty ? [common.settings()[.policyDirectory]] : files
            var isProved = true
            for file in PolicyFiles.entries(paths) {
                do throws(PolicyError) {
                    tell(file.name, try PolicyDocument.parse(text: try file.text.get(), file: file.name))
                } catch {
                    isProved = false
                    refuse(file.name, error)
                }
            }
            if !isProved { throw Exit.no }
        }
    }

    private func tell(_ file: String, _ policy: PolicyDocument) {
        let (rows, examples) = policy.counts
        switch format {
        case .json:
            Output.print([
                "file": .string(file), "proved": true, "policy": .string(policy.name),
                "digest": .string(policy.digest), "approved": .bool(policy.isApproved),
                "rows": .number(String(rows)), "examples": .number(String(examples)), "problems": [],
            ])
        case .text:
            Output.print(
                "\(file): proved. \(policy.name): \(rows) rows, \(examples) examples; every request has exactly one "
                    + "answer to each question")
            if !policy.isApproved { Output.print("    nobody has approved it: it loads only where that is allowed") }
            for gap in policy.notKnown { Output.print("    not known: \(gap)") }
        }
    }

    private func refuse(_ file: String, _ error: PolicyError) {
        switch format {
        case .json:
            Output.print(["file": .string(file), "proved": false, "problems": Self.json(error)])
        case .text:
            Output.print(error.description)
            Output.print("\(file): not proved, \(error.problems.count) to mend")
        }
    }

    static func json(_ error: PolicyError) -> JSONValue {
        .array(
            error.problems.map { problem in
                [
                    "line": problem.line.map { .number(String($0)) } ?? .null,
                    "column": problem.column.map { .number(String($0)) } ?? .null,
                    "row": problem.row.map(JSONValue.string) ?? .null, "explanation": .string(problem.explanation),
                ]
            })
    }
}
