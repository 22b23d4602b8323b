import BrokerTestSupport
import Foundation
import Testing

@testable import AMQPClient

/// TLS against a real broker: what it lets through, and how each refusal reads.
@Suite(.enabled(if: AMQPTestBroker.isThere), WithTLSBroker(), .timeLimit(.minutes(2)))
struct TLSTests {
    private let broker: TLSBroker

    init() throws { broker = try #require(TLSBroker.current) }

    private func publications(_ bodies: [[UInt8]], to queue: String) -> [Publication] {
        bodies.enumerated().map { index, body in
            Publication(token: UInt64(index), exchange: "", routingKey: queue, message: Message(body: body))
        }
    }

    private func declare(_ queue: String, at address: BrokerAddress) async throws {
        try await AMQPAdministration.perform(address, name: "test", timeoutSeconds: 20) { channel in
            _ = try channel.declareQueue(name: queue)
        }
    }

    /// What a connection ended with, where it never opened.
    private func refusal(_ address: BrokerAddress, heartbeatSeconds: Int = 10) async throws -> AMQPError {
        let peer = EventedConnection(address, heartbeatSeconds: heartbeatSeconds)
        let end = await peer.first { event -> AMQPError?? in
            switch event {
            case .opened: .some(nil)
            case .closed(let error): .some(error)
            default: nil
            }
        }
        return try #require(end ?? nil, "it opened")
    }

    // MARK: - what works

    /// Small and large, published while what came before is delivered, with either version of TLS.
    @Test(arguments: [TLSBroker.Listener.demanding, .demandingOld])
    func publishesAndConsumesAtTheSameTime(listener: TLSBroker.Listener) async throws {
        let queue = AMQPTestBroker.name("tls")
        let address = try broker.address(listener, files: broker.files(client: "detainer-worker"))
        try await declare(queue, at: address)
        let bodies = (0..<4000).map { index in
            if index % 200 != 100 { return [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index % 3000) }
            // Of no period that frames or TLS's records have, and copied, which no sanitizer makes slow.
            let period = (0..<1009).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }
            var body: [UInt8] = []
            while body.count < 1_000_000 { body += period }
            return body
        }
        let peer = EventedConnection(address)
        #expect(await peer.opened())
        peer.connection.consume(queue: queue, prefetch: 100)
        peer.connection.publish(publications(bodies, to: queue))
        var (confirmed, arrived) = (0, 0)
        let isComplete = await peer.first { event -> Bool? in
            switch event {
            case .published(let results): confirmed += results.count { $0.result == .confirmed }
            case .deliveries(let deliveries):
                for delivery in deliveries {
                    if delivery.message.body != bodies[arrived] { return false }
                    arrived += 1
                }
                if let tag = deliveries.last?.deliveryTag {
                    peer.connection.acknowledge(deliveryTag: tag, multiple: true)
                }
            case .closed: return false
            default: break
            }
            return confirmed == bodies.count && arrived == bodies.count ? true : nil
        }
        #expect(isComplete == true, "\(confirmed) confirmed, \(arrived) arrived")
        peer.connection.close()
        #expect(await peer.closed()?.code == .localClose)
    }

    @Test(arguments: ["localhost", "127.0.0.1", "LOCALHOST"])
    func verifiesByNameAndByNumber(host: String) async throws {
        let peer = EventedConnection(try broker.address(.optional, host: host))
        #expect(await peer.opened())
    }

    @Test func idleConnectionsLiveOn() async throws {
        let peer = EventedConnection(try broker.address(.optional), heartbeatSeconds: 1)
        #expect(await peer.opened())
        try await Task.sleep(for: .seconds(5))
        let queue = AMQPTestBroker.name("tls")
        peer.connection.publish(publications([[1]], to: queue))
        #expect(await peer.results(1).map(\.result) == [.returned(code: 312, text: "NO_ROUTE")])
    }

    /// The certificate logs in its user, who has that user's rights and no others.
    @Test(arguments: [TLSBroker.Listener.demanding, .demandingOld])
    func aCertificateLogsIn(listener: TLSBroker.Listener) async throws {
        let address = try broker.address(listener, login: "", files: broker.files(client: "detainer-worker"))
        #expect(address.authentication == .certificate)
        let queue = "own-" + AMQPTestBroker.name("tls")
        try await declare(queue, at: address)
        let peer = EventedConnection(address)
        #expect(await peer.opened())
        peer.connection.publish(publications([[1, 2, 3]], to: queue))
        #expect(await peer.results(1).map(\.result) == [.confirmed])
        let error = await #expect(throws: AMQPError.self) { try await declare("others", at: address) }
        #expect(error?.code == .accessRefused)
    }

