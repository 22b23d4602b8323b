import AMQPClient
import Detainers

extension BrokerExamination {
    // MARK: - policies of the broker

    /// What a policy sets for our queues that destroys messages or refuses them.
    var policyFindings: [Finding] {
        topology.queues.map { queue in
            guard case .seen(let detail) = facts.detail(queue: queue.name) else {
                return .unseen(
                    .brokerPolicies, queue.name,
                    "it is not seen whether a policy sets limits, ages or another overflow",
                    remedy: ctl("list_policies"))
            }
            guard detail.effectivePolicy != nil else {
                return .unseen(
                    .brokerPolicies, queue.name, "the broker has not counted this queue yet",
                    remedy: "ask again in ten seconds")
            }
            return judgePolicy(queue, detail)
        }
    }

    private func judgePolicy(_ queue: Topology.Queue, _ detail: QueueDetail) -> Finding {
        let isRequests = requestQueues.contains { $0.name == queue.name }
        let name = [detail.policy, detail.operatorPolicy].compactMap { $0 }.filter { !$0.isEmpty }
        let policy = name.isEmpty ? "a policy" : "the policy \(name.joined(separator: " with "))"
        let remedy = "change it so that it spares this queue: " + ctl("list_policies")
        func bad(_ what: String, loses: Bool = true) -> Finding {
            .bad(.brokerPolicies, queue.name, "\(policy) \(what)", remedy: remedy, forbidsStart: loses)
        }
        if detail[policy: "expires"] != nil { return bad("lets the broker delete it, messages and all, while unused") }
        if let age = detail[policy: "message-ttl"] {
            let what = "ends messages after \(Self.text(age)) ms"
            return isRequests
                ? bad(what + ": requests become dead letters though nothing is wrong with them", loses: false)
                : bad(what + ": they are lost")
        }
        let strategy = detail[policy: "dead-letter-strategy"]
        if isRequests, let strategy, strategy != "at-least-once" {
            return bad("sets the dead-letter strategy \(Self.text(strategy)): what is given up can be lost")
        }
        let overflow = detail[policy: "overflow"] ?? detail[argument: "x-overflow"] ?? "drop-head"
        if isRequests, overflow != "reject-publish" {
            return bad("sets the overflow \(Self.text(overflow)), with which dead-lettering is not at least once")
        }
        let limit = ["max-length", "max-length-bytes"].first { detail[policy: $0] != nil }
        if let limit {
            let bound = "\(limit) \(Self.text(detail[policy: limit]))"
            if overflow != "reject-publish" { return bad("drops what is more than \(bound)") }
            return .warning(
                .brokerPolicies, queue.name, "\(policy) refuses what is more than \(bound): its senders wait",
                remedy: remedy)
        }
        return .good(
            .brokerPolicies, queue.name,
            detail.effectivePolicy?.isEmpty != false ? "none applies" : "\(policy) takes nothing away")
    }

    // MARK: - delivery limits

    /// As many that no message ever reaches them.
    private static let unreachable = 1_000_000
    private static let usualLimit = 20

    var limitFindings: [Finding] {
        requestQueues.map { queue in
            guard case .seen(let detail) = facts.detail(queue: queue.name), detail.effectivePolicy != nil else {
                return unseenLimit(queue.name, remedy: ctl("list_policies"))
            }
            let limit = effectiveLimit(detail)
            guard let limit, limit < Int(Topology.deliveryLimit) else {
                return .good(
                    .deliveryLimit, queue.name,
                    limit.map { "it gives a request up after \($0) deliveries" } ?? "it gives no request up")
            }
            return .warning(
                .deliveryLimit, queue.name,
                "it gives a request up after \(limit) deliveries: a few killed workers make dead letters of what they "
                    + "held",
                remedy: "let no policy set less than \(Topology.deliveryLimit): " + ctl("list_policies"))
        }
            + lastQueues.map { queue in
                guard case .seen(let detail) = facts.detail(queue: queue.name), detail.effectivePolicy != nil,
                    facts.version != nil
                else {
                    return unseenLimit(queue.name, remedy: "on RabbitMQ 4 and later, " + keepRemedy)
                }
                guard let limit = effectiveLimit(detail), limit < Self.unreachable else {
                    return .good(.deliveryLimit, queue.name, "it gives no message up, however often it is delivered")
                }
                return .bad(
                    .deliveryLimit, queue.name,
                    "it drops a message after \(limit) deliveries: one whose reader is killed again and again is lost",
                    remedy: keepRemedy)
            }
    }

