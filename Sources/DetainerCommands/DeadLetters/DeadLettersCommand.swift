import ArgumentParser

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Messages that could not be read or decided.",
        subcommands: [DeadLettersCollect.self, DeadLettersList.self])
}
