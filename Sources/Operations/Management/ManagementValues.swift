public import Detainers

// What the management API's answers mean to us: from JSON to values, nothing else. A member that a version of RabbitMQ
// does not tell is `nil`; only what makes the value what it is must be there.

/// `GET /api/overview`
public struct BrokerOverview: Sendable, Equatable {
    public var product: String
    public var version: String
    public var erlang: String?
    public var cluster: String?
    /// The types of exchanges that it knows, those of plugins included; `nil` where it does not tell.
    public var exchangeTypes: [String]?

    public init?(json: JSONValue) {
        guard let version = json["product_version"]?.stringValue ?? json["rabbitmq_version"]?.stringValue else {
            return nil
        }
        self.version = version
        product = json["product_name"]?.stringValue ?? "RabbitMQ"
        erlang = json["erlang_version"]?.stringValue
        cluster = json["cluster_name"]?.stringValue
        exchangeTypes = json["exchange_types"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
    }
}

/// One of `GET /api/nodes`
public struct BrokerNode: Sendable, Equatable {
    public var name: String
    public var isRunning: Bool
    public var freeDiskBytes: Int?
    /// Below it the node takes no more messages.
    public var freeDiskLimit: Int?
    public var hasDiskAlarm: Bool
    public var hasMemoryAlarm: Bool
    public var usedFileDescriptors: Int?
    public var fileDescriptors: Int?
    /// Nodes that it lost sight of.
    public var partitions: [String]

