/// A region of facts that has one side for each fact: the cells it may lie in, one bit a cell.
///
/// Regions are unions of boxes. Their arithmetic is exact, for cells are finite.
struct Box: Sendable, Hashable {
    /// In the order of the facts.
    var sides: [UInt64]

    var isEmpty: Bool { sides.contains(0) }

    /// How many combinations of cells lie in it.
    var volume: Double { sides.reduce(1) { $0 * Double($1.nonzeroBitCount) } }

    func intersection(_ other: Box) -> Box { Box(sides: zip(sides, other.sides).map { $0 & $1 }) }

    func contains(_ other: Box) -> Bool { zip(sides, other.sides).allSatisfy { $1 & ~$0 == 0 } }

    /// What is left without the other: boxes that share no point, at most one a side.
    func subtracting(_ other: Box) -> [Box] {
        if intersection(other).isEmpty { return [self] }
        var rest = self
        var left: [Box] = []
        for side in sides.indices {
            let outside = rest.sides[side] & ~other.sides[side]
            if outside != 0 {
                var piece = rest
                piece.sides[side] = outside
                left.append(piece)
            }
            rest.sides[side] &= other.sides[side]
        }
        return left
    }
}

/// A union of boxes.
struct Region: Sendable {
    /// Tables that a person can follow need a few dozen; the work grows with their number, so that a table made to need
    /// millions is refused instead.
    static let maximumBoxes = 2_000

    private(set) var boxes: [Box]
    /// It would need more boxes than ``maximumBoxes``; those that are here say nothing.
    private(set) var isTooLarge: Bool

    var isEmpty: Bool { boxes.isEmpty && !isTooLarge }

    init(_ boxes: [Box] = [], isTooLarge: Bool = false) {
        self.isTooLarge = isTooLarge || boxes.count > Self.maximumBoxes
        self.boxes = self.isTooLarge ? [] : boxes.filter { !$0.isEmpty }
    }

    func subtracting(_ box: Box) -> Region {
        Region(boxes.flatMap { $0.subtracting(box) }, isTooLarge: isTooLarge)
    }

    func subtracting(_ region: Region) -> Region {
        region.boxes.reduce(Region(boxes, isTooLarge: isTooLarge || region.isTooLarge)) { $0.subtracting($1) }
    }

    func union(_ other: Region) -> Region {
        Region(boxes + other.boxes, isTooLarge: isTooLarge || other.isTooLarge)
    }

    /// The same region in as few boxes as possible, which may overlap: all largest boxes within it (the consensus
    /// method of Quine, for sides of many values), then the smallest choice of them that covers it.
    func simplified() -> Region {
        let largest = largestBoxes()
        if largest.count <= Self.exactLimit {
            for count in 1...max(1, largest.count) {
                if let cover = cover(from: largest, count: count) { return Region(cover) }
            }
        }
        let cover = greedyCover(from: largest)
        // Should the search have met its bounds, the boxes as they are say it too.
        return subtracting(cover).isEmpty ? cover : self
    }

    /// Up to so many largest boxes every choice is tried; beyond, the largest one that helps comes first.
    private static let exactLimit = 12
    /// A region that needs more is told as it is.
    private static let largestLimit = 400

    private func largestBoxes() -> [Box] {
        var found = Self.withoutContained(boxes)
        var isChanging = true
        while isChanging {
            isChanging = false
            search: for (position, one) in found.enumerated() {
                for other in found[(position + 1)...] {
                    for side in one.sides.indices {
                        var merged = one.intersection(other)
                        merged.sides[side] = one.sides[side] | other.sides[side]
                        if merged.isEmpty || found.contains(where: { $0.contains(merged) }) { continue }
                        found = Self.withoutContained(found + [merged])
                        if found.count > Self.largestLimit { return found }
                        isChanging = true
                        break search
                    }
                }
            }
        }
        return found
    }

