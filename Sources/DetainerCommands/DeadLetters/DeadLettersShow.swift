import ArgumentParser
import DeadLetters
import Detainers
import Operations
import Worker

struct DeadLettersShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One letter: why it died, what happened to it, and its message, masked.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "A letter's id, or the beginning of it.")
    var id: String

    @Flag(help: "Show the message unmasked; that you did is recorded.")
    var reveal = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let store = try await DeadLettersCollect.collectIfPossible(settings)
            let (letter, standing) = try store.one(id)
            if reveal {
                // Before anything is shown: what cannot be recorded is not shown.
                let now = WallClock.now()
                var writer = try store.open(now: now)
                try writer.append([.reveal(id: letter.id, .init(at: now.text, by: Operator.name))], now: now)
                try writer.close()
            }
            let history = try LetterHistory(of: letter.id, in: store)
            switch format {
            case .json: Output.print(json(letter, standing, history))
            case .text: tell(letter, standing, history)
            }
        }
    }

    private func tell(_ letter: StoredLetter, _ standing: LetterIndex.Standing, _ history: LetterHistory) {
        let dead = letter.letter
        Output.print("letter \(letter.id.text)  \(standing.state.rawValue)")
        let rows = [
            ["reason", dead.reason.rawValue], ["detail", MaskedMessage.sentence(dead.detail)],
            ["first failed", dead.firstFailedAt],
            ["died", dead.deadAt], ["attempts", String(dead.attempts)], ["worker", MaskedMessage.name(dead.worker)],
            ["policy", dead.policyDigest.isEmpty ? "none was asked" : dead.policyDigest],
            [
                "published to",
                "exchange \(MaskedMessage.name(dead.exchange)), routing key \(MaskedMessage.name(dead.routingKey))",
            ], ["source", dead.source],
            ["mended from", history.origin?.text ?? "-"],
        ]
        for row in rows { Output.print("  \(row[0]): \(row[1])") }
        Output.print("history")
        for line in history.lines { Output.print("  \(line)") }
        let envelope = reveal ? dead.envelope : MaskedMessage.envelope(dead.envelope)
        Output.print("properties and headers: \(String(decoding: envelope.serialized(), as: UTF8.self))")
        Output.print("body, \(dead.body.count) bytes\(reveal ? "" : ", masked")")
        for line in body(dead) { Output.print("  \(line)") }
        if !reveal { Output.print("--reveal shows it unmasked and records that you looked") }
    }

    private func body(_ letter: DeadLetter) -> [String] {
        let body = LetterEdit.readableBody(of: letter)
        if reveal { return MaskedMessage.revealed(body) }
        return MaskedMessage.body(body) ?? ["no JSON, so nothing of it can be told apart"]
    }

    private func json(
        _ letter: StoredLetter, _ standing: LetterIndex.Standing, _ history: LetterHistory
    ) -> JSONValue {
        let envelope = reveal ? letter.letter.envelope : MaskedMessage.envelope(letter.letter.envelope)
        let members = DeadLettersList.json(letter, standing).objectValue ?? []
        return .object(
            members + [
                JSONMember(name: "editOf", value: history.origin.map { .string($0.text) } ?? .null),
                JSONMember(name: "history", value: .array(history.lines.map(JSONValue.string))),
                JSONMember(name: "envelope", value: envelope),
                JSONMember(name: "bodyBytes", value: .number(String(letter.letter.body.count))),
                JSONMember(name: "body", value: .string(body(letter.letter).joined(separator: "\n"))),
            ])
    }
}
