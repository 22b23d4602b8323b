import ArgumentParser
import Detainers
import Ledger
import Operations
import Policy
import Worker

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "The workers of a ledger: whether they run, what they decide by.",
        discussion: "From the flat files alone. Exits 1 where a worker does not run, or decides by other policies than "
            + "those on the disk.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    private struct Worker {
        var directory: String
        var isRunning: Bool?
        var report: VerifyReport
        /// The newest record of a load.
        var load: JSONValue?

        var name: String { directory.split(separator: "/").last.map(String.init) ?? directory }
        var digests: [String] { policies.compactMap { $0["digest"]?.stringValue } }
        var policies: [JSONValue] { load?["policies"]?.arrayValue ?? [] }
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let onDisk = digests(settings)
            var isWell = true
            for directory in ledgers.resolved(settings) {
                for path in try LedgerReader.workerDirectories(under: directory) {
                    let worker = try look(path)
                    // The store of dead letters decides nothing.
                    if worker.load == nil { continue }
                    let isCurrent = onDisk.map { Set($0) == Set(worker.digests) }
                    if worker.isRunning == false || isCurrent == false || !worker.report.problems.isEmpty {
                        isWell = false
                    }
                    tell(worker, isCurrent: isCurrent)
                }
            }
            if !isWell { throw Exit.no }
        }
    }

    /// The policies on the disk; `nil` where they do not load, which is told.
    private func digests(_ settings: Settings) -> [String]? {
        do { return try settings.policies().documents.map(\.digest) } catch {
            Log.error("the policies on the disk do not load: \(Exit.sentence(error))")
            return nil
        }
    }

    private func look(_ path: String) throws -> Worker {
        let reader = try LedgerReader(directory: path)
        var load: JSONValue?
        let report = try reader.verify()
        if report.problems.isEmpty {
            try reader.records { record in
                if record.value["kind"]?.stringValue == PolicyLoad.kind { load = record.value }
            }
        }
        return Worker(directory: path, isRunning: reader.isBeingWritten(), report: report, load: load)
    }

    private func tell(_ worker: Worker, isCurrent: Bool?) {
        let state = worker.isRunning.map { $0 ? "running" : "not running" } ?? "unknown"
        switch format {
        case .json:
            Output.print([
                "worker": .string(worker.name), "state": .string(state),
                "records": .number(String(worker.report.records)),
                "announcedThrough": .number(String(worker.report.announcedThrough)),
                "policies": .array(
                    worker.policies.map { ["name": $0["name"] ?? .null, "digest": $0["digest"] ?? .null] }),
                "loadedAt": worker.load?["recordedAt"] ?? .null,
                "policiesAreThoseOnDisk": isCurrent.map(JSONValue.bool) ?? .null,
                "problems": .array(worker.report.problems.map(JSONValue.string)),
            ])
        case .text:
            Output.print(
                "\(worker.name): \(state), \(worker.report.records) records, announced through "
                    + "\(worker.report.announcedThrough)")
            for policy in worker.policies {
                Output.print("    \(policy["name"]?.stringValue ?? "-")  \(policy["digest"]?.stringValue ?? "-")")
            }
            if isCurrent == false {
                Output.print("    the policies on the disk are others: send the worker SIGHUP to load them")
            }
            for problem in worker.report.problems { Output.print("    problem: \(problem)") }
        }
    }
}
