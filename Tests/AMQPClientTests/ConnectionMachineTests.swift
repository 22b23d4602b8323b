import Testing

@testable import AMQPClient

/// Transcripts: what is asked and what the broker says, against what goes out and what the owner hears.
@Suite struct ConnectionMachineTests {
    private func publication(_ token: UInt64, headers: [(String, FieldValue)] = []) -> Publication {
        var properties = MessageProperties()
        properties.headers = headers
        return Publication(
            token: token, exchange: "e", routingKey: "k", message: Message(body: [1], properties: properties))
    }

    private func deliver(_ tag: UInt64) -> InboundFrame {
        .method(
            channel: 1,
            .deliver(consumerTag: "consumer-1", deliveryTag: tag, redelivered: false, exchange: "e", routingKey: "k"))
    }

    private func header(_ size: UInt64, headers: [(String, FieldValue)] = [], tooDeep: Bool = false) -> InboundFrame {
        var properties = MessageProperties()
        properties.headers = headers
        return .header(
            channel: 1, ContentHeader(bodySize: size, properties: properties, headersTooDeep: tooDeep))
    }

    private func consuming() throws -> ConnectionMachine {
        var machine = ConnectionMachine()
        _ = machine.handle(.consume(queue: "q", prefetch: 5, exclusive: false))
        _ = try machine.receive(.method(channel: 1, .qosOk))
        _ = try machine.receive(.method(channel: 1, .consumeOk(consumerTag: "consumer-1")))
        #expect(machine.takeEvents() == [.consuming])
        return machine
    }

    /// A machine that sent publications 1 to `count`, with these as their tokens too.
    private func published(_ count: UInt64) -> ConnectionMachine {
        var machine = ConnectionMachine()
        _ = machine.handle(.publish((1...count).map { publication($0) }))
        while machine.nextPublication(frameBytes: 131_072) != nil {}
        return machine
    }

