import ArgumentParser
import Detainers
import Operations
import Policy
import Worker

struct PolicyExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "The decision for one request, with its reasons; records nothing.")

    @OptionGroup var common: CommonOptions

    @Option(help: "A policy file or a directory of them; repeatable. Default: the policy directory of the settings.")
    var policy: [String] = []

    @Argument(help: "The request, a JSON file; - is standard input.")
    var file: String

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let request = try RequestContract.read(try MessageFiles.content(file))
            switch try policies().policy(for: request, recordedAt: WallClock.now()) {
            case .decided(let policy, let date): try tell(policy, date, request)
            case .notOurs:
                switch format {
                case .json: Output.print(["disposition": "not_ours"])
                case .text: Output.print("not ours: no policy serves this agency")
                }
            case .noneInForce(let date):
                Log.error("no policy is in force on \(date.date)")
                throw Exit.no
            }
        }
    }

    private func policies() throws -> PolicySet {
        if policy.isEmpty { return try common.settings().policies() }
        let files = try PolicyFiles.read(policy)
        // Nothing is decided by it: an author asks what a draft would say. The home only matters to what is not ours.
        let documents = try files.map { try PolicyDocument.parse(text: $0.text, file: $0.name) }
        return try PolicySet(documents, allowDrafts: true, home: documents.first?.jurisdiction)
    }

    private func tell(_ policy: PolicyDocument, _ date: RequestDate, _ request: Request) throws {
        let decision = try policy.decide(request)
        let explanation = try policy.explain(decision)
        let account = policy.account(of: request)
        switch format {
        case .json:
            let facts = account.map { fact -> JSONValue in
                [
                    "fact": .string(fact.name), "value": .string(fact.value),
                    "because": .array(fact.basis.map(JSONValue.string)),
                ]
            }
            Output.print(
                .object(
                    [
                        JSONMember(name: "policy", value: .string(policy.name)),
                        JSONMember(name: "digest", value: .string(policy.digest)),
                        JSONMember(name: "approved", value: .bool(policy.isApproved)),
                        JSONMember(name: "date", value: .string(date.date.description)),
                        JSONMember(name: "dateBasis", value: .string(date.basis.rawValue)),
                        JSONMember(name: "disposition", value: .string(decision.disposition.rawValue)),
                        JSONMember(name: "facts", value: .array(facts)),
                    ] + (explanation.json.objectValue ?? [])))
        case .text:
            Output.print("by \(policy.name), in force on \(date.date) (\(date.basis.rawValue))")
            if !policy.isApproved { Output.print("nobody has approved this policy: it is a draft") }
            Output.print("facts")
            for fact in account {
                Output.print("    \(fact.name): \(fact.value) (\(fact.basis.joined(separator: "; ")))")
            }
            for line in explanation.lines { Output.print(line) }
        }
    }
}
