import ArgumentParser
import Detainers
import Operations

struct IntakeKeygen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make the key that a publisher signs its messages with.",
        discussion:
            "The private key is written into a file for the publisher alone; the line that is printed goes into "
            + "the workers' file (intake.publisher-key-file).")

    @Option(help: "The key's id, such as booking-system-2025.")
    var name: String

    @Option(name: .customLong("key-file"), help: "Where to write the private key.")
    var keyFile: String

    func run() async throws {
        try await Exit.mapping {
            let key = try PublisherSigningKey(newNamed: name)
            try KeyFile.writeNew(key.fileText, to: keyFile, mode: 0o600)
            Output.print(key.publicLine)
        }
    }
}
