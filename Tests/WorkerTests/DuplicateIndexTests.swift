import Detainers
import Ledger
import Testing

@testable import Worker

/// What is remembered and what is asked of the runs of sealed segments.
struct DuplicateIndexTests {
    private func recorded(_ number: Int, _ before: RecordedBefore, tag: UInt64) -> Arrival {
        var arrival = Scene.arrival(number, tag: tag)
        arrival.recordedBefore = before
        return arrival
    }

    @Test func whatASealedSegmentHoldsIsSettledAtOnceOrBecomesALetter() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([recorded(1, .same, tag: 1)], generation: 0)) == ["ack 1"])
        #expect(
            pipeline.say(.arrived([recorded(1, .other, tag: 2)], generation: 0))
                == ["publish letter conflicting-duplicate"])
        #expect(pipeline.say(.arrived([recorded(1, .no, tag: 3)], generation: 0)) == ["record 1 through 0"])
    }

    @Test func whatIsFiledIsForgottenOnceItIsAnnounced() {
        var pipeline = Scene.consuming()
        #expect(
            pipeline.say(.arrived([Scene.arrival(1, tag: 1), Scene.arrival(2, tag: 2)], generation: 0))
                == ["record 2 through 0"])
        // Sealed and filed before the pipeline hears that it was recorded.
        #expect(pipeline.say(.filed(below: 2)) == [])
        #expect(pipeline.index.count == 2)
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0, event 1"])
        #expect(pipeline.say(.published([.init(token: 1, result: .confirmed)])) == [])
        #expect(pipeline.index.count == 1)
        // Not announced: a repeat waits for its original, whatever a run says.
        #expect(pipeline.say(.arrived([recorded(1, .same, tag: 3)], generation: 0)) == [])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 3"])
        #expect(pipeline.index.count == 0)
        #expect(pipeline.say(.arrived([recorded(1, .same, tag: 4)], generation: 0)) == ["ack 4"])
    }

    @Test func whatIsNotFiledStaysAndFilingNeverGoesBack() {
        var index = DuplicateIndex()
        for number in 1...4 {
            index.load(
                Scene.key(number), contentKey: "same", record: UInt64(number),
                isAnnounced: number != 2)
        }
        index.filed(below: 4)
        #expect(index.count == 2)
        index.filed(below: 1)
        func look(_ number: Int, _ content: String = "same") -> DuplicateIndex.Look {
            index.look(Scene.key(number), contentKey: content)
        }
        #expect(look(1) == .unknown && look(2) == .pending && look(3) == .unknown && look(4) == .announced)
        #expect(look(4, "other") == .conflict)
        index.announced(Scene.key(2))
        #expect(look(2) == .unknown && index.count == 1)
    }

    @Test func aBatchThatWasNotWrittenIsForgotten() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.notRecorded) == ["close consumer", "paused notWritable"])
        #expect(pipeline.index.count == 0)
    }
}
