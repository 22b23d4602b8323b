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
            var failures = 0
            for file in try PolicyFiles.read(files) {
                let results: [PolicyDocument.ExampleResult]
                do throws(PolicyError) {
                    results = try PolicyDocument.read(text: file.text, file: file.name).runExamples()
                } catch {
                    Log.error(error.description)
                    throw Exit.no
                }
                for result in results { tell(file.name, result) }
                failures += results.count { $0.failure != nil }
                if format == .text {
                    let failed = results.count { $0.failure != nil }
                    Output.print("\(file.name): \(results.count) examples, \(failed) failed")
                }
            }
            if failures > 0 { throw Exit.no }
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
