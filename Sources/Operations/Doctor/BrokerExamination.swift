import AMQPClient
import Detainers

/// Judges what was seen of a broker against what workers need: facts in, findings out.
struct BrokerExamination {
    typealias Finding = Doctor.Finding

    let facts: BrokerFacts
    let topology: Topology
    var names: Names { Names(topology) }
    let virtualHost: String
    let user: String
    /// The longest that a worker holds a message without acknowledging it.
    let holdSeconds: Int

    /// What each name of the topology is for.
    struct Names {
        var intake: String
        var outcomes: String
        var dead: String
        var deadLetters: String
        var report: String

        init(_ topology: Topology) {
            intake = topology.intake.name
            outcomes = topology.outcomes.name
            dead = topology.dead.name
            deadLetters = topology.deadLetterQueue.name
            report = topology.reportQueue.name
        }
    }

    /// What a disk and a broker may take to answer before a worker gives a batch up.
    private static let diskSeconds = 60
    private static let confirmSeconds = 30

    init(_ facts: BrokerFacts, _ settings: Settings, virtualHost: String, user: String) {
        self.facts = facts
        topology = Topology(settings)
        self.virtualHost = virtualHost
        self.user = user
        // A message may wait until those before it are written and confirmed, and then for its own disk and confirm.
        holdSeconds = settings.drainSeconds + 2 * (Self.diskSeconds + Self.confirmSeconds)
    }

    /// The queues that workers consume from.
    var requestQueues: [Topology.Queue] { topology.requestQueues }

    /// The queues whose messages have nowhere else to go.
    var lastQueues: [Topology.Queue] { [topology.deadLetterQueue, topology.reportQueue] }

    var findings: [Finding] {
        versionFindings + topology.exchanges.map(judge) + topology.queues.map(judge) + bindingFindings
            + partitionFindings + policyFindings + limitFindings + [deadLetteringFinding] + resourceFindings + [
                timeoutFinding
            ]
            + [permissionFinding]
    }

