import AMQPClient
public import Detainers

// The same topology for those who do not let a program declare it: as definitions that RabbitMQ imports, and as objects
// of its Messaging Topology Operator. Both also hold what AMQP cannot declare: users, their rights, and a policy.

extension Topology {
    /// A user of the broker with the least that one kind of work needs.
    ///
    /// Publishing needs `write` on the exchange, consuming `read` on the queue, binding `write` on the queue and `read`
    /// on the exchange, and declaring `configure`; a queue that names a dead-letter exchange also needs `read` on
    /// itself and `write` on that exchange. Looking (a passive declaration) needs nothing up to RabbitMQ 4.2.5, any of
    /// the three on what is looked at from 4.2.7 and 4.3.1 on, and `configure` in 4.2.6 and 4.3.0, which therefore turn
    /// away workers that have no more than this. Replies to senders (`worker.replies`) need `write` on `amq.default`
    /// besides, which is the right to put anything into any queue: nobody has it unasked.
    public struct User: Sendable, Equatable {
        /// One word: what the user is for.
        public var role: String
        public var name: String
        /// A sentence for people.
        public var work: String
        /// What the user may do in RabbitMQ's HTTP interface.
        public var tags: [String]
        /// Regular expressions over the names of exchanges and queues; they match these names and no others.
        public var configure: String
        public var write: String
        public var read: String
    }

    /// What the broker applies to all queues of a pattern.
    struct Policy {
        var name: String
        var pattern: String
        var definition: JSONValue
    }

    /// The users that a deployment needs, each with no right more.
    public var users: [User] {
        let exchanges = exchanges.map(\.name)
        let queues = queues.map(\.name)
        let requests = requestQueues.map(\.name)
        // The exchange that spreads is bound to another, which takes `write`.
        let bound = partitions.map { [$0.exchange] } ?? []
        return [
            user(
                "worker", "decides requests, publishes outcomes and dead letters", write: [outcomes.name, dead.name],
                read: requests),
            user("intake", "submits requests and records", write: [intake.name]),
            // Without `read` on an exchange, `write` on a queue allows nothing but looking how much waits there.
            user(
                "operator", "collects and replays dead letters, traces requests", write: [intake.name] + requests,
                read: [deadLetterQueue.name]),
            user("aggregator", "follows the events for the annual report", read: [reportQueue.name]),
            user(
                "topology", "applies and examines the topology", configure: exchanges + queues,
                write: queues + [dead.name] + bound, read: exchanges + requests),
            user("monitor", "reads figures over HTTP", tags: ["monitoring"]),
        ]
    }

    private func user(
        _ role: String, _ work: String, tags: [String] = [], configure: [String] = [], write: [String] = [],
        read: [String] = []
    ) -> User {
        User(
            role: role, name: "detainer-" + role, work: work, tags: tags, configure: Self.pattern(configure),
            write: Self.pattern(write), read: Self.pattern(read))
    }

    /// A number that is never reached, since RabbitMQ 3 refuses a negative one.
    static let unreachedDeliveryLimit = 1_000_000_000

    /// Lifts a limit for queues whose messages have nowhere else to go: unless told otherwise RabbitMQ 4 gives up a
    /// message of a quorum queue after 20 deliveries, and drops it where no dead-letter exchange is. A collector or an
    /// aggregator that is killed again and again would lose what it held.
    var policy: Policy {
        Policy(
            name: "detainer-keep", pattern: Self.pattern([deadLetterQueue.name, reportQueue.name]),
            definition: ["delivery-limit": .number(String(Self.unreachedDeliveryLimit))])
    }

    /// Above policies for every queue, which are commonly given 0: only one policy applies to a queue.
    private static let policyPriority: JSONValue = 1

    /// A regular expression that matches exactly these names; without names it matches nothing.
    static func pattern(_ names: [String]) -> String {
        names.isEmpty ? "^$" : "^(?:\(names.map(escaped).joined(separator: "|")))$"
    }

    private static func escaped(_ name: String) -> String {
        String(name.flatMap { "\\.^$|?*+()[]{}".contains($0) ? ["\\", $0] : [$0] })
    }

    // MARK: - definitions

