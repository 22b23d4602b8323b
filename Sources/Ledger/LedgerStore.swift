/// What lies below a ledger's directory beside the workers' folders, each a ledger in form as theirs are, under a name
/// that no worker may take.
public enum LedgerStore: String, CaseIterable, Sendable {
    /// Messages that could not be read or decided.
    case deadLetters = "dead-letters"
    /// Reports that were filed.
    case filings
    /// What an aggregator follows: the outcomes of workers, whose own folders may be elsewhere.
    case aggregate

    /// Whether what is counted may be in it.
    public var holdsOutcomes: Bool { self == .aggregate }

    /// Which store that directory is, of those that ``LedgerReader/directories(under:)`` lists; `nil` for a worker's.
    public init?(_ directory: String, below ledger: String) {
        guard directory.hasPrefix(ledger + "/") else { return nil }
        self.init(rawValue: String(directory.dropFirst(ledger.count + 1)))
    }

    /// Which store that directory is by its name, also where it was named by itself; `nil` for a worker's.
    public init?(named directory: String) {
        guard let name = directory.split(separator: "/").last else { return nil }
        self.init(rawValue: String(name))
    }
}
