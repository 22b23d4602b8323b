import Detainers
import Testing

@testable import Worker

/// What a worker does where the letter itself cannot be published.
struct LetterFaultTests {
    /// What came with it goes back each time: were it many messages each time, the broker would give them up.
    @Test(arguments: [Publishing.Settled.Result.returned, .nacked])
    func aLetterThatCannotBePublishedIsTriedAgainByItself(result: Publishing.Settled.Result) {
        var pipeline = Scene.consuming()
        let actions = pipeline.handle(.arrived([Scene.dead(tag: 1)], generation: 0), at: 0)
        guard case .publish(let publishings) = actions.first, case .letter(let token, _) = publishings.first else {
            Issue.record("no letter was published")
            return
        }
        let reason = result == .nacked ? "nacked" : "unroutable"
        #expect(
            pipeline.say(.published([.init(token: token, result: result)]))
                == ["close consumer", "take one at a time", "paused \(reason)"])
        #expect(pipeline.say(.tick, at: 600) == ["resumed", "open consumer 1"])
    }

    @Test func aLetterThatIsNeverConfirmedIsTriedAgainByItself() {
        for lost in [Pipeline.Event.publisherLost(), .tick] {
            var pipeline = Scene.consuming()
            _ = pipeline.say(.arrived([Scene.dead(tag: 1)], generation: 0))
            #expect(pipeline.say(lost, at: 40_000).contains("take one at a time"))
        }
        // What is not the publisher's fault is none of a letter's.
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.dead(tag: 1)], generation: 0))
        #expect(!pipeline.say(.blocked).contains("take one at a time"))
    }

    @Test func theNextConsumerIsAskedForOneAtATimeUntilAFreshMessageComes() {
        var quarantine = Quarantine<String>()
        quarantine.beCautious()
        #expect(quarantine.isCautious && !quarantine.passes(deliveries: 0))
        let turns: [(name: String, deliveries: Int, released: [String])] = [
            ("again", 1, ["release"]), ("fresh", 0, ["release", "widen"]),
        ]
        for (turn, candidate) in zip(1..., turns) {
            let (name, deliveries, released) = candidate
            #expect(
                quarantine.say([.init(item: name, message: { name }, deliveries: deliveries)])
                    == ["mark \(name) in turn \(turn)"])
            #expect(quarantine.say(marked: name, turn: turn) == ["examine \(name)"])
            #expect(quarantine.say(cleared: turn) == released)
        }
        #expect(!quarantine.isCautious)
    }
}