    /// What `rabbitmqctl import_definitions` and the setting `load_definitions` read; of no particular version.
    ///
    /// It holds no password: a user whose password hash is empty cannot log in until somebody sets one, with
    /// `rabbitmqctl change_password`. To import it again takes the passwords away again.
    public func definitions(vhost: String = "/") -> JSONValue {
        let home = JSONMember(name: "vhost", value: .string(vhost))
        func here(_ members: [JSONValue]) -> JSONValue {
            .array(members.map { .object([home] + ($0.objectValue ?? [])) })
        }
        return [
            "vhosts": [["name": .string(vhost)]],
            "users": .array(users.map(Self.definition)),
            "permissions": here(users.map(Self.permission)),
            "topic_permissions": [],
            "policies": here([policyDefinition]),
            "exchanges": here(exchanges.map(Self.definition)),
            "queues": here(queues.map(Self.definition)),
            "bindings": here(bindings.map(Self.definition)),
        ]
    }

    private static func definition(_ user: User) -> JSONValue {
        [
            "name": .string(user.name), "password_hash": "",
            "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": .array(user.tags.map(JSONValue.string)),
        ]
    }

    private static func permission(_ user: User) -> JSONValue {
        [
            "user": .string(user.name), "configure": .string(user.configure), "write": .string(user.write),
            "read": .string(user.read),
        ]
    }

    private var policyDefinition: JSONValue {
        [
            "name": .string(policy.name), "pattern": .string(policy.pattern), "apply-to": "queues",
            "definition": policy.definition, "priority": Self.policyPriority,
        ]
    }

    private static func definition(_ exchange: Exchange) -> JSONValue {
        [
            "name": .string(exchange.name), "type": .string(exchange.type), "durable": true, "auto_delete": false,
            "internal": false, "arguments": json(exchange.arguments),
        ]
    }

    private static func definition(_ queue: Queue) -> JSONValue {
        [
            "name": .string(queue.name), "durable": true, "auto_delete": false, "arguments": json(queue.arguments),
        ]
    }

    private static func definition(_ binding: Binding) -> JSONValue {
        [
            "source": .string(binding.exchange), "destination": .string(binding.destination),
            "destination_type": .string(binding.kind.rawValue), "routing_key": .string(binding.routingKey),
            "arguments": [:],
        ]
    }

    private static func json(_ arguments: [(String, FieldValue)]) -> JSONValue {
        .object(arguments.map { JSONMember(name: $0.0, value: json($0.1)) })
    }

    private static func json(_ value: FieldValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .bytes(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .int(let number): .number(String(number))
        case .bool(let flag): .bool(flag)
        case .double(let number): .number(String(number))
        case .timestamp(let seconds): .number(String(seconds))
        case .table(let fields): json(fields)
        case .array(let values): .array(values.map(json))
        case .null: .null
        }
    }

    // MARK: - Kubernetes

    /// Objects of the RabbitMQ Messaging Topology Operator (rabbitmq.com/v1beta1), as YAML.
    ///
    /// Each user's name and password come from the Secret ``secretName(_:)``, with the keys `username` and `password`;
    /// what is written here holds neither.
    ///
    /// - Parameters:
    ///   - cluster: the name of the RabbitmqCluster, in the same namespace: the operator refuses others by default.
    ///   - namespace: where the objects lie.
    public func kubernetes(cluster: String, namespace: String, vhost: String = "/") -> String {
        var objects: [KubernetesObject] = []
        // The broker has that one anyway, and an object could delete it.
        if vhost != "/" { objects.append(Self.object(vhost: vhost)) }
        objects += exchanges.map { Self.object($0, vhost) } + queues.map { Self.object($0, vhost) }
        objects += bindings.map { Self.object($0, vhost) } + [policyObject(vhost)]
        objects += users.flatMap { [Self.object($0), Self.permissionObject($0, vhost)] }
        let documents = objects.map { "---\n" + BlockYAML.text($0.whole(cluster: cluster, namespace: namespace)) }
        return "# Made by `detainer topology export --as kubernetes`: change the settings, not this file.\n"
            + documents.joined()
    }

    /// The Secret of a user's name and password.
    public static func secretName(_ user: User) -> String { "broker-" + user.role }

    private struct KubernetesObject {
        var kind: String
        var name: String
        var spec: JSONValue

