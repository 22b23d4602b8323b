import ArgumentParser
import Detainers
import Ledger
import Worker

struct LedgerList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What was decided, each request and revision once; or other records.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "Which records: outcome, a kind of record of a case (detained, …), or policy-load.")
    var kind = Outcome.kind

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        let kinds = [Outcome.kind] + CaseKind.allCases.map(\.rawValue) + [PolicyLoad.kind]
        guard kinds.contains(kind) else {
            throw ValidationError("--kind takes one of " + kinds.joined(separator: ", "))
        }
    }

    func run() async throws {
        try await Exit.mapping {
            let directories = ledgers.resolved(try common.settings())
            if kind == PolicyLoad.kind { return try listLoads(directories) }
            let listing = try LedgerListing(directories)
            if let kind = CaseKind(rawValue: kind) { return try list(listing, kind) }
            switch format {
            case .json:
                try Output.lines { add in try listing.outcomes { add(PreparedEntry(.outcome($0)).record) } }
            case .text:
                try Output.table(
                    ["DATE", "REQUEST", "REV", "STATION", "FORM", "DISPOSITION", "HOLD", "TRANSFER", "NOTIFY"]
                ) { add in try listing.outcomes { add(row($0)) } }
            }
        }
    }

    private func list(_ listing: LedgerListing, _ kind: CaseKind) throws {
        switch format {
        case .json:
            try Output.lines { add in
                try listing.records { if $0.kind == kind { add(PreparedEntry(.record($0)).record) } }
            }
        case .text:
            try Output.table(["DATE", "RECORD", "REV", "AGENCY", "BY", "ABOUT REQUEST", "DETAIL"]) { add in
                try listing.records { if $0.kind == kind { add(row($0)) } }
            }
        }
    }

    private func listLoads(_ directories: [String]) throws {
        var rows: [[String]] = []
        for directory in directories {
            for worker in try LedgerReader.directories(counting: directory) {
                try LedgerReader(directory: worker).records { record in
                    guard record.json["kind"]?.stringValue == kind else { return }
                    if format == .json { Output.print(record.value) } else { rows += loadRows(record.value, worker) }
                }
            }
        }
        if format == .text { Output.table(["AT", "LEDGER", "OCCASION", "POLICY", "DIGEST"], rows) }
    }

    private func loadRows(_ load: JSONValue, _ worker: String) -> [[String]] {
        func text(_ value: JSONValue, _ name: String) -> String { value[name]?.stringValue ?? "-" }
        return (load["policies"]?.arrayValue ?? []).map { policy in
            [
                text(load, "recordedAt"), worker, text(load, "occasion"), text(policy, "name"),
                String(text(policy, "digest").prefix("sha-256:".count + 12)),
            ]
        }
    }

    private func row(_ record: CaseRecord) -> [String] {
        [
            record.date.description, record.identity.recordID, String(record.identity.revision), record.agency,
            record.recordedBy, record.requestID ?? "-",
            record.correction?.isWithdrawn == true ? "withdrawn" : record.detail.sentence,
        ]
    }

    private func row(_ outcome: Outcome) -> [String] {
        func cell(_ answer: GivenAnswer?) -> String { answer.map { "\($0.answer.rawValue) (\($0.rule))" } ?? "-" }
        return [
            outcome.date.date.description, outcome.identity.requestID, String(outcome.identity.revision),
            outcome.station ?? "-", outcome.formKind.rawValue, outcome.disposition.rawValue,
            cell(outcome.decision?.hold), cell(outcome.decision?.transfer), cell(outcome.decision?.notify),
        ]
    }
}
