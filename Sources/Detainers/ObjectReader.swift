/// Reads the members of one JSON object by name and, at the end, refuses those that nobody asked for.
///
/// Every error names a path and never a value; an unknown member is told by its parent, for its name may be a value
/// too.
///
/// Not copied: each copy would count the references to the text and the names again.
struct ObjectReader: ~Copyable {
    private let object: JSONNode
    private let parent: String
    private let name: String?
    /// A bit for each of the first 64 members. An object with more has one that no contract knows.
    private var found: UInt64 = 0
    /// Names that were asked for, to tell them to who sends another one; `nil`: they are not listed.
    private var asked: [String]?
    /// Where the member behind the last one found begins: most senders keep to one order.
    private var next: JSONNode.Cursor

    /// - Parameters:
    ///   - path: the object's own, or that of what it is a member of.
    ///   - member: its name there.
    ///   - listing: whether an error tells which members there may be.
    init(
        _ value: JSONNode, path: String, member: String? = nil, listing: Bool = false
    ) throws(ContractError) {
        (parent, name) = (path, member)
        asked = listing ? [] : nil
        object = value
        next = value.firstMember
        guard value.isObject else {
            throw ContractError(reason: .schema, path: self.path, explanation: "must be an object")
        }
    }

    /// Reads a whole message, and one that breaks the contract once more: names are listed only then.
    static func reading<Value>(
        _ value: JSONNode, _ read: (inout ObjectReader) throws(ContractError) -> Value
    ) throws(ContractError) -> Value {
        do throws(ContractError) {
            var root = try ObjectReader(value, path: "")
            return try read(&root)
        } catch {
            var root = try ObjectReader(value, path: "", listing: true)
            return try read(&root)
        }
    }

    /// Put together where an error tells it.
    private var path: String { name.map { parent + "/" + $0 } ?? parent }

    func error(_ name: String, _ explanation: String) -> ContractError {
        ContractError(reason: .schema, path: path + "/" + name, explanation: explanation)
    }

    func finish() throws(ContractError) {
        let count = object.count
        guard count <= 64, found == (count == 64 ? .max : (1 << UInt64(count)) - 1) else {
            throw ContractError(
                reason: .schema, path: path,
                explanation: "has a member that the contract does not know; it knows "
                    + (asked ?? []).sorted().joined(separator: ", "))
        }
    }

    /// The place of a member's value in the text.
    private mutating func find(_ name: String) -> JSONText.Place? {
        asked?.append(name)
        guard let found = object.member(name, from: next) else { return nil }
        next = found.next
        if found.number < 64 { self.found |= 1 << UInt64(found.number) }
        return found.place
    }

    private mutating func value(_ name: String) -> JSONNode? {
        find(name).map { JSONNode(text: object.text, position: $0) }
    }

    private func string(_ place: JSONText.Place) -> String? { object.text.string(at: place) }

    private func required<Value: ~Copyable>(
        _ name: String, _ value: consuming Value?
    ) throws(ContractError) -> Value {
        guard let value else { throw error(name, "is required") }
        return value
    }

    mutating func text(_ name: String, atMost maximum: Int) throws(ContractError) -> String? {
        guard let place = find(name) else { return nil }
        guard let text = string(place) else { throw error(name, "must be a string") }
        guard !text.isEmpty else { throw error(name, "must not be empty: leave it out where it is not known") }
        guard text.utf8.count <= maximum else { throw error(name, "must not be longer than \(maximum) bytes") }
        guard !Self.holdsControls(text.utf8.span) else { throw error(name, "must not hold control characters") }
        return text
    }

    private static func holdsControls(_ bytes: Span<UInt8>) -> Bool {
        var found: UInt8 = 0
        // Of several bytes of UTF-8 each is above these. Without a way out: several bytes at a time.
        for position in bytes.indices {
            found |= bytes[position] < 0x20 ? 1 : 0
            found |= bytes[position] == 0x7f ? 1 : 0
        }
        return found != 0
    }

    mutating func requiredText(_ name: String, atMost maximum: Int) throws(ContractError) -> String {
        try required(name, try text(name, atMost: maximum))
    }

    /// A UUID, in lower case.
    mutating func uuid(_ name: String) throws(ContractError) -> String? {
        guard let text = try text(name, atMost: 36) else { return nil }
        guard let uuid = Self.lowerCaseUUID(text) else { throw error(name, "must be a UUID") }
        return uuid
    }

