/// Why a text is not JSON. Names a path and a place, never a value.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// JSON Pointer (RFC 6901) of the innermost value that was being read; unknown member names are left out of it.
    public var path: String
    public var explanation: String
    public var offset: Int
    /// The bytes are not UTF-8 at all.
    public var isEncoding = false

    public var description: String { "\(path.isEmpty ? "/" : path): \(explanation), at byte \(offset)" }
}

/// Bounds of what is read.
public struct JSONLimits: Sendable {
    /// Deeper nesting has no use in any of our contracts and costs stack.
    public var depth = 64
    /// Longer numbers are none of ours, and no number that JSON readers agree on has so many digits.
    public var numberBytes = 64
    /// Far above a line of any of our files and an answer of the broker's management API; a value takes several times
    /// the memory of its text. Places in a text are kept as numbers of 32 bits.
    public var bytes = 16 << 20

    public init() {}
}

/// Goes over a text once and notes where its values stand.
struct JSONParser {
    private(set) var nodes: [JSONText.Node] = []
    private let limits: JSONLimits
    private var position = 0

    init(limits: JSONLimits, count: Int) {
        self.limits = limits
        // A form has a value every fourteen bytes or so; where there are more, the list grows.
        nodes.reserveCapacity(count / 12 + 1)
    }

    private func error(_ explanation: String, isEncoding: Bool = false) -> JSONError {
        JSONError(path: "", explanation: explanation, offset: position, isEncoding: isEncoding)
    }

