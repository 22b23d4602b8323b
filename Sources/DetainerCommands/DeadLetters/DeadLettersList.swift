import ArgumentParser
import DeadLetters
import Detainers
import Operations

struct DeadLettersList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What died, and why. Shows no value of any message.")

    @OptionGroup var common: CommonOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            try await DeadLettersCollect.collectIfPossible(settings)
            let entries = try LetterStore.entries(ledger: settings[.ledgerDirectory])
            switch format {
            case .json: for entry in entries { Output.print(json(entry)) }
            case .text:
                Output.table(
                    ["ID", "DIED", "REASON", "DETAIL"],
                    entries.map { [$0.id, $0.letter.deadAt, $0.letter.reason.rawValue, $0.letter.detail] })
                Output.print(
                    entries.isEmpty ? "no dead letters" : "\(entries.count) dead letters, not counted in any report")
            }
        }
    }

    private func json(_ entry: LetterStore.Entry) -> JSONValue {
        .object([
            JSONMember(name: "id", value: .string(entry.id)),
            JSONMember(name: "reason", value: .string(entry.letter.reason.rawValue)),
            JSONMember(name: "detail", value: .string(entry.letter.detail)),
            JSONMember(name: "deadAt", value: .string(entry.letter.deadAt)),
            JSONMember(name: "attempts", value: .number(String(entry.letter.attempts))),
            JSONMember(name: "worker", value: .string(entry.letter.worker)),
            JSONMember(name: "arrivals", value: .number(String(entry.arrivals))),
        ])
    }
}
