/// What a report says otherwise than the one that was filed for the same period.
public struct ReportChanges: Sendable, Equatable {
    public struct Change: Sendable, Equatable {
        public var path: [String]
        public var filed: Int
        public var now: Int
    }

    public var filedAt: String
    public var changes: [Change]

    /// - Parameter filed: the figures that were filed, by their paths.
    public init(filedAt: String, filed: [[String]: Int], now tally: Tally) {
        self.filedAt = filedAt
        let paths =
            tally.paths
            + filed.keys.filter { path in !tally.paths.contains(path) }.sorted {
                $0.joined(separator: "/") < $1.joined(separator: "/")
            }
        changes = paths.compactMap { path in
            let (before, after) = (filed[path] ?? 0, tally[path])
            return before == after ? nil : Change(path: path, filed: before, now: after)
        }
    }
}
