public import Detainers
import Foundation

/// The time of day, for timestamps only; nothing is decided by it.
public enum WallClock {
    public static func now() -> Moment {
        let seconds = Date().timeIntervalSince1970
        let whole = seconds.rounded(.down)
        return Moment(secondsSinceEpoch: Int64(whole), hundredths: Int((seconds - whole) * 100))
    }
}

/// A clock that only goes forward, for waits and bounds.
enum SteadyClock {
    private static let start = ContinuousClock.now

    static func milliseconds() -> Int64 {
        let elapsed = ContinuousClock.now - start
        return elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
    }
}
