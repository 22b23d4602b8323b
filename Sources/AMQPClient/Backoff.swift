/// How long to wait before the next try: doubling, capped, jittered so that a pool does not come back in one instant.
public struct Backoff: Sendable, Equatable {
    public let firstMilliseconds: Int
    public let maximumMilliseconds: Int
    public private(set) var attempts = 0

    public init(firstMilliseconds: Int = 250, maximumMilliseconds: Int = 30_000) {
        self.firstMilliseconds = max(firstMilliseconds, 1)
        self.maximumMilliseconds = max(maximumMilliseconds, self.firstMilliseconds)
    }

    /// The next delay, between half of the step and the whole.
    ///
    /// - Parameter random: from 0 up to 1; the caller's, so that the delays of a simulation can be repeated.
    public mutating func next(random: Double) -> Int {
        // Past twenty doublings every step is at the cap, unless the first is absurdly small.
        let (doubled, overflow) = firstMilliseconds.multipliedReportingOverflow(by: 1 << min(attempts, 20))
        let step = overflow ? maximumMilliseconds : min(doubled, maximumMilliseconds)
        attempts += 1
        let share = 0.5 + min(max(random, 0), 1) / 2
        return max(1, Int(Double(step) * share))
    }

    /// After a success.
    public mutating func reset() { attempts = 0 }
}
