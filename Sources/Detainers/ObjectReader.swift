/// Reads the members of one JSON object by name and, at the end, refuses those that nobody asked for.
///
/// Every error names a path and never a value; an unknown member is told by its parent, for its name may be a value
/// too.
struct ObjectReader {
    private let members: [JSONMember]
    private let path: String
    private var asked: Set<String> = []

    init(_ value: JSONValue, path: String) throws(ContractError) {
        guard let members = value.objectValue else {
            throw ContractError(reason: .schema, path: path, explanation: "must be an object")
        }
        self.members = members
        self.path = path
    }

    func error(_ name: String, _ explanation: String) -> ContractError {
        ContractError(reason: .schema, path: path + "/" + name, explanation: explanation)
    }

    func finish() throws(ContractError) {
        guard members.allSatisfy({ asked.contains($0.name) }) else {
            throw ContractError(
                reason: .schema, path: path,
                explanation: "has a member that the contract does not know; it knows "
                    + asked.sorted().joined(separator: ", "))
        }
    }

    private mutating func value(_ name: String) -> JSONValue? {
        asked.insert(name)
        return members.first { $0.name == name }?.value
    }

    private func required<Value>(_ name: String, _ value: Value?) throws(ContractError) -> Value {
        guard let value else { throw error(name, "is required") }
        return value
    }

    mutating func text(_ name: String, atMost maximum: Int) throws(ContractError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.stringValue else { throw error(name, "must be a string") }
        guard !text.isEmpty else { throw error(name, "must not be empty: leave it out where it is not known") }
        guard text.utf8.count <= maximum else { throw error(name, "must not be longer than \(maximum) bytes") }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            throw error(name, "must not hold control characters")
        }
        return text
    }

    mutating func requiredText(_ name: String, atMost maximum: Int) throws(ContractError) -> String {
        try required(name, try text(name, atMost: maximum))
    }

    /// A UUID, in lower case.
    mutating func uuid(_ name: String) throws(ContractError) -> String? {
        guard let text = try text(name, atMost: 36) else { return nil }
        let isUUID =
            text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { position, byte in
                [8, 13, 18, 23].contains(position)
                    ? byte == UInt8(ascii: "-") : "0123456789abcdefABCDEF".utf8.contains(byte)
            }
        guard isUUID else { throw error(name, "must be a UUID") }
        return text.lowercased()
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
        guard let value = value(name) else { return nil }
        guard let date = value.stringValue.flatMap(CivilDate.init) else {
            throw error(name, "must be a date such as 2025-12-31")
        }
        return date
    }

    mutating func moment(_ name: String) throws(ContractError) -> Moment? {
        guard let value = value(name) else { return nil }
        guard let moment = value.stringValue.flatMap(Moment.init(text:)) else {
            throw error(name, "must be a date, or a date and time with an offset (RFC 3339)")
        }
        return moment
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(ContractError) -> Word? where Word.RawValue == String {
        guard let value = value(name) else { return nil }
        guard let word = value.stringValue.flatMap(Word.init(rawValue:)) else { throw notOne(of: Word.self, name) }
        return word
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
            guard let word = value.stringValue.flatMap(Word.init(rawValue:)) else {
                throw notOne(of: Word.self, "\(name)/\(position)")
            }
            if words.contains(word) { throw error("\(name)/\(position)", "stands there twice") }
            words.append(word)
        }
        return words
    }

    mutating func array(_ name: String, atMost maximum: Int) throws(ContractError) -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard let values = value.arrayValue else { throw error(name, "must be an array") }
        guard values.count <= maximum else { throw error(name, "must not have more than \(maximum) elements") }
        return values
    }

    mutating func object(_ name: String) throws(ContractError) -> ObjectReader? {
        guard let value = value(name) else { return nil }
        return try ObjectReader(value, path: path + "/" + name)
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
