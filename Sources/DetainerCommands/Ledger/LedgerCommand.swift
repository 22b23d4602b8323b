import ArgumentParser
import Detainers
import Ledger
import Operations

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Read and verify the flat files.",
        subcommands: [
            LedgerList.self, LedgerShow.self, LedgerVerify.self, LedgerProve.self, LedgerExport.self,
            LedgerKeygen.self, LedgerIndex.self,
        ])
}

/// Which ledgers to read.
struct LedgerOptions: ParsableArguments {
    @Option(name: .customLong("ledger"), help: "A ledger's directory; repeatable. Default: the one of the settings.")
    var directories: [String] = []

    func resolved(_ settings: Settings) -> [String] {
        directories.isEmpty ? [settings[.ledgerDirectory]] : directories
    }
}
