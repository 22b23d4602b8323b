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
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0)) == ["record 1 through 0"])
        #expect(pipeline.say(.arrived([Scene.arrival(2, tag: 2)], generation: 0)) == [])
        #expect(pipeline.say(.arrived([Scene.arrival(3, tag: 3)], generation: 0)) == [])
        #expect(pipeline.say(.recorded(firstIndex: 0)) == ["publish event 0", "record 2 through 0"])
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
        #expect(pipeline.say(.tick, at: 600) == ["resumed", "open consumer 1", "publish event 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == [])
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
        #expect(pipeline.say(.arrived(both, generation: 1)) == ["record 1 through 0"])
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)])) == ["ack 1"])
        #expect(pipeline.say(.arrived([Scene.arrival(9, tag: 9)], generation: 0)) == [])
    }

    @Test func aFullDiskPausesAndLosesNothing() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 0))
        #expect(pipeline.say(.notWritable) == ["close consumer", "paused notWritable"])
        #expect(pipeline.say(.tick, at: 600) == ["resumed", "open consumer 1"])
        #expect(pipeline.say(.consumerOpened(generation: 1)) == [])
        #expect(pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 1)) == ["record 1 through 0"])
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
        #expect(pipeline.say(.publisherOpened, at: 30_700) == ["open consumer 1", "publish event 0"])
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

    @Test func aMarkThatCannotBeWrittenPausesAsARecordDoes() {
        var pipeline = Scene.consuming()
        #expect(pipeline.say(.notWritable) == ["close consumer", "paused notWritable"])
    }
}

/// What the tests' transcripts are made of.
enum Scene {
    static func consuming(killSwitch: KillSwitch = KillSwitch()) -> Pipeline {
        var pipeline = opening(killSwitch: killSwitch)
        #expect(pipeline.say(.consumerOpened(generation: 0)) == [])
        return pipeline
    }

    /// The broker has not yet answered that there is a consumer.
    static func opening(killSwitch: KillSwitch = KillSwitch()) -> Pipeline {
        var pipeline = Pipeline(index: DuplicateIndex(), recordCount: 0, backlog: [], killSwitch: killSwitch)
        #expect(pipeline.say(.started) == ["open publisher"])
        #expect(pipeline.say(.publisherOpened) == ["open consumer 0"])
        return pipeline
    }

    static func outcome(_ number: Int, revision: Int = 1, content: String = "same") -> Outcome {
        let request = Request(
            requestID: "00000000-0000-4000-8000-00000000000\(number)", revision: revision,
            receivedBy: .init(agency: "elsewhere"), receipt: .init(channel: .fax), form: .init(kind: .i247A))
        let now = Moment(secondsSinceEpoch: 0)
        return Outcome(
            request: request, decision: nil,
            date: RequestDate(date: CivilDate(year: 2025, month: 1, day: 2)!, basis: .recorded),
            pseudonyms: Pseudonyms(keyID: "test"), contentKey: content, recordedAt: now, traceparent: nil,
            jurisdiction: "boston")
    }

    static func arrival(_ number: Int, revision: Int = 1, content: String = "same", tag: UInt64) -> Arrival {
        Arrival(
            tag: tag, verdict: .entry(.outcome(outcome(number, revision: revision, content: content))),
            conflictLetter: { letter(.conflictingDuplicate) })
    }

    static func dead(tag: UInt64) -> Arrival {
        Arrival(tag: tag, verdict: .dead(letter(.malformedJSON)), conflictLetter: { letter(.conflictingDuplicate) })
    }

    static func undecidable(tag: UInt64) -> Arrival {
        Arrival(tag: tag, verdict: .dead(letter(.undecidable)), conflictLetter: { letter(.conflictingDuplicate) })
    }

    static func letter(_ reason: DeadLetterReason) -> DeadLetter {
        DeadLetter(
            reason: reason, detail: "", deadAt: "", attempts: 1, worker: "w", exchange: "", routingKey: "",
            envelope: .object([]), body: [])
    }
}

extension Pipeline {
    /// Feeds one event and tells the actions in words.
    mutating func say(_ event: Event, at now: Int64 = 0) -> [String] {
        handle(event, at: now).map { action in
            switch action {
            case .openPublisher: "open publisher"
            case .closePublisher: "close publisher"
            case .openConsumer(let generation): "open consumer \(generation)"
            case .stopConsuming: "stop consuming"
            case .closeConsumer: "close consumer"
            case .record(let outcomes, let through): "record \(outcomes.count) through \(through)"
            case .publish(let publishings): "publish " + publishings.map(\.words).joined(separator: ", ")
            case .acknowledge(let tag, _): "ack \(tag)"
            case .reply(let replies): "reply " + replies.map(\.words).joined(separator: ", ")
            case .paused(let reason, _): "paused \(reason)"
            case .resumed: "resumed"
            case .diskIsSlow: "disk is slow"
            case .finish(let through): "finish through \(through)"
            case .fail(let failure): "fail \(failure)"
            }
        }
    }
}

extension Publishing {
    fileprivate var words: String {
        switch self {
        case .event(let token, _): "event \(token)"
        case .letter(_, let letter): "letter \(letter.reason.rawValue)"
        }
    }
}
