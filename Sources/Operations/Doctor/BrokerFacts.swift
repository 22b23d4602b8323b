import AMQPClient
import Detainers

/// What was looked for, or why it was not seen.
enum Seen<Value: Sendable>: Sendable {
    case seen(Value)
    case unseen(String)

    var value: Value? { if case .seen(let value) = self { value } else { nil } }
}

extension Seen: Equatable where Value: Equatable {}

/// What was seen of a broker; ``BrokerExamination`` judges it against the topology.
struct BrokerFacts: Sendable {
    /// What AMQP tells of an exchange or a queue.
    enum Part: Sendable, Equatable {
        /// There, and of a queue: declared again it is the same.
        case right
        case missing
        /// There, with other arguments; what the broker says differs.
        case different(String)
        /// This user may not look.
        case refused
    }

    var exchanges: [String: Part] = [:]
    var queues: [String: Part] = [:]
    /// Queues of settings with other partitions.
    var leftovers: [Topology.Leftover] = []

    var overview: Seen<BrokerOverview>
    var nodes: Seen<[BrokerNode]>
    var queueDetails: [String: Seen<QueueDetail>] = [:]
    var exchangeDetails: [String: Seen<ExchangeDetail>] = [:]
    /// By their source.
    var bindings: [String: Seen<[ExchangeBinding]>] = [:]
    var permissions: Seen<UserPermission>
    var featureFlags: Seen<[FeatureFlag]>

    /// Why the rest is not seen.
    private let otherwise: String

    /// - Parameter why: the management API was not asked, or did not answer.
    init(unseen why: String) {
        otherwise = why
        (overview, nodes, permissions, featureFlags) = (.unseen(why), .unseen(why), .unseen(why), .unseen(why))
    }

    func detail(queue: String) -> Seen<QueueDetail> { queueDetails[queue] ?? .unseen(otherwise) }
    func detail(exchange: String) -> Seen<ExchangeDetail> { exchangeDetails[exchange] ?? .unseen(otherwise) }
    func bindings(from exchange: String) -> Seen<[ExchangeBinding]> { bindings[exchange] ?? .unseen(otherwise) }

    var version: BrokerVersion? { overview.value.flatMap { BrokerVersion(text: $0.version) } }
}
