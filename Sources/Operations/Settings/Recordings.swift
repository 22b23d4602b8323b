public import Ledger

extension Settings {
    /// Whether a worker has recorded below the ledger's directory, which need not be there.
    public func hasRecordings() throws(LedgerError) -> Bool {
        try Self.hasRecordings(under: self[.ledgerDirectory])
    }

    static func hasRecordings(under ledger: String) throws(LedgerError) -> Bool {
        do throws(LedgerError) {
            return try LedgerReader.directories(under: ledger).contains { LedgerStore($0, below: ledger) == nil }
        } catch {
            if error.code == .missing { return false }
            throw error
        }
    }
}
