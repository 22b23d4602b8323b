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
            let union = try LedgerUnion.read(directories)
            if let kind = CaseKind(rawValue: kind) { return list(union.records.sorted().map(\.value), of: kind) }
            let outcomes = union.outcomes.sorted().map(\.value)
            switch format {
            case .json: for outcome in outcomes { Output.print(outcome.json()) }
            case .text:
                Output.table(
                    ["DATE", "REQUEST", "REV", "STATION", "FORM", "DISPOSITION", "HOLD", "TRANSFER", "NOTIFY"],
                    outcomes.map(row))
            }
        }
    }

    private func list(_ records: [CaseRecord], of kind: CaseKind) {
        let records = records.filter { $0.kind == kind }
        switch format {
        case .json: for record in records { Output.print(record.json()) }
        case .text:
            Output.table(
                ["DATE", "RECORD", "REV", "AGENCY", "BY", "ABOUT REQUEST", "DETAIL"],
                records.map { record in
                    [
                        record.date.description, record.identity.recordID, String(record.identity.revision),
                        record.agency, record.recordedBy, record.requestID ?? "-",
                        record.correction?.isWithdrawn == true ? "withdrawn" : record.detail.sentence,
                    ]
                })
        }
    }

    private func listLoads(_ directories: [String]) throws {
        var rows: [[String]] = []
        for directory in directories {
            for worker in try LedgerReader.workerDirectories(under: directory) {
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

    private func row(_ outcome: Outcome) -> [String] {
        func cell(_ answer: GivenAnswer?) -> String { answer.map { "\($0.answer.rawValue) (\($0.rule))" } ?? "-" }
        return [
            outcome.date.date.description, outcome.identity.requestID, String(outcome.identity.revision),
            outcome.station ?? "-", outcome.formKind.rawValue, outcome.disposition.rawValue,
            cell(outcome.decision?.hold), cell(outcome.decision?.transfer), cell(outcome.decision?.notify),
        ]
    }
}
