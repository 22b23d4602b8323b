import ArgumentParser
import DeadLetters
import Detainers
import Operations
import Worker

struct DeadLettersList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What died, and why: in groups, then each. Shows no value of any message.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var letters: LetterOptions

    @Flag(help: "Also those that were replayed, mended or discarded.")
    var all = false

    @Option(help: "Letters shown one by one, below their groups.")
    var limit = 20

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let filter = try letters.filter(all ? Set(LetterIndex.State.allCases) : [.waiting])
            let settings = try common.settings()
            let store = try await DeadLettersCollect.collectIfPossible(settings)
            let index = try store.index()
            let leftOut =
                switch format {
                case .json: try store.letters(index, filter) { Output.print(Self.json($0, $1)) }
                case .text: try tell(store, index, filter)
                }
            if leftOut > 0 { throw Exit.no }
        }
    }

    /// - Returns: how many were left out because their bodies cannot be read.
    private func tell(_ store: LetterStore, _ index: LetterIndex, _ filter: LetterFilter) throws -> Int {
        let now = WallClock.now()
        var groups = LetterGroups(now: now)
        var rows: [[String]] = []
        var waiting = 0
        let leftOut = try store.letters(index, filter) { letter, standing in
            groups.add(letter)
            if standing.state == .waiting { waiting += 1 }
            if rows.count < limit {
                rows.append([
                    letter.id.text, letter.letter.deadAt, String(letter.letter.attempts), standing.state.rawValue,
                    letter.letter.reason.rawValue, MaskedMessage.sentence(letter.letter.detail),
                ])
            }
        }
        LetterStore.tell(leftOut: leftOut)
        if groups.total == 0 {
            Output.print(index.waiting == 0 ? "no dead letters" : "none of that kind")
            return leftOut
        }
        Output.table(
            ["COUNT", "REASON", "DETAIL", "SOURCE", "AGE", "OLDEST", "NEWEST", "ONE OF THEM"],
            groups.sorted.map {
                [
                    String($0.count), $0.key.reason, $0.key.detail, $0.key.source, $0.key.age.rawValue,
                    Self.age($0.oldest, now),
                    Self.age($0.newest, now), String($0.example.text.prefix(8)),
                ]
            })
        Output.print("")
        Output.table(["ID", "DIED", "ATTEMPTS", "STATE", "REASON", "DETAIL"], rows)
        if groups.total > rows.count { Output.print("and \(groups.total - rows.count) more: --limit shows more") }
        Output.print(
            all
                ? "\(groups.total) dead letters, of which \(waiting) wait and are not counted in any report"
                : "\(groups.total) dead letters, not counted in any report")
        Output.print("next: `detainer dead-letters show ID` looks at one, `plan` says what a replay would do today")
        return leftOut
    }

    /// How long ago, in the largest unit that fits.
    static func age(_ text: String, _ now: Moment) -> String {
        guard let then = Moment(text: text)?.secondsSinceEpoch, let now = now.secondsSinceEpoch else {
            return "unknown"
        }
        return Age.text(seconds: now - then)
    }

    static func json(_ letter: StoredLetter, _ standing: LetterIndex.Standing) -> JSONValue {
        let dead = letter.letter
        return .object([
            JSONMember(name: "id", value: .string(letter.id.text)),
            JSONMember(name: "reason", value: .string(dead.reason.rawValue)),
            JSONMember(name: "detail", value: .string(MaskedMessage.sentence(dead.detail))),
            JSONMember(name: "firstFailedAt", value: .string(dead.firstFailedAt)),
            JSONMember(name: "deadAt", value: .string(dead.deadAt)),
            JSONMember(name: "attempts", value: .number(String(dead.attempts))),
            JSONMember(name: "worker", value: .string(MaskedMessage.name(dead.worker))),
            JSONMember(name: "policy", value: .string(dead.policyDigest)),
            JSONMember(name: "exchange", value: .string(MaskedMessage.name(dead.exchange))),
            JSONMember(name: "routingKey", value: .string(MaskedMessage.name(dead.routingKey))),
            JSONMember(name: "source", value: .string(dead.source)),
            JSONMember(name: "state", value: .string(standing.state.rawValue)),
            JSONMember(name: "deaths", value: .number(String(standing.deaths))),
            JSONMember(name: "replays", value: .number(String(standing.replays))),
        ])
    }
}
