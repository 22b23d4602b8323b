/// Where a ledger stood when it was verified, so that another one with its log id can be compared with it.
///
/// Each ledger draws a log id of its own; two with the same one are copies. One may have gone on since, but where both
/// did, there are two histories, and nobody can tell by them alone which one was acted on.
struct LedgerHistory: Sendable {
    let reader: LedgerReader
    let logID: String
    let records: UInt64
    let rootHash: [UInt8]

    /// - Parameter tree: of this ledger, which kept the root at the other one's size where it has so many records.
    /// - Returns: a sentence, unless the shorter one is how the longer one began.
    func contradiction(of other: LedgerHistory, keptIn tree: MerkleTree) throws(LedgerError) -> String? {
        let common = min(records, other.records)
        var (own, others): ([UInt8]?, [UInt8]?) = (rootHash, other.rootHash)
        if other.records < records { own = tree.roots[common] }
        if other.records > records { others = try other.reader.rootHash(of: common) }
        if own == others { return nil }
        return "two histories of one log: `\(other.reader.directory)` and `\(reader.directory)` have the log id "
            + "`\(logID)`, and the first \(common) records of the one are not those of the other; keep both, and find "
            + "out when one was copied and written to"
    }
}
