/// What a value of a contract may be: the description that schemas, reference tables and the complete check come from.
///
/// It takes its bounds and words from where the readers take theirs. That readers and description agree on every
/// message is held by tests, in Swift and against a validator that shares nothing with either.
public indirect enum Shape: Sendable {
    case constant(String)
    /// Not empty, without control characters; the bound is bytes of UTF-8.
    case text(atMost: Int)
    case uuid
    /// Lower-case letters, digits and hyphens.
    case name(atMost: Int)
    case number(ClosedRange<Int>)
    case date
    /// A day, or a day and time with an offset.
    case moment
    /// `sha-256:` and hexadecimal digits.
    case digest
    case word([String])
    /// A list of different words.
    case words([String])
    case list(Shape, atMost: Int)
    case object(ObjectShape)
    /// Of what we publish: text that a regular expression matches, and what it is in words.
    case pattern(String, String)

    /// The words of a closed list.
    static func word<Word: RawRepresentable & CaseIterable>(
        _: Word.Type
    ) -> Shape where Word.RawValue == String { .word(Word.allCases.map(\.rawValue)) }

    static func words<Word: RawRepresentable & CaseIterable>(
        _: Word.Type
    ) -> Shape where Word.RawValue == String { .words(Word.allCases.map(\.rawValue)) }
}

/// A member of an object.
public struct MemberShape: Sendable {
    public var name: String
    public var shape: Shape
    public var isRequired: Bool
    /// One phrase: what it holds.
    public var summary: String

    init(_ name: String, _ shape: Shape, required: Bool = false, _ summary: String) {
        (self.name, self.shape, isRequired, self.summary) = (name, shape, required, summary)
    }
}

/// An object: the members that it may have, and what holds between them.
public struct ObjectShape: Sendable {
    public var members: [MemberShape]
    public var rules: [Rule]
    /// Whether other members may stand there, whose meaning a reader does not know.
    public var isOpen: Bool

    init(_ members: [MemberShape], rules: [Rule] = [], isOpen: Bool = false) {
        (self.members, self.rules, self.isOpen) = (members, rules, isOpen)
    }

    /// What holds between members of one object.
    public enum Rule: Sendable {
        /// Where one of these members is that word, another one is required.
        case required(String, where: [String], is: String, says: String)
        /// One of these members at least.
        case oneOf([String], says: String)
        /// A member is required where a number is above its smallest, and must not stand there otherwise.
        case above(String, number: String, smallest: Int, required: String, forbidden: String)
        /// What a member holds depends on the word that another one is.
        case variants(String, by: String, [(word: String, shape: ObjectShape)], summary: String)
    }

    /// The names of all members that may stand there.
    public var names: [String] {
        members.map(\.name)
            + rules.compactMap { if case .variants(let name, _, _, _) = $0 { name } else { nil } }
    }

    var required: [String] { members.filter(\.isRequired).map(\.name) }
}

/// One contract: a message or an event in JSON.
public struct Contract: Sendable {
    /// As the member `schema` or `type` has it.
    public var name: String
    public var title: String
    public var summary: String
    public var shape: ObjectShape
    /// Where it is published, below `config/schemas`.
    public var fileName: String

    /// The contracts of what upstream systems send.
    public static let messages = [request, record]
    /// The contracts of what workers publish.
    public static let events = [outcomeEvent, recordEvent]
    /// All that are published.
    public static let all = messages + events + [reply]
}

// MARK: - members by their paths

extension ObjectShape {
    /// What a member may be, by the names that lead to it: `receipt.pages`.
    public func shape(at path: String) -> Shape? {
        let parts = path.split(separator: ".", maxSplits: 1)
        guard let name = parts.first, let member = members.first(where: { $0.name == name }) else { return nil }
        guard parts.count == 2 else { return member.shape }
        if case .object(let inner) = member.shape { return inner.shape(at: String(parts[1])) }
        return nil
    }

    /// The paths of all members that hold a value.
    private func paths(_ prefix: String = "") -> [String] {
        members.flatMap { member in
            if case .object(let inner) = member.shape { return inner.paths(prefix + member.name + ".") }
            return [prefix + member.name]
        }
    }

    /// The path that somebody most likely meant.
    public func nearest(_ path: String) -> String? { Nearness.nearest(path, of: paths()) }

    /// An object out of values by their paths; members in the contract's order, objects without any left out.
    public func assembled(_ values: [String: JSONValue]) -> JSONValue {
        assembled(values, prefix: "") ?? .object([])
    }

    private func assembled(_ values: [String: JSONValue], prefix: String) -> JSONValue? {
        let filled = members.compactMap { member -> JSONMember? in
            let value: JSONValue? =
                if case .object(let inner) = member.shape {
                    inner.assembled(values, prefix: prefix + member.name + ".")
                } else { values[prefix + member.name] }
            return value.map { JSONMember(name: member.name, value: $0) }
        }
        return filled.isEmpty ? nil : .object(filled)
    }
}

extension Shape {
    /// A text as a value of this shape: a number where one is asked for and the text is one.
    public func value(of text: String) -> JSONValue {
        if case .number = self, let number = Int(text) { return .number(String(number)) }
        return .string(text)
    }
}
