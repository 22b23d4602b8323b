import Detainers

@testable import Worker

/// A broker in memory: one queue of requests, the events and letters that were published, and who holds what.
struct SimulatedBroker {
    struct Message {
        var number: Int
        var body: Simulation.Body
        /// How often it went to a consumer that did not settle it.
        var deliveries = 0
    }

    /// As the topology sets it: far above what crashes of others can count up.
    static let deliveryLimit = 200

    private struct Consumer {
        var worker: Int
        var generation: Int
        var nextTag: UInt64 = 1
        var unsettled: [(tag: UInt64, message: Message)] = []
        var isDelivering = true
        /// Sent before it heard of the cancel; they arrive behind it.
        var onTheWay = 0
    }

    private(set) var waiting: [Message] = []
    private var consumers: [Int: Consumer] = [:]
    private(set) var settled: Set<Int> = []
    /// Event ids by how often each reached the report queue.
    private(set) var events: [String: Int] = [:]
    private(set) var letters: [String: Int] = [:]
    /// What died of the delivery limit, without any worker having said anything about it.
    private(set) var dropped: [Simulation.Body] = []
    private var published = 0

    mutating func submit(_ body: Simulation.Body) {
        waiting.append(Message(number: published, body: body))
        published += 1
    }

    var isEmpty: Bool { waiting.isEmpty && consumers.values.allSatisfy { $0.unsettled.isEmpty } }

    mutating func consume(worker: Int, generation: Int) {
        consumers[worker] = Consumer(worker: worker, generation: generation)
    }

    /// - Parameter onTheWay: how many deliveries it had sent by then at most.
    mutating func stopDelivering(worker: Int, onTheWay: Int) {
        consumers[worker]?.isDelivering = false
        consumers[worker]?.onTheWay = onTheWay
    }

    /// Behind its answer to the cancel comes nothing more.
    mutating func answeredCancel(worker: Int) { consumers[worker]?.onTheWay = 0 }

    /// The consumer's connection is gone: what it held is delivered again, to anybody and in any order.
    mutating func disconnect(worker: Int, _ random: inout Dice) {
        guard let gone = consumers.removeValue(forKey: worker) else { return }
        for (_, var message) in gone.unsettled {
            message.deliveries += 1
            if message.deliveries > Self.deliveryLimit {
                dropped.append(message.body)
            } else {
                waiting.insert(message, at: random.number(0...waiting.count))
            }
        }
    }

    /// Some of what waits, for one consumer.
    mutating func deliver(
        to worker: Int, atMost count: Int, prefetch: Int = .max
    ) -> (generation: Int, deliveries: [(tag: UInt64, message: Message)])? {
        guard var consumer = consumers[worker], !waiting.isEmpty else { return nil }
        let count = consumer.isDelivering ? count : min(count, consumer.onTheWay)
        if count == 0 { return nil }
        var deliveries: [(tag: UInt64, message: Message)] = []
        while deliveries.count < count, deliveries.count + consumer.unsettled.count < prefetch, !waiting.isEmpty {
            deliveries.append((consumer.nextTag, waiting.removeFirst()))
            consumer.nextTag += 1
        }
        consumer.unsettled += deliveries
        if !consumer.isDelivering { consumer.onTheWay -= deliveries.count }
        consumers[worker] = consumer
        return (consumer.generation, deliveries)
    }

    /// Acknowledges; an unknown tag would be a channel error. Returns what was settled by it.
    mutating func acknowledge(worker: Int, tag: UInt64, generation: Int) -> [Message]? {
        guard let consumer = consumers[worker], consumer.generation == generation else { return [] }
        guard tag < consumer.nextTag, consumer.unsettled.contains(where: { $0.tag <= tag }) else { return nil }
        let done = consumer.unsettled.filter { $0.tag <= tag }.map(\.message)
        consumers[worker]?.unsettled.removeAll { $0.tag <= tag }
        for message in done { settled.insert(message.number) }
        return done
    }

    mutating func accept(_ publishing: Publishing) {
        switch publishing {
        case .event(_, let announcement): events[announcement.entry.eventID, default: 0] += 1
        case .letter(_, let letter): letters[String(decoding: letter.body, as: UTF8.self), default: 0] += 1
        }
    }
}
