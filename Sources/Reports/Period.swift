public import Detainers

/// The days that a report is about.
public struct Period: Sendable, Equatable {
    public let first: CivilDate
    public let last: CivilDate
    /// `calendar year 2025`, `first quarter of 2025`, `1 March 2025 to 30 April 2025`.
    public let name: String
    /// Where it is a whole one.
    public let year: Int?

    /// - Returns: `nil` for years that no calendar here knows.
    public init?(year: Int) {
        guard let first = CivilDate(year: year, month: 1, day: 1), let last = CivilDate(year: year, month: 12, day: 31)
        else { return nil }
        self.init(first: first, last: last, name: "calendar year \(year)", year: year)
    }

    /// - Parameter quarter: 1 to 4.
    public init?(year: Int, quarter: Int) {
        guard (1...4).contains(quarter), let first = CivilDate(year: year, month: quarter * 3 - 2, day: 1),
            let last = CivilDate(year: year, month: quarter * 3, day: [31, 30, 30, 31][quarter - 1])
        else { return nil }
        let names = ["first", "second", "third", "fourth"]
        self.init(first: first, last: last, name: "\(names[quarter - 1]) quarter of \(year)", year: nil)
    }

    /// - Returns: `nil` where the last day lies before the first.
    public init?(from first: CivilDate, to last: CivilDate) {
        guard first <= last else { return nil }
        // However it is asked for, a year is one: its reports amend each other.
        if let year = Period(year: first.year), (year.first, year.last) == (first, last) {
            self = year
        } else {
            self.init(first: first, last: last, name: "\(first.spelled) to \(last.spelled)", year: nil)
        }
    }

    private init(first: CivilDate, last: CivilDate, name: String, year: Int?) {
        self.first = first
        self.last = last
        self.name = name
        self.year = year
    }

    public func contains(_ day: CivilDate) -> Bool { first <= day && day <= last }

    /// What a month is called in the figures: `03` within a year, `2025-03` elsewhere.
    func label(of month: Month) -> String { year == nil ? "\(month.year)-\(month.digits)" : month.digits }

    /// What it is called in tables.
    func spelled(_ month: Month) -> String { year == nil ? "\(month.name) \(month.year)" : month.name }

    /// The months that it touches, in order.
    var months: [Month] {
        var months: [Month] = []
        var month = Month(first)
        while month <= Month(last) {
            months.append(month)
            month = month.next
        }
        return months
    }
}

/// A month of a year.
struct Month: Hashable, Comparable {
    let year: Int
    let number: Int

    private static let names = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    init(_ day: CivilDate) { (year, number) = (day.year, day.month) }

    private init(year: Int, number: Int) { (self.year, self.number) = (year, number) }

    var next: Month { number == 12 ? Month(year: year + 1, number: 1) : Month(year: year, number: number + 1) }
    /// `01` to `12`.
    var digits: String { (number < 10 ? "0" : "") + String(number) }
    var name: String { Self.names[number - 1] }

    static func < (one: Month, other: Month) -> Bool { (one.year, one.number) < (other.year, other.number) }
}

extension CivilDate {
    /// `31 December 2025`
    public var spelled: String { "\(day) \(Month(self).name) \(year)" }
}
