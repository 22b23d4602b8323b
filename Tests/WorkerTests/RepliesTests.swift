import AMQPClient
import Testing

@testable import Detainers
@testable import Worker

/// What senders are told of their messages, and that nothing of it touches the way of the messages.
struct RepliesTests {
    private static let address = ReturnAddress(queue: "answers", correlationID: "c-1")

    private static func asking(_ arrival: Arrival, _ correlationID: String = "c-1") -> Arrival {
        var asking = arrival
        asking.returnAddress = ReturnAddress(queue: "answers", correlationID: correlationID)
        return asking
    }

    private static func reply(_ number: Int = 1, to queue: String = "answers") -> AddressedReply {
        AddressedReply(
            address: ReturnAddress(queue: queue, correlationID: "c-\(number)"), reply: .refused(.schema, detail: "d"))
    }

    /// Replies whose tokens are their numbers.
    private static func publish(_ numbers: ClosedRange<Int>) -> Replies.Action {
        .publish(numbers.map { (token: UInt64($0), reply: reply($0)) })
    }

    // MARK: - when

    @Test func aReplyComesWithTheAcknowledgementAndNeverBefore() {
        var pipeline = Scene.consuming()
        let batch = [Self.asking(Scene.arrival(1, tag: 1)), Scene.arrival(2, tag: 2)]
        #expect(pipeline.say(.arrived(batch, generation: 0)) == ["record 2 through 0"])
        #expect(pipeline.say(.recorded(firstIndex: 0)).first?.hasPrefix("publish") == true)
        #expect(pipeline.say(.published([.init(token: 1, result: .confirmed)])) == [])
        #expect(
            pipeline.say(.published([.init(token: 0, result: .confirmed)]))
                == ["ack 2", "reply c-1 recorded ...001 revision 1 at 0"])
    }

    @Test func aRepeatIsToldThatItIsOnRecordAndAConflictIsRefused() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Self.asking(Scene.arrival(1, tag: 1))], generation: 0))
        _ = pipeline.say(.recorded(firstIndex: 0))
        let first = pipeline.say(.published([.init(token: 0, result: .confirmed)]))
        #expect(first == ["ack 1", "reply c-1 recorded ...001 revision 1 at 0"])
        #expect(
            pipeline.say(.arrived([Self.asking(Scene.arrival(1, tag: 2))], generation: 0))
                == ["ack 2", "reply c-1 recorded ...001 revision 1"])
        let other = Self.asking(Scene.arrival(1, content: "other", tag: 3), "c-2")
        let published = pipeline.handle(.arrived([other], generation: 0), at: 0)
        guard case .publish(let publishings)? = published.first, case .letter(let token, _)? = publishings.first else {
            Issue.record("the conflict is a letter: \(published)")
            return
        }
        #expect(
            pipeline.say(.published([.init(token: token, result: .confirmed)]))
                == ["ack 3", "reply c-2 refused conflicting-duplicate"])
    }

    @Test func whatGoesBackToItsQueueIsNotTold() {
        var pipeline = Scene.consuming()
        _ = pipeline.say(.arrived([Self.asking(Scene.arrival(1, tag: 1))], generation: 0))
        #expect(pipeline.say(.notRecorded) == ["close consumer", "paused notWritable"])
        #expect(pipeline.say(.tick, at: 1_000) == ["probe"])
        #expect(pipeline.say(.writable, at: 1_000) == ["resumed", "open consumer 1"])
        #expect(pipeline.say(.consumerOpened(generation: 1), at: 1_000) == [])
        let again = pipeline.say(.arrived([Scene.arrival(1, tag: 1)], generation: 1), at: 1_000)
        #expect(again == ["record 1 through 0"])
        _ = pipeline.say(.recorded(firstIndex: 0), at: 1_000)
        #expect(pipeline.say(.published([.init(token: 0, result: .confirmed)]), at: 1_000) == ["ack 1"])
    }

    @Test func onlyWhoNamesBothAndCanShowToBeAPublisherIsTold() throws {
        func address(_ judge: Judge, _ queue: String?, _ correlation: String?) -> ReturnAddress? {
            let delivery = IntakeFormTests.delivery(IntakeFormTests.body) {
                ($0.replyTo, $0.correlationID) = (queue, correlation)
            }
            return judge.arrival(of: delivery, at: Moment(secondsSinceEpoch: 0)).returnAddress
        }
        let judge = try IntakeFormTests.judge()
        #expect(address(judge, "answers", "c-1") == Self.address)
        for (queue, correlation) in [("answers", nil), (nil, "c-1"), ("", "c-1"), ("answers", "")]
            as [(String?, String?)]
        {
            #expect(address(judge, queue, correlation) == nil)
        }
        let keys = try PublisherKeys(file: try PublisherSigningKey(newNamed: "desk").publicLine + "\n")
        #expect(address(try IntakeFormTests.judge(publishers: keys), "answers", "c-1") == nil)
    }

    // MARK: - what becomes of it

    @Test func theFirstOneOpensTheConnectionAndAllFollow() {
        var replies = Replies(ownQueues: [])
        #expect(replies.reply([Self.reply(1)], at: 0) == [.open])
        #expect(replies.reply([Self.reply(2)], at: 0) == [])
        #expect(replies.opened(at: 0) == [Self.publish(1...2)])
        #expect(replies.reply([Self.reply(3)], at: 0) == [Self.publish(3...3)])
        replies.settled([
            (token: 1, result: .confirmed), (token: 2, result: .returned), (token: 3, result: .nacked),
            (token: 4, result: .confirmed),
        ])
        #expect(replies.fates == [.sent: 1, .unroutable: 1, .dropped: 1])
    }

    @Test func thereAreNeverMoreOnTheirWayThanTheBound() {
        var replies = Replies(ownQueues: [])
        #expect(replies.reply((1...1_000).map { Self.reply($0) }, at: 0) == [.open])
        #expect(replies.fates[.dropped] == 1_000 - Replies.most)
        guard case .publish(let sent)? = replies.opened(at: 0).first else {
            Issue.record("what waited is sent")
            return
        }
        #expect(sent.count == Replies.most)
        #expect(replies.reply([Self.reply()], at: 0) == [])
        replies.settled([(token: 1, result: .confirmed)])
        #expect(replies.reply([Self.reply()], at: 0).count == 1)
        #expect(replies.fates[.dropped] == 1_001 - Replies.most)
    }

    @Test func aQueueOfOursGetsNone() {
        var replies = Replies(ownQueues: ["detainer.requests"])
        #expect(replies.reply([Self.reply(1, to: "detainer.requests")], at: 0) == [])
        #expect(replies.fates[.dropped] == 1)
    }

    @Test func aLostConnectionIsOpenedAgainAfterAWhileAndNotForEachReply() {
        var replies = Replies(ownQueues: [])
        _ = replies.reply([Self.reply(1)], at: 0)
        _ = replies.opened(at: 0)
        replies.lost(at: 10)
        #expect(replies.fates[.dropped] == 1)
        #expect(replies.reply([Self.reply(2)], at: 9 + Replies.pauseMilliseconds) == [])
        #expect(replies.reply([Self.reply(3)], at: 10 + Replies.pauseMilliseconds) == [.open])
        #expect(replies.fates[.dropped] == 2)
    }

    @Test func aBrokerThatNeverConfirmsIsLeft() {
        var replies = Replies(ownQueues: [])
        _ = replies.reply([Self.reply(1)], at: 0)
        #expect(replies.tick(at: 100_000) == [])
        _ = replies.opened(at: 100_000)
        #expect(replies.tick(at: 100_000 + Replies.confirmMilliseconds - 1) == [])
        #expect(replies.tick(at: 100_000 + Replies.confirmMilliseconds) == [.abort])
        #expect(replies.tick(at: 200_000) == [])
        #expect(replies.fates == [.sent: 0, .unroutable: 0, .dropped: 1])
    }

    // MARK: - how it is written

    private static let checkpoint = LedgerPosition(logID: "log", index: 9, root: "root")

    @Test func aReplyIsAsTheContractHasIt() throws {
        let identity = RequestIdentity(requestID: "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44", revision: 2)
        let recorded = Reply.recorded(Reply.Recorded(.request(identity))).json
        #expect(recorded["eventId"]?.stringValue == identity.eventID && recorded["revision"]?.intValue == 2)
        let refused = Reply.refused(.schema, detail: "/form/kind: " + String(repeating: "ü", count: 3_000)).json
        #expect((1_999...2_000).contains(refused["detail"]?.stringValue?.utf8.count ?? 0))
        let entry = PendingEntry.outcome(Scene.outcome(1))
        var addressed = Self.reply()
        #expect(addressed.told(of: Self.checkpoint) == addressed)
        addressed.record = Announcement(index: 7, entry: entry)
        let told = addressed.told(of: Self.checkpoint).reply.json
        #expect(told["eventId"]?.stringValue == entry.eventID)
        #expect(told["disposition"]?.stringValue == Scene.outcome(1).disposition.rawValue)
        #expect(told["ledger"] == ["logId": "log", "index": .number("7"), "root": "root"])
        for reply in [recorded, told, refused] {
            let names = try #require(reply.objectValue).map(\.name)
            #expect(Set(names).isSubset(of: Contract.reply.shape.names))
        }
        let sent = Outgoing.reply(Self.reply(), token: 1)
        #expect(sent.exchange.isEmpty && sent.routingKey == "answers")
        #expect(sent.message.properties.correlationID == "c-1" && sent.message.properties.replyTo == nil)
    }
}

extension AddressedReply {
    /// For transcripts.
    var words: String {
        switch reply {
        case .recorded(let recorded):
            "\(address.correlationID) recorded ...\(recorded.id.suffix(3)) revision \(recorded.revision)"
                + (record.map { " at \($0.index)" } ?? "")
        case .refused(let reason, _): "\(address.correlationID) refused \(reason.rawValue)"
        }
    }
}
