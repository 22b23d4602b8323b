import ArgumentParser
import Detainers
import Foundation
import Operations
import Policy
import Worker

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "A pool at a glance: workers, queues, dead letters, and what to do next.",
        discussion: """
            Reads the end of each ledger only, and asks the broker, over its management API where \
            broker.management-url names it; without a broker the flat files are told all the same. Exits 1 where a \
            worker does not run, decides by other policies than those on the disk, or has a damaged ledger, and where \
            the policies on the disk do not load.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Flag(help: "Read every record again, and check each line and each root.")
    var verify = false

    @Option(
        name: .customLong("watch"), defaultAsFlag: 2,
        help: ArgumentHelp("Tell it again after so many seconds, until interrupted.", valueName: "seconds"))
    var watchSeconds: Double?

    @Option(name: .customLong("count"), help: "With --watch: leave after so many times.")
    var rounds: Int?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    /// More often than that a glance would be a load.
    private static let shortestSeconds = 0.1

    func validate() throws {
        if let watchSeconds, watchSeconds < Self.shortestSeconds {
            throw ValidationError("--watch takes \(Self.shortestSeconds) or more seconds")
        }
        if let rounds, rounds < 1 || watchSeconds == nil {
            throw ValidationError("--count takes 1 or more, with --watch")
        }
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let isWell =
                if let watchSeconds { try await watch(settings, every: watchSeconds) } else { try await tell(settings) }
            if !isWell { throw Exit.no }
        }
    }

    private func status(_ settings: Settings) async throws -> PoolStatus {
        try await StatusLook.status(
            settings, ledgers: ledgers.resolved(settings), onDisk: digests(settings), verifying: verify)
    }

    private func lines(_ status: PoolStatus) -> [String] {
        switch format {
        case .text: status.lines(at: WallClock.now())
        case .json: status.objects.map { String(decoding: $0.serialized(), as: UTF8.self) }
        }
    }

    private func tell(_ settings: Settings) async throws -> Bool {
        let status = try await status(settings)
        for line in lines(status) { Output.print(line) }
        return status.isWell
    }

    /// Again and again, until somebody interrupts it or it was asked for often enough.
    private func watch(_ settings: Settings, every seconds: Double) async throws -> Bool {
        let screen = Terminal.isPerson(FileHandle.standardOutput) ? Screen() : nil
        let stop = StopFlag()
        let signals = Signals.stopping(stop)
        defer {
            signals.cancel()
            screen?.leave()
        }
        var isWell = true
        var round = 0
        while !stop.isRaised {
            let status = try await status(settings)
            isWell = status.isWell
            if let screen {
                screen.show(lines(status))
            } else {
                Output.write((round == 0 ? "" : "\n") + lines(status).map { $0 + "\n" }.joined())
            }
            round += 1
            if round == rounds { break }
            let next = ContinuousClock.now + .seconds(seconds)
            // An interrupt is answered soon.
            while !stop.isRaised, ContinuousClock.now < next {
                try await Task.sleep(for: .seconds(min(seconds, Self.shortestSeconds)))
            }
        }
        return isWell
    }

    /// The policies on the disk; `nil` where they do not load, which is told.
    private func digests(_ settings: Settings) -> [String]? {
        do { return try settings.policies(isQuiet: watchSeconds != nil).documents.map(\.digest) } catch {
            Log.error("the policies on the disk do not load: \(Exit.sentence(error))")
            return nil
        }
    }
}

/// A terminal's other screen, on which text takes the place of what was there; control sequences of ECMA-48 and xterm.
private struct Screen {
    init() { Output.write("\u{1B}[?1049h") }

    func show(_ lines: [String]) {
        // Home, each line to its end, then whatever is left below.
        Output.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
    }

    func leave() { Output.write("\u{1B}[?1049l") }
}