    @Test func consumesWithPrefetchFirst() {
        var machine = ConnectionMachine()
        let steps = machine.handle(.consume(queue: "q", prefetch: 5, exclusive: true))
        #expect(
            steps == [
                .send(.qos(prefetch: 5)), .send(.consume(queue: "q", consumerTag: "consumer-1", exclusive: true)),
            ])
        #expect(machine.handle(.consume(queue: "q", prefetch: 5, exclusive: false)).isEmpty)
    }

    /// Whatever a broker took: the memory is bounded, and the next message is read as ever.
    @Test func aBodyLongerThanIsKeptIsCountedAndNotKept() throws {
        var machine = ConnectionMachine(maximumBodyBytes: 3)
        for frame in [deliver(1), header(5), .body(channel: 1, [1, 2, 3]), .body(channel: 1, [4, 5])] {
            #expect(try machine.receive(frame).isEmpty)
        }
        for frame in [deliver(2), header(3), .body(channel: 1, [6, 7, 8])] { _ = try machine.receive(frame) }
        guard case .deliveries(let deliveries)? = machine.takeEvents().first else {
            Issue.record("no deliveries")
            return
        }
        #expect(deliveries.map(\.message.body) == [[], [6, 7, 8]])
        #expect(deliveries.map(\.bodyTooLarge) == [true, false])
        // One that goes on beyond what its header says is a violation, kept or not.
        _ = try machine.receive(deliver(3))
        _ = try machine.receive(header(4))
        #expect(throws: AMQPError.self) { try machine.receive(.body(channel: 1, [1, 2, 3, 4, 5])) }
    }

    /// With enough in the owner's hands nothing more is read; what is answered makes room, in whatever order.
    @Test func bodiesInHandAreBoundedUntilTheyAreAnswered() throws {
        func taking(_ sizes: [Int], of machine: inout ConnectionMachine, from tag: UInt64 = 1) throws {
            for (offset, size) in sizes.enumerated() {
                #expect(machine.mayRead)
                for frame in [deliver(tag + UInt64(offset)), header(UInt64(size))] { _ = try machine.receive(frame) }
                // The one that reaches the bound is read to its end.
                #expect(machine.mayRead)
                _ = try machine.receive(.body(channel: 1, [UInt8](repeating: 0, count: size)))
            }
        }
        var machine = ConnectionMachine(maximumHeldBytes: 10)
        try taking([4, 4, 9], of: &machine)
        #expect(!machine.mayRead)
        _ = machine.handle(.acknowledge(deliveryTag: 2, multiple: false))
        #expect(!machine.mayRead)
        _ = machine.handle(.reject(deliveryTag: 3, requeue: true))
        #expect(machine.mayRead)
        // An answer that comes twice counts once.
        _ = machine.handle(.reject(deliveryTag: 3, requeue: true))
        try taking([6], of: &machine, from: 4)
        #expect(!machine.mayRead)
        _ = machine.handle(.acknowledge(deliveryTag: 4, multiple: true))
        try taking([9, 1], of: &machine, from: 5)
        #expect(!machine.mayRead)
        _ = machine.handle(.acknowledge(deliveryTag: 0, multiple: true))
        try taking([10], of: &machine, from: 7)
        #expect(!machine.mayRead)
        _ = machine.handle(.close)
        #expect(machine.mayRead)
        // Headers count as what they take in memory, which is more than they have bytes.
        var headed = ConnectionMachine(maximumHeldBytes: 1_000)
        let flags = FieldValue.array([FieldValue](repeating: .bool(true), count: 20))
        for frame in [deliver(1), header(0, headers: [("a", flags)])] { _ = try headed.receive(frame) }
        #expect(!headed.mayRead)
        _ = headed.handle(.acknowledge(deliveryTag: 1, multiple: false))
        #expect(headed.mayRead)
        // What its owner gave up is in nobody's hands.
        _ = headed.handle(.stopConsuming)
        for frame in [deliver(2), header(2_000), .body(channel: 1, [UInt8](repeating: 0, count: 2_000))] {
            _ = try headed.receive(frame)
        }
        #expect(!headed.mayRead)
        let steps = headed.handle(.letGo)
        #expect(steps.isEmpty)
        try taking([2_000, 2_000], of: &headed, from: 3)
        #expect(headed.mayRead)
        var unbounded = ConnectionMachine()
        try taking([1_000, 1_000], of: &unbounded)
        #expect(unbounded.mayRead)
    }

    /// Who waits for the next message hears that one is on its way, once a turn, and not behind anything else.
    @Test func aMessageThatTakesLongIsSaidToBeComing() throws {
        var machine = ConnectionMachine()
        for frame in [deliver(1), header(4)] { _ = try machine.receive(frame) }
        #expect(machine.takeEvents().isEmpty)
        for byte: UInt8 in [1, 2] { _ = try machine.receive(.body(channel: 1, [byte])) }
        #expect(machine.takeEvents() == [.receiving])
        #expect(machine.takeEvents().isEmpty)
        _ = try machine.receive(.body(channel: 1, [3, 4]))
        let events = machine.takeEvents()
        guard case .deliveries(let whole)? = events.first, events.count == 1 else {
            Issue.record("not the message alone: \(events)")
            return
        }
        #expect(whole.map(\.message.body) == [[1, 2, 3, 4]])
    }

    @Test func aTagOfTheOwnersIsUsedAndMayNotBeTooLong() {
        var machine = ConnectionMachine()
        let tag = String(repeating: "t", count: 255)
        let steps = machine.handle(.consume(queue: "q", prefetch: 5, exclusive: false, tag: tag))
        #expect(steps.last == .send(.consume(queue: "q", consumerTag: tag, exclusive: false)))
        machine = ConnectionMachine()
        let refused = machine.handle(.consume(queue: "q", prefetch: 5, exclusive: false, tag: tag + "t"))
        guard case .finish(let error)? = refused.first, refused.count == 1 else {
            Issue.record("\(refused)")
            return
        }
        #expect(error.code == .preconditionFailed)
    }

    @Test func deliveriesOfOneTurnAreOneEventAndKeepTheirOrder() throws {
        var machine = try consuming()
        let frames = [
            deliver(1), header(4), .body(channel: 1, [1, 2]), .body(channel: 1, [3, 4]), deliver(2), header(0),
        ]
        for frame in frames {
            #expect(try machine.receive(frame).isEmpty)
        }
        _ = try machine.receive(.method(channel: 1, .cancel(consumerTag: "consumer-1", noWait: true)))
        let events = machine.takeEvents()
        guard case .deliveries(let deliveries)? = events.first else {
            Issue.record("no deliveries")
            return
        }
        #expect(deliveries.map(\.deliveryTag) == [1, 2])
        #expect(deliveries.map(\.message.body) == [[1, 2, 3, 4], []])
        #expect(events.dropFirst() == [.cancelled(byBroker: true)])
        #expect(machine.takeEvents().isEmpty)
    }

    @Test func framesOfTheConnectionMayComeWithinAMessage() throws {
        var machine = try consuming()
        _ = try machine.receive(deliver(1))
        _ = try machine.receive(.method(channel: 0, .blocked(reason: "low on memory")))
        _ = try machine.receive(header(0))
        #expect(machine.takeEvents().count == 2)
    }

    @Test func headersThatAreTooDeepAreToldAndThePrivateOneIsHidden() throws {
        var machine = try consuming()
        _ = try machine.receive(deliver(1))
        _ = try machine.receive(header(0, tooDeep: true))
        _ = try machine.receive(deliver(2))
        _ = try machine.receive(header(0, headers: [("x-publication", .int(9)), ("a", .int(1))]))
        guard case .deliveries(let deliveries)? = machine.takeEvents().first else {
            Issue.record("no deliveries")
            return
        }
        #expect(deliveries.map(\.headersTooDeep) == [true, false])
        #expect(deliveries[1].message.properties.headers.map(\.0) == ["a"])
    }

    @Test func confirmsOneByOneAndManyAtOnce() throws {
        var machine = published(5)
        _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: 2, multiple: false)))
        _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: 4, multiple: true)))
        _ = try machine.receive(.method(channel: 1, .nack(deliveryTag: 5, multiple: false)))
        // Confirmed past already: nothing new.
        _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: 3, multiple: true)))
        guard case .published(let results)? = machine.takeEvents().first else {
            Issue.record("no results")
            return
        }
        #expect(results.map(\.token) == [2, 1, 3, 4, 5])
        #expect(results.map(\.result) == [.confirmed, .confirmed, .confirmed, .confirmed, .nacked])
    }

    @Test func aReturnIsJoinedToItsConfirmByItsHeader() throws {
        var machine = published(3)
        _ = try machine.receive(.method(channel: 1, .returned(code: 312, text: "NO_ROUTE")))
        _ = try machine.receive(header(1, headers: [("x-publication", .int(2))]))
        _ = try machine.receive(.body(channel: 1, [1]))
        #expect(machine.takeEvents().isEmpty)
        _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: 3, multiple: true)))
        let expected: [PublishResult] = [
            PublishResult(token: 1, result: .confirmed),
            PublishResult(token: 2, result: .returned(code: 312, text: "NO_ROUTE")),
            PublishResult(token: 3, result: .confirmed),
        ]
        #expect(machine.takeEvents() == [.published(expected)])
    }

    @Test func aForeignPrivateHeaderIsReplaced() {
        var machine = ConnectionMachine()
        _ = machine.handle(.publish([publication(7, headers: [("x-publication", .int(99)), ("a", .null)])]))
        let sent = machine.nextPublication(frameBytes: 131_072)?.publication
        #expect(sent?.message.properties.headers.map(\.0) == ["a", "x-publication"])
        #expect(sent?.message.properties.headers.last?.1 == .int(1))
    }

    @Test func whatCannotBeSentIsAnsweredAndCountsForNothing() {
        var machine = ConnectionMachine()
        let long = FieldValue.string(String(repeating: "x", count: 131_072))
        let deep = (0..<40).reduce(FieldValue.null) { value, _ in .table([("t", value)]) }
        _ = machine.handle(
            .publish([
                publication(1, headers: [("a", long)]), publication(2, headers: [("a", deep)]), publication(3),
            ]))
        #expect(machine.nextPublication(frameBytes: 131_072)?.publication.token == 3)
        guard case .published(let results)? = machine.takeEvents().first else {
            Issue.record("no results")
            return
        }
        #expect(results.map(\.token) == [1, 2])
        for result in results {
            guard case .returned(code: 311, text: _) = result.result else {
                Issue.record("sent what does not fit")
                continue
            }
        }
    }

    @Test func blockedPublicationsWait() throws {
        var machine = ConnectionMachine()
        _ = try machine.receive(.method(channel: 0, .blocked(reason: "low on disk")))
        _ = machine.handle(.publish([publication(1)]))
        #expect(machine.nextPublication(frameBytes: 4096) == nil)
        _ = try machine.receive(.method(channel: 0, .unblocked))
        #expect(machine.nextPublication(frameBytes: 4096)?.publication.token == 1)
        #expect(machine.takeEvents() == [.blocked(reason: "low on disk"), .unblocked])
    }

    @Test func flightsAndTheQueueAreBounded() {
        var machine = ConnectionMachine()
        let many = (1...UInt64(AMQPConnection.maximumPublications)).map { publication($0) }
        #expect(machine.handle(.publish(many)).isEmpty)
        var sent = 0
        while machine.nextPublication(frameBytes: 4096) != nil { sent += 1 }
        #expect(sent == ConnectionMachine.flightLimit)
        guard case .finish(let error)? = machine.handle(.publish([publication(0)])).first else {
            Issue.record("took more than the bound")
            return
        }
        #expect(error.code == .tooManyPublications)
    }

    @Test func stoppingTellsOnceEvenWhenTheBrokerCancelsToo() throws {
        var machine = try consuming()
        #expect(machine.handle(.stopConsuming) == [.send(.cancel(consumerTag: "consumer-1"))])
        #expect(machine.handle(.stopConsuming).isEmpty)
        let steps = try machine.receive(.method(channel: 1, .cancel(consumerTag: "consumer-1", noWait: false)))
        #expect(steps == [.send(.cancelOk(consumerTag: "consumer-1"))])
        _ = try machine.receive(.method(channel: 1, .cancelOk(consumerTag: "consumer-1")))
        #expect(machine.takeEvents() == [.cancelled(byBroker: true)])
        #expect(
            machine.handle(.acknowledge(deliveryTag: 4, multiple: true)) == [
                .send(.ack(deliveryTag: 4, multiple: true))
            ])
    }

    @Test func closesAfterWhatWasHandedOver() throws {
        var machine = ConnectionMachine()
        _ = machine.handle(.publish([publication(1)]))
        _ = machine.handle(.close)
        #expect(machine.closing().isEmpty)
        #expect(machine.nextPublication(frameBytes: 4096)?.publication.token == 1)
        #expect(machine.closing() == [.send(.connectionClose)])
        #expect(machine.closing().isEmpty)
        _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: 1, multiple: false)))
        #expect(try machine.receive(.method(channel: 0, .connectionCloseOk)) == [.finish(.localClose)])
        #expect(machine.takeEvents() == [.published([PublishResult(token: 1, result: .confirmed)])])
    }

    @Test(
        arguments: [
            (404, AMQPError.Code.notFound), (403, .accessRefused), (406, .preconditionFailed), (541, .channelClosed),
        ])
    func aClosedChannelEndsTheConnection(code: Int, expected: AMQPError.Code) throws {
        var machine = ConnectionMachine()
        let steps = try machine.receive(.method(channel: 1, .channelClose(code: code, text: "why")))
        #expect(
            steps == [
                .send(.channelCloseOk),
                .finish(AMQPError(code: expected, replyCode: code, message: "the broker says: why")),
            ])
    }

    @Test func aClosedConnectionEnds() throws {
        var machine = ConnectionMachine()
        let steps = try machine.receive(.method(channel: 0, .connectionClose(code: 320, text: "CONNECTION_FORCED")))
        let error = AMQPError(code: .closedByBroker, replyCode: 320, message: "the broker says: CONNECTION_FORCED")
        #expect(steps == [.send(.connectionCloseOk), .finish(error)])
    }

    @Test func abortEndsAtOnce() {
        var machine = ConnectionMachine()
        _ = machine.handle(.close)
        #expect(machine.handle(.abort) == [.finish(.localClose)])
    }

    @Test func whatAMQPDoesNotAllowIsRefused() throws {
        let wrong: [[InboundFrame]] = [
            [header(1)], [.body(channel: 1, [1])], [deliver(1), deliver(2)],
            [deliver(1), .method(channel: 1, .ack(deliveryTag: 1, multiple: false))],
            [deliver(1), header(1), .body(channel: 1, [1, 2])], [deliver(1), header(1), header(1)],
            [.method(channel: 1, .ack(deliveryTag: 1, multiple: false))],
            [.method(channel: 1, .ack(deliveryTag: 1, multiple: true))],
            [.method(channel: 1, .returned(code: 312, text: "")), header(0)],
            [.method(channel: 0, .connectionCloseOk)], [.method(channel: 0, .qosOk)],
            [.method(channel: 1, .other(id: 7))],
        ]
        for frames in wrong {
            var machine = try consuming()
            #expect(throws: AMQPError.self) {
                for frame in frames { _ = try machine.receive(frame) }
            }
        }
    }

    @Test func confirmsStayRightOverManyRounds() throws {
        var machine = ConnectionMachine()
        var sequence: UInt64 = 0
        for round in 0..<40 {
            let tokens = (0..<100).map { UInt64(round * 100 + $0) }
            _ = machine.handle(.publish(tokens.map { publication($0) }))
            while machine.nextPublication(frameBytes: 4096) != nil {}
            // Every other round is confirmed backwards, one by one.
            if round.isMultiple(of: 2) {
                for tag in stride(from: sequence + 100, to: sequence, by: -1) {
                    _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: tag, multiple: false)))
                }
            } else {
                _ = try machine.receive(.method(channel: 1, .ack(deliveryTag: 0, multiple: true)))
            }
            sequence += 100
            guard case .published(let results)? = machine.takeEvents().first else {
                Issue.record("no results")
                return
            }
            #expect(results.map(\.token).sorted() == tokens)
        }
    }
}
