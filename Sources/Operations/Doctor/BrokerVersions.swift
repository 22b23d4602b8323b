/// A version of RabbitMQ, compared by its numbers.
struct BrokerVersion: Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    private let numbers: [Int]

    /// - Returns: `nil` where the text does not begin with a number.
    init?(text: String) {
        let numbers = text.split(separator: ".").prefix(3).map { $0.prefix { $0.isNumber } }.compactMap { Int($0) }
        guard !numbers.isEmpty else { return nil }
        self.numbers = numbers + Array(repeating: 0, count: 3 - numbers.count)
    }

    init(stringLiteral text: String) { self = BrokerVersion(text: text) ?? BrokerVersion(numbers: [0, 0, 0]) }

    private init(numbers: [Int]) { self.numbers = numbers }

    static func < (one: BrokerVersion, other: BrokerVersion) -> Bool {
        one.numbers.lexicographicallyPrecedes(other.numbers)
    }

    var description: String { numbers.map(String.init).joined(separator: ".") }
}

/// What versions of RabbitMQ change for us, oldest first; `docs/operations.md` has a row for each.
struct BrokerChange {
    var since: BrokerVersion
    /// The first version in which it is gone again.
    var until: BrokerVersion?
    /// What is so from then on.
    var change: String
    /// What it means where it is so, or is not yet so; without one it is told only in the documentation.
    var verdict: Doctor.Finding.Verdict?
    /// Whether the verdict is for versions before it.
    var isNeeded = false
    var remedy: String?

    static let all: [BrokerChange] = [
        BrokerChange(
            since: "3.8", change: "quorum queues with a delivery limit", verdict: .bad, isNeeded: true,
            remedy: "upgrade RabbitMQ: without them messages are lost with a node"),
        BrokerChange(
            since: "3.8.15", change: "a message unacknowledged for 15 minutes (30 from 3.8.17 on) closes the channel"),
        BrokerChange(
            since: "3.10", change: "at-least-once dead-lettering", verdict: .bad, isNeeded: true,
            remedy: "upgrade RabbitMQ: before, what the queue gives up can be lost on its way to the dead letters"),
        BrokerChange(since: "3.12", change: "the ack timeout can be set for each queue"),
        BrokerChange(
            since: "3.13",
            change: "x-death is not counted up for messages that a client publishes again; nothing here "
                + "trusts it"),
        BrokerChange(
            since: "4.0",
            change: "quorum queues give a message up after 20 deliveries unless told otherwise, and know "
                + "two priorities; the check `delivery limit` tells what holds"),
        BrokerChange(
            since: "4.2.6", until: "4.2.7", change: "looking at a queue needs the right to configure it",
            verdict: .warning, remedy: "upgrade to 4.2.7: workers without that right cannot look at their queues"),
        BrokerChange(
            since: "4.3.0", until: "4.3.1", change: "looking at a queue needs the right to configure it",
            verdict: .warning, remedy: "upgrade to 4.3.1: workers without that right cannot look at their queues"),
        BrokerChange(
            since: "4.3",
            change: "a message put back by nack no longer counts towards the delivery limit, and the ack "
                + "timeout cancels the consumer of a quorum queue instead of closing its channel"),
    ]

    func holds(in version: BrokerVersion) -> Bool { version >= since && until.map { version < $0 } ?? true }

    /// Whether looking at a queue needs a right that workers do not have.
    static func lookingNeedsConfigure(_ version: BrokerVersion) -> Bool {
        all.contains { $0.until != nil && $0.holds(in: version) }
    }
}
