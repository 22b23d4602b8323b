import AMQPClient
import DeadLetters
import Detainers
import Ledger

// What goes out: events and letters, which the pipeline waits for, and replies, which nothing waits for.

extension WorkerShell {
    func publication(_ publishing: Publishing) -> Publication {
        switch publishing {
        case .event(let token, let announcement):
            Outgoing.event(
                announcement.entry.prepared, token: token, exchange: configuration.outcomeExchange,
                position: LedgerPosition(logID: position.logID, index: announcement.index, root: position.root))
        case .letter(let token, let letter):
            letter.publication(token: token, exchange: configuration.deadExchange)
        }
    }

    // MARK: - replies

    mutating func reply(_ replies: [AddressedReply]) {
        guard configuration.repliesToSenders else { return }
        let told = replies.map { $0.told(of: position) }
        perform(self.replies.reply(told, at: SteadyClock.milliseconds()))
    }

    mutating func replierDid(_ event: AMQPEvent, epoch: Int) {
        guard epoch == replierEpoch else { return }
        switch event {
        case .opened: perform(replies.opened(at: SteadyClock.milliseconds()))
        case .published(let results): replies.settled(results.map { ($0.token, $0.result.settled) })
        case .closed(let error):
            replier = nil
            replies.lost(at: SteadyClock.milliseconds())
            tell(.warning, "the connection for replies was closed, replies are dropped: \(error.message)")
        case .blocked, .unblocked, .consuming, .cancelled, .deliveries, .receiving: break
        }
    }

    /// Looks after replies and tells how many there were; some ten times a second.
    mutating func watchReplies() {
        perform(replies.tick(at: SteadyClock.milliseconds()))
        meter.metrics.replies = replies.fates
    }

    private mutating func perform(_ actions: [Replies.Action]) {
        for action in actions {
            switch action {
            case .open:
                replierEpoch += 1
                let epoch = replierEpoch
                replier = AMQPConnection.open(
                    configuration.address, name: "\(configuration.worker) replies",
                    heartbeatSeconds: WorkerService.heartbeatSeconds
                ) { [yield] in yield(.replier($0, epoch: epoch)) }
            case .publish(let publishing):
                replier?.publish(publishing.map { Outgoing.reply($0.reply, token: $0.token) })
            case .abort:
                replierEpoch += 1
                replier?.abort()
                replier = nil
            }
        }
    }
}
