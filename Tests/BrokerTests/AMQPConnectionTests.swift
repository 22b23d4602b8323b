import BrokerTestSupport
import Testing

@testable import AMQPClient

/// The connection against a real broker.
@Suite(.enabled(if: AMQPTestBroker.isThere), .timeLimit(.minutes(2)))
struct AMQPConnectionTests {
    private func publication(_ token: UInt64, to queue: String, body: [UInt8] = [1, 2, 3]) -> Publication {
        var properties = MessageProperties()
        properties.deliveryMode = 2
        properties.messageID = "m-\(token)"
        properties.timestamp = 1_700_000_000
        properties.headers = [
            ("text", .string("ö")), ("number", .int(-5)), ("flag", .bool(true)), ("real", .double(0.5)),
            ("bytes", .bytes([0xff, 0])), ("nothing", .null),
            ("list", .array([.int(1), .table([("a", .string("b"))])])),
        ]
        return Publication(
            token: token, exchange: "", routingKey: queue, message: Message(body: body, properties: properties))
    }

    @Test func publishesConfirmedAndDeliversTheSame() async throws {
        let queue = AMQPTestBroker.name("round")
        try await AMQPTestBroker.declare(queue)
        let peer = EventedConnection(try AMQPTestBroker.address())
        #expect(await peer.opened())
        let large = [UInt8](repeating: 7, count: 400_000)
        let sent = [
            publication(1, to: queue), publication(2, to: queue, body: []), publication(3, to: queue, body: large),
        ]
        peer.connection.publish(sent)
        #expect(await peer.results(3).map(\.result) == [.confirmed, .confirmed, .confirmed])
        peer.connection.consume(queue: queue, prefetch: 10)
        let deliveries = await peer.deliveries(3)
        #expect(deliveries.map(\.message) == sent.map(\.message))
        #expect(deliveries.map(\.routingKey) == [queue, queue, queue])
        peer.connection.acknowledge(deliveryTag: 2, multiple: true)
        peer.connection.reject(deliveryTag: 3, requeue: true)
        let again = await peer.deliveries(1)
        #expect(again.map(\.redelivered) == [true])
        peer.connection.stopConsuming()
        let byBroker = await peer.first { if case .cancelled(let byBroker) = $0 { byBroker } else { nil } }
        #expect(byBroker == false)
        peer.connection.acknowledge(deliveryTag: again[0].deliveryTag, multiple: false)
        peer.connection.close()
        #expect(await peer.closed()?.code == .localClose)
        let left = try await AMQPAdministration.perform(
            AMQPTestBroker.address(), name: "test", timeoutSeconds: 20
        ) { try $0.declareQueue(name: queue, passive: true).messageCount }
        #expect(left == 0)
        try await AMQPTestBroker.delete(queue)
    }

    @Test func tellsWhatReachedNoQueue() async throws {
        let queue = AMQPTestBroker.name("returned")
        try await AMQPTestBroker.declare(queue)
        let peer = EventedConnection(try AMQPTestBroker.address())
        #expect(await peer.opened())
        peer.connection.publish([
            publication(1, to: queue), publication(2, to: "no-such-queue"), publication(3, to: queue),
        ])
        let results = await peer.results(3).sorted { $0.token < $1.token }
        #expect(results.map(\.result) == [.confirmed, .returned(code: 312, text: "NO_ROUTE"), .confirmed])
        try await AMQPTestBroker.delete(queue)
    }

    @Test func confirmsAThousand() async throws {
        let queue = AMQPTestBroker.name("thousand")
        try await AMQPTestBroker.declare(queue)
        let peer = EventedConnection(try AMQPTestBroker.address())
        #expect(await peer.opened())
        peer.connection.publish((1...1000).map { publication($0, to: queue) })
        let results = await peer.results(1000)
        #expect(Set(results.map(\.token)).count == 1000)
        #expect(results.allSatisfy { $0.result == .confirmed })
        try await AMQPTestBroker.delete(queue)
    }

    @Test func noticesThatItsQueueWasDeleted() async throws {
        let queue = AMQPTestBroker.name("deleted")
        try await AMQPTestBroker.declare(queue)
        let peer = EventedConnection(try AMQPTestBroker.address())
        #expect(await peer.opened())
        peer.connection.consume(queue: queue, prefetch: 10)
        #expect(await peer.first { if case .consuming = $0 { true } else { nil } } == true)
        try await AMQPTestBroker.delete(queue)
        let byBroker = await peer.first { if case .cancelled(let byBroker) = $0 { byBroker } else { nil } }
        #expect(byBroker == true)
    }

