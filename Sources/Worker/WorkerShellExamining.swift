import AMQPClient
import Detainers
import Ledger

// Deliveries on their way to the pipeline: most pass, some are decided with care, one by one.

extension WorkerShell {
    func candidate(_ delivery: Delivery) -> Quarantine<Delivery>.Candidate {
        let judge = judge
        return .init(
            item: delivery, message: { judge.message(of: delivery) }, deliveries: delivery.earlierDeliveries)
    }

    /// Those whose bodies are here. The others are left to the broker, which makes dead letters of them as they are and
    /// keeps them until it has: nobody could hold them all in memory on their way.
    mutating func rejectingTooLarge(_ deliveries: [Delivery]) -> [Delivery] {
        if !deliveries.contains(where: \.bodyTooLarge) { return deliveries }
        for delivery in deliveries where delivery.bodyTooLarge {
            consumer?.reject(deliveryTag: delivery.deliveryTag, requeue: false)
            tell(
                .warning, "a message becomes a dead letter: message: is larger than a worker holds",
                [("reason", DeadLetterReason.tooLarge.rawValue)])
            meter.rejected(.tooLarge)
            summary.deadLetters += 1
        }
        return deliveries.filter { !$0.bodyTooLarge }
    }

    mutating func quarantined(_ actions: [Quarantine<Delivery>.Action]) {
        var passed: [Delivery] = []
        for action in actions {
            switch action {
            case .pass(let delivery): passed.append(delivery)
            case .mark(let message, let turn):
                desk.mark(message) { [yield] in yield(.marked($0, message: message, turn: turn)) }
            case .examine(let delivery, let message, let turn):
                let arrival = decided(delivery) { judge, now in judge.arrival(of: delivery, at: now) }
                examined = arrival
                rehearse(arrival)
                desk.clear(message) { [yield] in yield(.cleared($0, turn: turn)) }
            case .release:
                if let examined { arrived([examined]) }
                examined = nil
            case .condemn(let delivery, let attempts):
                tell(.error, "a message that ended \(attempts) runs while it was decided becomes a dead letter")
                let since = firstAttempts[judge.message(of: delivery)]
                let arrival = decided(delivery) { judge, now in
                    judge.condemned(delivery, attempts: attempts, since: since, at: now)
                }
                arrived([arrival])
            case .clear(let message): desk.clear(message) { [yield] in yield(.cleared($0, turn: nil)) }
            case .widen:
                isWidening = true
                consumer?.stopConsuming()
            }
        }
        decide(passed)
    }

    mutating func decide(_ passed: [Delivery]) {
        if passed.isEmpty { return }
        let (now, start) = (WallClock.now(), Stopwatch.seconds())
        let arrivals = passed.map { judge.arrival(of: $0, at: now) }
        for (delivery, arrival) in zip(passed, arrivals) { tellVerdict(arrival.verdict, on: delivery) }
        meter.decided(arrivals, since: start, at: Stopwatch.seconds())
        arrived(arrivals)
    }

    /// What is made of one that is not decided with others; told and counted as theirs is.
    private mutating func decided(_ delivery: Delivery, _ made: (Judge, Moment) -> Arrival) -> Arrival {
        let (now, start) = (WallClock.now(), Stopwatch.seconds())
        let arrival = made(judge, now)
        tellVerdict(arrival.verdict, on: delivery)
        meter.decided([arrival], since: start, at: Stopwatch.seconds())
        return arrival
    }

    /// Hands arrivals to the pipeline, with what sealed segments hold of them.
    ///
    /// INVARIANT: nothing comes between the look and the pipeline: what it was told to ask of the runs is in them.
    private mutating func arrived(_ arrivals: [Arrival]) {
        switch recorded.look(arrivals) {
        case .success(let arrivals): feed(.arrived(arrivals, generation: consumerGeneration))
        case .failure(let error): fail(error.message)
        }
    }

    /// Tells of each dead letter, and of all else where it is asked for: by its ids, never by what is in it.
    private func tellVerdict(_ verdict: Verdict, on delivery: Delivery) {
        switch verdict {
        case .dead(let letter):
            let trace = Judge.traceparent(of: delivery.message.properties).map { ("traceparent", $0) }
            tell(
                .warning, "a message becomes a dead letter: \(letter.detail)",
                [("reason", letter.reason.rawValue)] + [trace].compactMap { $0 })
        case .entry(let entry) where configuration.tellsEach:
            var facts = [("eventId", entry.eventID)]
            if let disposition = entry.prepared.disposition { facts.append(("disposition", disposition.rawValue)) }
            if let trace = entry.prepared.traceparent { facts.append(("traceparent", trace)) }
            tell(.debug, "decided", facts)
        case .entry: break
        }
    }

    /// Makes what will be written and published of it, so that a message which cannot be written down is found out
    /// while its mark stands.
    private func rehearse(_ arrival: Arrival) {
        switch arrival.verdict {
        case .entry(let entry): _ = publication(.event(token: 0, Announcement(index: 0, entry: entry)))
        case .dead(let letter): _ = publication(.letter(token: 0, letter))
        }
    }

    /// What was not passed on, and what comes behind it, goes back when the channel is closed.
    mutating func stopExamining() {
        quarantine.stop()
        // Else so much of it that nothing more is read would keep the end of the subscription from being read, too.
        if quarantine.takesNothing { consumer?.letGo() }
        examined = nil
        isWidening = false
    }

    /// What was not passed on goes back to its queue with the channel that it came on.
    mutating func giveBack() {
        quarantine.forget()
        examined = nil
        isWidening = false
    }

    /// Whether a mark was written; where the disk is full the worker pauses.
    mutating func wrote(_ result: Result<Void, LedgerError>) -> Bool {
        switch result {
        case .success: return true
        case .failure(let error) where error.code == .notWritable:
            tell(.error, error.message)
            feed(.notWritable)
        case .failure(let error): fail(error.message)
        }
        return false
    }
}
