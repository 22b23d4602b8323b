public import AMQPClient
import DeadLetters
public import Detainers
public import Policy

/// Reads a message and decides it: the same message under the same policies always gives the same verdict.
///
/// Pure: time is an argument. A verdict is an outcome or a dead letter; there is no third, for deciding has no
/// transient failures. Immutable and passed by reference: each delivery's letter is made by it later, if at all.
public final class Judge: Sendable {
    /// A sender has a few, signatures and traces included, and brokers add a dozen.
    static let maximumHeaders = 256

    let policies: PolicySet
    private let keys: [String: PseudonymKey]
    /// Keys the content of messages, whoever serves their agencies: another policy must make no conflict of a repeat.
    private let homeKey: PseudonymKey
    private let publishers: PublisherKeys?
    let worker: String
    private let contract: IntakeContract

    /// - Parameters:
    ///   - keys: a pseudonym key for each jurisdiction of the policies.
    ///   - publishers: whose signatures are demanded; `nil`: none is looked at.
    ///   - contract: what messages are read by.
    public init(
        policies: PolicySet, keys: [String: PseudonymKey], worker: String, publishers: PublisherKeys? = nil,
        contract: IntakeContract = .current
    ) {
        guard policies.jurisdictions.allSatisfy({ keys[$0] != nil }), let homeKey = keys[policies.home] else {
            preconditionFailure("every jurisdiction has a key")
        }
        self.homeKey = homeKey
        self.policies = policies
        self.keys = keys
        self.publishers = publishers
        self.worker = worker
        self.contract = contract
    }

    private func key(of jurisdiction: String) -> PseudonymKey {
        guard let key = keys[jurisdiction] else { preconditionFailure("every jurisdiction has a key") }
        return key
    }

    /// The verdict on one delivery, with the letter to write should it contradict what is on record.
    public func arrival(of delivery: Delivery, at now: Moment) -> Arrival {
        // Asked for once: it has many texts, each with a count of its references.
        let message = delivery.message
        let verdict = verdict(on: delivery, message, at: now)
        return Arrival(
            tag: delivery.deliveryTag, verdict: verdict, returnAddress: returnAddress(of: message, verdict),
            conflictLetter: {
                var member = "requestId"
                if case .entry(let entry) = verdict, case .record = entry.identity { member = "recordId" }
                let root = IntakeForm(contentType: delivery.message.properties.contentType).root
                return self.letter(
                    .conflictingDuplicate,
                    detail: "\(root)/\(member): another content is on record under this id and revision",
                    delivery: delivery, at: now)
            })
    }

    /// The letter of a message that ended several runs while it was being decided; it is not looked at again.
    ///
    /// - Parameter since: when the first of these attempts was; `nil`: nobody knows.
    public func condemned(_ delivery: Delivery, attempts: Int, since: String?, at now: Moment) -> Arrival {
        var poison = letter(
            .poison, detail: "message: a worker ended \(attempts) times while it decided this message",
            delivery: delivery, at: now)
        poison.attempts = attempts
        // What the message says of earlier replays is earlier still.
        if let since, poison.firstFailedAt == poison.deadAt { poison.firstFailedAt = since }
        let made = poison
        return Arrival(
            tag: delivery.deliveryTag, verdict: .dead(made), returnAddress: delivery.message.properties.returnAddress,
            conflictLetter: { made })
    }

    /// Who cannot show to be a publisher gets nothing sent anywhere.
    private func returnAddress(of message: Message, _ verdict: Verdict) -> ReturnAddress? {
        if case .dead(let letter) = verdict, [.unsigned, .wrongSignature].contains(letter.reason) { return nil }
        return message.properties.returnAddress
    }

    /// What a message is known by while nothing of it is read.
    func message(of delivery: Delivery) -> String { homeKey.messageID(ofBody: delivery.message.body) }

