public import Detainers

/// The figures of a report, each counted one unit at a time and, where asked for, with the records behind each unit.
///
/// A figure is named by its path in the report's JSON. All are declared before anything is counted, so that a zero is
/// there as a zero.
public struct Tally: Sendable {
    public typealias Path = [String]

    /// One unit of a figure, such as one form: the records that make it.
    public typealias Unit = [LedgerEntry.Identity]

    /// In the order in which they were declared.
    public private(set) var paths: [Path] = []
    private var counts: [Path: Int] = [:]
    /// By figure; empty where nothing is kept.
    public private(set) var units: [Path: [Unit]] = [:]
    let keepsUnits: Bool

    init(keepsUnits: Bool) { self.keepsUnits = keepsUnits }

    mutating func declare(_ path: Path...) {
        for path in path where counts[path] == nil {
            counts[path] = 0
            paths.append(path)
        }
    }

    /// - Parameters:
    ///   - amount: 1 for what is counted; cents for what is paid.
    ///   - times: how many alike units there are; only one where units are kept.
    mutating func add(_ path: Path, _ unit: @autoclosure () -> Unit, amount: Int = 1, times: Int = 1) {
        declare(path)
        counts[path, default: 0] += amount * times
        if keepsUnits { units[path, default: []].append(unit()) }
    }

    mutating func merge(_ other: Tally) {
        for path in other.paths {
            declare(path)
            counts[path, default: 0] += other[path]
        }
        units.merge(other.units) { $0 + $1 }
    }

    /// Puts the figures one level below a path in the order of their names, where the first of them stands.
    mutating func sort(below path: String...) {
        let isBelow = { (other: Path) in other.count == path.count + 1 && other.starts(with: path) }
        guard let place = paths.firstIndex(where: isBelow) else { return }
        let names = paths.filter(isBelow).sorted { $0[path.count] < $1[path.count] }
        paths.removeAll(where: isBelow)
        paths.insert(contentsOf: names, at: place)
    }

    public subscript(_ path: Path) -> Int { counts[path] ?? 0 }

    public subscript(_ path: String...) -> Int { counts[path] ?? 0 }

    /// The figures one level below a path, in their order.
    public func below(_ path: String...) -> [(name: String, count: Int)] {
        paths.filter { $0.count == path.count + 1 && $0.starts(with: path) }.map { ($0[path.count], self[$0]) }
    }
}
