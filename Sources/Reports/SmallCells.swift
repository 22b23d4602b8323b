import Detainers

/// Keeps small numbers of a published table from naming persons.
///
/// What is above zero and below the bound is not shown. The total is public, so further numbers are hidden, the
/// smallest first, until a reader who knows the total and this rule is left with several numbers for each that is
/// hidden; where hiding all of them does not do that, the table is left out. All that is hidden looks the same. Zeros
/// are shown: nobody is in them. The order of a table must say nothing of its numbers.
struct SmallCells {
    /// Below this many a count may point at a person who is known to the reader.
    static let published = 5

    /// 0: everything is shown.
    let fewest: Int

    /// - Returns: `nil` where the table is to be left out.
    func shown(_ counts: [Int]) -> [String]? {
        var hidden = counts.indices.filter { counts[$0] > 0 && counts[$0] < fewest }
        if hidden.isEmpty { return counts.map(String.init) }
        var rest = counts.indices.filter { counts[$0] >= fewest }.sorted(on: { counts[$0] }, by: <)[...]
        while !leavesOpen(hidden.map { counts[$0] }, most: rest.first.map { counts[$0] }) {
            guard let next = rest.popFirst() else { return nil }
            hidden.append(next)
        }
        return counts.indices.map { hidden.contains($0) ? "not shown" : String(counts[$0]) }
    }

    /// Whether the smallest of the hidden numbers, and so each that may be it, can be one of several.
    ///
    /// The reader knows their sum, that the smallest is below the bound, and that all are below the smallest that is
    /// shown: of equal ones their order would tell which was hidden.
    ///
    /// - Parameter most: the smallest that is shown.
    private func leavesOpen(_ hidden: [Int], most: Int?) -> Bool {
        let (sum, count) = (hidden.reduce(0, +), hidden.count)
        let least = most.map { max(1, sum - (count - 1) * ($0 - 1)) } ?? (count == 1 ? sum : 1)
        return min(fewest - 1, sum / count) > least
    }
}
