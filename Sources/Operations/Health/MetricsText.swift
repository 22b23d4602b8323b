/// Metrics as Prometheus reads them (text exposition format 0.0.4).
///
/// Families come in the order in which they were added; each has its help and type once.
public struct MetricsText: Sendable {
    public enum Kind: String, Sendable {
        case gauge, counter, histogram
    }

    public typealias Labels = [(name: String, value: String)]

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var text = ""
    /// In their order.
    public private(set) var families: [String] = []

    public init() {}

    private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        families.append(name)
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func add(_ name: String, _ labels: Labels, _ value: String) {
        let labels = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
        text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(value)\n"
    }

    /// - Parameter samples: label values by label name, in their order, and the value.
    public mutating func add(
        _ name: String, _ kind: Kind, help: String, _ samples: [(labels: Labels, value: Int)]
    ) {
        begin(name, kind, help)
        for sample in samples { add(name, sample.labels, String(sample.value)) }
    }

    public mutating func add(_ name: String, _ kind: Kind, help: String, _ value: Int) {
        add(name, kind, help: help, [(labels: [], value: value)])
    }

    public mutating func add(_ name: String, _ kind: Kind, help: String, _ value: Double) {
        begin(name, kind, help)
        add(name, [], Self.number(value))
    }

    /// One histogram: how many values fell below each bound, of all of them, and their sum.
    public struct Distribution: Sendable {
        public var labels: Labels
        /// Ascending.
        public var bounds: [Double]
        /// Of each range alone, one more than there are bounds.
        public var counts: [Int]
        public var sum: Double

        public init(labels: Labels, bounds: [Double], counts: [Int], sum: Double) {
            (self.labels, self.bounds, self.counts, self.sum) = (labels, bounds, counts, sum)
        }
    }

    public mutating func add(_ name: String, help: String, _ distributions: [Distribution]) {
        begin(name, .histogram, help)
        for distribution in distributions {
            var total = 0
            for (position, count) in distribution.counts.enumerated() {
                total += count
                let bound = position < distribution.bounds.count ? Self.number(distribution.bounds[position]) : "+Inf"
                add(name + "_bucket", distribution.labels + [("le", bound)], String(total))
            }
            add(name + "_sum", distribution.labels, Self.number(distribution.sum))
            add(name + "_count", distribution.labels, String(total))
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        if quotes { escaped = escaped.replacing("\"", with: "\\\"") }
        return escaped
    }
}
