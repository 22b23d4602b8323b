import AMQPClient
import Detainers

// Whether requests reach the queues of these settings' partitions, and only those.

extension BrokerExamination {
    var partitionFindings: [Finding] {
        (topology.partitions.map { [spreading($0)] } ?? []) + facts.leftovers.map(judge)
    }

    private func spreading(_ partitions: Partitions) -> Finding {
        let name = partitions.exchange
        guard let types = facts.overview.value?.exchangeTypes else {
            return .unseen(
                .partitions, name, "it is not seen whether the plugin \(Partitions.plugin) is on",
                remedy: "rabbitmq-plugins is_enabled \(Partitions.plugin)")
        }
        guard types.contains(Partitions.exchangeType) else {
            return .bad(
                .partitions, name, "the broker knows no exchange that spreads: no request gets through",
                remedy: "rabbitmq-plugins enable \(Partitions.plugin), on every node")
        }
        return .good(.partitions, name, "it spreads requests over \(partitions.count) queues by \(Partitions.property)")
    }

    private func judge(_ leftover: Topology.Leftover) -> Finding {
        let state = "of settings with other partitions: \(leftover.waiting) wait, \(leftover.consumers) consumers"
        if leftover.isDone {
            return .good(.partitions, leftover.queue, state + "; it is not needed and can be deleted")
        }
        let mend =
            leftover.queue == topology.requestQueueName
            ? "let a worker with topology.partitions 0 finish it"
            : "let a worker whose worker.partition it is finish it, with topology.partitions as it was"
        return .warning(
            .partitions, leftover.queue, state,
            remedy: "run `detainer topology apply --retire`, so that nothing more comes, and \(mend)")
    }

    /// A way for requests that these settings do not have, of partitions that were changed or of a stranger.
    func strayRoute(_ exchange: String, _ bindings: [ExchangeBinding]) -> Finding? {
        let wanted = topology.bindings.filter { $0.exchange == exchange }
        let strays = bindings.filter { binding in
            !wanted.contains {
                $0.destination == binding.destination && $0.routingKey == binding.routingKey
                    && binding.isQueue == ($0.kind == .queue)
            }
        }
        if exchange == topology.partitions?.exchange, let stray = strays.first {
            return .bad(
                .bindings, exchange,
                "it gives a share of the requests to \(stray.destination), with the weight \(stray.routingKey): they "
                    + "wait where no worker of these settings takes them, or the shares are unequal",
                remedy: "run `detainer topology apply --retire`, or take that binding away")
        }
        let former = Set(facts.leftovers.map(\.queue) + [topology.partitionExchange.name])
        guard exchange == topology.intake.name, let stray = strays.first(where: { former.contains($0.destination) })
        else { return nil }
        return .warning(
            .bindings, exchange, "it still routes to \(stray.destination), of settings with other partitions",
            remedy: "run `detainer topology apply --retire`")
    }
}
