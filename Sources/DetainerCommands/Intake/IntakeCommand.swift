import ArgumentParser

struct IntakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "intake", abstract: "Check, convert and submit requests.",
        subcommands: [
            IntakeValidate.self, IntakeSubmit.self, IntakeConvert.self, IntakeSchema.self, IntakeKeygen.self,
        ])
}