    @Test func aQueueThatIsNotThereIsToldAsSuch() async throws {
        let peer = EventedConnection(try AMQPTestBroker.address())
        peer.connection.consume(queue: AMQPTestBroker.name("none"), prefetch: 1)
        #expect(await peer.closed()?.code == .notFound)
    }

    @Test func survivesHeadersNestedWithoutEnd() async throws {
        let queue = AMQPTestBroker.name("nested")
        try await AMQPTestBroker.declare(queue)
        let address = try AMQPTestBroker.address()
        let publisher = try #require(
            HandwrittenPublisher(port: address.port, user: address.user, password: address.password))
        #expect(publisher.publish(nested: 18_000, to: queue))
        let peer = EventedConnection(address)
        #expect(await peer.opened())
        peer.connection.consume(queue: queue, prefetch: 10)
        let deliveries = await peer.deliveries(1)
        #expect(deliveries.map(\.headersTooDeep) == [true])
        #expect(deliveries.first?.message.properties.headers.isEmpty == true)
        peer.connection.acknowledge(deliveryTag: 1, multiple: false)
        peer.connection.publish([publication(1, to: queue)])
        #expect(await peer.results(1).map(\.result) == [.confirmed])
        try await AMQPTestBroker.delete(queue)
    }

    @Test func aWrongPasswordIsToldAsSuch() async throws {
        let address = try AMQPTestBroker.address()
        let peer = EventedConnection(try BrokerAddress(url: "amqp://\(address.user):wrong@127.0.0.1:\(address.port)/"))
        #expect(await peer.closed()?.code == .accessRefused)
        let lost = EventedConnection(
            try BrokerAddress(
                url: "amqp://\(address.user):\(address.password)@127.0.0.1:\(address.port)/no-such-host"))
        #expect(await lost.closed()?.code == .accessRefused)
    }

    @Test func declaresAndLooksForManyThings() async throws {
        let queue = AMQPTestBroker.name("declared")
        let exchange = AMQPTestBroker.name("exchange")
        let there = try await AMQPAdministration.perform(
            AMQPTestBroker.address(), name: "test", timeoutSeconds: 20
        ) { channel in
            var found: [Bool] = []
            for name in [queue, exchange] {
                do {
                    _ = try channel.declareQueue(name: name, passive: true)
                    found.append(true)
                } catch let error as AMQPError where error.code == .notFound {
                    found.append(false)
                }
            }
            try channel.declareExchange(name: exchange, type: "topic")
            _ = try channel.declareQueue(name: queue, arguments: [("x-queue-type", .string("quorum"))])
            try channel.bindQueue(queue: queue, exchange: exchange, routingKey: "#")
            do {
                try channel.declareExchange(name: exchange, type: "fanout")
                found.append(true)
            } catch let error as AMQPError where error.code == .preconditionFailed {
                found.append(false)
            }
            #expect(try channel.declareQueue(name: queue, passive: true).consumerCount == 0)
            #expect(try channel.purge(queue: queue) == 0)
            try channel.deleteQueue(name: queue)
            try channel.deleteExchange(name: exchange)
            return found
        }
        #expect(there == [false, false, false])
    }

    /// Heartbeats of a second: silence is noticed within two of them and a second: idle, while publishing much, and
    /// within one publication that no socket takes whole, so that a library call hangs.
    @Test(arguments: [0, 100_000, 30_000_000]) func noticesSilence(bodyBytes: Int) async throws {
        let queue = AMQPTestBroker.name("silent")
        try await AMQPTestBroker.declare(queue)
        let proxy = SilentProxy(to: try AMQPTestBroker.address().port)
        let peer = EventedConnection(
            try AMQPTestBroker.address(port: proxy.port), heartbeatSeconds: 1)
        #expect(await peer.opened())
        proxy.fallSilent()
        let clock = ContinuousClock()
        let start = clock.now
        if bodyBytes > 0 {
            let body = [UInt8](repeating: 1, count: bodyBytes)
            let count = UInt64(30_000_000 / bodyBytes)
            peer.connection.publish((1...count).map { publication($0, to: queue, body: body) })
        }
        #expect(await peer.closed()?.code == .timeout)
        // When the connection said so: this test may hear of it later, where others have the core.
        #expect(try #require(peer.closedAt) - start < .milliseconds(3500))
        try await AMQPTestBroker.delete(queue)
    }

    /// As many as the prefetch allows would come at once; only so many bytes do, and all of them in the end.
    @Test func bodiesInHandAreBoundedAndAllArrive() async throws {
        let queue = AMQPTestBroker.name("held")
        try await AMQPTestBroker.declare(queue)
        let peer = EventedConnection(try AMQPTestBroker.address(), maximumHeldBytes: 250_000)
        #expect(await peer.opened())
        let (count, body) = (60, [UInt8](repeating: 1, count: 100_000))
        peer.connection.publish((1...UInt64(count)).map { publication($0, to: queue, body: body) })
        #expect(await peer.results(count).allSatisfy { $0.result == .confirmed })
        peer.connection.consume(queue: queue, prefetch: 250)
        var (arrived, held, most) = (0, 0, 0)
        while arrived < count {
            let more = await peer.deliveries(1)
            guard let last = more.last else { break }
            arrived += more.count
            held += more.count
            most = max(most, held)
            // At the bound, or at the end, whatever was read is answered.
            if held < 3, arrived < count { continue }
            peer.connection.acknowledge(deliveryTag: last.deliveryTag, multiple: true)
            held = 0
        }
        #expect(arrived == count && most == 3)
        try await AMQPTestBroker.delete(queue)
    }

    /// Reading nothing for longer than a silent broker is borne with ends no connection; silence afterwards does.
    @Test func aPauseIsNoSilenceAndSilenceIsNoticedAfterIt() async throws {
        let queue = AMQPTestBroker.name("paused")
        try await AMQPTestBroker.declare(queue)
        let proxy = SilentProxy(to: try AMQPTestBroker.address().port)
        let peer = EventedConnection(
            try AMQPTestBroker.address(port: proxy.port), heartbeatSeconds: 1, maximumHeldBytes: 3)
        #expect(await peer.opened())
        peer.connection.publish((1...2).map { publication($0, to: queue) })
        #expect(await peer.results(2).count == 2)
        peer.connection.consume(queue: queue, prefetch: 10)
        #expect(await peer.deliveries(1).map(\.deliveryTag) == [1])
        // What is tested is that nothing happens, on this side and in the broker: only time tells.
        try await Task.sleep(for: .seconds(5))
        peer.connection.acknowledge(deliveryTag: 1, multiple: false)
        #expect(await peer.deliveries(1).map(\.deliveryTag) == [2])
        proxy.fallSilent()
        peer.connection.acknowledge(deliveryTag: 2, multiple: false)
        let start = ContinuousClock.now
        #expect(await peer.closed()?.code == .timeout)
        #expect(try #require(peer.closedAt) - start < .milliseconds(3500))
        try await AMQPTestBroker.delete(queue)
    }

    @Test func abortsAtOnce() async throws {
        let peer = EventedConnection(try AMQPTestBroker.address())
        #expect(await peer.opened())
        peer.connection.abort()
        #expect(await peer.closed()?.code == .localClose)
    }
}

