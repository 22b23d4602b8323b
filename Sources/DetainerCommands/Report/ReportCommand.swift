import ArgumentParser
import Detainers
import Ledger
import Operations
import Reports

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Count what is on file.",
        subcommands: [
            ReportAnnual.self, ReportFilings.self, ReportReconcile.self, ReportFollow.self, ReportCompare.self,
        ])
}

extension Settings {
    /// What the report counts as one request.
    var reportRule: CountingRule { CountingRule(rawValue: self[.countingRule]) ?? .forms }
}

/// Which ledgers are read, and of which jurisdiction.
struct ReportSource {
    let catalog: LedgerCatalog
    let jurisdiction: String

    /// - Throws: `ValidationError` where several jurisdictions are on file and none is named.
    init(_ directories: [String], jurisdiction named: String?, home: String?) throws {
        catalog = try LedgerCatalog.open(directories)
        if catalog.unindexed > 0 {
            Log.warning(
                "\(catalog.unindexed) sealed segments have no index and were read, which takes long: "
                    + "`detainer ledger index` makes it, and so does a worker that runs there")
        }
        let found = catalog.jurisdictions.sorted()
        if named == nil, home == nil, found.count > 1 {
            throw ValidationError(
                "several jurisdictions are on file: name one with --jurisdiction: " + found.joined(separator: ", "))
        }
        jurisdiction = named ?? home ?? found.first ?? "no jurisdiction on file"
    }
}
