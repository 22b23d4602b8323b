import ArgumentParser
import Foundation
import Ledger
import Operations

struct WorkerQuiet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quiet", abstract: "Let running workers take nothing more and run on.",
        discussion: "What they have in hand is finished. As SIGUSR1, for the workers of this machine.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var workers: RunningWorkers

    func run() async throws { try await workers.send(SIGUSR1, common, told: "told to be quiet") }
}

struct WorkerResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let quiet workers take messages again. As SIGUSR2.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var workers: RunningWorkers

    func run() async throws { try await workers.send(SIGUSR2, common, told: "told to resume") }
}

struct WorkerReload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Let running workers load the policies again. As SIGHUP.",
        discussion: "`detainer status` tells whether they took over.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var workers: RunningWorkers

    func run() async throws { try await workers.send(SIGHUP, common, told: "told to load the policies") }
}

struct WorkerDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Let running workers finish what is in hand and leave. As SIGTERM.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var workers: RunningWorkers

    func run() async throws { try await workers.send(SIGTERM, common, told: "told to stop") }
}

/// The workers that run on this machine over a ledger.
struct RunningWorkers: ParsableArguments {
    @Option(help: "The ledger's directory.")
    var ledger: String?

    @Argument(help: "The workers' names; without any, all that run on this machine.")
    var names: [String] = []

    /// Others hold ledgers of their own, such as a collector of dead letters, and would be ended by such a signal.
    private static func isWorker(_ process: Int32) -> Bool {
        // One that is gone by now is no worker either.
        let arguments = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
        let words = arguments.split(separator: "\0")
        return zip(words, words.dropFirst()).contains { $0 == "worker" && $1 == "run" }
    }

    /// - Throws: exit code 1 where one of them does not run here.
    func send(_ signal: Int32, _ common: CommonOptions, told: String) async throws {
        try await Exit.mapping {
            var flags: [Settings.Key: String] = [:]
            flags[.ledgerDirectory] = ledger
            let settings = try common.settings(flags)
            var isComplete = true
            var found: Set<String> = []
            for path in try LedgerReader.directories(under: settings[.ledgerDirectory]) {
                let name = path.split(separator: "/").last.map(String.init) ?? path
                guard names.isEmpty || names.contains(name) else { continue }
                found.insert(name)
                guard let process = try LedgerReader(directory: path).writingProcess(), Self.isWorker(process) else {
                    if !names.isEmpty {
                        isComplete = false
                        Log.error("\(name) does not run on this machine")
                    }
                    continue
                }
                guard kill(process, signal) == 0 else {
                    isComplete = false
                    Log.error("\(name), process \(process), cannot be told: \(String(reportingErrno: errno))")
                    continue
                }
                Output.print("\(name), process \(process): \(told)")
            }
            for name in names where !found.contains(name) {
                isComplete = false
                Log.error("there is no worker \(name) in \(settings[.ledgerDirectory])")
            }
            if !isComplete { throw Exit.no }
        }
    }
}

extension String {
    /// What an error number of a system call means.
    fileprivate init(reportingErrno number: Int32) {
        self = POSIXErrorCode(rawValue: number).map { POSIXError($0).localizedDescription } ?? "error \(number)"
    }
}
