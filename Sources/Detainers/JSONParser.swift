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

    public init() {}
}

extension JSONValue {
    /// Reads one JSON text (RFC 8259), strictly: valid UTF-8, no duplicate names, no lone surrogates, nothing behind
    /// it.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, limits: limits)
        return try parser.whole()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    func error(_ explanation: String, isEncoding: Bool = false) -> JSONError {
        JSONError(path: "", explanation: explanation, offset: position, isEncoding: isEncoding)
    }

    mutating func whole() throws(JSONError) -> JSONValue {
        if String(validating: bytes, as: UTF8.self) == nil { throw error("is not valid UTF-8", isEncoding: true) }
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        if position < bytes.count { throw error("something stands behind the JSON text") }
        return value
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard position < bytes.count else { throw error("ends too early") }
        if depth > limits.depth { throw error("is nested deeper than \(limits.depth) levels") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    mutating func literal(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw error("is no JSON value") }
        position += word.utf8.count
        return value
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [JSONMember] = []
        var names = MemberNames()
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw error("lacks a member name")
            }
            let name = try string()
            if !names.insert(name, after: members) { throw error("has a member twice") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("lacks a colon") }
            skipSpace()
            do throws(JSONError) {
                members.append(JSONMember(name: name, value: try value(depth: depth + 1)))
            } catch {
                throw error.within(Self.isPlain(name) ? name : "?")
            }
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw error("lacks a comma or a closing brace") }
        }
    }

    mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            skipSpace()
            do throws(JSONError) { values.append(try value(depth: depth + 1)) } catch {
                throw error.within(String(values.count))
            }
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw error("lacks a comma or a closing bracket") }
        }
    }

    mutating func number() throws(JSONError) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) {
            guard digits() > 0 else { throw error("is no JSON value") }
        }
        if take(UInt8(ascii: ".")), digits() == 0 { throw error("has a number without digits behind its point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            if digits() == 0 { throw error("has a number without an exponent") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        try skipPlain()
        // Most strings hold no escape: they are taken as they stand.
        if take(UInt8(ascii: "\"")) { return String(decoding: bytes[start..<(position - 1)], as: UTF8.self) }
        var content = Array(bytes[start..<position])
        while position < bytes.count {
            if take(UInt8(ascii: "\"")) { return String(decoding: content, as: UTF8.self) }
            position += 1
            try escape(into: &content)
            let run = position
            try skipPlain()
            content += bytes[run..<position]
        }
        throw error("has a string without an end")
    }

    /// Goes to the next quote or backslash.
    private mutating func skipPlain() throws(JSONError) {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return
            case 0..<0x20:
                position += 1
                throw error("has a control character in a string")
            default: position += 1
            }
        }
    }

    mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw error("has a string without an end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content += Array(String(Character(try scalar())).utf8)
        default: throw error("has an unknown escape")
        }
    }

    mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let first = try unit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw error("has half a surrogate pair")
        }
        let second = try unit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("has half a surrogate pair") }
        return scalar
    }

    mutating func unit() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw error("has a string without an end") }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("has an unknown escape")
            }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }

    /// Names that our own contracts could have; others may be a person's data and are not shown.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 24
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
            }
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

    private var many: Set<[UInt8]>?

    /// - Returns: whether no member before had it.
    mutating func insert(_ name: String, after members: [JSONMember]) -> Bool {
        if members.count < Self.fewMembers {
            return !members.contains { $0.name.utf8.count == name.utf8.count && $0.name.utf8.elementsEqual(name.utf8) }
        }
        var names = many.take() ?? Set(members.map { Array($0.name.utf8) })
        let isNew = names.insert(Array(name.utf8)).inserted
        many = names
        return isNew
    }
}
