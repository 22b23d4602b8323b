public import Ledger

extension Settings {
    /// Folders below the ledger's directory that are no worker's: the store of dead letters, filed reports, and what
    /// an aggregator follows.
    private static let stores: Set<String> = ["dead-letters", "filings", "aggregate"]

    /// Whether a worker has recorded below the ledger's directory, which need not be there.
    public func hasRecordings() throws(LedgerError) -> Bool {
        try Self.hasRecordings(under: self[.ledgerDirectory])
    }

    static func hasRecordings(under ledger: String) throws(LedgerError) -> Bool {
        do throws(LedgerError) {
            return try LedgerReader.workerDirectories(under: ledger).contains { path in
                !stores.contains { path == ledger + "/" + $0 }
            }
        } catch {
            if error.code == .missing { return false }
            throw error
        }
    }
}
