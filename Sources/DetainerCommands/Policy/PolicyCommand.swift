import ArgumentParser
import Detainers
import Foundation
import Policy
import Worker

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Ask the policy.", subcommands: [PolicyExplain.self])
}

struct PolicyExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "The decision for one request, with its reasons; records nothing.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The request, a JSON file; - is standard input.")
    var file: String

    func run() async throws {
        try await Exit.mapping {
            let request = try RequestContract.read(try MessageFiles.content(file))
            switch try common.settings().policies().policy(for: request, recordedAt: WallClock.now()) {
            case .decided(let policy, let date):
                let decision = try policy.decide(request)
                Output.print("by \(policy.name), in force on \(date.date) (\(date.basis.rawValue))")
                Output.print("facts: " + decision.facts.map { "\($0.name): \($0.value)" }.joined(separator: "; "))
                for line in policy.explain(decision) { Output.print("  " + line) }
            case .notOurs: Output.print("not ours: no policy serves this agency")
            case .noneInForce(let date):
                Log.error("no policy is in force on \(date.date)")
                throw Exit.no
            }
        }
    }
}
