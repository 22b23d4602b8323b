/// What deliveries take that their owner has not answered yet, in bytes: their bodies, and headers of many fields.
struct HeldBodies: Sendable {
    private let maximumBytes: Int
    /// In the order of their tags.
    private var held: [(tag: UInt64, bytes: Int)] = []
    private var bytes = 0

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    private var isBounded: Bool { maximumBytes < .max }
    /// Whether no more may be taken until some are answered.
    var isFull: Bool { isBounded && bytes >= maximumBytes }

    mutating func add(_ tag: UInt64, _ message: @autoclosure () -> (body: [UInt8], headers: [(String, FieldValue)])) {
        guard isBounded else { return }
        let (body, headers) = message()
        let bytes = body.count + FieldValue.table(headers).heldBytes
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

extension FieldValue {
    /// A name and a value as Swift keeps them; on the wire a field has three bytes at least.
    private static let fieldBytes = 48

    /// What it takes in memory besides its own place.
    fileprivate var heldBytes: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .table(let fields): fields.reduce(0) { $0 + Self.fieldBytes + $1.1.heldBytes }
        case .array(let values): values.reduce(0) { $0 + Self.fieldBytes + $1.heldBytes }
        case .int, .bool, .double, .timestamp, .null: 0
        }
    }
}
