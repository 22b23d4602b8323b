/// A bound on how many messages go out in a second. Pure: time is an argument.
public struct Pace: Sendable {
    /// What may go at once after a pause: a twentieth of a second's, so that no second has many more than its rate.
    private static let burstsASecond = 20.0

    private let rate: Double
    private var allowance: Double
    private var last: Duration?

    /// - Parameter rate: messages a second, at least one.
    public init(rate: Int) {
        self.rate = Double(rate)
        allowance = max(1, self.rate / Self.burstsASecond)
    }

    /// How many of those wanted may go now.
    ///
    /// - Parameter now: on any clock that does not go back.
    public mutating func take(_ wanted: Int, at now: Duration) -> Int {
        if let last {
            let seconds = Double((now - last).components.seconds) + Double((now - last).components.attoseconds) / 1e18
            allowance = min(max(1, rate / Self.burstsASecond), allowance + seconds * rate)
        }
        last = now
        let taken = min(wanted, Int(allowance))
        allowance -= Double(taken)
        return taken
    }

    /// How long until one more may go.
    public var wait: Duration { .milliseconds(Int(max(1, (1 - allowance) / rate * 1_000).rounded(.up))) }
}
