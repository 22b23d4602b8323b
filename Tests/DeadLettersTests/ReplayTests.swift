import Testing

@testable import DeadLetters

/// Each test is a transcript of one apply: what was planned, what the broker answered, what counts.
struct ReplayTests {
    private let waiting = LetterIndex.Standing(state: .waiting, record: 0, deaths: 1, replays: 0, death: 0)

    private func id(_ number: Int) -> LetterID { LetterIndexTests.letter(number).id }

    @Test func aLetterCountsAsReplayedOnlyWhenItsConfirmIsRecorded() {
        var replay = Replay(limits: .init(), at: 0)
        #expect(replay.judge(standing: waiting, isSame: true, isDone: false) == .send)
        let token = replay.send(id(1), at: 0, bytes: 100)
        #expect(replay.tally.replayed == 0 && !replay.isIdle)
        #expect(replay.settled([(token, .confirmed)], at: 5) == [id(1)])
        #expect(replay.tally.replayed == 0)
        replay.recorded(1)
        #expect(replay.tally.replayed == 1 && replay.isIdle)
        // An answer that comes twice says nothing new.
        #expect(replay.settled([(token, .confirmed)], at: 6) == [])
    }

    @Test func whatWasDealtWithSinceIsGone() {
        var replay = Replay(limits: .init(), at: 0)
        for state in [LetterIndex.State.replayed, .edited, .discarded] {
            var standing = waiting
            standing.state = state
            #expect(replay.judge(standing: standing, isSame: true, isDone: false) == .gone)
        }
        #expect(replay.judge(standing: nil, isSame: false, isDone: false) == .gone)
        // It died again after the plan was made: another death than the one that was planned.
        #expect(replay.judge(standing: waiting, isSame: false, isDone: false) == .gone)
        #expect(replay.tally.gone == 5)
    }

    @Test func whatThisPlanReplayedBeforeStaysReplayedEvenIfItDiedAgain() {
        var replay = Replay(limits: .init(), at: 0)
        #expect(replay.judge(standing: waiting, isSame: false, isDone: true) == .replayed)
        #expect(replay.tally.replayed == 1 && replay.tally.gone == 0)
    }

    @Test func whatCannotBeReadIsNeitherGoneNorLeft() {
        var replay = Replay(limits: .init(), at: 0)
        #expect(replay.judge(standing: waiting, isSame: true, isDone: false) == .send)
        replay.cannotBeRead()
        let tally = replay.end(planned: 3)
        #expect(tally.unreadable == 1 && tally.gone == 0 && tally.left == 2 && tally.total == 3)
    }

    @Test func theLoopGuardRefusesTheNthTime() {
        var replay = Replay(limits: .init(maximumReplays: 2), at: 0)
        var standing = waiting
        standing.replays = 1
        #expect(replay.judge(standing: standing, isSame: true, isDone: false) == .send)
        standing.replays = 2
        #expect(replay.judge(standing: standing, isSame: true, isDone: false) == .refused)
        #expect(replay.tally.refused == 1)
    }

    @Test func theRateIsKeptOverTheWholeRun() {
        var replay = Replay(limits: .init(rate: 10), at: 0)
        #expect(replay.wait(at: 0, bytes: 100) == 0)
        _ = replay.send(id(1), at: 0, bytes: 100)
        #expect(replay.wait(at: 0, bytes: 100) == 100)
        #expect(replay.wait(at: 99, bytes: 100) == 1)
        #expect(replay.wait(at: 100, bytes: 100) == 0)
        _ = replay.send(id(2), at: 100, bytes: 100)
        // A pause of the broker is caught up, never more than the rate since the beginning.
        #expect(replay.wait(at: 1_000, bytes: 100) == 0)
        for number in 3...10 { _ = replay.send(id(number), at: 1_000, bytes: 100) }
        #expect(replay.wait(at: 1_000, bytes: 100) == 0)
        _ = replay.send(id(11), at: 1_000, bytes: 100)
        #expect(replay.wait(at: 1_000, bytes: 100) == 100)
    }

