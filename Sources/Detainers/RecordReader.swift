/// An intact line that is no record of ours.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    public var member: String
    public var description: String {
        "a record lacks a readable member `\(member)`: was it written by another version?"
    }
}

/// Reads the members of a record of a ledger; unknown ones are a later version's.
struct RecordReader {
    let json: JSONNode

    init(_ json: JSONNode) { self.json = json }

    func member(_ name: String) throws(RecordError) -> JSONNode {
        guard let value = json[name] else { throw RecordError(member: name) }
        return value
    }

    func object(_ name: String) throws(RecordError) -> RecordReader { RecordReader(try member(name)) }

    func text(_ name: String) throws(RecordError) -> String {
        guard let text = json[name]?.stringValue else { throw RecordError(member: name) }
        return text
    }

    func optionalText(_ name: String) -> String? { json[name]?.stringValue }

    func number(_ name: String) throws(RecordError) -> Int {
        guard let number = json[name]?.intValue else { throw RecordError(member: name) }
        return number
    }

    func word<Word: RawRepresentable>(_ name: String) throws(RecordError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try text(name)) else { throw RecordError(member: name) }
        return word
    }

    func words<Word: RawRepresentable>(_ name: String) throws(RecordError) -> [Word]? where Word.RawValue == String {
        guard let values = json[name]?.arrayValue else { return nil }
        let words = values.compactMap { $0.stringValue.flatMap(Word.init(rawValue:)) }
        guard words.count == values.count else { throw RecordError(member: name) }
        return words
    }

    func read<Value>(_ name: String, _ read: (String) -> Value?) throws(RecordError) -> Value {
        guard let value = read(try text(name)) else { throw RecordError(member: name) }
        return value
    }

    func optional<Value>(_ name: String, _ read: (String) -> Value?) throws(RecordError) -> Value? {
        guard let text = json[name]?.stringValue else { return nil }
        guard let value = read(text) else { throw RecordError(member: name) }
        return value
    }
}
