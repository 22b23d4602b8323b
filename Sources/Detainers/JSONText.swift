/// A JSON text that was read whole and strictly (RFC 8259), as a flat list of its values: nothing is copied out of it
/// before somebody asks.
///
/// Immutable, so that any thread may look at it.
public final class JSONText: Sendable {
    /// One value, or one member's name, and where it stands.
    struct Node: Sendable {
        enum Kind: UInt8, Sendable {
            case object, array, number, `true`, `false`, null
            /// Stands in the text as it is.
            case plainString
            /// Holds escapes.
            case escapedString
        }

        var kind: Kind
        /// Strings without their quotes.
        var start: UInt32
        var end: UInt32
        /// The node behind this value and all that is in it.
        var next: UInt32
    }

    /// The number of a node.
    typealias Place = Int

    let bytes: [UInt8]
    /// INVARIANT: a value's node stands before those of its elements; a member is its name's node and then its value's.
    let nodes: [Node]

    /// Reads one JSON text: valid UTF-8, no duplicate names, no lone surrogates, nothing behind it.
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var parser = JSONParser(limits: limits, count: bytes.count)
        try parser.whole(bytes.span)
        self.bytes = bytes
        nodes = parser.nodes
    }

    static let emptyObject = JSONText(empty: "{}")

    private init(empty text: String) {
        bytes = Array(text.utf8)
        nodes = [Node(kind: .object, start: 0, end: UInt32(bytes.count), next: 1)]
    }

    /// The text's value.
    public var root: JSONNode { JSONNode(text: self, position: 0) }

    /// Whether two strings of the text are the same, byte for byte, escapes resolved.
    func isString(at position: Int, _ other: String) -> Bool {
        let node = nodes[position]
        switch node.kind {
        case .plainString:
            return Self.areSame(bytes, Int(node.start)..<Int(node.end), other)
        case .escapedString: return string(node).utf8.elementsEqual(other.utf8)
        default: return false
        }
    }

    /// The next member of that name: where its own node stands, and the node behind its value.
    ///
    /// - Parameters:
    ///   - start: a member's node, and its number among the members.
    ///   - end: the node behind the last one that is looked at.
    func member(
        _ name: String, from start: (position: Int, number: Int), to end: Int
    ) -> (position: Int, number: Int, next: Int)? {
        Self.member(name, from: start, to: end, self, nodes, bytes)
    }

    // Spans, for this is where a reader of records spends its time.
    private static func member(
        _ name: String, from start: (position: Int, number: Int), to end: Int, _ text: JSONText,
        _ heldNodes: borrowing [Node], _ heldBytes: borrowing [UInt8]
    ) -> (position: Int, number: Int, next: Int)? {
        let nodes = heldNodes.span
        let bytes = heldBytes.span
        let wanted = name.utf8.span
        var (position, number) = start
        while position < end {
            let node = nodes[position]
            let next = Int(nodes[position + 1].next)
            let isSame =
                node.kind == .plainString
                ? areSame(bytes, Int(node.start)..<Int(node.end), wanted) : text.isString(at: position, name)
            if isSame { return (position, number, next) }
            (position, number) = (next, number + 1)
        }
        return nil
    }

    private static func areSame(_ bytes: borrowing [UInt8], _ range: Range<Int>, _ wanted: String) -> Bool {
        areSame(bytes.span, range, wanted.utf8.span)
    }

    private static func areSame(_ bytes: Span<UInt8>, _ range: Range<Int>, _ wanted: Span<UInt8>) -> Bool {
        guard range.count == wanted.count else { return false }
        let found = bytes.extracting(range)
        var difference: UInt8 = 0
        // Without a way out: several bytes at a time.
        for position in wanted.indices { difference |= found[position] ^ wanted[position] }
        return difference == 0
    }

    /// `nil` where another value stands.
    func string(at place: Place) -> String? {
        let node = nodes[place]
        return switch node.kind {
        case .plainString, .escapedString: string(node)
        default: nil
        }
    }

    func string(_ node: Node) -> String {
        let range = Int(node.start)..<Int(node.end)
        if node.kind == .plainString {
            // Not from a slice, which would count a reference to all of the text for each string.
            let bytes = bytes
            let piece = bytes.span.extracting(range)
            do {
                return String(copying: try UTF8Span(validating: piece))
            } catch { preconditionFailure("a text that was read is UTF-8") }
        }
        return String(decoding: JSONEscapes.resolved(bytes[range]), as: UTF8.self)
    }
}

