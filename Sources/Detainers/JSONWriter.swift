/// Writes one JSON object of a fixed shape straight into bytes: compact, members in the order in which they are added.
///
/// What is `nil` is left out, and so is an object without members.
struct JSONWriter {
    private(set) var bytes: ByteWriter

    /// As long as most objects; with the 32 bytes of an array's own it is a size that jemalloc has.
    static let usualCapacity = 992

    /// The bytes of an object.
    ///
    /// - Parameter capacity: how long it will be, roughly: what grows is copied.
    static func object(reserving capacity: Int = usualCapacity, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(bytes: ByteWriter(reserving: capacity))
        writer.bytes.append(UInt8(ascii: "{"))
        write(&writer)
        writer.bytes.append(UInt8(ascii: "}"))
        return writer.bytes.finish()
    }

    private mutating func begin(_ name: String) {
        // INVARIANT: names are our own and hold nothing to escape.
        let name = name.utf8.span
        let comma = bytes.last == UInt8(ascii: "{") ? 0 : 1
        bytes.append(name.count + 3 + comma) { room, place in Self.write(name, comma, into: &room, place) }
    }

    /// A member's name with what stands around it: a comma or none, quotes, a colon.
    @inline(__always)
    private static func write(_ name: Span<UInt8>, _ comma: Int, into room: inout MutableSpan<UInt8>, _ place: Int) {
        // Overwritten where there is none.
        room[place] = UInt8(ascii: ",")
        let start = place + comma
        room[start] = UInt8(ascii: "\"")
        room.write(name, to: start + 1)
        room[start + 1 + name.count] = UInt8(ascii: "\"")
        room[start + 2 + name.count] = UInt8(ascii: ":")
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
        bytes.append(String(number))
    }

    mutating func add(_ name: String, _ date: CivilDate?) {
        guard let date else { return }
        begin(name)
        bytes.append(UInt8(ascii: "\""))
        date.write(into: &bytes)
        bytes.append(UInt8(ascii: "\""))
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
        if bytes.count == opened { return bytes.cut(to: before) }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Where in the bytes some members come to stand, with a comma between each two and none around them.
    ///
    /// - Precondition: they are not the first ones of their object.
    mutating func place(of members: (inout JSONWriter) -> Void) -> Range<Int> {
        let before = bytes.count
        members(&self)
        return min(before + 1, bytes.count)..<bytes.count
    }

    /// Members that were written before, as ``place(of:)`` has them.
    mutating func add(members: ArraySlice<UInt8>) {
        if members.isEmpty { return }
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(members.span)
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
    static func write(_ text: String, into bytes: inout ByteWriter) {
        let span = text.utf8.span
        guard PlainText.end(span, from: 0) == span.count else { return escape(span, into: &bytes) }
        bytes.append(span.count + 2) { room, place in
            room[place] = UInt8(ascii: "\"")
            room.write(span, to: place + 1)
            room[place + 1 + span.count] = UInt8(ascii: "\"")
        }
    }

    private static func escape(_ text: Span<UInt8>, into bytes: inout ByteWriter) {
        bytes.append(UInt8(ascii: "\""))
        for position in text.indices { escape(text[position], into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8, into bytes: inout ByteWriter) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0a: bytes.append("\\n")
        case 0x0d: bytes.append("\\r")
        case 0x09: bytes.append("\\t")
        case 0..<0x20:
            bytes.append("\\u00")
            bytes.append(Hexadecimal.digit(byte >> 4))
            bytes.append(Hexadecimal.digit(byte & 15))
        default: bytes.append(byte)
        }
    }
}
