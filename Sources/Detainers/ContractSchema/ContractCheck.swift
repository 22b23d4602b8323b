/// Looks for everything in a message that breaks its contract, where a reader stops at the first.
struct ContractCheck {
    /// Nobody mends more at once, and a message made of unknown members must not cost the square of its length.
    static let maximumProblems = 100

    private(set) var found: [(problem: ContractProblem, steps: JSONSteps, isName: Bool)] = []
    private var path = ""
    private var steps = JSONSteps()

    mutating func object(_ shape: ObjectShape, _ value: JSONValue) {
        guard let members = value.objectValue else {
            return add("must be an object", "write `{…}` with the members that the contract has here")
        }
        for member in shape.members { check(member, in: value) }
        for rule in shape.rules { check(rule, of: shape, in: value) }
        if shape.isOpen { return }
        let names = shape.names
        for member in members where !names.contains(member.name) {
            let near = Nearness.nearest(member.name, of: names).map { "did you mean `\($0)`? otherwise " } ?? ""
            add(
                "has a member that the contract does not know; it knows " + names.sorted().joined(separator: ", "),
                near + "leave the member out, or send what it says in the member that is meant for it",
                at: member.name)
        }
    }

    /// Of the member `schema` the reader says more: whether it is another version.
    private mutating func check(_ member: MemberShape, in value: JSONValue) {
        guard let value = value[member.name] else {
            if member.isRequired {
                within(member.name) { $0.add("is required", "add it: " + member.summary) }
            }
            return
        }
        within(member.name) { $0.check(member.shape, value) }
    }

    private mutating func check(_ shape: Shape, _ value: JSONValue) {
        switch shape {
        case .object(let object): return self.object(object, value)
        case .list(let element, let maximum):
            guard let values = value.arrayValue else { return add("must be an array", "write `[…]`") }
            if values.count > maximum {
                return add("must not have more than \(maximum) elements", "this is more than one request: send several")
            }
            for (position, value) in values.enumerated() { within(position) { $0.check(element, value) } }
        case .words(let words):
            guard let values = value.arrayValue else { return add("must be an array", "write `[…]`, empty for none") }
            if values.count > words.count {
                return add("must not have more than \(words.count) elements", "name each word once")
            }
            for (position, value) in values.enumerated() {
                within(position) {
                    $0.check(.word(words), value)
                    if case .string(let text) = value, words.contains(text), values.firstIndex(of: value) != position {
                        $0.add("stands there twice", "name it once")
                    }
                }
            }
        default: if let expected = shape.complaint(value) { add(expected, shape.remedy(value)) }
        }
    }

    private mutating func check(_ rule: ObjectShape.Rule, of shape: ObjectShape, in object: JSONValue) {
        switch rule {
        case .required(let name, let conditions, let word, let says):
            if object[name] == nil, conditions.contains(where: { object[$0]?.stringValue == word }) {
                within(name) { $0.add(says, "add it, or say another word than `\(word)`") }
            }
        case .oneOf(let names, let says):
            if names.allSatisfy({ object[$0] == nil }) { within(names[0]) { $0.add(says, "add what was decided") } }
        case .above(let name, let number, let smallest, let required, let forbidden):
            // A number that cannot be read is told already.
            guard let value = object[number].map(\.intValue) ?? smallest else { return }
            if value > smallest, object[name] == nil {
                within(name) { $0.add(required, "add it, or send the first revision") }
            } else if value == smallest, object[name] != nil {
                within(name) { $0.add(forbidden, "leave it out, or send the next \(number)") }
            }
        case .variants(let name, let selector, let variants, _):
            guard let word = object[selector]?.stringValue, let variant = variants.first(where: { $0.word == word })
            else { return }
            within(name) { $0.object(variant.shape, object[name] ?? .object([])) }
        }
    }

    private mutating func within(_ name: String, _ body: (inout ContractCheck) -> Void) {
        within(name, .name(name), body)
    }

    private mutating func within(_ position: Int, _ body: (inout ContractCheck) -> Void) {
        within(String(position), .position(position), body)
    }

    private mutating func within(_ text: String, _ step: JSONSteps.Step, _ body: (inout ContractCheck) -> Void) {
        let outer = (path, steps)
        path += "/" + text
        steps = steps.appending(step)
        body(&self)
        (path, steps) = outer
    }

    private mutating func add(_ expected: String, _ remedy: String, at name: String? = nil) {
        if found.count == Self.maximumProblems { return }
        found.append(
            (
                ContractProblem(reason: .schema, path: path, expected: expected, remedy: remedy),
                name.map { steps.appending(.name($0)) } ?? steps, name != nil
            ))
    }
}