/// A value of a JSON text.
///
/// Looking for a member goes over those of its object: objects of our contracts have few.
public struct JSONNode: Sendable {
    let text: JSONText
    let position: Int

    private var node: JSONText.Node { text.nodes[position] }

    public var isObject: Bool { node.kind == .object }

    public subscript(_ name: String) -> JSONNode? {
        guard node.kind == .object, let place = member(name, from: firstMember)?.place else { return nil }
        return JSONNode(text: text, position: place)
    }

    /// A place between the members of an object.
    struct Cursor: Sendable {
        fileprivate var position: Int
        /// Of the member behind it.
        fileprivate var number: Int
    }

    var firstMember: Cursor { Cursor(position: position + 1, number: 0) }

    /// Where the value of the member of that name stands, the member's number, and the place behind it; those before
    /// the cursor are looked at last.
    func member(_ name: String, from start: Cursor) -> (place: JSONText.Place, number: Int, next: Cursor)? {
        let end = Int(node.next)
        return member(name, from: start, to: end) ?? member(name, from: firstMember, to: start.position)
    }

    private func member(
        _ name: String, from start: Cursor, to end: Int
    ) -> (place: JSONText.Place, number: Int, next: Cursor)? {
        guard let found = text.member(name, from: (start.position, start.number), to: end) else { return nil }
        return (found.position + 1, found.number, Cursor(position: found.next, number: found.number + 1))
    }

    /// How many members an object has, or elements an array.
    public var count: Int {
        let end = Int(node.next)
        var (position, count) = (self.position + 1, 0)
        let step = node.kind == .object ? 1 : 0
        while position < end {
            position = Int(text.nodes[position + step].next)
            count += 1
        }
        return count
    }

    public var arrayValue: [JSONNode]? {
        guard node.kind == .array else { return nil }
        var values: [JSONNode] = []
        var position = self.position + 1
        while position < Int(node.next) {
            values.append(JSONNode(text: text, position: position))
            position = Int(text.nodes[position].next)
        }
        return values
    }

    /// The members of an object, in their order.
    public var objectValue: [(name: String, value: JSONNode)]? {
        guard node.kind == .object else { return nil }
        var members: [(name: String, value: JSONNode)] = []
        var position = self.position + 1
        while position < Int(node.next) {
            members.append((text.string(text.nodes[position]), JSONNode(text: text, position: position + 1)))
            position = Int(text.nodes[position + 1].next)
        }
        return members
    }

    public var stringValue: String? { text.string(at: position) }

    /// Whether it is this string.
    public func isString(_ other: String) -> Bool { text.isString(at: position, other) }

    /// The number when it is written as a whole one and fits.
    public var intValue: Int? {
        guard node.kind == .number else { return nil }
        return Int(String(decoding: text.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self))
    }

    /// A copy that stands by itself.
    public var value: JSONValue {
        switch node.kind {
        case .object: .object((objectValue ?? []).map { JSONMember(name: $0.name, value: $0.value.value) })
        case .array: .array((arrayValue ?? []).map(\.value))
        case .number: .number(String(decoding: text.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self))
        case .plainString, .escapedString: .string(text.string(node))
        case .true: .bool(true)
        case .false: .bool(false)
        case .null: .null
        }
    }
}

extension JSONValue {
    /// Reads one JSON text (RFC 8259), strictly: valid UTF-8, no duplicate names, no lone surrogates, nothing behind
    /// it.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        try JSONText(bytes, limits: limits).root.value
    }
}
