import Detainers
import Ledger
import Testing

@testable import Worker

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

    static func key(_ number: Int) -> EntryKey { EntryKey(.request(outcome(number).identity)) }

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
            case .takeOneAtATime: "take one at a time"
            case .record(let outcomes, let through): "record \(outcomes.count) through \(through)"
            case .publish(let publishings): "publish " + publishings.map(\.words).joined(separator: ", ")
            case .acknowledge(let tag, _): "ack \(tag)"
            case .reply(let replies): "reply " + replies.map(\.words).joined(separator: ", ")
            case .paused(let reason, _): "paused \(reason)"
            case .resumed: "resumed"
            case .probe: "probe"
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
