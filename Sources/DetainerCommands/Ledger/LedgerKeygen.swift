import ArgumentParser
import Detainers
import Foundation
import Ledger
import Operations

struct LedgerKeygen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make the key pair that ledgers' checkpoints are signed with.",
        discussion:
            "The private key is written where the settings say (ledger.signing-key-file), the public one beside "
            + "it with `.pub`. Give the public key to the auditors; it is all they need. With --pseudonyms it makes a "
            + "jurisdiction's pseudonym key where pseudonym.key-file says: for one that is new where workers have "
            + "recorded already, or where workers cannot write their keys. Keep a copy of it.")

    @OptionGroup var common: CommonOptions

    @Option(help: "The key's name: a web address without `https://`, such as detainers.example.gov.")
    var name: String?

    @Option(help: "Make the pseudonym key of this jurisdiction instead; `dead-letters`: that of letters' ids.")
    var pseudonyms: String?

    @Option(name: .customLong("key-file"), help: "Where to write the private key, instead of where the settings say.")
    var keyFile: String?

    func validate() throws {
        guard (name == nil) != (pseudonyms == nil) else {
            throw ValidationError("give either --name, for a signing key, or --pseudonyms")
        }
        if let pseudonyms, pseudonyms.isEmpty || pseudonyms.contains("/") {
            throw ValidationError("--pseudonyms takes a jurisdiction's name, as its policy has it")
        }
    }

    func run() async throws {
        try await Exit.mapping {
            if let pseudonyms { return try makePseudonymKey(of: pseudonyms) }
            guard let name else { return }
            let path = try keyFile ?? common.settings().signingKeyPath
            let key = try LedgerSigningKey(newNamed: name)
            try KeyFile.writeNew(key.fileText, to: path, mode: 0o600)
            try KeyFile.writeNew(key.publicKey.fileText, to: path + ".pub", mode: 0o644)
            Output.print("private key: \(path); back it up, and let nobody but the workers read it")
            Output.print("public key:  \(path).pub; give it to the auditors")
            Output.print(key.publicKey.fileText.trimmingCharacters(in: .newlines))
        }
    }

    private func makePseudonymKey(of jurisdiction: String) throws {
        let path = try keyFile ?? common.settings().pseudonymKeyFiles([jurisdiction])[jurisdiction] ?? ""
        try KeyFile.writeNew(PseudonymKey.generate(), to: path, mode: 0o600)
        Output.print("pseudonym key: \(path); keep a copy, and let nobody but the workers read it")
    }
}
