import ArgumentParser
import DeadLetters
import Detainers
import Ledger
import Operations
import Reports

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Count what is on file.", subcommands: [ReportAnnual.self])
}

struct ReportAnnual: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "annual", abstract: "The figures of one calendar year.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "The calendar year, in the jurisdiction's time zone.")
    var year: Int

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if !(1900...9999).contains(year) { throw ValidationError("--year takes a year of four digits") }
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let directories = ledgers.resolved(settings)
            let report = AnnualReport(
                year: year, outcomes: try LedgerUnion.read(directories).outcomes, unread: try unread(directories),
                rule: try settings.countingRule())
            switch format {
            case .json: Output.print(report.json())
            case .text: Output.print(report.text())
            }
        }
    }

    private func unread(_ directories: [String]) throws -> AnnualReport.Unread {
        var unread = AnnualReport.Unread()
        for directory in directories {
            let counts = try LetterStore(ledger: directory).index().counts
            unread.waiting += counts[.waiting] ?? 0
            unread.discarded += counts[.discarded] ?? 0
            unread.replayed += counts[.replayed] ?? 0
        }
        return unread
    }
}

extension Settings {
    /// What the report counts as one request.
    fileprivate func countingRule() throws -> CountingRule {
        guard let rule = CountingRule(rawValue: self[.countingRule]) else {
            throw Problem(
                description: "setting `\(Key.countingRule.rawValue)` must be "
                    + CountingRule.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return rule
    }
}
