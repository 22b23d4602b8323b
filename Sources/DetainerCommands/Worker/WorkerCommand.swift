import ArgumentParser

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Take requests, decide them, record and announce what was decided.",
        subcommands: [
            WorkerRun.self, WorkerQuiet.self, WorkerResume.self, WorkerReload.self, WorkerDrain.self,
        ])
}
