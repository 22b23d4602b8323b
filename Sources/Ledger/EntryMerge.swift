/// Goes over the entries of several runs as if they were one.
///
/// Memory: a block of each.
struct EntryMerge {
    private var cursors: [RunCursor]
    /// Those that have an entry, by it: what is compared stands here, and nothing else is touched for it.
    private var heads: [Head] = []

    private struct Head {
        var entry: RunEntry
        var ledger: Int
        /// Which of the cursors it is of.
        var cursor: Int

        func precedes(_ other: Head) -> Bool {
            (entry.hash, ledger, entry.segment, entry.offset)
                < (other.entry.hash, other.ledger, other.entry.segment, other.entry.offset)
        }
    }

    init(_ cursors: [RunCursor]) {
        self.cursors = cursors
        for (number, cursor) in cursors.enumerated() {
            if let entry = cursor.entry { heads.append(Head(entry: entry, ledger: cursor.ledger, cursor: number)) }
        }
        heads.sort { $0.precedes($1) }
    }

    /// The next entry by hash, ledger and place; `nil` behind the last.
    ///
    /// - Throws: `.corrupted` where a run is damaged.
    mutating func next() throws(LedgerError) -> (ledger: Int, entry: RunEntry)? {
        guard let head = heads.first else { return nil }
        guard let entry = try cursors[head.cursor].next() else {
            heads.removeFirst()
            return (head.ledger, head.entry)
        }
        // Those behind the first are in order: its next entry goes to its place among them.
        let next = Head(entry: entry, ledger: head.ledger, cursor: head.cursor)
        var place = 0
        while place + 1 < heads.count, heads[place + 1].precedes(next) {
            heads[place] = heads[place + 1]
            place += 1
        }
        heads[place] = next
        return (head.ledger, head.entry)
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
    ///   - first: entries with a lower hash are passed over.
    ///   - isRemovingDamaged: whether a damaged run is removed, so that the next start makes it again.
    init(
        _ run: IdentityRun, of ledger: Int = 0, from first: UInt64 = 0, removingDamaged isRemovingDamaged: Bool
    ) throws(LedgerError) {
        (self.ledger, self.run, self.isRemovingDamaged, entries) = (ledger, run, isRemovingDamaged, [])
        nextBlock = run.firstBlock(from: first)
        try read()
        while let entry, entry.hash < first { _ = try next() }
    }

    /// - Parameters:
    ///   - entries: ascending.
    ///   - first: entries with a lower hash are passed over.
    init(_ entries: [RunEntry], of ledger: Int, from first: UInt64 = 0) {
        (self.ledger, run, isRemovingDamaged, self.entries) = (ledger, nil, false, entries)
        var end = entries.count
        while position < end {
            let middle = (position + end) / 2
            if entries[middle].hash < first { position = middle + 1 } else { end = middle }
        }
    }

    var entry: RunEntry? { position < entries.count ? entries[position] : nil }

    /// Goes on to the next entry; `nil` behind the last.
    mutating func next() throws(LedgerError) -> RunEntry? {
        position += 1
        if position == entries.count { try read() }
        return entry
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
