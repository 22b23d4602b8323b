/// Keeps small numbers of a published table from naming persons.
///
/// What is above zero and below the bound is not shown; where that would hide one number alone, which the total gives
/// away, the next smallest is hidden too. Zeros are shown: nobody is in them.
struct SmallCells {
    /// Below this many a count may point at a person who is known to the reader.
    static let published = 5

    /// 0: everything is shown.
    let fewest: Int

    func shown(_ counts: [Int]) -> [String] {
        var hidden = Set(counts.indices.filter { counts[$0] > 0 && counts[$0] < fewest })
        if hidden.count == 1,
            let next = counts.indices.filter({ counts[$0] >= fewest }).min(by: { counts[$0] < counts[$1] })
        {
            hidden.insert(next)
        }
        return counts.indices.map { position in
            guard hidden.contains(position) else { return String(counts[position]) }
            return counts[position] < fewest ? "fewer than \(fewest)" : "not shown"
        }
    }
}
