import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Operations
import Worker

struct DeadLettersPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Freeze a set of letters into a file, and say what a replay would do today.",
        discussion: """
            Changes nothing. The file holds ids and digests, no value of any message; `apply` takes it. Exit code 1: \
            letters were left out whose bodies cannot be read.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var letters: LetterOptions

    @Option(help: "Only letters with this fate: decided, dies, recorded, untried; repeatable. Default: all.")
    var only: [String] = []

    @Option(help: "The plan's file. Default: plan-ID.jsonl here.")
    var out: String?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        for name in only where ReplayPlan.Fate(rawValue: name) == nil {
            throw ValidationError("--only \(name): is none of \(ReplayPlan.Fate.allCases.map(\.rawValue))")
        }
    }

    func run() async throws {
        try await Exit.mapping {
            let filter = try letters.filter()
            let wanted = Set(only.compactMap(ReplayPlan.Fate.init))
            let settings = try common.settings()
            let store = try await DeadLettersCollect.collectIfPossible(settings)
            let index = try store.index()
            try filter.checkThatEachIDNamesOne(store, index)
            let key = try settings.letterKey()
            var forecast = try ReplayForecast(settings)
            let now = WallClock.now()
            let plan = ReplayPlan.newID()
            let path = out ?? "plan-\(plan).jsonl"
            let writer = try ReplayPlan.Writer(
                path, plan: plan, madeAt: now, madeBy: Operator.name, filter: filter.text, policies: forecast.policies)
            let progress = Progress("judged")
            var judged: [Judged] = []
            var leftOut = 0
            let unmatched = try store.letters(index, filter) { letter, standing in
                guard let whole = try store.readable(letter) else { return leftOut += 1 }
                judged.append(
                    Judged(
                        id: letter.id, record: standing.record, deadAt: letter.letter.deadAt,
                        body: key.messageID(ofBody: whole.letter.body), judgement: forecast.judge(whole, at: now)))
                if judged.count % 1_000 == 0 { progress.tell(judged.count, of: index.waiting) }
            }
            leftOut += unmatched
            progress.end()
            try forecast.readLedgers()
            for letter in judged {
                let (fate, detail) = forecast.fate(letter.judgement)
                if !wanted.isEmpty, !wanted.contains(fate) { continue }
                try writer.add(
                    ReplayPlan.Entry(
                        id: letter.id, record: letter.record, deadAt: letter.deadAt, body: letter.body, fate: fate,
                        detail: detail))
            }
            try writer.finish()
            tell(writer.totals, plan, path, leftOut: leftOut)
            if leftOut > 0 { throw Exit.no }
        }
    }

    /// An entry whose fate is not known before the ledgers were read; some three hundred bytes.
    private struct Judged {
        var id: LetterID
        var record: UInt64
        var deadAt: String
        var body: String
        var judgement: ReplayForecast.Judgement
    }

    private func tell(_ totals: ReplayPlan.Totals, _ plan: String, _ path: String, leftOut: Int) {
        switch format {
        case .json:
            let groups = totals.sorted.map { group -> JSONValue in
                [
                    "fate": .string(group.key.fate.rawValue), "detail": .string(group.key.detail),
                    "letters": .number(String(group.count)),
                ]
            }
            Output.print([
                "plan": .string(plan), "file": .string(path), "letters": .number(String(totals.letters)),
                "decided": .number(String(totals[.decided])), "dies": .number(String(totals[.dies])),
                "recorded": .number(String(totals[.recorded])), "untried": .number(String(totals[.untried])),
                "leftOut": .number(String(leftOut)), "groups": .array(groups),
            ])
        case .text:
            if totals.letters > 0 {
                Output.table(
                    ["COUNT", "WOULD BE", "HOW"],
                    totals.sorted.map { [String($0.count), Self.words($0.key.fate), $0.key.detail] })
            }
            Output.print(
                "plan \(plan): \(totals.letters) letters; \(totals[.decided]) would be decided, \(totals[.dies]) would "
                    + "die again, \(totals[.recorded]) are recorded already")
            LetterStore.tell(leftOut: leftOut)
            Output.print("next: `detainer dead-letters apply \(path)` replays exactly these")
        }
    }

    private static func words(_ fate: ReplayPlan.Fate) -> String {
        switch fate {
        case .decided: "decided"
        case .dies: "dead again"
        case .recorded: "known already"
        case .untried: "not tried"
        }
    }
}

struct DeadLettersApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Replay exactly what a plan holds, each letter to where it was published.",
        discussion: """
            Letters that were dealt with since are left alone, and so is what arrived since. Stopped or killed at any \
            moment, the same command goes on where it stopped. Exit code 1: something remains.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "A plan's file.")
    var plan: String

    @Option(help: "Messages a second at most. Default: as fast as the broker confirms.")
    var rate: Int?

    @Option(help: "Leave a message alone that was replayed so often already.")
    var maxReplays = 3

    @Flag(help: "Say what would be done; publish and record nothing.")
    var dryRun = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if let rate, !(1...1_000_000).contains(rate) { throw ValidationError("--rate: from 1 to 1000000 a second") }
        if !(1...1_000).contains(maxReplays) { throw ValidationError("--max-replays: from 1 to 1000") }
    }

    func run() async throws {
        try await Exit.mapping {
            let (configuration, store) = try prepared()
            let stop = StopFlag()
            let signals = Signals.stopping(stop)
            defer { signals.cancel() }
            let path = plan
            // It blocks for disk and broker: not on a thread that others share.
            let summary = try await Blocking.perform { try Self.replay(path, store, configuration, stop) }
            try tell(summary)
        }
    }

    private func prepared() throws -> (ReplayRun.Configuration, LetterStore) {
        let settings = try common.settings()
        // Before a key is made.
        let store = try settings.letterStore()
        return (
            ReplayRun.Configuration(
                address: try settings.address(), intake: settings.intakeRoute, key: try settings.letterKey(),
                by: Operator.name, rate: rate, maximumReplays: maxReplays, isDry: dryRun,
                signing: try settings.intakeSigningKey()),
            store
        )
    }

    private static func replay(
        _ plan: String, _ store: LetterStore, _ configuration: ReplayRun.Configuration, _ stop: StopFlag
    ) throws -> ReplayRun.Summary {
        let progress = Progress("replayed")
        defer { progress.end() }
        return try ReplayRun(
            plan, store: store, configuration: configuration, now: { WallClock.now() },
            shouldStop: { stop.isRaised }, progress: { progress.tell($0, of: $1) }
        ).perform()
    }

    private static func decimal(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private func tell(_ summary: ReplayRun.Summary) throws {
        let tally = summary.tally
        switch format {
        case .json:
            Output.print(
                .object(
                    [JSONMember(name: "plan", value: .string(summary.plan))] + tally.json + [
                        JSONMember(name: "seconds", value: .number(Self.decimal(summary.seconds))),
                        JSONMember(name: "end", value: .string(summary.end)),
                        JSONMember(name: "dryRun", value: .bool(dryRun)),
                    ]))
        case .text:
            Output.print(
                "plan \(summary.plan), \(summary.end): \(tally.replayed) \(dryRun ? "would be replayed" : "replayed"), "
                    + "\(tally.refused) refused by the loop guard, \(tally.gone) gone since, "
                    + "\(tally.unreadable) unreadable, \(tally.returned) given back, \(tally.left) left")
            if summary.already > 0 { Output.print("\(summary.already) more were replayed by this plan already") }
            if summary.sent > 0 {
                Output.print(
                    "\(summary.sent) sent in \(Self.decimal(summary.seconds)) s, "
                        + "\(Int(Double(summary.sent) / max(summary.seconds, 0.001))) a second")
            }
            if tally.refused > 0 {
                Output.print("refused: replayed \(maxReplays) times already; mend their cause, or raise --max-replays")
            }
            if tally.returned > 0 {
                let missing = summary.missingExchanges.map { MaskedMessage.name($0) }.joined(separator: ", ")
                Output.print(
                    missing.isEmpty
                        ? "given back: no queue is bound there, it is full, or they are too large for it"
                        : "given back: there is no exchange \(missing) any more")
            }
            if tally.left > 0 { Output.print("next: `detainer dead-letters apply \(plan)` goes on") }
        }
        if let failure = summary.failure { throw failure }
        if tally.left + tally.returned + tally.refused + tally.unreadable > 0 { throw Exit.no }
    }
}