    private func verdict(on delivery: Delivery, _ sent: Message, at now: Moment) -> Verdict {
        func dead(_ reason: DeadLetterReason, _ detail: String, policy: String = "") -> Verdict {
            .dead(letter(reason, detail: detail, policy: policy, delivery: delivery, at: now))
        }
        if delivery.headersTooDeep { return dead(.schema, "headers: nested too deeply to be read") }
        if sent.properties.headers.count > Self.maximumHeaders {
            return dead(.schema, "headers: there are more than \(Self.maximumHeaders)")
        }
        // Before anything in it is read.
        switch publishers?.judge(
            keyID: sent.properties.text(of: MessageSignature.keyHeader),
            signature: sent.properties.text(of: MessageSignature.header), body: sent.body)
        {
        case .good?, nil: break
        case .unsigned?:
            return dead(
                .unsigned, "headers: \(MessageSignature.header) and \(MessageSignature.keyHeader) are asked for")
        case .wrong(let why)?: return dead(.wrongSignature, "headers/\(MessageSignature.header): \(why)")
        }
        do {
            let message = try Unwrapping.message(in: sent, by: contract)
            if let messageID = sent.properties.messageID, messageID.lowercased() != message.id {
                let root = IntakeForm(contentType: sent.properties.contentType).root
                return dead(.identityMismatch, "\(root)/\(message.idMember): differs from the property message_id")
            }
            let traceparent = Self.traceparent(of: sent.properties)
            // Handed on, not copied: a request has some twenty texts, each with a count of its references.
            switch consume message {
            case .request(let request): return decide(request, traceparent: traceparent, at: now, dead)
            case .record(let record): return .entry(.record(recorded(record, traceparent: traceparent, at: now)))
            }
        } catch {
            return dead(error.reason, error.description)
        }
    }

    private func decide(
        _ request: consuming Request, traceparent: String?, at now: Moment,
        _ dead: (DeadLetterReason, String, String) -> Verdict
    ) -> Verdict {
        let decision: Decision?
        let date: RequestDate
        let jurisdiction: String
        switch policies.policy(for: request, recordedAt: now) {
        case .decided(let policy, let requestDate):
            do throws(PolicyError) { decision = try policy.decide(request) } catch {
                return dead(.undecidable, "policy: no single answer", policy.digest)
            }
            date = requestDate
            jurisdiction = policy.jurisdiction
        case .notOurs(let requestDate):
            decision = nil
            date = requestDate
            jurisdiction = policies.home
        case .noneInForce:
            return dead(.undecidable, "/receipt: no policy is in force on the date of this request", "")
        }
        let key = key(of: jurisdiction)
        let pseudonyms = key.pseudonyms(of: request)
        let contentKey = homeKey.content(of: request)
        return .entry(
            .outcome(
                Outcome(
                    request: request, decision: decision, date: date, pseudonyms: pseudonyms, contentKey: contentKey,
                    recordedAt: now, traceparent: traceparent, jurisdiction: jurisdiction)))
    }

    /// A record of what people did is taken as it is: there is nothing to decide.
    private func recorded(_ message: CaseMessage, traceparent: String?, at now: Moment) -> CaseRecord {
        let place = policies.place(of: message.agency)
        let key = key(of: place.jurisdiction)
        return CaseRecord(
            message: message, date: (message.happenedAt ?? now).date(in: place.timeZone),
            pseudonyms: key.pseudonyms(of: message), contentKey: homeKey.content(of: message), recordedAt: now,
            traceparent: traceparent, jurisdiction: place.jurisdiction, isOurs: place.isServed)
    }

    private func letter(
        _ reason: DeadLetterReason, detail: String, policy: String = "", delivery: Delivery, at now: Moment
    ) -> DeadLetter {
        let replays = delivery.message.properties.replays
        return DeadLetter(
            reason: reason, detail: detail, firstFailedAt: replays.replays.first?.diedAt, deadAt: now.text,
            attempts: 1 + delivery.earlierDeliveries,
            worker: worker, policyDigest: policy, claimedReplays: replays, exchange: delivery.exchange,
            routingKey: delivery.routingKey,
            envelope: Envelope.json(delivery.message.properties, headersLost: delivery.headersTooDeep),
            body: delivery.message.body)
    }

    /// W3C Trace Context, version 00: 55 characters of a fixed form; anything else is not carried on.
    static func traceparent(of properties: MessageProperties) -> String? {
        for (name, value) in properties.headers where name == "traceparent" {
            guard case .string(let text) = value, text.utf8.count == 55 else { return nil }
            let isWellFormed = text.utf8.enumerated().allSatisfy { position, byte in
                switch position {
                case 2, 35, 52: byte == UInt8(ascii: "-")
                default:
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
                }
            }
            return isWellFormed ? text : nil
        }
        return nil
    }
}

extension MessageProperties {
    /// Both are needed: without its own word for the message a sender cannot tell what a reply is about.
    fileprivate var returnAddress: ReturnAddress? {
        guard let queue = replyTo, let correlationID, !queue.isEmpty, !correlationID.isEmpty else { return nil }
        return ReturnAddress(queue: queue, correlationID: correlationID)
    }

    fileprivate func text(of header: String) -> String? {
        for case (header, .string(let text)) in headers { return text }
        return nil
    }

    /// What a replayed message carries of its earlier deaths.
    fileprivate var replays: ReplayHistory {
        for case (ReplayHistory.header, .string(let text)) in headers {
            return ReplayHistory(text: text) ?? ReplayHistory()
        }
        return ReplayHistory()
    }
}
