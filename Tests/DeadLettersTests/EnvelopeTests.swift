import AMQPClient
import Detainers
import Testing

@testable import DeadLetters

/// A message's properties and headers as data, and what a replay gives back of them.
struct EnvelopeTests {
    static let headers: [(String, FieldValue)] = [
        ("text", .string(#"a "quoted" é"#)), ("digits", .string("17")), ("empty", .string("")), ("int", .int(-42)),
        ("largest", .int(.max)), ("smallest", .int(.min)), ("yes", .bool(true)), ("no", .bool(false)),
        ("double", .double(0.25)), ("whole", .double(3)), ("tiny", .double(1e-300)), ("huge", .double(-1e300)),
        ("bytes", .bytes([0x00, 0x7f, 0xff])), ("no bytes", .bytes([])), ("time", .timestamp(1_767_300_000)),
        ("table", .table([("a", .int(1)), ("b", .array([.null, .string("x")]))])), ("no table", .table([])),
        ("one", .table([("deep", .timestamp(2))])), ("array", .array([.int(1), .bytes([1]), .table([("c", .null)])])),
        ("no array", .array([])), ("null", .null),
    ]

    private static func properties(_ headers: [(String, FieldValue)] = EnvelopeTests.headers) -> MessageProperties {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.contentEncoding = "identity"
        properties.messageID = "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44"
        properties.correlationID = "c-1"
        properties.type = "detainer.request/1"
        properties.appID = "fax-room"
        properties.userID = "intake"
        properties.replyTo = "answers"
        properties.expiration = "60000"
        properties.timestamp = 1_767_300_000
        properties.deliveryMode = 1
        properties.priority = 4
        properties.headers = headers
        return properties
    }

    /// As a letter carries it: written as JSON and read again.
    private static func carried(_ properties: MessageProperties, headersLost: Bool = false) throws -> JSONValue {
        try JSONValue.parse(Envelope.json(properties, headersLost: headersLost).serialized())
    }

    @Test func aReplayHasThePropertiesAndHeadersThatTheMessageHad() throws {
        let replayed = Envelope.replayed(try Self.carried(Self.properties()))
        var expected = Self.properties()
        expected.userID = nil
        expected.expiration = nil
        expected.deliveryMode = 2
        #expect(replayed == expected)
    }

    @Test func theEnvelopeItselfHoldsEverything() throws {
        let envelope = try Self.carried(Self.properties())
        #expect(envelope["userId"]?.stringValue == "intake" && envelope["expiration"]?.stringValue == "60000")
        #expect(envelope["deliveryMode"]?.intValue == 1)
        #expect(envelope["headers"]?.objectValue?.map(\.name) == Self.headers.map { $0.0 })
    }

    @Test func whatAMessageDidNotHaveAReplayHasNot() throws {
        var expected = MessageProperties()
        expected.deliveryMode = 2
        let deliveryModes: [UInt8?] = [nil, 0, 1, 2]
        for deliveryMode in deliveryModes {
            var properties = MessageProperties()
            properties.deliveryMode = deliveryMode
            #expect(try Envelope.replayed(Self.carried(properties)) == expected)
        }
        #expect(Envelope.replayed(.null) == expected)
        #expect(Envelope.replayed(["headers": "x", "priority": 999, "timestamp": "x", "type": 1]) == expected)
    }

    @Test(arguments: [
        "CC", "cc", "Cc", "BCC", "bcc", "Bcc", "x-death", "X-Death", "x-delivery-count", "x-first-death-queue",
        "X-Last-Death-Reason", "x-detainer-reason", "x-detainer-replayed", "X-Detainer-Replayed", "X-DETAINER-ENVELOPE",
    ])
    func aHeaderThatWouldChangeItsWayIsLeftOut(_ name: String) throws {
        let properties = Self.properties([
            ("before", .int(1)), (name, .array([.string("elsewhere")])), ("after", .int(2)),
        ])
        let replayed = Envelope.replayed(try Self.carried(properties))
        let kept: [(String, FieldValue)] = [("before", .int(1)), ("after", .int(2))]
        #expect(FieldValue.table(replayed.headers) == FieldValue.table(kept))
    }

    @Test func aNumberThatIsNoneBecomesText() throws {
        let replayed = Envelope.replayed(try Self.carried(Self.properties([("x", .double(.infinity))])))
        let text: [(String, FieldValue)] = [("x", .string("inf"))]
        #expect(FieldValue.table(replayed.headers) == FieldValue.table(text))
    }

    @Test func headersThatAreTooLargeOrTooDeepAreLostAndItSaysSo() throws {
        let large: [(String, FieldValue)] = [("x", .string(String(repeating: "a", count: Envelope.maximumBytes)))]
        let tooLarge = try Self.carried(Self.properties(large))
        let tooDeep = try Self.carried(Self.properties(), headersLost: true)
        for envelope in [tooLarge, tooDeep] {
            #expect(envelope["headersLost"]?.boolValue == true && envelope["headers"] == nil)
            let replayed = Envelope.replayed(envelope)
            #expect(replayed.headers.isEmpty && replayed.messageID == "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44")
        }
    }

    // MARK: - a letter's replay

    static let intake = IntakeRoute(exchange: "intake", routingKey: "replayed")
    static let now = Moment(secondsSinceEpoch: 1_772_800_000)

    @Test func aReplayCarriesANoteOfItselfBehindTheEarlierOnes() throws {
        var letter = LetterIndexTests.letter(1)
        let earlier = ReplayHistory.Replay(
            letter: LetterIndexTests.letter(2).id.text, diedAt: "2026-03-01T10:00:00.00Z",
            replayedAt: "2026-03-02T10:00:00.00Z")
        letter.letter.claimedReplays = ReplayHistory().adding(earlier)
        letter.letter.body = [0x00, 0xff]
        letter.letter.envelope = try Self.carried(
            Self.properties([(ReplayHistory.header, .string("of another one")), ("kept", .int(1))]))
        let publication = letter.replay(token: 7, at: Self.now, intake: Self.intake)
        #expect(publication.token == 7 && publication.message.body == [0x00, 0xff])
        let properties = publication.message.properties
        #expect(properties.deliveryMode == 2 && properties.userID == nil && properties.expiration == nil)
        #expect(properties.headers.map { $0.0 } == ["kept", ReplayHistory.header])
        guard case .string(let text)? = properties.headers.last?.1 else {
            Issue.record("the history is no text")
            return
        }
        let replay = ReplayHistory.Replay(
            letter: letter.id.text, diedAt: letter.letter.deadAt, replayedAt: Self.now.text)
        #expect(ReplayHistory(text: text)?.replays == [earlier, replay])
    }

    @Test func aReplayGoesWhereItsMessageWent() {
        let publication = LetterIndexTests.letter(1).replay(token: 1, at: Self.now, intake: Self.intake)
        #expect(publication.exchange == "detainer.intake" && publication.routingKey == "request")
    }

    @Test(arguments: ["unknown", ""])
    func aReplayWhoseWayIsNotKnownGoesToTheIntake(_ exchange: String) {
        var letter = LetterIndexTests.letter(1)
        (letter.letter.exchange, letter.letter.routingKey) = (exchange, "unknown")
        #expect(letter.route(Self.intake) == Self.intake)
        let publication = letter.replay(token: 1, at: Self.now, intake: Self.intake)
        #expect(publication.exchange == "intake" && publication.routingKey == "replayed")
    }
}

/// What arrives in the dead-letter queue: a worker's letter as it wrote it, and the broker's with what it says of it.
struct BrokerLetterTests {
    private static let now = Moment(secondsSinceEpoch: 1_772_800_000)

    private static func letter(_ message: Message, routingKey: String = "broker") -> DeadLetter {
        let delivery = Delivery(
            deliveryTag: 1, redelivered: false, exchange: "detainer.dead", routingKey: routingKey, message: message)
        return BrokerLetter.letter(from: delivery, queues: ["detainer.requests"], at: now)
    }

    private static func message(_ headers: [(String, FieldValue)]) -> Message {
        var properties = MessageProperties()
        properties.messageID = "m-1"
        properties.headers = headers
        return Message(body: Array("{}".utf8), properties: properties)
    }

    private static func death(_ reason: FieldValue, in queue: String = "detainer.requests") -> FieldValue {
        .table([
            ("count", .int(1)), ("reason", reason), ("queue", .string(queue)), ("time", .timestamp(1_767_300_000)),
            ("exchange", .string("detainer.intake")),
            ("routing-keys", .array([.string("boston"), .string("copy")])),
        ])
    }

    @Test func whatAWorkerRejectedForItsSizeSaysSo() {
        var message = Self.message([("x-death", .array([Self.death(.string("rejected"))]))])
        #expect(Self.letter(message).reason == .infrastructure)
        message.body = [UInt8](repeating: 0x20, count: RequestContract.maximumBodyBytes + 1)
        let letter = Self.letter(message)
        #expect(letter.reason == .tooLarge && letter.detail == "message: is larger than 65536 bytes")
        #expect(letter.body == message.body)
        // What waited too long did so whatever its size.
        message.properties.headers = [("x-death", .array([Self.death(.string("expired"))]))]
        #expect(Self.letter(message).reason == .expired)
    }

    private static let workers = DeadLetter(
        reason: .poison, detail: "/form: of \"this\" é", firstFailedAt: "2026-03-01T10:00:00.00Z",
        deadAt: "2026-03-04T10:00:00.00Z", attempts: 3, worker: "w1", policyDigest: "sha-256:00",
        claimedReplays: ReplayHistory().adding(
            .init(letter: "0a", diedAt: "2026-03-02T10:00:00.00Z", replayedAt: "2026-03-03T10:00:00.00Z")),
        exchange: "detainer.intake", routingKey: "request",
        envelope: ["messageId": "m-1", "priority": 4, "headers": ["a": [1, ["b": true]], "c": "\n"]],
        body: [0x7b, 0x00, 0xff])

    @Test func aWorkersLetterComesBackAsItWasWritten() {
        let publication = Self.workers.publication(token: 9, exchange: "detainer.dead")
        #expect(publication.token == 9 && publication.exchange == "detainer.dead")
        #expect(publication.routingKey == "worker" && publication.message.properties.deliveryMode == 2)
        #expect(publication.message.body == Self.workers.body)
        #expect(Self.letter(publication.message, routingKey: publication.routingKey) == Self.workers)
    }

    @Test(arguments: ["broker", "request", "Worker", "", "worker.x"])
    func whoeverWritesAWorkersHeadersIsNotBelieved(_ routingKey: String) {
        let message = Self.workers.publication(token: 1, exchange: "detainer.dead").message
        let letter = Self.letter(message, routingKey: routingKey)
        #expect(letter.reason == .infrastructure && letter.worker == "unknown" && letter.attempts == 0)
        #expect(letter.exchange == "unknown" && letter.routingKey == "unknown")
        #expect(letter.deadAt == Self.now.text && letter.claimedReplays == ReplayHistory())
        #expect(letter.body == message.body)
        #expect(letter.envelope["headers"]?["x-detainer-reason"]?.stringValue == "poison")
    }

    @Test func aLetterThatOnlySaysToBeAWorkersIsTheBrokers() {
        var message = Self.workers.publication(token: 1, exchange: "detainer.dead").message
        message.properties.headers.removeAll { $0.0 == "x-detainer-envelope" }
        #expect(Self.letter(message, routingKey: "worker").reason == .infrastructure)
        #expect(Self.letter(Self.message([]), routingKey: "worker").reason == .infrastructure)
    }

    /// Longer names than AMQP has were made up, and a replay to them would end the connection.
    @Test(arguments: [255, 256])
    func aWorkersLetterHasNamesThatCanBePublishedTo(_ bytes: Int) {
        for change in [\DeadLetter.exchange, \DeadLetter.routingKey] {
            var letter = Self.workers
            letter[keyPath: change] = String(repeating: "x", count: bytes)
            let message = letter.publication(token: 1, exchange: "detainer.dead").message
            #expect((Self.letter(message, routingKey: "worker") == letter) == (bytes == 255))
        }
    }

    @Test func whatExpiredSaysWhenAndWhereItWasPublishedTo() throws {
        let message = Self.message([("x-death", .array([Self.death(.string("expired"))])), ("kept", .int(1))])
        let letter = Self.letter(message)
        #expect(letter.reason == .expired && letter.detail.contains("waited longer"))
        #expect(letter.exchange == "detainer.intake" && letter.routingKey == "boston")
        #expect(letter.deadAt == Moment(secondsSinceEpoch: 1_767_300_000).text)
        #expect(letter.worker == "unknown" && letter.body == message.body)
        #expect(letter.envelope["messageId"]?.stringValue == "m-1")
        let envelope = try JSONValue.parse(letter.envelope.serialized())
        #expect(Envelope.replayed(envelope).headers.map { $0.0 } == ["kept"])
    }

    @Test(arguments: [("delivery_limit", "too often"), ("rejected", "rejected it"), ("maxlen", "full")])
    func otherDeathsInTheBrokerAreOfTheInfrastructure(_ reason: String, _ sentence: String) {
        let headers: [(String, FieldValue)] = [
            ("x-death", .array([Self.death(.string(reason))])), ("x-delivery-count", .int(201)),
        ]
        let letter = Self.letter(Self.message(headers))
        #expect(letter.reason == .infrastructure && letter.detail.contains(sentence))
        #expect(letter.exchange == "detainer.intake" && letter.routingKey == "boston" && letter.attempts == 201)
    }

    @Test func aDeathInAnotherQueueIsNotOurs() {
        let other = Self.death(.string("expired"), in: "elsewhere")
        let letter = Self.letter(Self.message([("x-death", .array([other]))]))
        #expect(letter.reason == .infrastructure && letter.detail.hasSuffix("unknown"))
        #expect(letter.exchange == "unknown" && letter.routingKey == "unknown" && letter.deadAt == Self.now.text)
        let both = Self.message([("x-death", .array([other, Self.death(.string("delivery_limit"))]))])
        #expect(Self.letter(both).reason == .infrastructure && Self.letter(both).exchange == "detainer.intake")
    }

    /// The broker writes none of these; a publisher can.
    static let nonsense: [FieldValue] = [
        .string("MARKED"), .null, .array([]), .array([.string("MARKED"), .table([])]), .table([("reason", .null)]),
        .array([.table([("queue", .string("detainer.requests")), ("reason", .string("MARKED"))])]),
        .array([.table([("queue", .string("detainer.requests")), ("reason", .int(1))])]),
    ]

    @Test(arguments: nonsense.indices)
    func nonsenseInADeathTellsNothing(_ number: Int) {
        let letter = Self.letter(Self.message([("x-death", Self.nonsense[number])]))
        #expect(letter.reason == .infrastructure && letter.deadAt == Self.now.text)
        #expect(letter.exchange == "unknown" && letter.routingKey == "unknown")
        #expect(!letter.detail.contains("MARKED"))
    }

    @Test func aTimeOrACountThatCannotBeIsBounded() {
        let death = FieldValue.table([
            ("queue", .string("detainer.requests")), ("reason", .string("expired")), ("time", .timestamp(.max)),
            ("routing-keys", .array([.int(1)])),
        ])
        let counts: [(Int64, Int)] = [(.min, 0), (-1, 0), (7, 7), (.max, 1_000_000)]
        for (count, attempts) in counts {
            let headers: [(String, FieldValue)] = [("x-death", .array([death])), ("x-delivery-count", .int(count))]
            let letter = Self.letter(Self.message(headers))
            #expect(letter.reason == .expired && letter.deadAt == Self.now.text && letter.attempts == attempts)
            #expect(letter.exchange == "unknown" && letter.routingKey == "unknown")
        }
    }
}