    private static func lowerCaseUUID(_ text: String) -> String? {
        let bytes = text.utf8.span
        guard bytes.count == 36 else { return nil }
        var isLowerCase = true
        for position in bytes.indices {
            switch (bytes[position], position) {
            case (UInt8(ascii: "-"), 8), (UInt8(ascii: "-"), 13), (UInt8(ascii: "-"), 18), (UInt8(ascii: "-"), 23):
                continue
            case (_, 8), (_, 13), (_, 18), (_, 23): return nil
            case (UInt8(ascii: "0")...UInt8(ascii: "9"), _), (UInt8(ascii: "a")...UInt8(ascii: "f"), _): continue
            case (UInt8(ascii: "A")...UInt8(ascii: "F"), _): isLowerCase = false
            default: return nil
            }
        }
        return isLowerCase ? text : text.lowercased()
    }

    mutating func requiredUUID(_ name: String) throws(ContractError) -> String { try required(name, try uuid(name)) }

    /// A short name such as `boston-police`: it is recorded as it is, so nothing that a person's name could be.
    mutating func name(_ name: String, atMost maximum: Int) throws(ContractError) -> String? {
        guard let text = try text(name, atMost: maximum) else { return nil }
        let isName = text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (0x30...0x39).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        guard isName else { throw error(name, "must be lower-case letters, digits and hyphens") }
        return text
    }

    mutating func requiredName(_ name: String, atMost maximum: Int) throws(ContractError) -> String {
        try required(name, try self.name(name, atMost: maximum))
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) throws(ContractError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            throw error(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func date(_ name: String) throws(ContractError) -> CivilDate? {
        guard let place = find(name) else { return nil }
        guard let date = string(place).flatMap(CivilDate.init) else {
            throw error(name, "must be a date such as 2025-12-31")
        }
        return date
    }

    mutating func moment(_ name: String) throws(ContractError) -> Moment? {
        guard let place = find(name) else { return nil }
        guard let moment = string(place).flatMap(Moment.init(text:)) else {
            throw error(name, "must be a date, or a date and time with an offset (RFC 3339)")
        }
        return moment
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(ContractError) -> Word? where Word.RawValue == String {
        guard let place = find(name) else { return nil }
        guard let word: Word = word(at: place) else { throw notOne(of: Word.self, name) }
        return word
    }

    /// Words are compared where they stand.
    private func word<Word: RawRepresentable & CaseIterable>(
        at place: JSONText.Place
    ) -> Word? where Word.RawValue == String {
        Word.allCases.first { object.text.isString(at: place, $0.rawValue) }
    }

    mutating func requiredWord<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(ContractError) -> Word where Word.RawValue == String {
        try required(name, try word(name))
    }

    /// A list of different words.
    mutating func words<Word: RawRepresentable & CaseIterable & Hashable>(
        _ name: String
    ) throws(ContractError) -> [Word]? where Word.RawValue == String {
        guard let values = try array(name, atMost: Word.allCases.count) else { return nil }
        var words: [Word] = []
        for (position, value) in values.enumerated() {
            guard let word: Word = word(at: value.position) else {
                throw notOne(of: Word.self, "\(name)/\(position)")
            }
            if words.contains(word) { throw error("\(name)/\(position)", "stands there twice") }
            words.append(word)
        }
        return words
    }

    mutating func array(_ name: String, atMost maximum: Int) throws(ContractError) -> [JSONNode]? {
        guard let value = value(name) else { return nil }
        guard let values = value.arrayValue else { throw error(name, "must be an array") }
        guard values.count <= maximum else { throw error(name, "must not have more than \(maximum) elements") }
        return values
    }

    mutating func object(_ name: String) throws(ContractError) -> ObjectReader? {
        guard let value = value(name) else { return nil }
        return try inner(value, path: path, member: name)
    }

    /// Reads an object in this one.
    func inner(_ value: JSONNode, path: String, member: String) throws(ContractError) -> ObjectReader {
        try ObjectReader(value, path: path, member: member, listing: asked != nil)
    }

    mutating func requiredObject(_ name: String) throws(ContractError) -> ObjectReader {
        try required(name, try object(name))
    }

    private func notOne<Word: RawRepresentable & CaseIterable>(
        of: Word.Type, _ name: String
    ) -> ContractError where Word.RawValue == String {
        error(name, "must be one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
}
