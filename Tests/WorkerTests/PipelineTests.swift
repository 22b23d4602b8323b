import Detainers
import Testing

@testable import Worker

/// Each test is a transcript: an event, then the actions it called for.
struct PipelineTests {
    @Test func recordsThenAnnouncesThenSettles() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
        #expect(pipeline.isIdle)
        #expect(pipeline.announcedThrough == 1)
    }

    @Test func whatArrivesWhileTheDiskIsBusyFormsTheNextBatch() {
        var pipeline = Scene.consuming()
        pipeline.limits.fit(prefetch: 4)
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0)) == [])
        #expect(pipeline.say(.arrived([Scene.arrival(3, tag: 3)], generation: 0)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0", "record 2 through 0"])
    }

    @Test func whileEventsAreUnconfirmedAFewRecordsWaitAndManyDoNot() {
        var pipeline = Scene.consuming()
        pipeline.limits.fit(prefetch: 6)
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0"])
        // Each batch costs a sync and a burst: two records are not worth them yet.
        #expect(pipeline.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0)) == [])
        #expect(pipeline.say(.arrived([Scene.arrival(3, tag: 3)], generation: 0)) == [])
        // Three are.
        #expect(pipeline.say(.arrived([Scene.arrival(4, tag: 4)], generation: 0)) == ["record 3 through 0"])
        #expect(pipeline.say(.arrived([Scene.arrival(5, tag: 5)], generation: 0)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 1)) == ["publish event 1, event 2, event 3"])
        // The last confirm is what a few wait for.
        let some = [1, 2].map { Publishing.Settled(token: $0, result: .confirmed) }
        #expect(pipeline.say(.published(some)) == [])
        let rest = [0, 3].map { Publishing.Settled(token: $0, result: .confirmed) }
        #expect(pipeline.say(.published(rest)) == ["ack 4", "record 1 through 4"])
    }

    @Test(arguments: [(1, 1), (2, 1), (10, 5), (512, 256), (10_000, 256)])
    func halfOfThePrefetchIsABatch(prefetch: UInt16, records: Int) {
        var limits = Pipeline.Limits()
        limits.fit(prefetch: prefetch)
        #expect(limits.batchRecords == records)
    }

    @Test func whatWaitsForConfirmsIsFinishedAtAStopAndGivenBackAfterALoss() {
        var stopped = Scene.consuming()
        _ = stopped.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = stopped.say(.recorded(firstIndex: 0))
        #expect(stopped.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0)) == [])
        var lost = stopped
        #expect(stopped.say(.stopRequested) == ["stop consuming", "record 1 through 0"])
        #expect(stopped.say(.consumerCancelled(generation: 0, byBroker: false)) == [])
        #expect(stopped.say(.recorded(firstIndex: 1)) == ["publish event 1"])
        #expect(stopped.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
        #expect(stopped.say(.published([.init(token: 1, result: .confirmed)])) == ["ack 2", "finish through 2"])
        // Nothing of it was written, and so it is the broker's still.
        #expect(lost.say(.publisherLost()) == ["close consumer", "paused publisherLost"])
        #expect(!lost.hasUnwrittenOutcomes)
    }

    @Test func oneAcknowledgementCoversARunAndNeverSkipsAnUnfinishedDelivery() {
        var pipeline = Scene.consuming()
        let three = [Scene.arrival(1, tag: 1), Scene.arrival(2, tag: 2), Scene.arrival(3, tag: 3)]
        #expect(pipeline.say(.arrived(three, generation: 0)) == ["record 3 through 0"])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0, event 1, event 2"])
        #expect(pipeline.say(.published([.init(token: 1, result: .confirmed)])) == [])
        #expect(pipeline.announcedThrough == 0)
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 2"])
        #expect(pipeline.announcedThrough == 2)
        #expect(pipeline.say(.published([.init(token: 2, result: .confirmed)])) == ["ack 3"])
    }

    @Test func quietItSettlesWhatIsInHandAndTakesNothingUntilItIsToldTo() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.quietRequested) == ["stop consuming"])
        #expect(pipeline.say(.quietRequested) == [])
        #expect(!pipeline.isConsuming && pipeline.isQuiet)
        // What was under way when it was told.
        #expect(pipeline.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0)) == [])
        #expect(pipeline.say(.consumerCancelled(generation: 0, byBroker: false)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0", "record 1 through 0"])
        #expect(pipeline.say(.recorded(firstIndex: 1)) == ["publish event 1"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
        #expect(pipeline.say(.published([.init(token: 1, result: .confirmed)])) == ["ack 2"])
        #expect(pipeline.say(.tick, at: 100) == ["close consumer"])
        #expect(pipeline.say(.tick, at: 60_000) == [])
        #expect(pipeline.say(.resumeRequested) == ["open consumer 1"])
        #expect(pipeline.say(.consumerOpened(generation: 1)) == [] && pipeline.isConsuming)
    }

    @Test func resumedBeforeItIsQuietItFinishesFirst() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.quietRequested) == ["stop consuming"])
        #expect(pipeline.say(.resumeRequested) == [])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
        #expect(
            pipeline.say(.consumerCancelled(generation: 0, byBroker: false)) == ["close consumer", "open consumer 1"])
    }

    @Test func quietItComesBackFromAFaultWithoutTaking() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.quietRequested) == ["stop consuming"])
        #expect(pipeline.say(.consumerCancelled(generation: 0, byBroker: false)) == ["close consumer"])
        #expect(pipeline.say(.publisherLost(), at: 200) == ["paused publisherLost"])
        #expect(pipeline.say(.tick, at: 800) == ["resumed", "open publisher"])
        #expect(pipeline.say(.publisherOpened, at: 900) == [])
        #expect(pipeline.say(.stopRequested, at: 1_000) == ["finish through 0"])
    }

    @Test func aRepeatWaitsForItsOriginalWhereverThatIs() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 2)], generation: 0)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0"])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 3)], generation: 0)) == [])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 3"])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 4)], generation: 0)) == ["ack 4"])
    }

    @Test func anotherContentUnderTheSameRevisionIsADeadLetterAndASupplementIsNot() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = pipeline.say(.recorded(firstIndex: 0))
        _ = pipeline.say(.published([.init(token: 0, result: .confirmed)]))
        let other = Scene.arrival(1, content: "other", tag: 2)
        #expect(pipeline.say(.arrived([other], generation: 0)) == ["publish letter conflicting-duplicate"])
        let supplement = Scene.arrival(1, revision: 2, content: "other", tag: 3)
        #expect(pipeline.say(.arrived([supplement], generation: 0)) == ["record 1 through 1"])
    }

    @Test func aDeadLetterIsConfirmedBeforeItsOriginalIsSettled() throws {
        var pipeline = Scene.consuming()
        let actions = pipeline.handle(.arrived([Scene.dead(tag: 1)], generation: 0), at: 0)
        guard case .publish(let publishings) = actions.first, case .letter(let token, _) = publishings.first else {
            Issue.record("no letter was published")
            return
        }
        #expect(!pipeline.isIdle)
        #expect(pipeline.say(.published([.init(token: token, result: .confirmed)])) == ["ack 1"])
    }

    @Test func anUnroutableEventPausesAndIsAnnouncedAgain() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = pipeline.say(.recorded(firstIndex: 0))
        #expect(
            pipeline.say(.published([.init(token: 0, result: .returned)])) == ["close consumer", "paused unroutable"])
        #expect(pipeline.say(.tick, at: 400) == [])
        // It takes messages again when the broker has shown that it confirms.
        #expect(pipeline.say(.tick, at: 600) == ["resumed", "publish event 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["open consumer 1"])
        #expect(pipeline.announcedThrough == 1)
    }

    @Test func aLostConsumerGivesBackWhatIsNotRecordedAndNeverSettlesAnOldTag() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = pipeline.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0))
        #expect(pipeline.say(.consumerLost(generation: 0)) == ["paused consumerLost"])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == [])
        #expect(pipeline.say(.tick, at: 600) == ["resumed", "open consumer 1", "publish event 0"])
        #expect(pipeline.say(.consumerOpened(generation: 1)) == [])
        let both = [Scene.arrival(1, tag: 1), Scene.arrival(2, tag: 2)]
        #expect(pipeline.say(.arrived(both, generation: 1)) == [])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1", "record 1 through 1"])
        #expect(pipeline.say(.arrived([Scene.arrival(9, tag: 9)], generation: 0)) == [])
    }

    @Test func aFullDiskPausesAndLosesNothing() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        #expect(pipeline.say(.notRecorded) == ["close consumer", "paused notWritable"])
        #expect(pipeline.say(.tick, at: 600) == ["probe"])
        #expect(pipeline.say(.writable, at: 700) == ["resumed", "open consumer 1"])
        #expect(pipeline.say(.consumerOpened(generation: 1)) == [])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 1)) == ["record 1 through 0"])
    }

    @Test func aDiskThatStaysFullTakesNoMessages() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.notWritable) == ["close consumer", "paused notWritable"])
        #expect(pipeline.say(.tick, at: 500) == ["probe"])
        #expect(pipeline.say(.tick, at: 600) == [])
        #expect(pipeline.say(.notWritable, at: 700) == ["paused notWritable"])
        #expect(pipeline.say(.tick, at: 1_600) == [] && !pipeline.isConsuming)
        #expect(pipeline.say(.tick, at: 1_700) == ["probe"])
        #expect(pipeline.say(.writable, at: 1_800) == ["resumed", "open consumer 1"])
        // Another probe's answer.
        #expect(pipeline.say(.writable, at: 1_900) == [])
    }

    @Test func whatElseCannotBeWrittenDoesNotSpeakForTheBatchUnderWay() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.notWritable) == ["close consumer", "paused notWritable"])
        // There was room for the batch.
        #expect(pipeline.say(.recorded(firstIndex: 0)) == [])
        #expect(pipeline.say(.tick, at: 500) == ["probe"])
        #expect(pipeline.say(.writable, at: 600) == ["resumed", "open consumer 1", "publish event 0"])
        #expect(pipeline.say(.consumerOpened(generation: 1)) == [])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 1)) == [])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
    }

    @Test func aCancelledConsumerIsNoticed() {
        var pipeline = Scene.consuming()
        #expect(
            pipeline.say(.consumerCancelled(generation: 0, byBroker: true))
                == ["close consumer", "paused cancelledByBroker"])
    }

    @Test func aConfirmThatNeverComesClosesThePublisherAndAnnouncesAgain() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = pipeline.say(.recorded(firstIndex: 0))
        #expect(pipeline.say(.tick, at: 29_999) == [])
        #expect(
            pipeline.say(.tick, at: 30_000) == ["close publisher", "close consumer", "paused confirmNeverCame"])
        #expect(pipeline.say(.tick, at: 30_600) == ["resumed", "open publisher"])
        #expect(pipeline.say(.publisherOpened, at: 30_700) == ["publish event 0"])
        #expect(!pipeline.isConsuming)
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["open consumer 1"])
    }

    @Test func whileTheBrokerIsBlockedNoConfirmIsLate() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = pipeline.say(.recorded(firstIndex: 0))
        #expect(pipeline.say(.blocked, at: 100) == ["close consumer", "paused blocked"])
        #expect(pipeline.say(.unblocked, at: 60_000) == [])
        #expect(pipeline.say(.tick, at: 60_100) == ["resumed", "open consumer 1"])
        #expect(pipeline.say(.tick, at: 89_999) == [])
        #expect(
            pipeline.say(.tick, at: 90_000) == ["close publisher", "close consumer", "paused confirmNeverCame"])
    }

    @Test func aFaultLongPastDoesNotLengthenTheNextPause() {
        var pipeline = Scene.consuming()
        for number in 0..<5 {
            _ = pipeline.handle(.consumerLost(generation: number), at: 0)
            _ = pipeline.say(.tick, at: 20_000)
            _ = pipeline.say(.consumerOpened(generation: number + 1))
        }
        let long = pipeline.handle(.consumerLost(generation: 5), at: 20_000)
        #expect(long == [.paused(.consumerLost, milliseconds: 15_000)])
        _ = pipeline.say(.tick, at: 40_000)
        _ = pipeline.say(.consumerOpened(generation: 6))
        _ = pipeline.say(.tick, at: 41_000)
        _ = pipeline.say(.tick, at: 56_000)
        let short = pipeline.handle(.consumerLost(generation: 6), at: 56_000)
        #expect(short == [.paused(.consumerLost, milliseconds: 500)])
    }

    @Test func theBacklogIsAnnouncedBeforeAnythingIsConsumed() {
        let backlog = [
            Announcement(index: 4, entry: .outcome(Scene.outcome(1))),
            Announcement(index: 5, entry: .outcome(Scene.outcome(2))),
        ]
        var pipeline = Pipeline(index: DuplicateIndex(), recordCount: 6, backlog: backlog)
        #expect(pipeline.say(.started) == ["open publisher"])
        #expect(pipeline.say(.publisherOpened) == ["publish event 4, event 5"])
        #expect(pipeline.say(.published([.init(token: 4, result: .confirmed)])) == [])
        #expect(pipeline.say(.published([.init(token: 5, result: .confirmed)])) == ["open consumer 0"])
    }

    @Test func stopFinishesWhatIsInHandAndWhatIsUnderWay() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        #expect(pipeline.say(.stopRequested) == ["stop consuming"])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
        // The broker had sent this before it heard of the stop; given back, it would count as delivered before.
        #expect(pipeline.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0)) == ["record 1 through 1"])
        #expect(pipeline.say(.consumerCancelled(generation: 0, byBroker: false)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 1)) == ["publish event 1"])
        #expect(pipeline.say(.published([.init(token: 1, result: .confirmed)])) == ["ack 2", "finish through 2"])
    }

    @Test func toldToStopWhileItSubscribesItFinishesWhatComesWithThat() {
        var pipeline = Scene.opening()
        #expect(pipeline.say(.stopRequested) == [])
        // Closed now, all that the broker sends with its answer would come again as delivered before.
        #expect(pipeline.say(.consumerOpened(generation: 0)) == ["stop consuming"])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.consumerCancelled(generation: 0, byBroker: false)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1", "finish through 1"])
    }

    @Test func toldToStopWhileItSubscribesItLeavesWhereNoAnswerComes() {
        var pipeline = Scene.opening()
        #expect(pipeline.say(.stopRequested, at: 1_000) == [])
        #expect(pipeline.say(.tick, at: 30_999) == [])
        #expect(pipeline.say(.tick, at: 31_000) == ["finish through 0"])
        pipeline = Scene.opening()
        #expect(pipeline.say(.stopRequested) == [])
        #expect(pipeline.say(.consumerLost(generation: 0)) == ["paused consumerLost", "finish through 0"])
    }

    @Test func toldToBeQuietWhileItSubscribesItFinishesWhatComesWithThat() {
        var pipeline = Scene.opening()
        #expect(pipeline.say(.quietRequested) == [])
        #expect(pipeline.say(.consumerOpened(generation: 0)) == ["stop consuming"])
        #expect(pipeline.say(.consumerCancelled(generation: 0, byBroker: false)) == ["close consumer"])
        pipeline = Scene.opening()
        #expect(pipeline.say(.quietRequested) == [])
        #expect(pipeline.say(.resumeRequested) == [])
        #expect(pipeline.say(.consumerOpened(generation: 0)) == [] && pipeline.isConsuming)
    }

    @Test func stopLeavesAtItsDeadlineWhenBlocked() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        _ = pipeline.say(.recorded(firstIndex: 0))
        #expect(pipeline.say(.blocked) == ["close consumer", "paused blocked"])
        #expect(pipeline.say(.stopRequested, at: 1_000) == [])
        #expect(pipeline.say(.tick, at: 30_999) == [])
        #expect(pipeline.say(.tick, at: 31_000) == ["finish through 0"])
    }

    @Test func stopLeavesAtItsDeadlineAWriteThatIsUnderWayToTheEndOfTheLedger() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.stopRequested) == ["stop consuming"])
        let late = [Scene.arrival(1, tag: 1), Scene.arrival(2, tag: 2)]
        #expect(pipeline.say(.arrived(late, generation: 0), at: 29_900) == ["record 2 through 0"])
        #expect(pipeline.say(.tick, at: 29_999) == [])
        // Neither of the two is announced: the next start does it.
        #expect(pipeline.say(.tick, at: 30_000) == ["finish through 0"])
        #expect(pipeline.say(.recorded(firstIndex: 0), at: 30_001) == [])
    }

    @Test func stopFailsAtItsDeadlineWhereTheDiskHadItsWholeTime() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        #expect(pipeline.say(.stopRequested, at: 30_000) == ["stop consuming"])
        let cancelled = Pipeline.Event.consumerCancelled(generation: 0, byBroker: false)
        #expect(pipeline.say(cancelled, at: 60_000) == ["fail diskHangs"])
    }

    @Test func aDiskThatHangsIsAFailure() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        #expect(pipeline.say(.tick, at: 9_999) == [])
        #expect(pipeline.isConsuming)
        #expect(pipeline.say(.tick, at: 10_000) == ["disk is slow"])
        #expect(!pipeline.isConsuming)
        #expect(pipeline.say(.tick, at: 59_999) == [])
        #expect(pipeline.say(.tick, at: 60_000) == ["fail diskHangs"])
    }

    @Test func aSlowDiskThatAnswersIsReadyAgain() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        #expect(pipeline.say(.tick, at: 10_000) == ["disk is slow"])
        #expect(pipeline.say(.recorded(firstIndex: 0), at: 11_000) == ["publish event 0"])
        #expect(pipeline.isConsuming)
    }

    @Test func aRefusalIsTriedAgainSlowlyAndAnyOtherLossSoon() {
        var pipeline = Pipeline(index: DuplicateIndex(), recordCount: 0, backlog: [])
        _ = pipeline.say(.started)
        #expect(pipeline.say(.publisherLost(.refused), at: 0) == ["paused refused"])
        #expect(pipeline.say(.tick, at: 59_999) == [])
        #expect(pipeline.say(.tick, at: 60_000) == ["resumed", "open publisher"])
        #expect(pipeline.say(.publisherLost(), at: 60_100) == ["paused publisherLost"])
        #expect(pipeline.say(.tick, at: 61_100) == ["resumed", "open publisher"])
    }

    @Test func whatIsNotThereIsNamedAndTriedAgain() {
        var pipeline = Scene.consuming()
        #expect(
            pipeline.say(.consumerCancelled(generation: 0, byBroker: true))
                == ["close consumer", "paused cancelledByBroker"])
        #expect(pipeline.say(.tick, at: 600) == ["resumed", "open consumer 1"])
        #expect(pipeline.say(.consumerLost(generation: 1, .missing), at: 700) == ["paused missing"])
        #expect(pipeline.say(.tick, at: 1_700) == ["resumed", "open consumer 2"])
    }

    @Test func aMarkThatCannotBeWrittenPausesAsARecordDoes() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.notWritable) == ["close consumer", "paused notWritable"])
    }
}
