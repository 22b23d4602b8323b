/// What the words of a record are called in a report.
enum Words {
    static func reason(_ name: String) -> String {
        switch name {
        case "removable-alien": "Probable cause that the subject is a removable alien (box 1)"
        case "resume-custody": "Intention to resume custody (box 2)"
        default: "No reason stated"
        }
    }

    static func basis(_ name: String) -> String {
        switch name {
        case "final-order": "a final order of removal"
        case "pending-proceedings": "pending removal proceedings"
        case "biometric-match": "a biometric match and a records check"
        default: "statements or other evidence"
        }
    }

    static func detention(_ name: String) -> String {
        switch name {
        case "criminal-warrant": "A criminal warrant issued by a judicial officer"
        case "judicial-order": "A judicial order"
        case "criminal-reentry": "A charge of criminal re-entry"
        case "detainer-alone": "The detainer alone"
        case "other": "Another reason"
        default: "No reason stated"
        }
    }

    static func authority(_ name: String) -> String {
        switch name {
        case "judicial-warrant": "On a judicial warrant"
        case "judicial-order": "On a judicial order"
        case "none": "Without a warrant or an order"
        default: "Authority not stated"
        }
    }

    static func custodyEnd(_ name: String) -> String {
        switch name {
        case "bailed": "Posted bail"
        case "to-court": "Taken to court"
        case "released": "Released"
        case "transferred": "Transferred to another agency"
        default: "Otherwise"
        }
    }

    static func channel(_ name: String) -> String {
        switch name {
        case "unknown": "not stated"
        case "in-person": "in person"
        default: name
        }
    }

    static func column(_ column: ReportForm.Column) -> String {
        column.rawValue.prefix(1).uppercased() + column.rawValue.dropFirst()
    }
}

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

/// Bars side by side, drawn as SVG without script, font or network.
struct BarChart {
    struct Bar {
        var label: String
        var value: Int
        /// What stands above it.
        var text: String
    }

    var title: String
    var bars: [Bar]
}

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