extension Shape {
    /// What a value that is no list or object should be; `nil` where it is that.
    public func complaint(_ value: JSONValue) -> String? {
        switch self {
        case .constant(let expected):
            value.stringValue == expected
                ? nil : Shape.text(atMost: RequestContract.Length.text).complaint(value) ?? "must be `\(expected)`"
        case .text(let maximum): Self.complaint(ofText: value, atMost: maximum)
        case .uuid:
            Self.complaint(ofText: value, atMost: 36)
                ?? (value.stringValue.map(Self.isUUID) == true ? nil : "must be a UUID")
        case .name(let maximum):
            Self.complaint(ofText: value, atMost: maximum)
                ?? (value.stringValue.map(Self.isName) == true ? nil : "must be lower-case letters, digits and hyphens")
        case .number(let range):
            value.intValue.map(range.contains) == true
                ? nil : "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .date: value.stringValue.flatMap(CivilDate.init) != nil ? nil : "must be a date such as 2025-12-31"
        case .moment:
            value.stringValue.flatMap(Moment.init(text:)) != nil
                ? nil : "must be a date, or a date and time with an offset (RFC 3339)"
        case .digest:
            Self.complaint(ofText: value, atMost: RequestContract.Length.digest)
                ?? (value.stringValue.map(RequestContract.isDigest) == true
                    ? nil : "must be `sha-256:` and 64 lower-case hexadecimal digits")
        case .word(let words):
            value.stringValue.map(words.contains) == true ? nil : "must be one of " + words.joined(separator: ", ")
        case .pattern(_, let says): value.stringValue == nil ? "must be \(says)" : nil
        case .words, .list, .object: nil
        }
    }

    /// What its sender does about a value that this is not.
    func remedy(_ value: JSONValue) -> String {
        if value == .null { return "leave the member out where it is not known: null says nothing" }
        switch self {
        case .constant(let expected): return "write \"\(expected)\""
        case .text, .pattern:
            return "send the value as the form has it, within the bound; leave the member out where it is not known"
        case .uuid: return "make a UUID (RFC 9562) once, keep it with the paper, and send the same one each time"
        case .name: return "use the short name that the policy or the role has, such as boston-police"
        case .number: return "write the number in digits alone, without quotes, point or exponent"
        case .date: return "write year-month-day, of a day that the calendar has; leave it out where it is not known"
        case .moment: return "write 2025-12-31T23:50:00-05:00, or the day alone where the time is not known"
        case .digest: return "write the digest's name and its digits, such as sha-256:2c26b46b…"
        case .word(let words):
            let near = value.stringValue.flatMap { Nearness.nearest($0, of: words) }
            let unknown = words.contains("unknown") ? "; `unknown` where nobody knows" : ""
            return (near.map { "did you mean `\($0)`? " } ?? "") + "use one of these words\(unknown)"
        case .words, .list, .object: return ""
        }
    }

    private static func complaint(ofText value: JSONValue, atMost maximum: Int) -> String? {
        guard let text = value.stringValue else { return "must be a string" }
        if text.isEmpty { return "must not be empty: leave it out where it is not known" }
        if text.utf8.count > maximum { return "must not be longer than \(maximum) bytes" }
        let isControl = { (scalar: Unicode.Scalar) in scalar.value < 0x20 || scalar.value == 0x7f }
        return text.unicodeScalars.contains(where: isControl) ? "must not hold control characters" : nil
    }

    private static func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.utf8.allSatisfy(isHexadecimal) }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool { "0123456789abcdefABCDEF".utf8.contains(byte) }

    private static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }
    }
}

/// How near a word is to those of a closed list.
enum Nearness {
    /// The word of the list that a sender most likely meant; `nil` where none is near.
    static func nearest(_ word: String, of words: [String]) -> String? {
        // Longer ones are no slip of a key, and cost the square of their length.
        guard word.utf8.count <= 40 else { return nil }
        let folded = fold(word)
        let best = words.map { (word: $0, distance: distance(folded, fold($0))) }.min { $0.distance < $1.distance }
        guard let best, best.distance <= max(1, folded.count / 3) else { return nil }
        return best.word
    }

    /// `Family_Name`, `family-name` and `familyName` are one.
    private static func fold(_ word: String) -> [UInt8] {
        Array(word.lowercased().utf8.filter { !"_- .".utf8.contains($0) })
    }

    /// Levenshtein's distance: letters to insert, leave out or replace.
    private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var row = Array(0...other.count)
        for (number, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = number + 1
            for (position, candidate) in other.enumerated() {
                let replaced = diagonal + (letter == candidate ? 0 : 1)
                diagonal = row[position + 1]
                row[position + 1] = min(replaced, row[position] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