    @Test func aPasswordOfItsOwnGoesOverTheURL() async throws {
        let url = "amqps://guest:wrong@localhost:\(broker.port(.optional))"
        let peer = EventedConnection(try BrokerAddress(url: url, password: "guest", tls: broker.files()))
        #expect(await peer.opened())
        let end = try await refusal(try BrokerAddress(url: url, tls: broker.files()))
        #expect(end.code == .accessRefused)
    }

    @Test func filesAreReadAtEachConnection() async throws {
        let file = broker.directory + "/exchanged.pem"
        try FileManager.default.copyItem(atPath: broker.file("other-ca.pem"), toPath: file)
        let address = try broker.address(.optional, files: TLSFiles(caFile: file))
        #expect(try await refusal(address).code == .tlsRefused)
        try Data(contentsOf: URL(fileURLWithPath: broker.file("ca.pem"))).write(to: URL(fileURLWithPath: file))
        #expect(await EventedConnection(address).opened())
    }

    // MARK: - what is refused

    @Test(
        arguments: [
            (.elsewhere, "localhost", nil, "the broker's certificate is not for the host localhost"),
            (.elsewhere, "127.0.0.1", nil, "the broker's certificate is not for the host 127.0.0.1"),
            (.expired, "localhost", nil, "the broker's certificate has expired"),
            (.future, "localhost", nil, "the broker's certificate is not valid yet"),
            (.stranger, "localhost", nil, "the broker's certificate is not signed by a CA in "),
            (.wrongUsage, "localhost", nil, "the broker's certificate is not one for servers"),
            (.old, "localhost", nil, "speaks neither TLS 1.2 nor 1.3"),
            (.demanding, "localhost", nil, "demands a client certificate and none is set"),
            (.demandingOld, "localhost", nil, "demands a client certificate and none is set"),
            (.demanding, "localhost", "stranger-client", "does not know the CA that signed it"),
            (.demandingOld, "localhost", "stranger-client", "does not know the CA that signed it"),
            (.demanding, "localhost", "expired-client", "it has expired"),
            (.demandingOld, "localhost", "expired-client", "it has expired"),
        ] as [(TLSBroker.Listener, String, String?, String)])
    func refuses(listener: TLSBroker.Listener, host: String, client: String?, sentence: String) async throws {
        let error = try await refusal(
            try broker.address(listener, host: host, files: broker.files(client: client)))
        #expect(error.code == .tlsRefused)
        #expect(error.needsAPerson)
        #expect(error.message.contains(sentence), "\(error)")
        #expect(error.message.contains(": "), "\(error)")
    }

    /// By the list of its CA, where there is one; without a list a revoked certificate is as good as any.
    @Test func aRevokedCertificateIsRefused() async throws {
        func address(_ listener: TLSBroker.Listener, _ list: String?) throws -> BrokerAddress {
            let files = TLSFiles(caFile: broker.file("ca.pem"), crlFile: list.map { broker.file($0 + ".pem") })
            return try broker.address(listener, files: files)
        }
        #expect(await EventedConnection(try address(.optional, "ca.crl")).opened())
        #expect(await EventedConnection(try address(.revoked, nil)).opened())
        let cases: [(TLSBroker.Listener, String, String)] = [
            (.revoked, "ca.crl", "the broker's certificate was revoked: have it made anew"),
            (.optional, "expired.crl", "does not tell whether the broker's certificate was revoked (CRL has expired)"),
            (.optional, "ca", "holds no revocation list in PEM"), (.optional, "none", "broker.crl-file"),
        ]
        for (listener, list, sentence) in cases {
            let error = try await refusal(try address(listener, list))
            #expect(error.code == .tlsRefused && error.message.contains(sentence), "\(error)")
        }
    }

    @Test func theSystemsCAsAreNotThisBrokers() async throws {
        let error = try await refusal(try broker.address(.optional, files: TLSFiles()))
        #expect(error.message.contains("is not signed by a CA that the system trusts: check broker.ca-file"))
    }

