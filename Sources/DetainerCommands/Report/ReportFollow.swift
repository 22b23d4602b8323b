import AMQPClient
import Aggregation
import ArgumentParser
import Detainers
import Foundation
import Ledger
import Operations
import Reports
import Worker

struct ReportFollow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow", abstract: "Be the aggregator: take the events of the report's queue into flat files.",
        discussion: """
            Each event is on the disk before it is acknowledged; killed at any moment nothing is lost or counted \
            twice. The folder is a ledger: `detainer report annual --ledger FOLDER` counts it.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "The folder of the aggregator's flat files.")
    var into: String

    @Option(help: "Leave when nothing came for so many seconds. Default: never.")
    var exitWhenIdle: Int?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    /// Between two attempts to reach the broker: a restart takes seconds.
    private static let pauseSeconds = 5

    func validate() throws {
        if let exitWhenIdle, !(1...86_400).contains(exitWhenIdle) {
            throw ValidationError("--exit-when-idle takes 1 to 86400 seconds")
        }
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let follower = Follower(
                try settings.address(), queue: settings[.reportQueue], store: AggregateStore(folder: into),
                now: { WallClock.now() })
            let stop = StopFlag()
            let signals = Signals.stopping(stop)
            defer { signals.cancel() }
            let idle = exitWhenIdle.map { Int64($0) * 1_000 }
            while true {
                do {
                    // It blocks for disk and broker: not on a thread that others share.
                    let summary = try await Blocking.perform {
                        let progress = Progress("taken")
                        defer { progress.end() }
                        return try follower.follow(
                            idleMilliseconds: idle, shouldStop: { stop.isRaised },
                            progress: { progress.tell($0.events + $0.unreadable, of: $0.events + $0.unreadable) })
                    }
                    return tell(summary)
                } catch let error as AMQPError where exitWhenIdle == nil && !stop.isRaised {
                    Log.warning("\(error.message); trying again in \(Self.pauseSeconds) s")
                    for _ in 0..<Self.pauseSeconds * 5 where !stop.isRaised {
                        try await Task.sleep(for: .milliseconds(200))
                    }
                }
            }
        }
    }

    private func tell(_ summary: Follower.Summary) {
        switch format {
        case .json:
            Output.print([
                "events": .number(String(summary.events)), "unreadable": .number(String(summary.unreadable)),
            ])
        case .text: Output.print("\(summary.events) events taken, \(summary.unreadable) messages were none")
        }
    }
}

struct ReportCompare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Prove the aggregator's count equal to the ledgers'.",
        discussion: """
            The aggregator's files are read from its folder alone, and never as one of the ledgers. Exit code 1: they \
            differ.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "The folder of the aggregator's flat files.")
    var with: String

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let sides = try ComparedSides(ledgers: ledgers.resolved(try common.settings()), aggregate: with)
            let comparison = Comparison(ledgers: sides.ledgers, aggregate: sides.aggregate)
            let figures = try differingFigures(sides.ledgers, sides.aggregate)
            switch format {
            case .json:
                func list(_ names: [String]) -> JSONValue { .array(names.map(JSONValue.string)) }
                Output.print([
                    "equal": .number(String(comparison.equal)), "onlyLedgers": list(comparison.onlyLedgers),
                    "onlyAggregate": list(comparison.onlyAggregate), "different": list(comparison.different),
                    "figures": list(figures),
                ])
            case .text:
                for name in comparison.onlyLedgers { Output.print("in the ledgers alone: \(name)") }
                for name in comparison.onlyAggregate { Output.print("at the aggregator alone: \(name)") }
                for name in comparison.different { Output.print("different content: \(name)") }
                for figure in figures { Output.print("another figure: \(figure)") }
                Output.print(
                    "\(comparison.equal) alike, \(comparison.onlyLedgers.count) in the ledgers alone, "
                        + "\(comparison.onlyAggregate.count) at the aggregator alone, \(comparison.different.count) "
                        + "different, \(figures.count) figures differ")
            }
            if !comparison.isEqual || !figures.isEmpty { throw Exit.no }
        }
    }

    /// Of every year and jurisdiction that is on either side.
    private func differingFigures(_ ours: LedgerUnion, _ theirs: LedgerUnion) throws -> [String] {
        let rule = try common.settings().reportRule
        let sides = [ours, theirs]
        var differing: [String] = []
        for jurisdiction in Set(sides.flatMap(\.jurisdictions)).sorted() {
            let casebooks = sides.map { Casebook($0, jurisdiction: jurisdiction) }
            for year in Set(sides.flatMap(\.years)).sorted() {
                guard let period = Period(year: year) else { continue }
                let tallies = casebooks.map {
                    AnnualReport(
                        $0, period: period, jurisdiction: jurisdiction, rule: rule, asOf: WallClock.now()
                    ).tally
                }
                for path in tallies[0].paths where tallies[0][path] != tallies[1][path] {
                    differing.append("\(jurisdiction) \(year) \(path.joined(separator: "."))")
                }
            }
        }
        return differing
    }
}
