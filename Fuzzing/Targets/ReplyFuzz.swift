import CRabbitMQ

@testable import AMQPClient
@testable import Detainers
@testable import Policy
@testable import Worker

/// What a worker publishes because a sender asked for it: to where the sender says and nowhere else, with its own word
/// as it came, and nothing else that it sent.
enum ReplyFuzz {
    private static let now = Moment(secondsSinceEpoch: 1_700_000_000)
    private static let ownQueue = "detainer.requests"

    private static let judge: Judge = {
        let policy = """
            policy: p
            receivers: [boston-police]
            in force from: 2019-01-01
            time zone: America/New_York
            status: draft
            approved by: nobody
            law: {L: {cite: c, reported: r}}
            facts: {}
            hold:
              law: [L]
              h: {when: always, answer: decline, because: b}
            transfer:
              law: [L]
              t: {when: always, answer: decline, because: b}
            notify:
              law: [L]
              n: {when: always, answer: decline, because: b}
            report line:
              law: [L]
              l: {when: always, answer: item 1, because: b}
            examples:
              e: {given: {}, expect: [h, t, n, l]}
            """
        do {
            let document = try PolicyDocument.parse(text: policy, file: "fuzz.yaml")
            let set = try PolicySet([document], allowDrafts: true)
            return Judge(policies: set, keys: [document.jurisdiction: MessageFuzz.key], worker: "w")
        } catch { broken("a judge judges by the least policy: \(error)") }
    }()

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        guard let properties = properties(&instructions) else { return }
        let delivery = Delivery(
            deliveryTag: 1, redelivered: false, exchange: "e", routingKey: "request",
            message: Message(body: Array(instructions.rest), properties: properties))
        let arrival = judge.arrival(of: delivery, at: now)
        guard let address = arrival.returnAddress else {
            check(
                (properties.replyTo ?? "").isEmpty || (properties.correlationID ?? "").isEmpty,
                "who names a queue and a word is told")
            return
        }
        check(address.queue == properties.replyTo, "it goes to where the sender says")
        check(address.correlationID == properties.correlationID, "its word is as it came")
        let reply = reply(to: address, arrival.verdict)
        published(reply, arrival.verdict)
        let letter = arrival.conflictLetter()
        published(
            AddressedReply(address: address, reply: .refused(letter.reason, detail: letter.detail)), .dead(letter))
        send(reply)
    }

    /// Off the wire, or from texts of the input.
    private static func properties(_ instructions: inout Instructions) -> MessageProperties? {
        let kind = instructions.byte()
        if kind % 2 == 0 {
            let encoded = instructions.take(instructions.word())
            return HeadersFuzz.withHeader(encoded) { header, _ in header.properties }
        }
        var properties = MessageProperties()
        (properties.replyTo, properties.correlationID) = (instructions.text(), instructions.text())
        if kind & 2 != 0 { properties.messageID = instructions.text() }
        if kind & 4 != 0 { properties.contentType = instructions.text() }
        if kind & 8 != 0 { properties.contentEncoding = instructions.text() }
        if kind & 16 != 0 { properties.headers = [(instructions.text(), .string(instructions.text()))] }
        if kind & 32 != 0 { properties.replyTo = ownQueue }
        return properties
    }

    private static func reply(to address: ReturnAddress, _ verdict: Verdict) -> AddressedReply {
        var flights = Flights()
        let flight = flights.add(tag: 1, generation: 0)
        flights.reply(to: address, verdict, flight)
        check(flights.settle() == nil, "nobody is told before it is settled")
        flights.done(flight)
        guard let reply = flights.settle()?.replies.first else { broken("who asked is told") }
        return reply
    }

    private static func published(_ reply: AddressedReply, _ verdict: Verdict) {
        let sent = Outgoing.reply(reply, token: 7)
        check(sent.exchange.isEmpty && sent.routingKey == reply.address.queue, "it goes to that queue")
        var properties = sent.message.properties
        check(properties.correlationID == reply.address.correlationID, "it carries the sender's word")
        check(properties.contentType == IntakeForm.messageType && properties.type == Reply.schema, "it says what it is")
        check(properties.expiration == String(Replies.lifeMilliseconds), "it does not stay for ever")
        (properties.correlationID, properties.contentType, properties.type, properties.expiration) = (
            nil, nil, nil, nil
        )
        check(properties == MessageProperties(), "it has nothing else of the sender's")
        let texts = [reply.address.queue, reply.address.correlationID]
        // Whether it can be sent, not why not.
        let canBeSent = (try? WireSize.head(of: sent, frameBytes: 4_096)) != nil
        check(
            canBeSent == texts.allSatisfy { $0.utf8.count <= 255 },
            "it can be sent, unless a text grew when it was mended")
        guard let json = try? JSONValue.parse(sent.message.body) else { broken("a reply is JSON") }
        check(json == reply.reply.json, "a reply is read as it was written")
        switch verdict {
        case .entry(let entry):
            check(json["result"]?.stringValue == "recorded", "a record is told as one")
            check(json["eventId"]?.stringValue == entry.eventID, "it names the event")
        case .dead(let letter):
            check(json["result"]?.stringValue == "refused", "a letter is told as one")
            check(json["reason"]?.stringValue == letter.reason.rawValue, "it names the reason")
            let detail = json["detail"]?.stringValue ?? ""
            check(!detail.isEmpty && detail.utf8.count <= Reply.maximumDetailBytes, "it says why, in a sentence")
            check(detail.utf8.allSatisfy { (0x20..<0x7f).contains($0) }, "in words of ours")
            check(!detail.contains(Marking.word), "it holds no value")
        }
    }

    /// The worker's own queues get none, whatever a sender says: it would read its own replies for ever.
    private static func send(_ reply: AddressedReply) {
        var replies = Replies(ownQueues: [ownQueue])
        let asked = replies.reply([reply], at: 0)
        guard reply.address.queue != ownQueue else {
            check(asked == [] && replies.opened(at: 0) == [], "none to a queue of our own")
            return
        }
        check(asked == [.open], "a connection is opened for it")
        check(replies.opened(at: 0) == [.publish([(token: UInt64(1), reply: reply)])], "it is published once")
    }
}