    @Test func plainAndTLSMeet() async throws {
        let plain = try await refusal(try BrokerAddress(url: "amqp://localhost:\(broker.port(.demanding))"))
        #expect(plain.code == .tlsRefused)
        #expect(plain.message.contains("speaks TLS: write amqps:// in broker.url"), "\(plain)")
        let secure = try await refusal(
            try BrokerAddress(url: "amqps://localhost:\(broker.plainPort)", tls: broker.files()))
        #expect(secure.code == .tlsRefused)
        #expect(secure.message.contains("does not speak TLS"), "\(secure)")
    }

    @Test func filesThatCannotBeUsed() async throws {
        let readable = broker.directory + "/readable.key"
        try FileManager.default.copyItem(atPath: broker.file("detainer-worker.key"), toPath: readable)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: readable)
        let (ca, own) = (broker.file("ca.pem"), broker.file("detainer-worker.pem"))
        let cases = [
            (TLSFiles(caFile: "/no/such/file"), "broker.ca-file /no/such/file cannot be read: No such file"),
            (TLSFiles(caFile: broker.file("ca.key")), "holds no certificate in PEM"),
            (broker.files(client: "none"), "broker.certificate-file"),
            (TLSFiles(caFile: ca, certificateFile: own, keyFile: readable), "can be read by others: chmod 600 it"),
            (TLSFiles(caFile: ca, certificateFile: own, keyFile: broker.file("encrypted.key")), "is encrypted"),
            (TLSFiles(caFile: ca, certificateFile: own, keyFile: broker.file("ca.key")), "does not belong to"),
            (TLSFiles(caFile: ca, certificateFile: own, keyFile: ca), "holds no private key in PEM"),
        ]
        for (files, sentence) in cases {
            let error = try await refusal(try broker.address(.demanding, files: files))
            #expect(error.code == .tlsRefused)
            #expect(error.message.contains(sentence), "\(error)")
        }
    }

    // MARK: - what goes away

    /// Heartbeats of a second: as with plain AMQP, idle and within one publication that no socket takes whole.
    @Test(arguments: [0, 30_000_000]) func noticesSilence(bodyBytes: Int) async throws {
        let proxy = SilentProxy(to: broker.port(.optional))
        let url = "amqps://guest:guest@127.0.0.1:\(proxy.port)"
        let peer = EventedConnection(try BrokerAddress(url: url, tls: broker.files()), heartbeatSeconds: 1)
        #expect(await peer.opened())
        proxy.fallSilent()
        let start = ContinuousClock.now
        if bodyBytes > 0 { peer.connection.publish(publications([[UInt8](repeating: 1, count: bodyBytes)], to: "q")) }
        #expect(await peer.closed()?.code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(6))
    }

    /// No signal ends this process, though it writes where nobody is any more.
    @Test func noticesABrokerThatIsKilled() async throws {
        let before = signal(SIGPIPE, SIG_DFL)
        defer { signal(SIGPIPE, before) }
        let mortal = try await TLSBroker.start()
        let queue = AMQPTestBroker.name("tls")
        let address = try mortal.address(.optional)
        do {
            try await declare(queue, at: address)
            let peer = EventedConnection(address)
            #expect(await peer.opened())
            peer.connection.consume(queue: queue, prefetch: 0)
            let body = [UInt8](repeating: 1, count: 10_000)
            peer.connection.publish(publications([[UInt8]](repeating: body, count: 10_000), to: queue))
            #expect(await peer.deliveries(1).isEmpty == false)
            try mortal.kill()
            #expect(await peer.closed()?.code == .connectionFailed)
        } catch { Issue.record(error) }
        await mortal.stop()
    }

    /// One that accepts and says nothing, and one that says a handshake's beginning byte by byte.
    @Test(arguments: [false, true]) func aHandshakeThatNeverEndsTimesOut(drips: Bool) async throws {
        let (listener, port) = TestSocket.listening()
        let start = ContinuousClock.now
        async let error = refusal(
            try BrokerAddress(url: "amqps://127.0.0.1:\(port)", tls: broker.files()), heartbeatSeconds: 1)
        if drips, let accepted = listener.accept() {
            let beginning: [UInt8] = [0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]
            for byte in beginning + [UInt8](repeating: 0, count: 40) where accepted.write([byte]) {
                try await Task.sleep(for: .milliseconds(150))
            }
        }
        #expect(try await error.code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(10))
        withExtendedLifetime(listener) {}
    }
}
