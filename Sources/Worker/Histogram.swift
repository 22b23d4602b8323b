/// How often values fell into ranges; what Prometheus calls a histogram.
public struct Histogram: Sendable, Equatable {
    /// Upper bounds of the ranges, ascending; one more has none.
    public let bounds: [Double]
    /// Of each range alone, one more than there are bounds.
    public private(set) var counts: [Int]
    public private(set) var sum = 0.0

    public init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    /// Seconds, from a tenth of a millisecond up to the minute after which the pipeline gives a wait up.
    public static let seconds = Histogram([
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ])
    /// Numbers of things, up to the largest prefetch.
    public static let sizes = Histogram([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 10_000])

    public mutating func observe(_ value: Double, times: Int = 1) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += times
        sum += value * Double(times)
    }

    public var total: Int { counts.reduce(0, +) }
}