    public init?(json: JSONValue) {
        guard let name = json["name"]?.stringValue else { return nil }
        self.name = name
        isRunning = json["running"]?.boolValue ?? true
        freeDiskBytes = json["disk_free"]?.intValue
        freeDiskLimit = json["disk_free_limit"]?.intValue
        hasDiskAlarm = json["disk_free_alarm"]?.boolValue ?? false
        hasMemoryAlarm = json["mem_alarm"]?.boolValue ?? false
        usedFileDescriptors = json["fd_used"]?.intValue
        fileDescriptors = json["fd_total"]?.intValue
        partitions = json["partitions"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}

/// `GET /api/queues/<vhost>/<name>`
public struct QueueDetail: Sendable, Equatable {
    public struct Consumer: Sendable, Equatable {
        public var tag: String
        public var channel: String?
        public var connection: String?
        public var prefetch: Int?
        /// Whether it gets the messages; of a queue with a single active consumer all others stand by.
        public var isActive: Bool?
    }

    public var name: String
    public var type: String?
    public var arguments: [JSONMember]
    public var policy: String?
    public var operatorPolicy: String?
    /// What both policies set together; `nil` until the broker has counted for the first time, some seconds after the
    /// queue was made. A policy of the last seconds is not in it yet.
    public var effectivePolicy: [JSONMember]?
    /// `nil` until the broker has counted for the first time.
    public var ready: Int?
    public var unacknowledged: Int?
    public var consumerCount: Int?
    public var consumers: [Consumer]
    /// Whether the API tells consumers at all: with its statistics turned off it does not.
    public var tellsConsumers: Bool
    /// Messages a second that came in, and that were acknowledged.
    public var publishRate: String?
    public var acknowledgeRate: String?
    /// Nodes that hold it, and those of them that run.
    public var members: [String]
    public var online: [String]
    /// As the broker applies it, where its version tells; -1 for none.
    public var deliveryLimit: Int?

    public init?(json: JSONValue) {
        guard let name = json["name"]?.stringValue else { return nil }
        self.name = name
        type = json["type"]?.stringValue
        arguments = json["arguments"]?.objectValue ?? []
        policy = json["policy"]?.stringValue
        operatorPolicy = json["operator_policy"]?.stringValue
        // An empty one is an empty list in some versions.
        effectivePolicy = json["effective_policy_definition"].map { $0.objectValue ?? [] }
        ready = json["messages_ready"]?.intValue
        unacknowledged = json["messages_unacknowledged"]?.intValue
        consumerCount = json["consumers"]?.intValue
        tellsConsumers = json["consumer_details"]?.arrayValue != nil
        consumers = (json["consumer_details"]?.arrayValue ?? []).compactMap { consumer in
            guard let tag = consumer["consumer_tag"]?.stringValue else { return nil }
            return Consumer(
                tag: tag, channel: consumer["channel_details"]?["name"]?.stringValue,
                connection: consumer["channel_details"]?["connection_name"]?.stringValue,
                prefetch: consumer["prefetch_count"]?.intValue, isActive: consumer["active"]?.boolValue)
        }
        let rates = json["message_stats"]
        func rate(_ name: String) -> String? {
            guard case .number(let text)? = rates?[name + "_details"]?["rate"] else { return nil }
            return text
        }
        publishRate = rate("publish")
        acknowledgeRate = rate("ack")
        members = json["members"]?.arrayValue?.compactMap(\.stringValue) ?? []
        online = json["online"]?.arrayValue?.compactMap(\.stringValue) ?? []
        deliveryLimit = json["delivery_limit"]?.intValue
    }

    public subscript(argument name: String) -> JSONValue? { arguments.first { $0.name == name }?.value }
    public subscript(policy key: String) -> JSONValue? { effectivePolicy?.first { $0.name == key }?.value }
}

/// One of `GET /api/exchanges/<vhost>/<name>/bindings/source`
public struct ExchangeBinding: Sendable, Equatable {
    public var destination: String
    public var isQueue: Bool
    public var routingKey: String

    public init?(json: JSONValue) {
        guard let destination = json["destination"]?.stringValue, let key = json["routing_key"]?.stringValue else {
            return nil
        }
        self.destination = destination
        isQueue = json["destination_type"]?.stringValue == "queue"
        routingKey = key
    }
}

/// `GET /api/exchanges/<vhost>/<name>`
public struct ExchangeDetail: Sendable, Equatable {
    public var name: String
    public var type: String?
    /// Where what reaches no queue goes, so that it is not returned.
    public var alternate: String?
    /// What a consistent hash goes by; `nil` for the routing key.
    public var hashProperty: String?
    public var policy: String?

    public init?(json: JSONValue) {
        guard let name = json["name"]?.stringValue else { return nil }
        self.name = name
        type = json["type"]?.stringValue
        alternate = json["arguments"]?["alternate-exchange"]?.stringValue
        hashProperty = json["arguments"]?["hash-property"]?.stringValue
        policy = json["policy"]?.stringValue
    }
}

/// `GET /api/permissions/<vhost>/<user>`: regular expressions over names.
public struct UserPermission: Sendable, Equatable {
    public var configure: String
    public var write: String
    public var read: String

    public init(configure: String, write: String, read: String) {
        (self.configure, self.write, self.read) = (configure, write, read)
    }

    public init?(json: JSONValue) {
        guard let configure = json["configure"]?.stringValue, let write = json["write"]?.stringValue,
            let read = json["read"]?.stringValue
        else { return nil }
        self.init(configure: configure, write: write, read: read)
    }

    /// Whether one of its patterns is found in a name, as the broker looks.
    ///
    /// - Returns: `nil` where the pattern is none that can be read here.
    static func allows(_ pattern: String, _ name: String) -> Bool? {
        // An empty pattern is the broker's word for none.
        if pattern.isEmpty { return false }
        do { return try name.contains(Regex(pattern)) } catch { return nil }
    }
}

/// One of `GET /api/feature-flags`
public struct FeatureFlag: Sendable, Equatable {
    public var name: String
    public var isEnabled: Bool

    public init?(json: JSONValue) {
        guard let name = json["name"]?.stringValue, let state = json["state"]?.stringValue else { return nil }
        self.name = name
        isEnabled = state == "enabled"
    }
}

extension Array {
    /// Each value of a JSON list that is one of these.
    init(json: JSONValue, _ read: (JSONValue) -> Element?) { self = (json.arrayValue ?? []).compactMap(read) }
}
