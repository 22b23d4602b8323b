/// A table made ready for deciding: bits only, no words.
struct TableLookup: Sendable {
    enum Result: Equatable {
        case row(Int)
        case none
        case conflict
    }

    private struct Side: Sendable {
        var fact: Int
        var cells: UInt64
    }

    private struct CompiledRow: Sendable {
        /// Its conditions among all of the table's, which lie one behind the other.
        var first: Int
        var end: Int
        /// Bit n: the nth row is one that this one is an exception to, directly or through others.
        var chain: UInt64
        /// The bit of the row that it is an exception to.
        var base: UInt64
    }

    private let sides: [Side]
    private let rows: [CompiledRow]

    /// INVARIANT: a table has at most ``PolicyReader/maximumRows`` rows, one bit each.
    init(_ table: Table, in space: FactSpace) {
        var sides: [Side] = []
        var rows: [CompiledRow] = []
        for position in table.rows.indices {
            let first = sides.count
            sides += table.rows[position].conditions.map {
                Side(fact: $0.fact, cells: space.cells[$0.fact].set(of: $0.alternatives))
            }
            let chain = table.chain(from: position)
            rows.append(
                CompiledRow(
                    first: first, end: sides.count, chain: chain.reduce(0) { $0 | 1 << UInt64($1) },
                    base: chain.first.map { 1 << UInt64($0) } ?? 0))
        }
        self.sides = sides
        self.rows = rows
    }

    func look(_ point: borrowing FactPoint) -> Result {
        var holding: UInt64 = 0
        for position in rows.indices {
            let row = rows[position]
            var holds = true
            for side in row.first..<row.end where point[sides[side].fact] & sides[side].cells == 0 { holds = false }
            if holds { holding |= 1 << UInt64(position) }
        }
        var left = holding
        var overridden: UInt64 = 0
        for position in rows.indices where holding & 1 << UInt64(position) != 0 {
            if holding & rows[position].chain == rows[position].chain {
                overridden |= rows[position].base
            } else {
                left &= ~(1 << UInt64(position))
            }
        }
        left &= ~overridden
        if left == 0 { return .none }
        return left & (left - 1) == 0 ? .row(left.trailingZeroBitCount) : .conflict
    }
}

/// For each fact that a policy asks for, the bit of the cell that its value lies in; on the stack.
struct FactPoint {
    /// INVARIANT: as many as there are facts in the world, or more; writing behind the end would trap.
    private var bits = InlineArray<24, UInt64>(repeating: 0)

    init() {}

    init(_ box: Box) {
        for (position, side) in box.sides.enumerated() { bits[position] = side }
    }

    subscript(_ fact: Int) -> UInt64 {
        get { bits[fact] }
        set { bits[fact] = newValue }
    }
}