    /// `rabbitmqctl VERB -p VHOST REST`, as a shell takes it.
    func ctl(_ verb: String, _ rest: String = "") -> String {
        "rabbitmqctl \(verb) -p \(Self.quoted(virtualHost))" + (rest.isEmpty ? "" : " " + rest)
    }

    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0)) }
        return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }

    // MARK: - the version

    private var versionFindings: [Finding] {
        switch facts.overview {
        case .unseen(let why): return [.unseen(.broker, nil, why, remedy: "rabbitmqctl version")]
        case .seen(let broker):
            let erlang = broker.erlang.map { " on Erlang \($0)" } ?? ""
            let text = "\(broker.product) \(broker.version)\(erlang)"
            guard let version = BrokerVersion(text: broker.version) else {
                return [.unseen(.broker, nil, "\(text): this version is not known here", remedy: "rabbitmqctl version")]
            }
            let changes = BrokerChange.all.compactMap { change -> Finding? in
                guard let verdict = change.verdict, change.holds(in: version) != change.isNeeded else { return nil }
                let sentence =
                    change.isNeeded
                    ? "this version is older than \(change.since) and has no \(change.change)"
                    : "since \(change.since), and in this version, \(change.change)"
                return Finding(
                    check: .broker, subject: "version \(broker.version)", verdict: verdict, sentence: sentence,
                    remedy: change.remedy, forbidsStart: verdict == .bad)
            }
            return [.good(.broker, nil, text)] + changes
        }
    }

    // MARK: - exchanges and queues

    static let applyRemedy = "run `detainer topology apply`"

    private func judge(_ exchange: Topology.Exchange) -> Finding {
        let name = exchange.name
        switch facts.exchanges[name] {
        case .missing?: return .bad(.exchange, name, "it is not there", remedy: Self.applyRemedy)
        case .refused?, nil:
            return .unseen(
                .exchange, name, "this user may not look at it", remedy: ctl("list_exchanges", "name type arguments"))
        case .right?, .different?: break
        }
        guard case .seen(let detail) = facts.detail(exchange: name) else {
            return .good(.exchange, name, "it is there")
        }
        if let type = detail.type, type != exchange.type {
            return .bad(
                .exchange, name, "it is of type \(type), not \(exchange.type), so that messages go astray",
                remedy: "stop all that publish to it, delete it, then run `detainer topology apply`", forbidsStart: true
            )
        }
        if exchange.type == Partitions.exchangeType, detail.hashProperty != Partitions.property {
            return .bad(
                .exchange, name,
                "it goes by \(detail.hashProperty ?? "the routing key"), not by \(Partitions.property): a request's "
                    + "repeats do not come to one worker",
                remedy: "delete it, then run `detainer topology apply`")
        }
        if name == names.outcomes, let alternate = detail.alternate {
            return .bad(
                .exchange, name,
                "what reaches no queue goes on to \(alternate), so that nobody notices when the report's queue is gone",
                remedy: "delete it, then run `detainer topology apply`", forbidsStart: true)
        }
        return .good(.exchange, name, "it is there")
    }

    private func judge(_ queue: Topology.Queue) -> Finding {
        let name = queue.name
        let isAtLeastOnce = queue.arguments.contains { $0.0 == "x-dead-letter-strategy" }
        let right =
            "its arguments are right" + (isAtLeastOnce ? ": what it gives up is dead-lettered at least once" : "")
        let part = facts.queues[name] ?? .refused
        switch part {
        case .missing: return .bad(.queue, name, "it is not there", remedy: Self.applyRemedy)
        case .different(let why): return Self.wrong(name, why)
        case .right, .refused: break
        }
        guard case .seen(let detail) = facts.detail(queue: name) else {
            if part == .right { return .good(.queue, name, right) }
            return .unseen(
                .queue, name, "this user may not look at its arguments",
                remedy: ctl("list_queues", "name type arguments"))
        }
        if let why = Self.difference(queue, detail) { return Self.wrong(name, why) }
        let down = detail.members.filter { !detail.online.contains($0) }
        if detail.members.count > 1, detail.online.count * 2 <= detail.members.count {
            return .bad(
                .queue, name, "only \(detail.online.count) of its \(detail.members.count) nodes run: nothing is taken",
                remedy: "start \(down.joined(separator: ", "))")
        }
        if !down.isEmpty, detail.members.count > 1 {
            return .warning(
                .queue, name, "\(down.count) of its \(detail.members.count) nodes do not run",
                remedy: "start \(down.joined(separator: ", "))")
        }
        return .good(.queue, name, right)
    }

    private static func wrong(_ name: String, _ why: String) -> Finding {
        .bad(
            .queue, name, "its arguments are others (\(why)), so that messages may be lost",
            remedy: "stop its senders, let it drain, delete it, then run `detainer topology apply`", forbidsStart: true)
    }

    /// What differs first between a queue as it should be and as the management API tells it.
    static func difference(_ queue: Topology.Queue, _ detail: QueueDetail) -> String? {
        for (name, value) in queue.arguments {
            let wanted: JSONValue? =
                switch value {
                case .string(let text): .string(text)
                case .int(let number): .number(String(number))
                case .bool(let flag): .bool(flag)
                default: nil
                }
            guard let wanted else { continue }
            // The type has a member of its own, which also tells a default of the virtual host.
            let found = detail[argument: name] ?? (name == "x-queue-type" ? detail.type.map(JSONValue.string) : nil)
            if found != wanted { return "\(name) is \(text(found)), not \(text(wanted))" }
        }
        let known = Set(queue.arguments.map(\.0))
        return detail.arguments.first { !known.contains($0.name) }.map { "\($0.name) is \(text($0.value))" }
    }

    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil: "not set"
        case .string(let text)?: text
        case .some(let other): String(decoding: other.serialized(), as: UTF8.self)
        }
    }

    // MARK: - bindings

    private var bindingFindings: [Finding] {
        topology.exchanges.map(\.name).map { exchange in
            guard case .seen(let bindings) = facts.bindings(from: exchange) else {
                let alone = exchange == names.outcomes ? ": nothing but \(names.report) may be bound to it" : ""
                return .unseen(
                    .bindings, exchange, "it is not seen what is bound to it\(alone)", remedy: ctl("list_bindings"))
            }
            for wanted in topology.bindings where wanted.exchange == exchange {
                let isThere = bindings.contains {
                    $0.isQueue == (wanted.kind == .queue) && $0.destination == wanted.destination
                        && $0.routingKey == wanted.routingKey
                }
                if !isThere {
                    return .bad(
                        .bindings, exchange, "it does not route to \(wanted.destination)", remedy: Self.applyRemedy)
                }
            }
            if let finding = strayRoute(exchange, bindings) { return finding }
            let wanted = Set(topology.bindings.filter { $0.exchange == exchange }.map(\.destination))
            let others = Set(bindings.filter { !$0.isQueue || !wanted.contains($0.destination) }.map(\.destination))
            guard exchange == names.outcomes, !others.isEmpty else {
                return .good(.bindings, exchange, "it routes to \(wanted.sorted().joined(separator: ", "))")
            }
            return .bad(
                .bindings, exchange,
                "\(others.sorted().joined(separator: ", ")) is bound to it too: the broker then confirms events that "
                    + "reached no aggregator",
                remedy: "take that binding away, and bind to a second exchange what else wants the events",
                forbidsStart: true)
        }
    }

    // MARK: - at-least-once dead-lettering, and what a user may

    private var deadLetteringFinding: Finding {
        switch facts.featureFlags {
        case .seen(let flags):
            // Versions in which everybody has it do not list it any more.
            if flags.contains(where: { $0.name == "stream_queue" && !$0.isEnabled }) {
                return .bad(
                    .deadLettering, nil,
                    "the feature flag stream_queue is off: what the queue gives up is dead-lettered at most once",
                    remedy: "rabbitmqctl enable_feature_flag stream_queue", forbidsStart: true)
            }
        case .unseen(let why):
            if facts.version.map({ $0 < "3.12" }) ?? true {
                return .unseen(
                    .deadLettering, nil, "it is not seen whether the feature flag stream_queue is on (\(why))",
                    remedy: "rabbitmqctl list_feature_flags")
            }
        }
        guard case .seen(let routes) = facts.bindings(from: names.dead) else {
            return .unseen(
                .deadLettering, nil, "it is not seen whether \(names.dead) routes to \(names.deadLetters)",
                remedy: ctl("list_bindings"))
        }
        guard routes.contains(where: { $0.isQueue && $0.destination == names.deadLetters }) else {
            return .bad(
                .deadLettering, nil, "\(names.dead) routes to no queue of dead letters: they stay where they died",
                remedy: Self.applyRemedy)
        }
        return .good(.deadLettering, nil, "what is given up goes through \(names.dead) to \(names.deadLetters)")
    }

    private var permissionFinding: Finding {
        guard case .seen(let rights) = facts.permissions else {
            return .unseen(
                .permissions, user, "its rights are not seen", remedy: ctl("list_permissions"))
        }
        let needed =
            requestQueues.map { (rights.read, $0.name, "read") }
            + [(rights.write, names.outcomes, "write"), (rights.write, names.dead, "write")]
        if let lacking = needed.first(where: { UserPermission.allows($0.0, $0.1) == false }) {
            return .bad(
                .permissions, user, "a worker as this user may not \(lacking.2) \(lacking.1)", remedy: permissionRemedy)
        }
        let all = topology.exchanges.map(\.name) + topology.queues.map(\.name)
        let needsConfigure = facts.version.map(BrokerChange.lookingNeedsConfigure) ?? false
        if !needsConfigure, let more = all.first(where: { UserPermission.allows(rights.configure, $0) == true }) {
            return .warning(
                .permissions, user, "this user may make and delete \(more) and others: no worker needs that",
                remedy: permissionRemedy)
        }
        return .good(.permissions, user, "it has what a worker needs")
    }

    private var permissionRemedy: String {
        guard let worker = topology.users.first(where: { $0.role == "worker" }) else {
            return "detainer topology users"
        }
        let rights = [worker.configure, worker.write, worker.read].map(Self.quoted).joined(separator: " ")
        return "for a worker's user: " + ctl("set_permissions", "\(worker.name) \(rights)")
    }
}
