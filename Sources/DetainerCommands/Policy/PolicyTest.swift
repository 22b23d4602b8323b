import ArgumentParser
import Detainers
import Policy

struct PolicyTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the examples written in a policy, proved or not.")

    @Argument(help: "Policy files, or directories of them.")
    var files: [String]

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            var isPassed = true
            for file in PolicyFiles.entries(files) {
                do throws(PolicyError) {
                    let policy = try PolicyDocument.read(text: try file.text.get(), file: file.name)
                    let failed = tell(file.name, policy)
                    isPassed = isPassed && failed == 0
                } catch {
                    isPassed = false
                    refuse(file.name, error)
                }
            }
            if !isPassed { throw Exit.no }
        }
    }

    /// How many of its examples failed.
    private func tell(_ file: String, _ policy: PolicyDocument) -> Int {
        let results = policy.runExamples()
        for result in results { tell(file, result) }
        let failed = results.count { $0.failure != nil }
        if format == .text {
            Output.print("\(file): \(results.count) examples, \(failed) failed")
            if !policy.isApproved { Output.print("    nobody has approved this policy") }
        }
        return failed
    }

    private func refuse(_ file: String, _ error: PolicyError) {
        switch format {
        case .json: Output.print(["file": .string(file), "passed": false, "problems": PolicyCheck.json(error)])
        case .text:
            Output.print(error.description)
            Output.print("\(file): cannot be tried")
        }
    }

    private func tell(_ file: String, _ result: PolicyDocument.ExampleResult) {
        switch format {
        case .json:
            Output.print([
                "file": .string(file), "example": .string(result.name), "passed": .bool(result.failure == nil),
                "expected": .array(result.expected.map(JSONValue.string)),
                "got": .array(result.got.map(JSONValue.string)),
            ])
        case .text:
            if let problem = result.problem {
                Output.print("failed  " + problem.description)
            } else {
                Output.print("passed  \(result.name): \(result.got.joined(separator: ", "))")
            }
        }
    }
}
