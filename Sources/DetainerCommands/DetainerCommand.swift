public import ArgumentParser

/// `detainer`, the one binary.
public struct DetainerCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "detainer",
        abstract:
            "Takes detainer requests from a queue, decides them by the city's policy, and keeps what was decided.",
        discussion: """
            Exit codes: 0 yes; 1 no (invalid, not verified, something is missing); 64 usage; 65 bad input; \
            69 broker unavailable; 74 input or output error; 78 bad configuration.
            """,
        version: Version.text,
        subcommands: [
            WorkerCommand.self, IntakeCommand.self, PolicyCommand.self, LedgerCommand.self, DeadLettersCommand.self,
            ReportCommand.self, ReferralsCommand.self, TraceCommand.self, TopologyCommand.self, StatusCommand.self,
            DoctorCommand.self, ConfigCommand.self,
        ])

    public init() {}
}