    mutating func whole(_ bytes: Span<UInt8>) throws(JSONError) {
        if bytes.count > limits.bytes { throw error("is longer than \(limits.bytes) bytes") }
        do { _ = try UTF8Span(validating: bytes) } catch { throw self.error("is not valid UTF-8", isEncoding: true) }
        skipSpace(bytes)
        try value(bytes, depth: 0)
        skipSpace(bytes)
        if position < bytes.count { throw error("something stands behind the JSON text") }
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        guard position < bytes.count else { throw error("ends too early") }
        switch bytes[position] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if depth >= limits.depth { throw error("is nested deeper than \(limits.depth) levels") }
            if bytes[position] == UInt8(ascii: "{") {
                try object(bytes, depth: depth)
            } else {
                try array(bytes, depth: depth)
            }
        case UInt8(ascii: "\""): try string(bytes)
        case UInt8(ascii: "t"): try literal(bytes, "true", .true)
        case UInt8(ascii: "f"): try literal(bytes, "false", .false)
        case UInt8(ascii: "n"): try literal(bytes, "null", .null)
        default: try number(bytes)
        }
    }

    /// Notes a value that holds no others.
    private mutating func note(_ kind: JSONText.Node.Kind, from start: Int, to end: Int) {
        nodes.append(
            JSONText.Node(
                kind: kind, start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
                next: UInt32(truncatingIfNeeded: nodes.count + 1)))
    }

    private mutating func close(_ opened: Int) {
        nodes[opened].end = UInt32(truncatingIfNeeded: position)
        nodes[opened].next = UInt32(truncatingIfNeeded: nodes.count)
    }

    private mutating func literal(
        _ bytes: Span<UInt8>, _ word: String, _ kind: JSONText.Node.Kind
    ) throws(JSONError) {
        let start = position
        for (offset, byte) in word.utf8.enumerated() {
            guard start + offset < bytes.count, bytes[start + offset] == byte else {
                throw error("is no JSON value")
            }
        }
        position += word.utf8.count
        note(kind, from: start, to: position)
    }

    private mutating func take(_ bytes: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        let opened = nodes.count
        note(.object, from: position, to: position)
        position += 1
        skipSpace(bytes)
        if take(bytes, UInt8(ascii: "}")) { return close(opened) }
        var names = MemberNames(opened)
        while true {
            skipSpace(bytes)
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw error("lacks a member name")
            }
            let name = nodes.count
            try string(bytes)
            if !names.insert(name, nodes, bytes) { throw error("has a member twice") }
            skipSpace(bytes)
            guard take(bytes, UInt8(ascii: ":")) else { throw error("lacks a colon") }
            skipSpace(bytes)
            do throws(JSONError) { try value(bytes, depth: depth + 1) } catch {
                throw error.within(Self.shown(nodes[name], bytes))
            }
            skipSpace(bytes)
            if take(bytes, UInt8(ascii: "}")) { return close(opened) }
            guard take(bytes, UInt8(ascii: ",")) else { throw error("lacks a comma or a closing brace") }
        }
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        let opened = nodes.count
        note(.array, from: position, to: position)
        position += 1
        skipSpace(bytes)
        if take(bytes, UInt8(ascii: "]")) { return close(opened) }
        var count = 0
        while true {
            skipSpace(bytes)
            do throws(JSONError) { try value(bytes, depth: depth + 1) } catch { throw error.within(String(count)) }
            count += 1
            skipSpace(bytes)
            if take(bytes, UInt8(ascii: "]")) { return close(opened) }
            guard take(bytes, UInt8(ascii: ",")) else { throw error("lacks a comma or a closing bracket") }
        }
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) {
        let start = position
        _ = take(bytes, UInt8(ascii: "-"))
        if !take(bytes, UInt8(ascii: "0")) {
            guard digits(bytes) > 0 else { throw error("is no JSON value") }
        }
        if take(bytes, UInt8(ascii: ".")), digits(bytes) == 0 {
            throw error("has a number without digits behind its point")
        }
        if take(bytes, UInt8(ascii: "e")) || take(bytes, UInt8(ascii: "E")) {
            if !take(bytes, UInt8(ascii: "+")) { _ = take(bytes, UInt8(ascii: "-")) }
            if digits(bytes) == 0 { throw error("has a number without an exponent") }
        }
        if position - start > limits.numberBytes {
            throw error("has a number longer than \(limits.numberBytes) bytes")
        }
        note(.number, from: start, to: position)
    }

    private mutating func digits(_ bytes: Span<UInt8>) -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) {
        let start = position + 1
        var kind = JSONText.Node.Kind.plainString
        var end = start
        while true {
            end = PlainText.end(bytes, from: end)
            position = end
            guard position < bytes.count else { throw error("has a string without an end") }
            position += 1
            switch bytes[end] {
            case UInt8(ascii: "\""): return note(kind, from: start, to: end)
            case UInt8(ascii: "\\"):
                kind = .escapedString
                try escape(bytes)
                end = position
            default: throw error("has a control character in a string")
            }
        }
    }

    /// Goes over what stands behind a backslash.
    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONError) {
        guard position < bytes.count else { throw error("has a string without an end") }
        let byte = bytes[position]
        position += 1
        if byte != UInt8(ascii: "u") {
            if JSONEscapes.short(byte) == nil { throw error("has an unknown escape") }
            return
        }
        let first = try unit(bytes)
        if !JSONEscapes.isSurrogate(first) { return }
        guard first < 0xDC00, take(bytes, UInt8(ascii: "\\")), take(bytes, UInt8(ascii: "u")),
            (0xDC00...0xDFFF).contains(try unit(bytes))
        else { throw error("has half a surrogate pair") }
    }

    private mutating func unit(_ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw error("has a string without an end") }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = JSONEscapes.hexadecimalDigit(bytes[position + offset]) else {
                throw error("has an unknown escape")
            }
            value = value << 4 | digit
        }
        position += 4
        return value
    }

    /// A member's name as an error's path shows it: those that our own contracts could have; others may be a person's
    /// data.
    private static func shown(_ name: JSONText.Node, _ bytes: Span<UInt8>) -> String {
        let range = Int(name.start)..<Int(name.end)
        guard name.kind == .plainString, (1...24).contains(range.count) else { return "?" }
        var text = ""
        for position in range {
            guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[position] | 0x20) else { return "?" }
            text.unicodeScalars.append(Unicode.Scalar(bytes[position]))
        }
        return text
    }
}

