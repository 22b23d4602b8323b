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
