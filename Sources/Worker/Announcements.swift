import Ledger

/// Recorded entries whose events are not confirmed yet, in the order of their records.
struct Announcements {
    private struct Pending {
        var index: UInt64
        var entry: PendingEntry
        var waiting: [UInt64]
        var sentAt: Int64?
        var isConfirmed = false
    }

    /// INVARIANT: ascending by index; between two events the first entry is not confirmed.
    private var entries: [Pending] = []
    private(set) var recordCount: UInt64
    /// Records that are to be announced before anything is consumed: that the broker confirms them shows that it can.
    private var backlogEnd: UInt64
    private(set) var sentCount = 0
    /// Letters take tokens from the top half, events use their record's index, so that the two never meet.
    private var letterTokens: UInt64 = 1 << 63
    /// Position of the first entry that may not have been sent; keeps `send` from walking over those under way.
    private var firstUnsent = 0

    init(recordCount: UInt64, backlog: [Announcement]) {
        self.recordCount = recordCount
        self.backlogEnd = recordCount
        self.entries = backlog.map { Pending(index: $0.index, entry: $0.entry, waiting: []) }
    }

    var isEmpty: Bool { entries.isEmpty }
    var announcedThrough: UInt64 { entries.first?.index ?? recordCount }
    var backlogIsAnnounced: Bool { announcedThrough >= backlogEnd }
    var oldestSent: Int64? { entries.lazy.compactMap { $0.isConfirmed ? nil : $0.sentAt }.min() }

    /// The broker may confirm nothing: what is recorded by now shows whether it does.
    mutating func proveAgain() { backlogEnd = recordCount }

    mutating func add(_ batch: [Recording], firstIndex: UInt64) {
        for (offset, recording) in batch.enumerated() {
            entries.append(
                Pending(index: firstIndex + UInt64(offset), entry: recording.entry, waiting: recording.waiting))
        }
        recordCount = firstIndex + UInt64(batch.count)
    }

    mutating func wait(_ flight: UInt64, for key: EntryKey) -> Bool {
        guard let position = entries.firstIndex(where: { $0.entry.key == key && !$0.isConfirmed }) else {
            return false
        }
        entries[position].waiting.append(flight)
        return true
    }

    mutating func send(atMost room: Int, at now: Int64) -> [(token: UInt64, announcement: Announcement)] {
        var sent: [(token: UInt64, announcement: Announcement)] = []
        while sent.count < room, firstUnsent < entries.count {
            if entries[firstUnsent].sentAt == nil, !entries[firstUnsent].isConfirmed {
                entries[firstUnsent].sentAt = now
                let pending = entries[firstUnsent]
                sent.append((pending.index, Announcement(index: pending.index, entry: pending.entry)))
            }
            firstUnsent += 1
        }
        sentCount += sent.count
        return sent
    }

    /// The entry whose event was confirmed, with the deliveries that waited for it; `nil` for a letter's token.
    mutating func confirmed(_ token: UInt64) -> (announcement: Announcement, waiting: [UInt64])? {
        guard let position = position(of: token), !entries[position].isConfirmed else { return nil }
        let pending = entries[position]
        if pending.sentAt != nil { sentCount -= 1 }
        entries[position].isConfirmed = true
        return (Announcement(index: pending.index, entry: pending.entry), pending.waiting)
    }

    /// Drops what is confirmed at the front; once for many confirmations, for the rest moves up.
    mutating func dropConfirmed() {
        let count = entries.prefix { $0.isConfirmed }.count
        entries.removeFirst(count)
        firstUnsent = max(0, firstUnsent - count)
    }

    /// All that is not confirmed is to be sent again: the connection it was sent on is gone.
    mutating func forgetSent() {
        for position in entries.indices { entries[position].sentAt = nil }
        sentCount = 0
        firstUnsent = 0
    }

    mutating func forgetSent(_ token: UInt64) {
        guard let position = position(of: token), entries[position].sentAt != nil else { return }
        entries[position].sentAt = nil
        sentCount -= 1
        firstUnsent = min(firstUnsent, position)
    }

    mutating func tokens() -> TokenSource {
        letterTokens += 1 << 20
        return TokenSource(next: letterTokens)
    }

    private func position(of token: UInt64) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].index < token { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].index == token ? low : nil
    }
}

/// Tokens for letters, each used once.
struct TokenSource {
    var next: UInt64

    mutating func take() -> UInt64 {
        next += 1
        return next
    }
}
