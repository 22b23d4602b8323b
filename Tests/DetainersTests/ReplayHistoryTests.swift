import Testing

@testable import Detainers

/// What a message says of its replays, as text and back.
struct ReplayHistoryTests {
    private static func replay(_ number: Int) -> ReplayHistory.Replay {
        let (died, replayed) = (Int64(number) * 1_000, Int64(number) * 1_000 + 500)
        return ReplayHistory.Replay(
            letter: "0123456789abcdef0000" + String(0x1000 + number, radix: 16),
            diedAt: Moment(secondsSinceEpoch: died).text, replayedAt: Moment(secondsSinceEpoch: replayed).text)
    }

    private static func history(_ count: Int) -> ReplayHistory {
        (0..<count).reduce(ReplayHistory()) { $0.adding(replay($1)) }
    }

    @Test func aHistoryIsReadBackAsItWasWritten() {
        for count in 0...16 {
            let history = Self.history(count)
            #expect(history.replays == (0..<count).map(Self.replay))
            #expect(ReplayHistory(text: history.text) == history)
        }
        #expect(
            Self.history(1).text == "0123456789abcdef00001000/1970-01-01T00:00:00.00Z/1970-01-01T00:08:20.00Z")
    }

    @Test func anEmptyTextIsAnEmptyHistory() {
        #expect(ReplayHistory(text: "") == ReplayHistory())
        #expect(ReplayHistory().text.isEmpty && ReplayHistory().replays.isEmpty)
    }

    @Test func itKeepsTheLastSixteen() {
        let history = Self.history(20)
        #expect(history.replays == (4..<20).map(Self.replay))
        #expect(ReplayHistory(text: history.text) == history)
    }

    @Test func addingLeavesTheOldOneAsItIs() {
        let history = Self.history(2)
        #expect(history.adding(Self.replay(2)).replays.count == 3)
        #expect(history == Self.history(2))
    }

    @Test(arguments: [
        "x", "/", "//", ",", " ", "abc", "abc/2026-03-04T10:00:00Z",
        "/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z", "xyz/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z",
        " abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z", "abc/2026-03-04T10:00:00Z/never",
        "abc/yesterday/2026-03-05T10:00:00Z", "abc/2026-03-04T10:00:00/2026-03-05T10:00:00Z",
        "abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z/", "abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z,",
        ",abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z",
        "abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z, abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z",
        "abc/2026-03-04T10:00:00Z/2026-03-05T10:00:00Z,MARKED",
    ])
    func whatIsNoHistoryIsRefused(_ text: String) {
        #expect(ReplayHistory(text: text) == nil)
    }

    @Test func whatIsTooLongToBeOursIsRefused() {
        let one = Self.history(1).text
        #expect(ReplayHistory(text: Array(repeating: one, count: 16).joined(separator: ",")) != nil)
        #expect(ReplayHistory(text: Array(repeating: one, count: 17).joined(separator: ",")) == nil)
        #expect(ReplayHistory(text: String(repeating: "a", count: 4_096) + one) == nil)
    }
}
