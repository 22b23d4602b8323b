/// An intact line that is no record of ours.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    public var member: String
    public var description: String {
        "a record lacks a readable member `\(member)`: was it written by another version?"
    }
}

/// Reads the members of a record of a ledger; unknown ones are a later version's.
///
/// Members that are asked for in the order in which they were written are found at once.
struct RecordReader {
    private let json: JSONNode
    private var next: JSONNode.Cursor

    init(_ json: JSONNode) {
        self.json = json
        next = json.firstMember
    }

    /// `nil` where there is no such member, or this is no object.
    mutating func optionalMember(_ name: String) -> JSONNode? {
        guard json.isObject, let found = json.member(name, from: next) else { return nil }
        next = found.next
        return JSONNode(text: json.text, position: found.place)
    }

    mutating func member(_ name: String) throws(RecordError) -> JSONNode {
        guard let value = optionalMember(name) else { throw RecordError(member: name) }
        return value
    }

    mutating func object(_ name: String) throws(RecordError) -> RecordReader { RecordReader(try member(name)) }

    mutating func text(_ name: String) throws(RecordError) -> String {
        guard let text = optionalText(name) else { throw RecordError(member: name) }
        return text
    }

    mutating func optionalText(_ name: String) -> String? { optionalMember(name)?.stringValue }

    mutating func number(_ name: String) throws(RecordError) -> Int {
        guard let number = optionalMember(name)?.intValue else { throw RecordError(member: name) }
        return number
    }

    mutating func word<Word: RawRepresentable>(_ name: String) throws(RecordError) -> Word
    where Word.RawValue == String {
        guard let word = Word(rawValue: try text(name)) else { throw RecordError(member: name) }
        return word
    }

    mutating func words<Word: RawRepresentable>(_ name: String) throws(RecordError) -> [Word]?
    where Word.RawValue == String {
        guard let values = optionalMember(name)?.arrayValue else { return nil }
        let words = values.compactMap { $0.stringValue.flatMap(Word.init(rawValue:)) }
        guard words.count == values.count else { throw RecordError(member: name) }
        return words
    }

    mutating func read<Value>(_ name: String, _ read: (String) -> Value?) throws(RecordError) -> Value {
        guard let value = read(try text(name)) else { throw RecordError(member: name) }
        return value
    }

    mutating func optional<Value>(_ name: String, _ read: (String) -> Value?) throws(RecordError) -> Value? {
        guard let text = optionalText(name) else { return nil }
        guard let value = read(text) else { throw RecordError(member: name) }
        return value
    }
}
