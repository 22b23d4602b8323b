import ArgumentParser
import Detainers
import Foundation
import Ledger
import Operations
import Policy
import Reports
import Worker

struct ReportReconcile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile", abstract: "Compare what is on file with ICE's released list of detainers.",
        discussion: """
            Takes the columns of the lists of 2015 and of 2023 to 2026. A public list names nobody: counts are \
            compared, not persons. A list with A-numbers is matched through the pseudonym key. Exit code 1: they differ.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "ICE's list, a csv file.")
    var against: String

    @Option(help: "Forms and rows dated in this year; without it or --from and --to, all.")
    var year: Int?

    @Option(help: "The first day that a form or row is dated.")
    var from: String?

    @Option(help: "The last day.")
    var to: String?

    @Option(help: "Only this agency, repeatable. Default: all that are on either side.")
    var agency: [String] = []

    @Option(help: "A form and a row may be so many days apart and still be taken for the same, 0 to 60.")
    var shiftDays = Reconciliation.usualShiftDays

    @Option(help: "Write the comparison item by item into this csv file.")
    var items: String?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if !(0...60).contains(shiftDays) { throw ValidationError("--shift-days takes 0 to 60") }
        _ = try period()
    }

    private func period() throws -> ClosedRange<CivilDate> {
        if let year {
            guard let period = Period(year: year), from == nil, to == nil else {
                throw ValidationError("--year takes a year of four digits, and no --from or --to beside it")
            }
            return period.first...period.last
        }
        guard from != nil || to != nil else {
            guard let first = CivilDate(year: 1, month: 1, day: 1), let last = CivilDate(year: 9999, month: 12, day: 31)
            else { preconditionFailure("both days are in the calendar") }
            return first...last
        }
        guard let first = from.flatMap(CivilDate.init), let last = to.flatMap(CivilDate.init), first <= last else {
            throw ValidationError("--from and --to take two days, such as 2025-03-01, in their order")
        }
        return first...last
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let casebook = try Casebook(LedgerUnion.read(ledgers.resolved(settings)))
            let list = try ReleasedList(csv: try MessageFiles.content(against))
            var options = Reconciliation.Options(period: try period())
            options.shiftDays = shiftDays
            if !agency.isEmpty { options.agencies = Set(agency) }
            if list.rows.contains(where: { $0.fileNumber != nil }) {
                let key = try self.key(settings)
                options.fileNumberKey = { key.fileNumber($0) }
            }
            let reconciliation = Reconciliation(
                forms: casebook.allForms, list: list, options: options)
            switch format {
            case .json: Output.print(reconciliation.json())
            case .text: Output.print(reconciliation.text())
            }
            if let items { try OwnerFile.replace(Array(reconciliation.csv().utf8), at: items) }
            if reconciliation.items.contains(where: { $0.kind != .matched }) { throw Exit.no }
        }
    }

    /// The one that the ledger was written with; a new one would match nobody.
    private func key(_ settings: Settings) throws -> PseudonymKey {
        let set = try settings.policies()
        let files = try settings.pseudonymKeyFiles(set.jurisdictions)
        guard let path = files[set.home] else {
            throw Settings.Problem(description: "there is no pseudonym key of \(set.home)")
        }
        return try KeyFile.read(path)
    }
}
