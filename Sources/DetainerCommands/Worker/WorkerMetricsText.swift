import Detainers
import Operations
import Worker

/// A worker's figures as Prometheus reads them; `docs/metrics.md` explains each.
enum WorkerMetricsText {
    static func metrics(_ status: WorkerStatus, worker: String, queue: String, exchanges: [String]) -> MetricsText {
        var text = MetricsText()
        addState(status, worker, &text)
        addFlow(status.metrics, queue, exchanges, &text)
        addSteps(status.metrics, &text)
        addLedger(status.metrics, &text)
        addPolicies(status, &text)
        ProcessFigures.add(to: &text)
        return text
    }

    private static func addState(_ status: WorkerStatus, _ worker: String, _ text: inout MetricsText) {
        text.add(
            "detainer_worker_info", .gauge, help: "This worker; always 1.",
            [(labels: [("worker", worker), ("version", Version.text)], value: 1)])
        text.add(
            "detainer_worker_ready", .gauge,
            help: "1 while the worker takes messages and its policies are those on disk.",
            status.reasons.isEmpty ? 1 : 0)
        text.add("detainer_consuming", .gauge, help: "1 while the worker takes messages.", status.isConsuming ? 1 : 0)
        text.add("detainer_quiet", .gauge, help: "1 while a person told it to take nothing.", status.isQuiet ? 1 : 0)
        text.add(
            "detainer_last_progress_seconds", .gauge,
            help: "How long nothing has moved although something was in hand; 0 while all is well.",
            Double(status.stuckMilliseconds / 1_000))
        text.add(
            "detainer_connection_up", .gauge, help: "1 while the connection to the broker is open.",
            WorkerMetrics.Role.allCases.map {
                (labels: [("role", $0.rawValue)], value: status.metrics.isConnected.contains($0) ? 1 : 0)
            })
        text.add(
            "detainer_reconnects_total", .counter, help: "Times that the connection was opened again.",
            WorkerMetrics.Role.allCases.map {
                (labels: [("role", $0.rawValue)], value: max(0, (status.metrics.connections[$0] ?? 0) - 1))
            })
    }

    private static func addFlow(
        _ metrics: WorkerMetrics, _ queue: String, _ exchanges: [String], _ text: inout MetricsText
    ) {
        func labels(_ destination: String) -> MetricsText.Labels {
            [("messaging_system", "rabbitmq"), ("messaging_destination_name", destination)]
        }
        text.add(
            "messaging_client_consumed_messages_total", .counter, help: "Deliveries taken.",
            [(labels: labels(queue), value: metrics.consumed)])
        text.add(
            "messaging_client_sent_messages_total", .counter, help: "Messages published and confirmed.",
            zip(exchanges, [metrics.sentEvents, metrics.sentLetters]).map { (labels: labels($0), value: $1) })
        text.add("detainer_in_flight", .gauge, help: "Deliveries in hand, not acknowledged yet.", metrics.inFlight)
        text.add(
            "detainer_redeliveries_total", .counter, help: "Deliveries that the broker says came before.",
            metrics.redeliveries)
        text.add(
            "detainer_dead_letters_total", .counter,
            help: "Dead letters that the broker confirmed, or was told to make of bodies too large to hold.",
            metrics.deadLetters.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                (labels: [("reason", $0.key.rawValue)], value: $0.value)
            })
        text.add(
            "detainer_replies_total", .counter, help: "Replies to senders that asked for one, by what became of them.",
            WorkerMetrics.ReplyFate.allCases.map {
                (labels: [("fate", $0.rawValue)], value: metrics.replies[$0] ?? 0)
            })
        text.add(
            "detainer_outcomes_total", .counter, help: "Outcomes that are on the disk.",
            metrics.outcomes.map {
                (
                    labels: [
                        ("jurisdiction", $0.key.jurisdiction), ("disposition", $0.key.disposition.rawValue),
                    ], value: $0.value
                )
            }.sorted { $0.labels.map(\.1).joined() < $1.labels.map(\.1).joined() })
        text.add(
            "detainer_answers_total", .counter, help: "Answers of the policies, by the rule that gave them.",
            metrics.answers.map {
                (
                    labels: [
                        ("question", $0.key.question), ("answer", $0.key.answer.rawValue), ("rule", $0.key.rule),
                    ], value: $0.value
                )
            }.sorted { $0.labels.map(\.1).joined() < $1.labels.map(\.1).joined() })
    }

    private static func distribution(_ histogram: Histogram, _ labels: MetricsText.Labels = [])
        -> MetricsText.Distribution
    {
        .init(labels: labels, bounds: histogram.bounds, counts: histogram.counts, sum: histogram.sum)
    }

    private static func addSteps(_ metrics: WorkerMetrics, _ text: inout MetricsText) {
        text.add(
            "detainer_batch_records", help: "Records that were written and synced together.",
            [
                distribution(metrics.batchRecords)
            ])
        text.add(
            "detainer_step_duration_seconds",
            help: "Time in a step: deciding a message, recording a batch, announcing an event, settling a delivery.",
            WorkerMetrics.Step.allCases.compactMap { step in
                metrics.steps[step].map { distribution($0.seconds, [("step", step.rawValue)]) }
            })
        text.add(
            "detainer_step_errors_total", .counter, help: "What went wrong in a step.",
            WorkerMetrics.Step.allCases.map {
                (labels: [("step", $0.rawValue)], value: metrics.steps[$0]?.errors ?? 0)
            })
        text.add(
            "messaging_process_duration_seconds", help: "From a delivery to its acknowledgement.",
            [distribution(metrics.processing, [("messaging_system", "rabbitmq")])])
    }

    private static func addLedger(_ metrics: WorkerMetrics, _ text: inout MetricsText) {
        text.add(
            "detainer_ledger_records", .gauge, help: "Records in this worker's ledger.", Int(metrics.ledgerRecords))
        text.add(
            "detainer_ledger_announced_records", .gauge, help: "Records whose events are confirmed, from the first on.",
            Int(metrics.announcedRecords))
        text.add(
            "detainer_ledger_bytes", .gauge, help: "Bytes of the ledger's segments; 0 before the first batch.",
            metrics.ledgerBytes)
    }

    private static func addPolicies(_ status: WorkerStatus, _ text: inout MetricsText) {
        text.add(
            "detainer_policy_info", .gauge, help: "A policy that decides now; always 1.",
            status.policies.map { policy in
                (
                    labels: [
                        ("policy", policy.name), ("jurisdiction", policy.jurisdiction), ("digest", policy.digest),
                        ("approved", policy.isApproved ? "yes" : "no"),
                    ], value: 1
                )
            })
        text.add(
            "detainer_policy_loads_total", .counter, help: "Loads of policies that took over, the start included.",
            status.loads)
        text.add(
            "detainer_policy_refused_loads_total", .counter,
            help: "Loads that were refused; the old policies decide on.", status.refusedLoads)
        text.add(
            "detainer_policy_last_load_refused", .gauge,
            help: "1 while the policies on the disk are not those that decide.", status.refusal == nil ? 0 : 1)
    }
}
