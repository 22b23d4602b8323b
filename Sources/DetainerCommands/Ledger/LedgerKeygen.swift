import ArgumentParser
import Foundation
import Ledger
import Operations

struct LedgerKeygen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make the key pair that ledgers' checkpoints are signed with.",
        discussion:
            "The private key is written where the settings say (ledger.signing-key-file), the public one beside "
            + "it with `.pub`. Give the public key to the auditors; it is all they need.")

    @OptionGroup var common: CommonOptions

    @Option(help: "The key's name: a web address without `https://`, such as detainers.example.gov.")
    var name: String

    @Option(name: .customLong("key-file"), help: "Where to write the private key, instead of where the settings say.")
    var keyFile: String?

    func run() async throws {
        try await Exit.mapping {
            let path = try keyFile ?? common.settings().signingKeyPath
            let key = try LedgerSigningKey(newNamed: name)
            try KeyFile.writeNew(key.fileText, to: path, mode: 0o600)
            try KeyFile.writeNew(key.publicKey.fileText, to: path + ".pub", mode: 0o644)
            Output.print("private key: \(path); back it up, and let nobody but the workers read it")
            Output.print("public key:  \(path).pub; give it to the auditors")
            Output.print(key.publicKey.fileText.trimmingCharacters(in: .newlines))
        }
    }
}