/// What needs no broker: peers that are none.
@Suite(.timeLimit(.minutes(1)))
struct AMQPSilentPeerTests {
    @Test func aPeerThatNeverSpeaksTimesOut() async throws {
        let (listener, port) = TestSocket.listening()
        let peer = EventedConnection(try BrokerAddress(url: "amqp://127.0.0.1:\(port)"), heartbeatSeconds: 1)
        #expect(await peer.closed()?.code == .timeout)
        withExtendedLifetime(listener) {}
    }

    @Test func nobodyListening() async throws {
        let port = TestSocket.listening().port
        let peer = EventedConnection(try BrokerAddress(url: "amqp://127.0.0.1:\(port)"))
        #expect(await peer.closed()?.code == .connectionFailed)
        await #expect(throws: AMQPError.self) {
            try await AMQPAdministration.perform(
                BrokerAddress(url: "amqp://127.0.0.1:\(port)"), name: "test", timeoutSeconds: 2
            ) { try $0.deleteQueue(name: "q") }
        }
    }

    @Test func aPeerThatSpeaksSomethingElse() async throws {
        let (listener, port) = TestSocket.listening()
        let peer = EventedConnection(try BrokerAddress(url: "amqp://127.0.0.1:\(port)"), heartbeatSeconds: 1)
        let accepted = listener.accept()
        _ = accepted?.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        let error = await peer.closed()
        #expect(error?.code == .protocolViolation || error?.code == .connectionFailed)
    }
}
