import Detainers
import Foundation
import Testing

@testable import Worker

/// When a worker stops turning a backlog into dead letters by a fault of its own.
struct KillSwitchTests {
    /// Each is another message.
    private func dead(_ reason: DeadLetterReason, _ body: [UInt8] = Array(UUID().uuidString.utf8)) -> Verdict {
        var letter = Scene.letter(reason)
        letter.body = body
        return .dead(letter)
    }

    @Test func aMessageThatComesAgainAndAgainCountsOnce() {
        var killSwitch = KillSwitch(limits)
        for _ in 1...100 { killSwitch.take(dead(.undecidable, [1])) }
        #expect(!killSwitch.isTripped)
    }

    private let limits = KillSwitch.Limits(window: 10, minimum: 4, percent: 50)

    @Test func halfOfTheLastMessagesUndecidableTripsIt() {
        var killSwitch = KillSwitch(limits)
        for number in 1...4 { killSwitch.take(Scene.arrival(number, tag: 1).verdict) }
        for _ in 1...3 { killSwitch.take(dead(.undecidable)) }
        #expect(!killSwitch.isTripped)
        killSwitch.take(dead(.unsupportedVersion))
        #expect(killSwitch.isTripped)
        // Only a person resets it.
        for number in 1...20 { killSwitch.take(Scene.arrival(number, tag: 1).verdict) }
        #expect(killSwitch.isTripped)
        killSwitch.reset()
        #expect(!killSwitch.isTripped)
    }

    @Test func fewMessagesSayNothing() {
        var killSwitch = KillSwitch(limits)
        for _ in 1...3 { killSwitch.take(dead(.undecidable)) }
        #expect(!killSwitch.isTripped)
        killSwitch.take(dead(.undecidable))
        #expect(killSwitch.isTripped)
    }

    @Test func garbageOfASenderNeverTripsIt() {
        var killSwitch = KillSwitch(limits)
        let garbage = DeadLetterReason.allCases.filter { $0 != .undecidable && $0 != .unsupportedVersion }
        #expect(garbage.count == DeadLetterReason.allCases.count - 2)
        for _ in 1...1_000 { for reason in garbage { killSwitch.take(dead(reason)) } }
        #expect(!killSwitch.isTripped)
        // Nor does it hide a fault of ours among it.
        for _ in 1...4 {
            killSwitch.take(dead(.malformedJSON))
            killSwitch.take(dead(.undecidable))
        }
        #expect(killSwitch.isTripped)
    }

    @Test func whatIsOlderThanTheWindowIsForgotten() {
        var killSwitch = KillSwitch(limits)
        for round in 1...3 {
            for number in 1...10 { killSwitch.take(Scene.arrival(round * 100 + number, tag: 1).verdict) }
            for _ in 1...4 { killSwitch.take(dead(.undecidable)) }
            #expect(!killSwitch.isTripped)
        }
    }

    @Test func above100PercentItNeverTrips() {
        var killSwitch = KillSwitch(.init(window: 10, minimum: 1, percent: 101))
        for _ in 1...100 { killSwitch.take(dead(.undecidable)) }
        #expect(!killSwitch.isTripped)
    }

    @Test func theBatchThatTripsItGoesBackAndNoLetterIsSent() {
        var pipeline = Scene.consuming(killSwitch: KillSwitch(.init(window: 10, minimum: 2, percent: 50)))
        #expect(
            pipeline.say(.arrived([Scene.arrival(1, tag: 1), Scene.undecidable(tag: 2)], generation: 0))
                == ["close consumer", "paused killSwitch"])
        #expect(pipeline.pauseReason == .killSwitch)
        #expect(pipeline.isIdle)
        // Neither time nor another fault ends it.
        #expect(pipeline.say(.tick, at: 10_000_000) == [])
        #expect(pipeline.say(.publisherLost(), at: 10_000_001) == [])
        #expect(pipeline.say(.tick, at: 20_000_000) == [])
        #expect(pipeline.pauseReason == .killSwitch)
        #expect(pipeline.say(.policiesTookOver, at: 20_000_001) == ["resumed", "open publisher"])
        #expect(pipeline.pauseReason == nil)
    }

    @Test func policiesThatTakeOverInOrderChangeNothing() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.policiesTookOver) == [])
    }
}
