import Detainers

/// What faults do to a worker: it gives back what is not recorded, waits, and tries again.
extension Pipeline {
    struct Pause: Equatable {
        var reason: PauseReason
        var until: Int64
        /// The disk was asked, and has not answered.
        var isProbing = false
    }

    mutating func publisherLost(_ loss: Loss, _ actions: inout [Action], at now: Int64) {
        publisher = .closed
        blocked = false
        announcements.proveAgain()
        loseConsumer(because: loss.reason ?? .publisherLost, &actions, at: now, closing: true)
    }

    mutating func consumerCancelled(byBroker: Bool, _ actions: inout [Action], at now: Int64) {
        if byBroker { return loseConsumer(because: .cancelledByBroker, &actions, at: now, closing: true) }
        if consumerIsStopped { consumerIsCancelled = true }
    }

    mutating func notRecorded(_ actions: inout [Action], at now: Int64) {
        for recording in writing?.batch ?? [] { index.forget(recording.entry.key) }
        writing = nil
        notWritable(&actions, at: now)
    }

    /// Of a probe that fails in a pause the pause begins anew, and is longer.
    ///
    /// INVARIANT: a batch given to the disk is not touched: room may have been reserved for it, and its answer comes.
    mutating func notWritable(_ actions: inout [Action], at now: Int64) {
        if pause?.reason == .notWritable { pause = nil }
        loseConsumer(because: .notWritable, &actions, at: now, closing: true)
    }

    mutating func writable(_ actions: inout [Action]) {
        guard pause?.reason == .notWritable else { return }
        pause = nil
        actions.append(.resumed)
    }

    mutating func unblocked(at now: Int64) {
        if blocked { unblockedAt = now }
        blocked = false
    }

    /// Gives up the consumer: what is not recorded goes back to its queue and will be delivered again.
    mutating func loseConsumer(
        because reason: PauseReason, _ actions: inout [Action], at now: Int64, closing: Bool = false
    ) {
        if closing, consumer != .closed { actions.append(.closeConsumer) }
        // A letter that cannot be published comes again and again, and each time all that was taken with it goes back
        // and counts as delivered once more, until the broker gives up messages that nothing is wrong with.
        if reason.isOfPublishing, flights.holdsLetters { actions.append(.takeOneAtATime) }
        closeConsumer()
        wellSince = nil
        for recording in gathered { index.forget(recording.entry.key) }
        gathered = []
        flights.removeAll()
        // Only a person ends a tripped switch, whatever else is lost meanwhile.
        if pause?.reason == reason || pause?.reason == .killSwitch { return }
        if reason == .killSwitch {
            pause = Pause(reason: reason, until: .max)
            actions.append(.paused(reason, milliseconds: nil))
            return
        }
        faults += 1
        let doubled = min(limits.firstPauseMilliseconds << min(faults - 1, 10), limits.longestPauseMilliseconds)
        let full = reason == .refused ? limits.refusedPauseMilliseconds : doubled
        let wait = Int64(Double(full) * limits.jitter)
        pause = Pause(reason: reason, until: now + wait)
        actions.append(.paused(reason, milliseconds: wait))
    }

    mutating func closeConsumer() {
        (consumerIsStopped, consumerIsCancelled) = (false, false)
        guard consumer != .closed else { return }
        consumer = .closed
        generation += 1
    }

    mutating func tick(_ actions: inout [Action], at now: Int64) {
        if let pause, pause.until <= now, !blocked { endPause(pause, &actions) }
        noteHowItGoes(at: now)
        if diskHangs(at: now) {
            finished = true
            actions.append(.fail(.diskHangs))
        } else if let writing, !writing.toldSlow, now - writing.since >= limits.slowDiskMilliseconds {
            self.writing?.toldSlow = true
            actions.append(.diskIsSlow)
        }
        let oldest = [announcements.oldestSent, flights.oldestLetterSent].compactMap { $0 }.min()
        if let oldest, publisher == .open, !blocked, now - max(oldest, unblockedAt) >= limits.confirmMilliseconds {
            actions.append(.closePublisher)
            publisher = .closed
            announcements.proveAgain()
            loseConsumer(because: .confirmNeverCame, &actions, at: now, closing: true)
        }
    }

    /// Whether the disk has had its whole time for the batch that it was given.
    func diskHangs(at now: Int64) -> Bool { writing.map { now - $0.since >= limits.diskMilliseconds } ?? false }

    /// A disk is asked first: messages that could not be recorded would only be counted as delivered once more.
    private mutating func endPause(_ pause: Pause, _ actions: inout [Action]) {
        guard pause.reason == .notWritable else {
            self.pause = nil
            return actions.append(.resumed)
        }
        if pause.isProbing { return }
        self.pause?.isProbing = true
        actions.append(.probe)
    }

    /// A fault long past does not lengthen the next pause.
    private mutating func noteHowItGoes(at now: Int64) {
        wellSince = isConsuming ? wellSince ?? now : nil
        if let wellSince, now - wellSince >= limits.longestPauseMilliseconds { faults = 0 }
    }
}

extension Pipeline.PauseReason {
    /// Whether what was to be published may be what went wrong.
    fileprivate var isOfPublishing: Bool {
        switch self {
        case .publisherLost, .refused, .missing, .nacked, .unroutable, .confirmNeverCame: true
        case .consumerLost, .cancelledByBroker, .blocked, .killSwitch, .notWritable: false
        }
    }
}

extension Pipeline.Loss {
    /// Where it says more than that a connection was lost.
    var reason: Pipeline.PauseReason? {
        switch self {
        case .broken: nil
        case .refused: .refused
        case .missing: .missing
        }
    }
}
