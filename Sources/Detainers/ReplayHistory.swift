/// How often a message was replayed, as it travels with the message: `<letter>/<died>/<replayed>` for each replay, the
/// oldest first, comma-separated; letter ids in hexadecimal, times in RFC 3339.
public struct ReplayHistory: Sendable, Equatable {
    /// The header that a replayed message carries.
    public static let header = "x-detainer-replayed"
    /// The loop guard refuses far earlier; what is more is cut off at its beginning.
    static let maximumCount = 16

    public struct Replay: Sendable, Equatable {
        public var letter: String
        public var diedAt: String
        public var replayedAt: String

        public init(letter: String, diedAt: String, replayedAt: String) {
            self.letter = letter
            self.diedAt = diedAt
            self.replayedAt = replayedAt
        }
    }

    public private(set) var replays: [Replay] = []

    public init() {}

    /// `nil` where it is no such text: anybody can write a header.
    public init?(text: String) {
        if text.isEmpty { return }
        let entries = text.split(separator: ",", omittingEmptySubsequences: false)
        guard entries.count <= Self.maximumCount, text.utf8.count <= Self.maximumCount * 128 else { return nil }
        for entry in entries {
            let parts = entry.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(\.isHexDigit),
                Moment(text: parts[1]) != nil, Moment(text: parts[2]) != nil
            else { return nil }
            replays.append(Replay(letter: parts[0], diedAt: parts[1], replayedAt: parts[2]))
        }
    }

    public var text: String {
        replays.map { "\($0.letter)/\($0.diedAt)/\($0.replayedAt)" }.joined(separator: ",")
    }

    public func adding(_ replay: Replay) -> ReplayHistory {
        var history = self
        history.replays = (replays + [replay]).suffix(Self.maximumCount)
        return history
    }
}
