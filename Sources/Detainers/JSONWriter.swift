/// Writes one JSON object of a fixed shape straight into bytes: compact, members in the order in which they are added.
///
/// What is `nil` is left out, and so is an object without members.
struct JSONWriter {
    private(set) var bytes: [UInt8]

    private init(reserving capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    /// The bytes of an object.
    ///
    /// - Parameter capacity: how long it will be, roughly: an array that grows is copied.
    static func object(reserving capacity: Int = 1_024, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: capacity)
        write(&writer)
        writer.bytes.append(UInt8(ascii: "}"))
        return writer.bytes
    }

    private mutating func begin(_ name: String) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        // INVARIANT: names are our own and hold nothing to escape.
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    mutating func add(_ name: String, _ text: String?) {
        guard let text else { return }
        begin(name)
        JSONStrings.write(text, into: &bytes)
    }

    /// A member whose name is not our own.
    mutating func add(escaping name: String, _ text: String) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        JSONStrings.write(name, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        JSONStrings.write(text, into: &bytes)
    }

    mutating func add(_ name: String, _ number: (some BinaryInteger)?) {
        guard let number else { return }
        begin(name)
        bytes.append(contentsOf: String(number).utf8)
    }

    mutating func add(_ name: String, _ words: [String]?) {
        guard let words else { return }
        array(name, words) { word, writer in JSONStrings.write(word, into: &writer.bytes) }
    }

    /// An array of objects.
    mutating func add<Element>(
        _ name: String, objects elements: [Element], _ write: (Element, inout JSONWriter) -> Void
    ) {
        array(name, elements) { element, writer in
            writer.bytes.append(UInt8(ascii: "{"))
            write(element, &writer)
            writer.bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func array<Element>(
        _ name: String, _ elements: [Element], _ write: (Element, inout JSONWriter) -> Void
    ) {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (position, element) in elements.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            write(element, &self)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// An object; one without members is taken back.
    mutating func object(_ name: String, _ write: (inout JSONWriter) -> Void) {
        let before = bytes.count
        begin(name)
        bytes.append(UInt8(ascii: "{"))
        let opened = bytes.count
        write(&self)
        if bytes.count == opened { return bytes.removeLast(opened - before) }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Members that were written before, with a comma between each two and none around them.
    mutating func add(members: ArraySlice<UInt8>) {
        if members.isEmpty { return }
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: members)
    }
}

extension JSONValue {
    /// The value of bytes that this program wrote itself.
    ///
    /// - Precondition: they are JSON.
    init(written bytes: [UInt8]) {
        do throws(JSONError) { self = try JSONValue.parse(bytes) } catch {
            preconditionFailure("what was written is JSON: \(error)")
        }
    }
}

/// Strings as JSON writes them (RFC 8259, section 7), with no escape that it does not ask for.
enum JSONStrings {
    static func write(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if isPlain(text) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for byte in text.utf8 { escape(byte, into: &bytes) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ text: String) -> Bool {
        let span = text.utf8.span
        for position in span.indices {
            let byte = span[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
        }
        return true
    }

    private static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x0a: bytes += "\\n".utf8
        case 0x0d: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        case 0..<0x20: bytes += "\\u00".utf8 + [Hexadecimal.digit(byte >> 4), Hexadecimal.digit(byte & 15)]
        default: bytes.append(byte)
        }
    }
}
