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
    func reportRule() throws -> CountingRule {
        guard let rule = CountingRule(rawValue: self[.countingRule]) else {
            throw Problem(
                description: "setting `\(Key.countingRule.rawValue)` must be "
                    + CountingRule.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return rule
    }
}

/// Which ledgers are read, as of when, and of which jurisdiction.
struct ReportSource {
    let union: LedgerUnion
    let jurisdiction: String
    let casebook: Casebook

    /// - Throws: `ValidationError` where several jurisdictions are on file and none is named.
    init(_ directories: [String], jurisdiction named: String?, asOf: Moment, home: String?) throws {
        union = try LedgerUnion.read(directories).asOf(asOf)
        let found = union.jurisdictions.sorted()
        if named == nil, home == nil, found.count > 1 {
            throw ValidationError(
                "several jurisdictions are on file: name one with --jurisdiction: " + found.joined(separator: ", "))
        }
        jurisdiction = named ?? home ?? found.first ?? "no jurisdiction on file"
        casebook = Casebook(union, jurisdiction: jurisdiction)
    }
}
