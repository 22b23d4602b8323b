/// Goes over the entries of several runs as if they were one.
///
/// Memory: a block of each.
struct EntryMerge {
    /// Those that have an entry, by it.
    private var cursors: [RunCursor]

    init(_ cursors: [RunCursor]) { self.cursors = cursors.filter { $0.entry != nil }.sorted { $0.precedes($1) } }

    /// The next entry by hash, ledger and place; `nil` behind the last.
    ///
    /// - Throws: `.corrupted` where a run is damaged.
    mutating func next() throws(LedgerError) -> (ledger: Int, entry: RunEntry)? {
        guard !cursors.isEmpty, let entry = cursors[0].entry else { return nil }
        let ledger = cursors[0].ledger
        try cursors[0].advance()
        if cursors[0].entry == nil { cursors.removeFirst() }
        // Those behind the first are in order: it goes to its place among them.
        var place = 0
        while place + 1 < cursors.count, cursors[place + 1].precedes(cursors[place]) {
            cursors.swapAt(place, place + 1)
            place += 1
        }
        return (ledger, entry)
    }
}

/// Where a merge stands in one of its parts.
struct RunCursor {
    let ledger: Int
    /// Where the entries come from, when those at hand are taken.
    private let run: IdentityRun?
    private let isRemovingDamaged: Bool
    private var entries: [RunEntry]
    private var position = 0
    private var nextBlock = 0

    /// - Parameters:
    ///   - ledger: the number of the ledger that it belongs to, where there are several.
    ///   - isRemovingDamaged: whether a damaged run is removed, so that the next start makes it again.
    init(_ run: IdentityRun, of ledger: Int = 0, removingDamaged isRemovingDamaged: Bool) throws(LedgerError) {
        (self.ledger, self.run, self.isRemovingDamaged, entries) = (ledger, run, isRemovingDamaged, [])
        try read()
    }

    /// - Parameter entries: ascending.
    init(_ entries: [RunEntry], of ledger: Int) {
        (self.ledger, run, isRemovingDamaged, self.entries) = (ledger, nil, false, entries)
    }

    var entry: RunEntry? { position < entries.count ? entries[position] : nil }

    /// By the next entry; both have one.
    func precedes(_ other: RunCursor) -> Bool {
        guard let entry, let theirs = other.entry else { return false }
        return (entry.hash, ledger, entry.segment, entry.offset) < (
            theirs.hash, other.ledger, theirs.segment, theirs.offset
        )
    }

    mutating func advance() throws(LedgerError) {
        position += 1
        if position == entries.count { try read() }
    }

    private mutating func read() throws(LedgerError) {
        guard let run else { return }
        do throws(LedgerError) {
            entries = nextBlock < run.blockCount ? try run.block(nextBlock) : []
        } catch { throw isRemovingDamaged ? run.removed(because: error) : error }
        position = 0
        nextBlock += 1
    }
}