        func whole(cluster: String, namespace: String) -> JSONValue {
            let reference: JSONValue = ["name": .string(cluster)]
            return [
                "apiVersion": "rabbitmq.com/v1beta1", "kind": .string(kind),
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": .object(
                    (spec.objectValue ?? []) + [JSONMember(name: "rabbitmqClusterReference", value: reference)]),
            ]
        }
    }

    /// A name as Kubernetes takes it: small letters, digits and single hyphens.
    private static func objectName(_ parts: String...) -> String {
        parts.joined(separator: "-").lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
            .joined(separator: "-")
    }

    private static func object(vhost: String) -> KubernetesObject {
        KubernetesObject(
            kind: "Vhost", name: objectName(vhost), spec: ["name": .string(vhost), "deletionPolicy": "retain"])
    }

    private static func object(_ exchange: Exchange, _ vhost: String) -> KubernetesObject {
        var spec = [
            JSONMember(name: "name", value: .string(exchange.name)), JSONMember(name: "vhost", value: .string(vhost)),
            JSONMember(name: "type", value: .string(exchange.type)), JSONMember(name: "durable", value: true),
            JSONMember(name: "autoDelete", value: false),
        ]
        if !exchange.arguments.isEmpty { spec.append(JSONMember(name: "arguments", value: json(exchange.arguments))) }
        return KubernetesObject(kind: "Exchange", name: objectName(exchange.name), spec: .object(spec))
    }

    private static func object(_ queue: Queue, _ vhost: String) -> KubernetesObject {
        // The operator has a member of its own for the type, and wants it there.
        var type = "classic"
        var arguments: [(String, FieldValue)] = []
        for argument in queue.arguments {
            if case ("x-queue-type", .string(let text)) = argument { type = text } else { arguments.append(argument) }
        }
        return KubernetesObject(
            kind: "Queue", name: objectName(queue.name),
            spec: [
                "name": .string(queue.name), "vhost": .string(vhost), "type": .string(type), "durable": true,
                "autoDelete": false,
                // Who deletes the object must not delete the messages.
                "deletionPolicy": "retain", "arguments": json(arguments),
            ])
    }

    private static func object(_ binding: Binding, _ vhost: String) -> KubernetesObject {
        KubernetesObject(
            kind: "Binding", name: objectName(binding.exchange, "to", binding.destination),
            spec: [
                "vhost": .string(vhost), "source": .string(binding.exchange),
                "destination": .string(binding.destination), "destinationType": .string(binding.kind.rawValue),
                "routingKey": .string(binding.routingKey),
            ])
    }

    private func policyObject(_ vhost: String) -> KubernetesObject {
        KubernetesObject(
            kind: "Policy", name: Self.objectName(policy.name),
            spec: [
                "name": .string(policy.name), "vhost": .string(vhost), "pattern": .string(policy.pattern),
                "applyTo": "queues", "definition": policy.definition, "priority": Self.policyPriority,
            ])
    }

    private static func object(_ user: User) -> KubernetesObject {
        var spec = [
            JSONMember(name: "importCredentialsSecret", value: ["name": .string(secretName(user))])
        ]
        if !user.tags.isEmpty {
            spec.append(JSONMember(name: "tags", value: .array(user.tags.map(JSONValue.string))))
        }
        return KubernetesObject(kind: "User", name: user.name, spec: .object(spec))
    }

    private static func permissionObject(_ user: User, _ vhost: String) -> KubernetesObject {
        KubernetesObject(
            kind: "Permission", name: user.name,
            spec: [
                "vhost": .string(vhost), "userReference": ["name": .string(user.name)],
                "permissions": [
                    "configure": .string(user.configure), "write": .string(user.write), "read": .string(user.read),
                ],
            ])
    }
}

/// JSON as block YAML; every text is quoted, so that none is taken for something else.
enum BlockYAML {
    static func text(_ value: JSONValue) -> String {
        lines(value).map { $0 + "\n" }.joined()
    }

    private static func lines(_ value: JSONValue) -> [String] {
        switch value {
        case .object(let members) where !members.isEmpty: members.flatMap(member)
        case .array(let values) where !values.isEmpty: values.flatMap(item)
        default: [json(value)]
        }
    }

    private static func member(_ member: JSONMember) -> [String] {
        let name = json(.string(member.name))
        let isPlain = member.name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let key = (isPlain ? member.name : name) + ":"
        let inner = lines(member.value)
        return isBlock(member.value) ? [key] + inner.map { "  " + $0 } : [key + " " + inner[0]]
    }

    private static func item(_ value: JSONValue) -> [String] {
        lines(value).enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
    }

    private static func isBlock(_ value: JSONValue) -> Bool {
        value.objectValue?.isEmpty == false || value.arrayValue?.isEmpty == false
    }

    /// JSON's own texts, numbers and empty lists are YAML too.
    private static func json(_ value: JSONValue) -> String {
        String(decoding: value.serialized(), as: UTF8.self)
    }
}
