import AMQPClient
import BrokerTestSupport
import Foundation
import Testing

/// Senders are told what became of their messages, by the real binary through a real broker.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct ReplyTests {
    private static func message(_ body: String, to queue: String, _ correlationID: String?) -> Message {
        var properties = MessageProperties()
        (properties.replyTo, properties.correlationID) = (queue, correlationID)
        return Message(body: Array(body.utf8), properties: properties)
    }

    private func change(
        _ site: Site, _ body: @escaping @Sendable (inout AdministrationChannel) throws -> Void
    ) async throws {
        let address = try BrokerAddress(url: try #require(site.url))
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { try body(&$0) }
    }

    private func replies(_ messages: [Message]) throws -> [String: [[String: Any]]] {
        var replies: [String: [[String: Any]]] = [:]
        for message in messages {
            let json = try JSONSerialization.jsonObject(with: Data(message.body)) as? [String: Any]
            #expect(message.properties.type == "detainer.reply/1" && json?["schema"] as? String == "detainer.reply/1")
            replies[try #require(message.properties.correlationID), default: []].append(try #require(json))
        }
        return replies
    }

    @Test func recordedRefusedAndRepeatedMessagesAreAnsweredAndNoReplyStopsTheWorker() async throws {
        let site = try Site()
        try await site.apply()
        let queue = site.prefix + ".answers"
        try await change(site) { _ = try $0.declareQueue(name: queue) }
        let port = try #require(TestSocket.freePort())
        let worker = SupervisedWorker(
            site, environment: ["DETAINER_WORKER_REPLIES": "yes", "DETAINER_HEALTH_PORT": String(port)],
            restarts: false)
        try worker.start()
        try await site.publish([
            Self.message(requestJSON(1), to: queue, "first"),
            Self.message(requestJSON(2).replacing("I-247A", with: "MARKED"), to: queue, "wrong"),
            Self.message(requestJSON(1), to: queue, "repeat"),
            // None of these is answered, and none of them is in the way of the others.
            Self.message(requestJSON(3), to: site.prefix + ".nowhere", "lost"),
            Self.message(requestJSON(4), to: site.requestQueue, "ours"),
            Self.message(requestJSON(5), to: queue, nil),
            Self.message(requestJSON(6), to: queue, "last"),
        ])
        try await eventually("all are answered; it says \(worker.lastLog)") { try await site.waiting(queue) >= 4 }
        let answered = try replies(try await site.take(queue))
        #expect(Set(answered.keys) == ["first", "wrong", "repeat", "last"])
        let first = try #require(answered["first"]?.first)
        #expect(first["result"] as? String == "recorded" && first["revision"] as? Int == 1)
        #expect(first["id"] as? String == "00000000-0000-4000-8000-000000000001")
        #expect(first["disposition"] as? String == "not_acted_upon")
        let ledger = try #require(first["ledger"] as? [String: Any])
        let again = try #require(answered["repeat"]?.first)
        #expect(["id", "revision", "eventId"].allSatisfy { "\(first[$0] ?? "")" == "\(again[$0] ?? "-")" })
        let wrong = try #require(answered["wrong"]?.first)
        #expect(wrong["result"] as? String == "refused" && wrong["reason"] as? String == "schema")
        let detail = try #require(wrong["detail"] as? String)
        #expect(detail.hasPrefix("/form/kind: ") && !detail.contains("MARKED"))
        // The event that the reply names tells what was recorded.
        let events = try await site.events()
        let event = try #require(events.first { $0["id"] as? String == first["eventId"] as? String })
        #expect(events.count == 5)
        let standing = (event["data"] as? [String: Any])?["ledger"] as? [String: Any]
        #expect(ledger["logId"] as? String == standing?["logId"] as? String && ledger["logId"] != nil)
        #expect(ledger["index"] as? Int == standing?["index"] as? Int && ledger["index"] != nil)
        #expect((ledger["root"] as? String)?.count == 44)
        try await eventually("what was not answered is counted") {
            let metrics = try await HealthTestClient.get(port, "/metrics").body
            return metrics.contains("detainer_replies_total{fate=\"sent\"} 4\n")
                && metrics.contains("detainer_replies_total{fate=\"unroutable\"} 1\n")
                && metrics.contains("detainer_replies_total{fate=\"dropped\"} 1\n")
        }
        worker.kill(SIGTERM)
        try await eventually("it leaves") { !worker.exits.isEmpty }
        #expect(worker.exits == [0] && !worker.lastLog.contains("paused"), "\(worker.lastLog)")
        try await change(site) { try $0.deleteQueue(name: queue) }
        await site.remove()
    }

    /// A user without the right loses the replies' connection again and again, and nothing else.
    @Test func aWorkerThatMayNotReplyRecordsAllTheSame() async throws {
        let control = try #require(ProcessInfo.processInfo.environment["DETAINER_TEST_BROKER_CTL"])
        let site = try Site()
        try await site.apply()
        let queue = site.prefix + ".answers"
        try await change(site) { _ = try $0.declareQueue(name: queue) }
        let user = "worker-" + site.prefix.suffix(8)
        try await DeadLetterArrivalTests.run(control, ["add_user", user, "secret"])
        let own = "^" + site.prefix.replacing(".", with: "\\.") + "\\."
        try await DeadLetterArrivalTests.run(control, ["set_permissions", user, own, own, own])
        let url = try #require(site.url).replacing(/\/\/[^@]*@/, with: "//\(user):secret@")
        let worker = SupervisedWorker(
            site, environment: ["DETAINER_WORKER_REPLIES": "yes", "DETAINER_BROKER_URL": url], restarts: false)
        try worker.start()
        try await site.publish([Self.message(requestJSON(1), to: queue, "first")])
        try await eventually("it was refused; it says \(worker.lastLog)") {
            worker.lastLog.contains("the connection for replies was closed")
        }
        try await site.publish((2...50).map { Self.message(requestJSON($0), to: queue, "c-\($0)") })
        try await eventually("all are announced") { try await site.waiting(site.reportQueue) >= 50 }
        worker.kill(SIGTERM)
        try await eventually("it leaves") { !worker.exits.isEmpty }
        #expect(worker.exits == [0] && !worker.lastLog.contains("paused"), "\(worker.lastLog)")
        #expect(try await site.waiting(queue) == 0)
        #expect(try await site.waiting(site.requestQueue) == 0)
        try await change(site) { try $0.deleteQueue(name: queue) }
        try await DeadLetterArrivalTests.run(control, ["delete_user", user])
        await site.remove()
    }

    /// Who runs workers has not said yes: nothing is sent where a sender says.
    @Test func withoutTheSettingNobodyIsAnswered() async throws {
        let site = try Site()
        try await site.apply()
        let queue = site.prefix + ".answers"
        try await change(site) { _ = try $0.declareQueue(name: queue) }
        try await site.publish([Self.message(requestJSON(1), to: queue, "first")])
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 1)
        #expect(try await site.waiting(queue) == 0)
        try await change(site) { try $0.deleteQueue(name: queue) }
        await site.remove()
    }
}
