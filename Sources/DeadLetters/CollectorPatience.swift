/// How long a collector waits for what the queue said it has, as a value: no clock.
///
///     opening ─▶ consuming ─▶ over: nothing came for too long
///                 └──────◀ something came
///
/// No broker tells who has a message in hand. Where the queue had no consumer, nobody else has it, and the broker takes
/// its time; where it had one, the rest is likely with that one.
struct CollectorPatience {
    /// A connection takes its time to open, and says so itself when it does not.
    static let openingMilliseconds: Int64 = 40_000
    /// Long enough for a broker under load to find a message; a person waits so long for what another consumer has.
    static let sharedMilliseconds: Int64 = 10_000
    /// A broker that writes to a slow disk, or a machine under load, reads a body of a hundred megabytes for tens of
    /// seconds before it sends the first byte.
    static let aloneMilliseconds: Int64 = 60_000

    /// Consumers that the queue had before this one.
    private let others: Int
    private var isOpen = false
    private var last: Int64

    init(others: Int, at milliseconds: Int64) {
        self.others = others
        last = milliseconds
    }

    /// The broker said or sent something: the connection opened, or a part of a letter came.
    mutating func heard(at milliseconds: Int64) {
        isOpen = true
        last = milliseconds
    }

    func isOver(at milliseconds: Int64) -> Bool { milliseconds - last > limitMilliseconds }

    private var limitMilliseconds: Int64 {
        if !isOpen { return Self.openingMilliseconds }
        return others > 0 ? Self.sharedMilliseconds : Self.aloneMilliseconds
    }
}