extension JSONError {
    /// The same error of the value that contains the one it was found in.
    fileprivate func within(_ step: String) -> JSONError {
        var error = self
        error.path = "/" + step + path
        return error
    }
}

/// The names of one object, to find one that stands there twice.
///
/// A name that differs only in Unicode form is another name: bytes are compared, as JSON does.
private struct MemberNames {
    /// Up to so many members each is compared; beyond, a set is faster.
    private static let fewMembers = 24

    private let object: Int
    private var count = 0
    private var many: Set<[UInt8]>?
    /// A bit for each name that was there: where that of a new one is not set it need not be compared.
    private var seen: UInt64 = 0

    init(_ object: Int) { self.object = object }

    /// - Returns: whether no member before had it.
    mutating func insert(_ name: Int, _ nodes: [JSONText.Node], _ bytes: Span<UInt8>) -> Bool {
        defer { count += 1 }
        if count < Self.fewMembers {
            let bits = Self.bits(of: nodes[name], bytes)
            defer { seen |= bits }
            if seen & bits == 0 { return true }
            var other = object + 1
            while other < name {
                if Self.areSame(nodes[name], nodes[other], bytes) { return false }
                other = Int(nodes[other + 1].next)
            }
            return true
        }
        if many == nil {
            var names: Set<[UInt8]> = []
            var other = object + 1
            while other < name {
                names.insert(Self.resolved(nodes[other], bytes))
                other = Int(nodes[other + 1].next)
            }
            many = names
        }
        return many?.insert(Self.resolved(nodes[name], bytes)).inserted ?? true
    }

    /// By length and ends; all of them for a name with escapes, which may be any.
    private static func bits(of name: JSONText.Node, _ bytes: Span<UInt8>) -> UInt64 {
        guard name.kind == .plainString else { return .max }
        let length = name.end - name.start
        if length == 0 { return 1 }
        let ends = UInt32(bytes[Int(name.start)]) &* 31 &+ UInt32(bytes[Int(name.end - 1)]) &* 7
        return 1 << UInt64((length &* 13 &+ ends) & 63)
    }

    private static func areSame(_ one: JSONText.Node, _ other: JSONText.Node, _ bytes: Span<UInt8>) -> Bool {
        guard one.kind == .plainString, other.kind == .plainString else {
            return resolved(one, bytes) == resolved(other, bytes)
        }
        let length = one.end - one.start
        guard other.end - other.start == length else { return false }
        for offset in 0..<length where bytes[Int(one.start + offset)] != bytes[Int(other.start + offset)] {
            return false
        }
        return true
    }

    private static func resolved(_ name: JSONText.Node, _ bytes: Span<UInt8>) -> [UInt8] {
        let raw = (Int(name.start)..<Int(name.end)).map { bytes[$0] }
        return name.kind == .plainString ? raw : JSONEscapes.resolved(raw[...])
    }
}

/// The escapes of JSON's strings (RFC 8259, section 7).
enum JSONEscapes {
    static func short(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    static func isSurrogate(_ unit: UInt32) -> Bool { (0xD800...0xDFFF).contains(unit) }

    /// A string's bytes with its escapes resolved.
    ///
    /// - Precondition: the parser went over it, so every escape is whole.
    static func resolved(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(raw.count)
        var position = raw.startIndex
        func unit() -> UInt32 {
            let value = raw[position..<position + 4].reduce(0) { $0 << 4 | (hexadecimalDigit($1) ?? 0) }
            position += 4
            return value
        }
        while position < raw.endIndex {
            let byte = raw[position]
            position += 1
            if byte != UInt8(ascii: "\\") {
                content.append(byte)
                continue
            }
            let kind = raw[position]
            position += 1
            if let short = short(kind) {
                content.append(short)
                continue
            }
            var value = unit()
            if isSurrogate(value) {
                position += 2
                value = 0x10000 + (value - 0xD800) << 10 + (unit() - 0xDC00)
            }
            if let scalar = Unicode.Scalar(value) { content += UTF8.encode(scalar).map { Array($0) } ?? [] }
        }
        return content
    }
}
