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
}
