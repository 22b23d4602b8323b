/// The bodies of deliveries that their owner has not answered yet, in bytes; nothing is kept of them without a bound.
struct HeldBodies: Sendable {
    private let maximumBytes: Int
    /// In the order of their tags.
    private var held: [(tag: UInt64, bytes: Int)] = []
    private var bytes = 0

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    private var isBounded: Bool { maximumBytes < .max }
    /// Whether no more may be taken until some are answered.
    var isFull: Bool { isBounded && bytes >= maximumBytes }

    mutating func add(_ tag: UInt64, bytes: Int) {
        guard isBounded else { return }
        held.append((tag, bytes))
        self.bytes += bytes
    }

    /// - Parameter multiple: also every delivery before it; of all of them where the tag is 0.
    mutating func answered(_ tag: UInt64, multiple: Bool) {
        guard isBounded else { return }
        held.removeAll { delivery in
            let isAnswered = delivery.tag == tag || (multiple && (tag == 0 || delivery.tag < tag))
            if isAnswered { bytes -= delivery.bytes }
            return isAnswered
        }
    }
}