    @Test func noMoreThanTheWindowIsUnderWay() {
        var replay = Replay(limits: .init(window: 2), at: 0)
        let first = replay.send(id(1), at: 0, bytes: 100)
        _ = replay.send(id(2), at: 0, bytes: 100)
        #expect(replay.wait(at: 0, bytes: 100) == nil)
        _ = replay.settled([(first, .confirmed)], at: 1)
        #expect(replay.wait(at: 1, bytes: 100) == 0)
    }

    @Test func largeBodiesFillTheWindowBeforeTheirNumberDoes() {
        var replay = Replay(limits: .init(windowBytes: 1_000), at: 0)
        #expect(replay.wait(at: 0, bytes: 600) == 0)
        let first = replay.send(id(1), at: 0, bytes: 600)
        #expect(replay.wait(at: 0, bytes: 401) == nil)
        #expect(replay.wait(at: 0, bytes: 400) == 0)
        let second = replay.send(id(2), at: 0, bytes: 400)
        #expect(replay.wait(at: 0, bytes: 1) == nil)
        _ = replay.settled([(first, .returned)], at: 1)
        #expect(replay.wait(at: 1, bytes: 600) == 0)
        // One that is larger than the window goes alone.
        #expect(replay.wait(at: 1, bytes: 5_000) == nil)
        _ = replay.settled([(second, .confirmed)], at: 2)
        #expect(replay.wait(at: 2, bytes: 5_000) == 0)
        _ = replay.send(id(3), at: 2, bytes: 5_000)
        #expect(replay.wait(at: 2, bytes: 0) == nil)
    }

    @Test func aBrokerThatGivesEverythingBackEndsTheRun() {
        var replay = Replay(limits: .init(mostReturned: 3), at: 0)
        let tokens = (1...3).map { replay.send(id($0), at: 0, bytes: 100) }
        #expect(replay.settled(tokens.prefix(2).map { ($0, .returned) }, at: 1) == [])
        #expect(!replay.isStopping)
        #expect(replay.settled([(tokens[2], .returned)], at: 2) == [])
        #expect(replay.isStopping)
        #expect(replay.end(planned: 10).returned == 3)
        #expect(replay.tally.left == 7)
    }

    @Test func lettersThatAreTooLargeKeepNoneBehindThemWaiting() {
        var replay = Replay(limits: .init(mostReturned: 3), at: 0)
        let tokens = (1...9).map { replay.send(id($0), at: 0, bytes: 100) }
        #expect(replay.settled(tokens.map { ($0, .tooLarge) }, at: 1) == [])
        #expect(!replay.isStopping && !replay.hasGivenUp)
        #expect(replay.end(planned: 10).returned == 9 && replay.tally.left == 1)
    }

    @Test func aSilentBrokerIsGivenUp() {
        var replay = Replay(limits: .init(answerMilliseconds: 30_000), at: 0)
        #expect(!replay.isOverdue(at: 100_000))
        let token = replay.send(id(1), at: 100_000, bytes: 100)
        #expect(!replay.isOverdue(at: 129_999))
        #expect(replay.isOverdue(at: 130_000))
        _ = replay.settled([(token, .confirmed)], at: 130_000)
        #expect(!replay.isOverdue(at: 200_000))
    }

    @Test func whatWasUnderWayAtTheEndIsLeft() {
        var replay = Replay(limits: .init(), at: 0)
        _ = replay.send(id(1), at: 0, bytes: 100)
        let token = replay.send(id(2), at: 0, bytes: 100)
        #expect(replay.settled([(token, .confirmed)], at: 1).count == 1)
        replay.recorded(1)
        let tally = replay.end(planned: 5)
        #expect(tally.replayed == 1 && tally.left == 4 && tally.total == 5)
    }
}
