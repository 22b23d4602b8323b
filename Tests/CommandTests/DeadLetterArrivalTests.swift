import AMQPClient
import BrokerTestSupport
import Foundation
import Testing

/// How messages come to be dead letters, one reason after the other, and what is known of each.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct DeadLetterArrivalTests {
    /// What the contract refuses, and why; poison and infrastructure have tests of their own.
    static let refused: [(reason: String, body: String, detail: String)] = [
        ("malformed-json", "{", "message: lacks"),
        ("schema", requestJSON(1).replacing("I-247A", with: "I-9999"), "/form/kind"),
        ("unsupported-version", requestJSON(1).replacing("request/1", with: "request/9"), "/schema"),
        ("too-large", String(repeating: " ", count: 2_000_000) + requestJSON(1), "message"),
        ("undecidable", requestJSON(1).replacing("2025-03-04", with: "1999-03-04"), "/receipt"),
    ]

    @Test(arguments: refused.indices)
    func whatTheContractRefusesSaysWhy(_ number: Int) async throws {
        let (reason, body, detail) = Self.refused[number]
        let site = try Site()
        try await site.apply()
        var properties = MessageProperties()
        properties.appID = "records-system"
        try await site.publish([Message(body: Array(body.utf8), properties: properties)])
        try await site.drain()
        let letter = try #require(try await site.letters().first)
        #expect(letter["reason"] as? String == reason)
        #expect((letter["detail"] as? String)?.hasPrefix(detail) == true, "\(letter)")
        #expect(letter["attempts"] as? Int == 1)
        #expect(letter["worker"] as? String == "w1")
        #expect(letter["exchange"] as? String == site.prefix + ".intake")
        #expect(letter["routingKey"] as? String == "request")
        #expect(letter["source"] as? String == "records-system")
        #expect(letter["firstFailedAt"] as? String == letter["deadAt"] as? String)
        // The body is the one that came, byte for byte.
        let file = site.scratch.path + "/letters.jsonl"
        #expect(try await site.binary.run("dead-letters", "export", file).code == 0)
        let exported = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file))) as? [String: Any])
        let kept = try #require((exported["body"] as? String).flatMap { Data(base64Encoded: $0) })
        #expect(kept == Data(body.utf8))
        await site.remove()
    }

    @Test func aWrongEncodingAndAWrongIdentityAreDeadLetters() async throws {
        let site = try Site()
        try await site.apply()
        var zipped = MessageProperties()
        zipped.contentEncoding = "deflate"
        var other = MessageProperties()
        other.messageID = "99999999-0000-4000-8000-000000000001"
        try await site.publish([
            Message(body: Array(requestJSON(1).utf8), properties: zipped),
            Message(body: Array(requestJSON(2).utf8), properties: other),
        ])
        try await site.drain()
        let reasons = try await site.letters().compactMap { $0["reason"] as? String }
        #expect(reasons.sorted() == ["identity-mismatch", "wrong-encoding"])
        await site.remove()
    }

    /// What would end the publishing channel, multiply the letter or delete it later travels as data.
    @Test func aForeignUserCopiesAndAnExpirationDoNotTravel() async throws {
        let control = try #require(ProcessInfo.processInfo.environment["DETAINER_TEST_BROKER_CTL"])
        let site = try Site()
        try await site.apply()
        let user = "sender-" + site.prefix.suffix(8)
        try await Self.run(control, ["add_user", user, "secret"])
        try await Self.run(control, ["set_permissions", user, "", ".*", ""])
        let url = try #require(site.url).replacing(/\/\/[^@]*@/, with: "//\(user):secret@")
        var properties = MessageProperties()
        properties.userID = user
        properties.expiration = "3600000"
        properties.headers = [
            ("CC", .array([.string("copy")])), ("BCC", .array([.string("hidden")])),
            ("x-detainer-reason", .string("x")),
            ("kept", .string("value")),
        ]
        try await site.publish([Message(body: Array("{".utf8), properties: properties)], as: url)
        try await site.drain()
        // The publishing channel lives on: what comes afterwards is announced.
        try await site.submit([requestJSON(1)])
        try await site.drain()
        let waiting = try await site.takeLetters()
        #expect(waiting.count == 1)
        for letter in waiting {
            #expect(letter.properties.userID == nil && letter.properties.expiration == nil)
            #expect(letter.properties.deliveryMode == 2)
            let names = Set(letter.properties.headers.map(\.0))
            #expect(!names.contains("CC") && !names.contains("BCC") && !names.contains("kept"))
            #expect(
                letter.properties.headers.contains { $0.0 == "x-detainer-reason" && $0.1 == .string("malformed-json") })
            guard
                case .string(let envelope)? = letter.properties.headers.first(where: { $0.0 == "x-detainer-envelope" })?
                    .1
            else {
                Issue.record("no envelope")
                continue
            }
            #expect(envelope.contains(#""userId":"\#(user)""#) && envelope.contains(#""expiration":"3600000""#))
            #expect(envelope.contains(#""CC":["copy"]"#) && envelope.contains(#""kept":"value""#))
        }
        try await Self.run(control, ["delete_user", user])
        await site.remove()
    }

    /// Restored on replay is what belongs to the message, and nothing that would change its way.
    @Test func aReplayIsTheMessageAsItWasWithoutWhatHarms() async throws {
        let site = try Site()
        try await site.apply()
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.correlationID = "c-1"
        properties.appID = "records-system"
        properties.expiration = "3600000"
        properties.headers = [("kept", .string("value")), ("CC", .array([.string("copy")]))]
        try await site.publish([Message(body: Array("{".utf8), properties: properties)])
        try await site.drain()
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        #expect(try await site.apply(plan)["replayed"] == 1)
        let replayed = try await site.take(site.requestQueue)
        #expect(replayed.count == 1)
        let message = try #require(replayed.first)
        #expect(message.body == Array("{".utf8))
        #expect(message.properties.contentType == "application/json" && message.properties.correlationID == "c-1")
        #expect(message.properties.appID == "records-system" && message.properties.deliveryMode == 2)
        #expect(message.properties.expiration == nil && message.properties.userID == nil)
        #expect(Set(message.properties.headers.map(\.0)) == ["kept", "x-detainer-replayed"])
        await site.remove()
    }

    @Test func whatTheBrokerGivesUpItselfIsRecognised() async throws {
        let site = try Site()
        try await site.apply()
        var properties = MessageProperties()
        properties.expiration = "1"
        try await site.publish([Message(body: Array(requestJSON(1).utf8), properties: properties)])
        try await eventually("it expires") { try await site.waiting(site.prefix + ".dead-letters") == 1 }
        #expect(try await site.binary.run("dead-letters", "collect").code == 0)
        let letter = try #require(try await site.letters().first)
        #expect(letter["reason"] as? String == "expired")
        #expect(letter["worker"] as? String == "unknown" && letter["policy"] as? String == "unknown")
        #expect(letter["exchange"] as? String == site.prefix + ".intake")
        #expect(letter["routingKey"] as? String == "request")
        let plan = site.scratch.path + "/plan.jsonl"
        let planned = try await site.binary.run("dead-letters", "plan", "--out", plan, "--format", "json")
        #expect(try planned.objects().first?["decided"] as? Int == 1)
        #expect(try await site.apply(plan)["replayed"] == 1)
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 1)
        await site.remove()
    }

    @Test func deliveredTooOftenItIsInfrastructureAndReplayable() async throws {
        let site = try Site()
        try await site.apply()
        try await site.submit([requestJSON(1)])
        // A consumer that always gives it back, until the queue's own limit.
        try await site.rejectUntilDead(site.requestQueue)
        #expect(try await site.binary.run("dead-letters", "collect").code == 0)
        let letter = try #require(try await site.letters().first)
        #expect(letter["reason"] as? String == "infrastructure")
        #expect((letter["detail"] as? String)?.contains("delivered too often") == true)
        // How often, the broker does not say.
        #expect(letter["attempts"] as? Int == 0)
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        #expect(try await site.apply(plan)["replayed"] == 1)
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 1)
        await site.remove()
    }

    @Test func onceTheDeploymentIsWrongTheWorkerPausesInsteadOfPouringABacklogIntoTheDeadLetters() async throws {
        let site = try Site()
        try await site.apply()
        let count = 400
        try await site.submit((1...count).map { requestJSON($0) })
        let wrong = try site.policies { $0.replacing(/in force from: \S+/, with: "in force from: 2099-01-01") }
        // A broker that is busy may deliver a few at first; with the usual minimum these say nothing and are letters.
        let worker = SupervisedWorker(
            site, environment: ["DETAINER_POLICY_DIRECTORY": wrong, "DETAINER_KILL_SWITCH_MINIMUM": "1"],
            restarts: false)
        try worker.start()
        try await eventually("it pauses") {
            worker.lastLog.contains("paused: too many messages cannot be decided")
        }
        #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)
        // Mended and told so, it decides them all.
        let right = try String(contentsOfFile: Binary.repository + "/config/policies/boston-2019.yaml", encoding: .utf8)
        try right.write(toFile: wrong + "/boston.yaml", atomically: true, encoding: .utf8)
        worker.kill(SIGHUP)
        try await eventually("all are announced") { try await site.waiting(site.reportQueue) == count }
        #expect(await worker.stop() == 0)
        #expect(try await site.letters().isEmpty)
        await site.remove()
    }

    /// Headers that can be sent and not be told, and a way that a sender made up.
    @Test func hostileHeadersSpoilNeitherTheStoreNorTheWayOfAReplay() async throws {
        let site = try Site()
        try await site.apply()
        var deep = FieldValue.string("leaf")
        for _ in 1...30 { deep = .table([("x", deep), ("x", .int(1))]) }
        var nested = MessageProperties()
        nested.expiration = "1"
        nested.headers = [("deep", deep)]
        var forged = MessageProperties()
        forged.expiration = "1"
        forged.headers = [
            (
                "x-death",
                .array([
                    .table([
                        ("queue", .string(site.requestQueue)), ("reason", .string("rejected")),
                        ("exchange", .string(site.prefix + ".outcomes")), ("routing-keys", .array([.string("forged")])),
                    ])
                ])
            )
        ]
        var direct = MessageProperties()
        direct.headers = [("deep", deep)]
        let body = { (number: Int) in Array(requestJSON(number).utf8) }
        try await site.publish([
            Message(body: body(1), properties: nested), Message(body: body(2), properties: forged),
        ])
        try await eventually("both expire") { try await site.waiting(site.prefix + ".dead-letters") == 2 }
        try await site.publish([Message(body: Array("{".utf8), properties: direct)])
        try await site.drain()
        #expect(try await site.letters().count == 3)
        let reasons = try await site.letters().compactMap { $0["reason"] as? String }
        #expect(reasons.contains("malformed-json"))
        for letter in try await site.letters() {
            let id = try #require(letter["id"] as? String)
            #expect(try await site.binary.run("dead-letters", "show", id).code == 0)
        }
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--only", "decided", "--out", plan).code == 0)
        #expect(try await site.apply(plan)["replayed"] == 2)
        // Not into the exchange that the sender named.
        #expect(try await site.waiting(site.reportQueue) == 0)
        #expect(try await site.waiting(site.requestQueue) == 2)
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 2)
        await site.remove()
    }

    /// Sixty megabytes, of which the collector holds half at once.
    @Test func moreThanACollectorHoldsIsCollectedWhole() async throws {
        let site = try Site()
        try await site.apply()
        let count = 15
        let bodies = (1...count).map { Array("{\($0)".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 4_000_000) }
        try await site.publish(bodies.map { Message(body: $0) }, to: "dead", key: "broker")
        let collected = try await site.binary.run("dead-letters", "collect")
        #expect(collected.code == 0 && collected.output == "\(count) collected\n", "\(collected.errors)")
        #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)
        let folder = site.ledger + "/dead-letters/bodies/"
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder).map {
            Array(try Data(contentsOf: URL(fileURLWithPath: folder + $0)))
        }
        #expect(Set(kept) == Set(bodies))
        await site.remove()
    }

    /// A broker under load needs long to find a large body; nobody else can have it.
    @Test func aBrokerThatIsSlowToSendIsWaitedFor() async throws {
        let site = try Site()
        try await site.apply()
        try await site.publish([Message(body: Array("a slow letter".utf8))], to: "dead", key: "broker")
        let address = try BrokerAddress(url: try #require(site.url))
        let relay = Relay(to: [address.port]) { bytes in
            // Longer than what another consumer may have is awaited.
            if String(decoding: bytes, as: UTF8.self).contains("a slow letter") { sleep(11) }
        }
        let relayed = try #require(site.url).replacing(":\(address.port)", with: ":\(relay.port)")
        let collected = try await site.with(["DETAINER_BROKER_URL": relayed]).binary.run("dead-letters", "collect")
        #expect(collected.code == 0 && collected.output == "1 collected\n", "\(collected.errors)")
        #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)
        await site.remove()
    }

    @Test func garbageDoesNotPauseIt() async throws {
        let site = try Site()
        try await site.apply()
        try await site.publish((1...100).map { Message(body: Array("garbage \($0)".utf8)) })
        try await site.publish((1...100).map { Message(body: Array(#"{"schema":"garbage/\#($0)"}"#.utf8)) })
        try await site.submit([requestJSON(1)])
        try await site.drain()
        #expect(try await site.letters().count == 200)
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 1)
        await site.remove()
    }

    /// Nothing comes, for another consumer is the active one; then there is no queue any more.
    @Test func aQueueThatIsTakenAwayWhileItIsCollectedIsTold() async throws {
        let site = try Site()
        try await site.apply()
        let (address, queue, exchange) = (
            try BrokerAddress(url: try #require(site.url)), site.prefix + ".dead-letters", site.prefix + ".dead"
        )
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
            _ = try channel.declareQueue(name: queue, arguments: [("x-single-active-consumer", .bool(true))])
            try channel.bindQueue(queue: queue, exchange: exchange, routingKey: "#")
        }
        try await site.publish(Array(repeating: Message(body: Array("{".utf8)), count: 3), to: "dead")
        let (stream, continuation) = AsyncStream.makeStream(of: AMQPEvent.self)
        let active = AMQPConnection.open(address, name: "active") { continuation.yield($0) }
        defer { active.abort() }
        for await event in stream {
            if case .opened = event { active.consume(queue: queue, prefetch: 1) }
            if case .deliveries = event { break }
            if case .closed(let error) = event { throw error }
        }
        async let collecting = site.binary.run("dead-letters", "collect")
        try await eventually("both consume") {
            try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
                try channel.declareQueue(name: queue, arguments: [], passive: true).consumerCount == 2
            }
        }
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
        }
        let collected = try await collecting
        #expect(collected.code == 69 && collected.errors.contains("took the queue `\(queue)` away after 0 of 2"))
        #expect(collected.errors.contains("may be lost"), "\(collected.errors)")
        await site.remove()
    }

    @Test func doctorTellsWhetherDeadLetteringIsAtLeastOnce() async throws {
        let site = try Site()
        let missing = try await site.binary.run("doctor")
        #expect(missing.code == 1 && missing.output.contains("it is not there\n    run `detainer topology apply`"))
        try await site.apply()
        let good = try await site.binary.run("doctor")
        #expect(good.code == 0, "\(good.output)")
        #expect(good.output.contains("queue \(site.requestQueue): its arguments are right: what it gives up is dead-"))
        #expect(good.output.contains("exchange \(site.prefix).dead: it is there"))
        // A queue that somebody made by hand: it drops what it gives up.
        let address = try BrokerAddress(url: try #require(site.url))
        let queue = site.requestQueue
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
            _ = try channel.declareQueue(name: queue, arguments: [("x-queue-type", .string("quorum"))])
        }
        let wrong = try await site.binary.run("doctor", "--format", "json")
        #expect(wrong.code == 1)
        let verdicts = try wrong.objects().map { "\($0["check"] ?? "") \($0["verdict"] ?? "")" }
        #expect(verdicts.contains("queue \(queue) bad"))
        #expect(wrong.output.contains("x-dead-letter") && wrong.output.contains("messages may be lost"))
        await site.remove()
    }

    static func run(_ program: String, _ arguments: [String]) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let child = try ChildProcess(
            program, arguments, environment: ProcessInfo.processInfo.environment, errors: scratch.path + "/errors")
        try #require(await child.wait() == 0, "\(arguments)")
    }
}
