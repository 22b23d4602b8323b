import Testing

@testable import DeadLetters

/// When a collector stops waiting for letters that the queue said it has.
struct CollectorPatienceTests {
    @Test func aConnectionHasItsTimeToOpen() {
        for others in [0, 1] {
            let patience = CollectorPatience(others: others, at: 1_000)
            #expect(!patience.isOver(at: 41_000))
            #expect(patience.isOver(at: 41_001))
        }
    }

    @Test func whereNobodyElseConsumesTheBrokerIsOnlySlow() {
        var patience = CollectorPatience(others: 0, at: 0)
        patience.heard(at: 5_000)
        #expect(!patience.isOver(at: 65_000))
        #expect(patience.isOver(at: 65_001))
    }

    @Test func whatAnotherConsumerMayHaveIsNotAwaitedForLong() {
        var patience = CollectorPatience(others: 1, at: 0)
        patience.heard(at: 5_000)
        #expect(!patience.isOver(at: 15_000))
        #expect(patience.isOver(at: 15_001))
    }

    @Test func eachPartOfALetterIsASignOfMore() {
        var patience = CollectorPatience(others: 1, at: 0)
        for moment in stride(from: Int64(5_000), through: 95_000, by: 10_000) {
            #expect(!patience.isOver(at: moment))
            patience.heard(at: moment)
        }
        #expect(!patience.isOver(at: 105_000))
        #expect(patience.isOver(at: 105_001))
    }
}
