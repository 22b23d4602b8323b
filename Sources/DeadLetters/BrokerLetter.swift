import AMQPClient
import Detainers

/// What arrives in the dead-letter queue, as a letter: our workers' own with all that they say, and what the broker
/// itself dead-lettered, of which less is known.
enum BrokerLetter {
    /// The routing key of a worker's letter; everything else comes from the broker.
    static let workerRoutingKey = "worker"
    static let unknown = "unknown"

    static func letter(from delivery: Delivery, queues: Set<String>, at now: Moment) -> DeadLetter {
        var headers: [String: String] = [:]
        for case (let name, .string(let text)) in delivery.message.properties.headers { headers[name] = text }
        if delivery.routingKey == workerRoutingKey,
            let letter = DeadLetter(header: { headers[$0] }, body: delivery.message.body), isPlausible(letter, headers)
        {
            return letter
        }
        let death = death(delivery.message.properties.headers, queues: queues)
        let why = death?.reason ?? unknown
        let properties = delivery.message.properties
        let (reason, detail) = verdict(why, bodyBytes: delivery.message.body.count)
        return DeadLetter(
            reason: reason, detail: detail, firstFailedAt: unknown,
            deadAt: death?.at ?? now.text, attempts: attempts(properties.headers), worker: unknown,
            policyDigest: unknown,
            claimedReplays: headers[ReplayHistory.header].flatMap(ReplayHistory.init(text:)) ?? ReplayHistory(),
            exchange: death?.exchange ?? unknown, routingKey: death?.routingKey ?? unknown,
            envelope: Envelope.json(properties, headersLost: delivery.headersTooDeep),
            body: delivery.message.body)
    }

    /// Workers reject one thing only, and do not carry it: a body that they would not hold. It is seen to be one.
    private static func verdict(_ why: String, bodyBytes: Int) -> (DeadLetterReason, detail: String) {
        let maximum = RequestContract.maximumBodyBytes
        if why == "rejected", bodyBytes > maximum { return (.tooLarge, "message: is larger than \(maximum) bytes") }
        return (
            why == "expired" ? .expired : .infrastructure,
            "the broker itself gave it up: \(sentences[why] ?? unknown)"
        )
    }

    /// Longer headers were written by no worker, and would not fit into a line of the store.
    private static let longestHeader = 2_048
    private static let longestEnvelope = 4 * Envelope.maximumBytes
    /// Names of AMQP are short strings; a longer one was made up, and could never be published to.
    private static let longestName = 255

    /// Whether a worker can have written it: anybody with the right to publish to the exchange can use its key.
    private static func isPlausible(_ letter: DeadLetter, _ headers: [String: String]) -> Bool {
        let isShort = headers.allSatisfy { name, value in
            value.utf8.count <= (name == "x-detainer-envelope" ? longestEnvelope : longestHeader)
        }
        return isShort && [letter.exchange, letter.routingKey].allSatisfy { $0.utf8.count <= longestName }
            && (0...1_000_000).contains(letter.attempts) && Moment(text: letter.deadAt) != nil
            && Moment(text: letter.firstFailedAt) != nil
    }

    /// The reasons of RabbitMQ's `x-death`, in words.
    private static let sentences = [
        "rejected": "a consumer rejected it", "expired": "it waited longer than it may",
        "maxlen": "the queue was full", "delivery_limit": "it was delivered too often without an answer",
    ]

    private struct Death {
        var reason: String
        var at: String?
        var exchange: String?
        var routingKey: String?
    }

    /// What `x-death` says of one of our queues. The broker writes it, and a publisher could have written it before: it
    /// decides nothing but what is shown, and where a replay goes that a person plans.
    private static func death(_ headers: [(String, FieldValue)], queues: Set<String>) -> Death? {
        guard case .array(let deaths)? = headers.first(where: { $0.0 == "x-death" })?.1 else { return nil }
        for case .table(let death) in deaths {
            func text(_ name: String) -> String? {
                if case .string(let text)? = death.first(where: { $0.0 == name })?.1, text.utf8.count <= longestName {
                    text
                } else {
                    nil
                }
            }
            guard let queue = text("queue"), queues.contains(queue), let reason = text("reason"),
                sentences[reason] != nil
            else { continue }
            var found = Death(reason: reason, exchange: text("exchange"))
            if case .array(let keys)? = death.first(where: { $0.0 == "routing-keys" })?.1,
                case .string(let key)? = keys.first, key.utf8.count <= longestName
            {
                found.routingKey = key
            }
            if case .timestamp(let seconds)? = death.first(where: { $0.0 == "time" })?.1,
                let seconds = Int64(exactly: seconds), seconds < 253_402_300_800
            {
                found.at = Moment(secondsSinceEpoch: seconds).text
            }
            return found
        }
        return nil
    }

    private static func attempts(_ headers: [(String, FieldValue)]) -> Int {
        if case .int(let count)? = headers.first(where: { $0.0 == "x-delivery-count" })?.1 {
            return Int(max(0, min(count, 1_000_000)))
        }
        return 0
    }
}
