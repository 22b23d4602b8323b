import Testing

@testable import Worker

/// Read as a transcript: what happens, and what is done about it.
struct PolicyTurnoverTests {
    private func words(_ action: PolicyTurnover<String>.Action?) -> String {
        switch action {
        case .takeOver(let load): "take over \(load)"
        case .record(let load): "record \(load)"
        case nil: "nothing"
        }
    }

    @Test func policiesTakeOverBetweenTwoBatchesAndOnce() {
        var turnover = PolicyTurnover<String>()
        #expect(words(turnover.advance(isBetweenBatches: true, at: 0)) == "nothing")
        turnover.kept("B")
        #expect(words(turnover.advance(isBetweenBatches: false, at: 0)) == "nothing")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 1)) == "take over B")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 2)) == "nothing")
    }

    @Test func ofTwoThatWaitTheLaterTakesOver() {
        var turnover = PolicyTurnover<String>()
        turnover.kept("B")
        turnover.kept("C")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 0)) == "take over C")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 0)) == "nothing")
    }

    @Test func aRecordThatADiskHadNoRoomForIsWrittenLater() {
        var turnover = PolicyTurnover<String>()
        turnover.kept("B")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 0)) == "take over B")
        turnover.notWritable("B", at: 10)
        #expect(words(turnover.advance(isBetweenBatches: false, at: 5_009)) == "nothing")
        #expect(words(turnover.advance(isBetweenBatches: false, at: 5_010)) == "record B")
        #expect(words(turnover.advance(isBetweenBatches: false, at: 20_000)) == "nothing")
    }

    @Test func aNewerLoadNeedsNoRecordOfTheOlder() {
        var turnover = PolicyTurnover<String>()
        turnover.notWritable("B", at: 0)
        turnover.kept("C")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 5_000)) == "take over C")
        #expect(words(turnover.advance(isBetweenBatches: true, at: 6_000)) == "nothing")
    }
}