    private static func withoutContained(_ boxes: [Box]) -> [Box] {
        var kept: [Box] = []
        for box in boxes.sorted(by: { $0.volume > $1.volume }) where !kept.contains(where: { $0.contains(box) }) {
            kept.append(box)
        }
        return kept
    }

    private func cover(from candidates: [Box], count: Int) -> [Box]? {
        func choose(_ start: Int, _ chosen: [Box], _ rest: Region) -> [Box]? {
            if rest.isEmpty { return chosen }
            if chosen.count == count { return nil }
            for position in start..<candidates.count {
                let next = rest.subtracting(candidates[position])
                if let cover = choose(position + 1, chosen + [candidates[position]], next) { return cover }
            }
            return nil
        }
        return choose(0, [], self)
    }

    private func greedyCover(from candidates: [Box]) -> Region {
        var rest = self
        var chosen: [Box] = []
        for box in candidates where !rest.isEmpty {
            let next = rest.subtracting(box)
            if next.volume < rest.volume { chosen.append(box) }
            rest = next
        }
        return Region(chosen)
    }

    private var volume: Double { boxes.reduce(0) { $0 + $1.volume } }
}

/// The facts that some tables ask for, each with its cells.
struct FactSpace: Sendable {
    let facts: [WorldFact]
    let cells: [Cells]
    /// Where no request can be.
    private let impossible: [Box]

    init(facts: [WorldFact], cells: [Cells]) {
        self.facts = facts
        self.cells = cells
        let everything = Box(sides: cells.map(\.all))
        impossible = ImpossibleFacts.all.compactMap { pair in
            guard let one = facts.firstIndex(of: pair.one), let other = facts.firstIndex(of: pair.other) else {
                return nil
            }
            var box = everything
            box.sides[one] = cells[one].set(of: pair.oneValues)
            box.sides[other] = cells[other].set(of: pair.otherValues)
            return box
        }
    }

    var everything: Box { Box(sides: cells.map(\.all)) }

    /// The box where all the conditions hold.
    func box(_ conditions: [Condition], _ side: (Int) -> Int = { $0 }) -> Box {
        var box = everything
        for condition in conditions {
            let side = side(condition.fact)
            box.sides[side] &= cells[side].set(of: condition.alternatives)
        }
        return box
    }

    /// A part of a region where a request can be; `nil`: no request can have any of its facts.
    func possible(in region: Region) -> Box? {
        for box in region.boxes {
            let left = impossible.reduce(Region([box])) { $0.subtracting($1) }
            if let first = left.boxes.first { return first }
        }
        return nil
    }

    /// Without the boxes where no request can be.
    func withoutImpossible(_ region: Region) -> Region {
        Region(region.boxes.filter { possible(in: Region([$0])) != nil }, isTooLarge: region.isTooLarge)
    }

    /// The box of one point, given a value for each fact.
    func point(_ values: [FactValue]) -> Box {
        Box(sides: zip(cells, values).map { 1 << UInt64($0.cell(of: $1)) })
    }

    /// A point of a box, for showing: the first cell of each side.
    func sample(_ box: Box) -> [FactValue] {
        zip(cells, box.sides).map { $0.sample($1.trailingZeroBitCount) }
    }

    /// What is special about a box: those sides that do not leave a fact open, as far as a request can be there.
    func words(_ whole: Box) -> String {
        var box = whole
        for side in facts.indices where box.sides[side] != cells[side].all {
            let possible = (0..<cells[side].count).map { whole.sides[side] & 1 << UInt64($0) }.filter { cell in
                var part = whole
                part.sides[side] = cell
                return cell != 0 && self.possible(in: Region([part])) != nil
            }
            box.sides[side] = possible.reduce(0, |)
        }
        let parts = facts.indices.filter { box.sides[$0] != cells[$0].all }.map {
            "\(facts[$0].name) is \(cells[$0].words(box.sides[$0]))"
        }
        return parts.isEmpty ? "every request" : parts.joined(separator: " and ")
    }
}
