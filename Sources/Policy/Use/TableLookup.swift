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
        var sides: [Side]
        /// Bit n: the nth row is one that this one is an exception to, directly or through others.
        var chain: UInt64
        /// The bit of the row that it is an exception to.
        var base: UInt64
    }

    private let rows: [CompiledRow]

    /// INVARIANT: a table has at most ``PolicyReader/maximumRows`` rows, one bit each.
    init(_ table: Table, in space: FactSpace) {
        rows = table.rows.indices.map { position in
            let chain = table.chain(from: position)
            return CompiledRow(
                sides: table.rows[position].conditions.map {
                    Side(fact: $0.fact, cells: space.cells[$0.fact].set(of: $0.alternatives))
                },
                chain: chain.reduce(0) { $0 | 1 << UInt64($1) }, base: chain.first.map { 1 << UInt64($0) } ?? 0)
        }
    }

    /// - Parameter point: for each fact, the bit of its cell.
    func look(_ point: [UInt64]) -> Result {
        var holding: UInt64 = 0
        for (position, row) in rows.enumerated() where row.sides.allSatisfy({ point[$0.fact] & $0.cells != 0 }) {
            holding |= 1 << UInt64(position)
        }
        var left = holding
        var overridden: UInt64 = 0
        for (position, row) in rows.enumerated() where holding & 1 << UInt64(position) != 0 {
            if holding & row.chain == row.chain {
                overridden |= row.base
            } else {
                left &= ~(1 << UInt64(position))
            }
        }
        left &= ~overridden
        if left == 0 { return .none }
        return left & (left - 1) == 0 ? .row(left.trailingZeroBitCount) : .conflict
    }
}
