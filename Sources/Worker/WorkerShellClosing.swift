import AMQPClient
import Detainers
import Ledger

// The end of a worker's run.

extension WorkerShell {
    mutating func fail(_ reason: String) {
        summary.failure = reason
        tell(.error, reason)
        isFinished = true
    }

    /// Writes the last checkpoint, then closes the connections, so that what was acknowledged last still goes out.
    mutating func close(_ happenings: AsyncStream<WorkerService.Happening>) async {
        if let announcedThrough = finalAnnouncedThrough { await closeLedger(announcedThrough, happenings) }
        // Sends what it was given; nothing waits for it.
        replier?.close()
        if consumer == nil && publisher == nil { return }
        consumer?.close()
        publisher?.close()
        let deadline = SteadyClock.milliseconds() + WorkerService.closeMilliseconds
        // The ticker goes on, so that this loop comes round even when neither connection answers.
        for await happening in happenings {
            noteClosed(happening)
            if consumer == nil && publisher == nil { return }
            if SteadyClock.milliseconds() >= deadline { break }
        }
        consumer?.abort()
        publisher?.abort()
    }

    /// Closes it behind the batch that the disk may still have. The ticker goes on here too, so that a disk which never
    /// answers is left.
    private mutating func closeLedger(
        _ announcedThrough: UInt64, _ happenings: AsyncStream<WorkerService.Happening>
    ) async {
        desk.finish(announcedThrough: announcedThrough) { [yield] in yield(.ledgerClosed($0)) }
        let deadline = SteadyClock.milliseconds() + Pipeline.Limits().diskMilliseconds
        for await happening in happenings {
            noteClosed(happening)
            if case .committed(let result) = happening { committed(result) }
            if case .ledgerClosed(let error) = happening { return ledgerClosed(error) }
            if diskHangs || SteadyClock.milliseconds() >= deadline {
                return fail(Pipeline.Failure.diskHangs.rawValue)
            }
        }
    }

    /// Without its last checkpoint nothing is lost: the next start finds the records, and announces again what it
    /// cannot know to be announced.
    private mutating func ledgerClosed(_ error: LedgerError?) {
        // Of two errors the one of the batch before it was told, and says why nothing more is written.
        guard let error, summary.failure == nil else { return }
        guard error.code == .notWritable else { return fail(error.message) }
        tell(.warning, "\(error.message): the last checkpoint is not written, and the next start does without")
    }

    private mutating func noteClosed(_ happening: WorkerService.Happening) {
        if case .consumer(.closed, consumerGeneration) = happening { consumer = nil }
        if case .publisher(.closed, publisherEpoch) = happening { publisher = nil }
    }
}
