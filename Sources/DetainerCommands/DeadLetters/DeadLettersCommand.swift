import ArgumentParser

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Messages that could not be read or decided: look, mend, replay.",
        discussion: """
            list tells what died and why; plan says what a replay would do today; apply replays exactly that plan.
            Nothing here shows a value of a message unless asked to with --reveal.
            """,
        subcommands: [
            DeadLettersCollect.self, DeadLettersList.self, DeadLettersShow.self, DeadLettersPlan.self,
            DeadLettersApply.self, DeadLettersEdit.self, DeadLettersDiscard.self, DeadLettersExport.self,
            DeadLettersImport.self,
        ])
}
