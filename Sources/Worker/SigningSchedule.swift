/// When a ledger's checkpoint is to be signed: when a segment was sealed, and an hour after the first record that is
/// not signed yet. A clean stop signs in any case.
struct SigningSchedule: Equatable {
    /// What an auditor may miss at most when a ledger is cut short.
    static let intervalMilliseconds: Int64 = 3_600_000

    private var unsignedSince: Int64?
    private var segment: Int?
    private var wasSealed = false

    /// - Parameter hasUnsignedRecords: whether an earlier run left records that no signed checkpoint covers.
    init(hasUnsignedRecords: Bool, at now: Int64) {
        if hasUnsignedRecords { unsignedSince = now }
    }

    mutating func committed(segment: Int, at now: Int64) {
        if let last = self.segment, last != segment { wasSealed = true }
        self.segment = segment
        unsignedSince = unsignedSince ?? now
    }

    func isDue(at now: Int64) -> Bool {
        guard let unsignedSince else { return false }
        return wasSealed || now - unsignedSince >= Self.intervalMilliseconds
    }

    /// Signing was asked for: the next batch begins the next interval.
    mutating func asked() {
        unsignedSince = nil
        wasSealed = false
    }

    /// There was no room for it: tried again after another interval.
    mutating func failed(at now: Int64) { unsignedSince = unsignedSince ?? now }
}