    private func unseenLimit(_ queue: String, remedy: String) -> Finding {
        .unseen(
            .deliveryLimit, queue, "it is not seen after how many deliveries it gives a message up", remedy: remedy)
    }

    private var keepRemedy: String {
        let policy = topology.policy
        let definition = Self.quoted(String(decoding: policy.definition.serialized(), as: UTF8.self))
        return ctl(
            "set_policy", "--apply-to queues --priority 1 \(policy.name) \(Self.quoted(policy.pattern)) \(definition)")
    }

    /// The smallest of what argument and policy say, or what the version does where neither says anything.
    private func effectiveLimit(_ detail: QueueDetail) -> Int? {
        if let told = detail.deliveryLimit { return told < 0 ? nil : told }
        let set = [detail[argument: "x-delivery-limit"], detail[policy: "delivery-limit"]].compactMap { $0?.intValue }
        if let least = set.min() { return least < 0 ? nil : least }
        return facts.version.map { $0 >= "4.0" } == true ? Self.usualLimit : nil
    }

    // MARK: - resources and times

    /// With less than so many times its limit a node is about to take nothing more.
    private static let scarceDisk = 2
    private static let scarceFiles = 0.8

    var resourceFindings: [Finding] {
        switch facts.nodes {
        case .unseen(let why):
            [.unseen(.brokerResources, nil, why, remedy: "rabbitmq-diagnostics check_local_alarms")]
        case .seen(let nodes): nodes.map(judge)
        }
    }

    private func judge(_ node: BrokerNode) -> Finding {
        func bad(_ what: String, _ remedy: String) -> Finding {
            .bad(.brokerResources, node.name, what, remedy: remedy)
        }
        if !node.isRunning { return bad("it does not run", "start the node") }
        if !node.partitions.isEmpty {
            return bad(
                "it lost sight of \(node.partitions.joined(separator: ", "))",
                "rabbitmqctl cluster_status, then see "
                    + "rabbitmq.com/docs/partitions")
        }
        if node.hasDiskAlarm { return bad("its disk is below its limit: it takes no messages", "free some room there") }
        if node.hasMemoryAlarm {
            return bad("its memory is above its limit: it takes no messages", "rabbitmq-diagnostics memory_breakdown")
        }
        if let free = node.freeDiskBytes, let limit = node.freeDiskLimit, free < Self.scarceDisk * limit {
            return .warning(
                .brokerResources, node.name,
                "\(free >> 20) MiB of disk are free, and below \(limit >> 20) it takes no more",
                remedy: "free some room there")
        }
        if let used = node.usedFileDescriptors, let all = node.fileDescriptors, all > 0,
            Double(used) > Self.scarceFiles * Double(all)
        {
            return .warning(
                .brokerResources, node.name, "\(used) of \(all) files are open", remedy: "raise its LimitNOFILE")
        }
        return .good(.brokerResources, node.name, "disk, memory and files are free, and it sees the others")
    }

    /// Since then an unacknowledged message has a time; a quarter of an hour at first.
    private static let firstTimeout: BrokerVersion = "3.8.15"
    private static let longerTimeout: BrokerVersion = "3.8.17"

    var timeoutFinding: Finding {
        let hold = "a worker holds a message for at most \(holdSeconds) s"
        if let version = facts.version, version < Self.firstTimeout {
            return .good(.ackTimeout, nil, "this version has none")
        }
        let set = requestQueues.compactMap { queue -> Int? in
            guard case .seen(let detail) = facts.detail(queue: queue.name) else { return nil }
            return [detail[argument: "x-consumer-timeout"], detail[policy: "consumer-timeout"]]
                .compactMap { $0?.intValue }.min()
        }.min()
        guard let set else {
            let minutes = facts.version.map { $0 < Self.longerTimeout ? 15 : 30 } ?? 30
            return .unseen(
                .ackTimeout, nil, "it is \(minutes) minutes unless rabbitmq.conf sets consumer_timeout; \(hold)",
                remedy: "rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).'")
        }
        if set <= holdSeconds * 1_000 {
            return .bad(
                .ackTimeout, nil,
                "it is \(set) ms, and \(hold): the broker takes messages away from workers that are "
                    + "well",
                remedy: "let no policy set consumer-timeout below \(2 * holdSeconds * 1_000), or lower "
                    + "worker.drain-seconds")
        }
        return .good(.ackTimeout, nil, "it is \(set / 1_000) s, and \(hold)")
    }
}
