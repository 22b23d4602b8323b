import Detainers
import Testing

@testable import Reports

/// What a reader of a published table can find out of the numbers that it hides.
struct SmallCellsTests {
    private static let cells = SmallCells(fewest: SmallCells.published)

    @Test func theClerkSeesAll() {
        #expect(SmallCells(fewest: 0).shown([0, 1, 20]) == ["0", "1", "20"])
    }

    @Test func whatIsLargeEnoughIsShownAndSoAreZeros() {
        #expect(Self.cells.shown([0, 5, 20]) == ["0", "5", "20"])
        #expect(Self.cells.shown([]) == [])
    }

    @Test func aSmallNumberTakesOthersWithItUntilTheTotalDoesNotGiveItAway() {
        #expect(Self.cells.shown([1, 5, 20]) == ["not shown", "not shown", "20"])
        #expect(Self.cells.shown([2, 3, 20]) == ["not shown", "not shown", "20"])
        // Ten in all of which none is above six can only be four and six.
        #expect(Self.cells.shown([4, 6, 6]) == ["not shown", "not shown", "not shown"])
        #expect(Self.cells.shown([1, 1, 17]) == ["not shown", "not shown", "not shown"])
    }

    @Test func whereHidingAllIsNotEnoughTheTableIsLeftOut() {
        #expect(Self.cells.shown([3]) == nil)
        #expect(Self.cells.shown([1, 1, 0]) == nil)
        #expect(Self.cells.shown([1, 2]) == nil)
    }

    /// A reader who knows the total and tries every table with our own rule: none of the hidden numbers is certain.
    @Test(arguments: [(1, 20), (2, 20), (3, 12), (4, 8)])
    func noReaderWhoKnowsTheRuleIsCertainOfAHiddenNumber(count: Int, most: Int) {
        struct Seen: Hashable {
            var shown: [String]
            var total: Int
        }
        var possible: [Seen: [Set<Int>]] = [:]
        var table = [Int](repeating: 0, count: count)
        var isLast = false
        while !isLast {
            if let shown = Self.cells.shown(table) {
                let seen = Seen(shown: shown, total: table.reduce(0, +))
                var numbers = possible[seen] ?? Array(repeating: [], count: count)
                for (position, number) in table.enumerated() { numbers[position].insert(number) }
                possible[seen] = numbers
            }
            // The next table, as an odometer counts.
            var position = 0
            while position < count, table[position] == most {
                table[position] = 0
                position += 1
            }
            isLast = position == count
            if !isLast { table[position] += 1 }
        }
        #expect(possible.count > 10)
        for (seen, numbers) in possible {
            for (shown, possible) in zip(seen.shown, numbers) {
                if shown == "not shown" {
                    #expect(possible.count > 1, "\(seen.shown) of \(seen.total)")
                } else {
                    #expect(possible.count == 1)
                }
            }
        }
    }

    // MARK: - as the document prints them

    private static let stations = ["A-1", "B-2", "C-3"]

    /// The rows of the table of stations, in the order in which they are printed; `nil` where it is left out.
    private static func printed(_ copy: ReportDocument.Copy, _ counts: [Int]) throws -> [[String]]? {
        var outcomes: [Outcome] = []
        for (station, count) in zip(stations, counts) {
            for _ in 0..<count {
                var outcome = try Files.request(outcomes.count)
                outcome.station = station
                outcomes.append(outcome)
            }
        }
        let report = try AnnualReportTests.report(2024, outcomes)
        let document = ReportDocument(report, form: .plain("boston"), copy: copy)
        return document.annexes[0].tables.first { $0.caption == "Requests by station" }?.rows
    }

    @Test func theClerkReadsTheLargestStationFirst() throws {
        #expect(try Self.printed(.clerk, [1, 7, 3]) == [["B-2", "7"], ["C-3", "3"], ["A-1", "1"]])
    }

    /// One and three: with the larger one first a reader would know that it is not two and two.
    @Test func thePublishedOrderSaysNothingOfTheNumbers() throws {
        let expected = [["A-1", "not shown"], ["B-2", "not shown"], ["C-3", "6"]]
        #expect(try Self.printed(.published, [1, 3, 6]) == expected)
        #expect(try Self.printed(.published, [3, 1, 6]) == expected)
        var possible: [[[String]]: [String: Set<Int>]] = [:]
        for table in Self.tables(of: Self.stations.count, most: 6) {
            // What is printed and the total, which the letter has.
            guard let rows = try Self.printed(.published, table) else { continue }
            let seen = rows + [["total", String(table.reduce(0, +))]]
            for (station, number) in zip(Self.stations, table) {
                possible[seen, default: [:]][station, default: []].insert(number)
            }
        }
        #expect(possible.count > 10)
        for (seen, numbers) in possible {
            for row in seen where row[1] == "not shown" { #expect(numbers[row[0]]?.count ?? 0 > 1, "\(seen)") }
        }
    }

    /// Every table of so many numbers up to a most.
    private static func tables(of count: Int, most: Int) -> [[Int]] {
        var tables: [[Int]] = [[]]
        for _ in 0..<count { tables = tables.flatMap { table in (0...most).map { table + [$0] } } }
        return tables
    }
}
