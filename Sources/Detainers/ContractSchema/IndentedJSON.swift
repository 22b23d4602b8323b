extension JSONValue {
    /// The value as JSON for people: two spaces a level; what fits on a line of 120 columns stands on one.
    public func indented() -> String { lines(indent: 0, before: 0) + "\n" }

    private static let columns = 120

    /// - Parameter before: how many columns of its line are taken already, a comma behind it included.
    private func lines(indent: Int, before: Int) -> String {
        let compact = spaced()
        if indent * 2 + before + compact.utf8.count <= Self.columns { return compact }
        let margin = String(repeating: "  ", count: indent)
        func block(_ open: String, _ parts: [String], _ close: String) -> String {
            open + "\n" + parts.map { margin + "  " + $0 }.joined(separator: ",\n") + "\n" + margin + close
        }
        switch self {
        case .array(let values) where !values.isEmpty:
            return block("[", values.map { $0.lines(indent: indent + 1, before: 1) }, "]")
        case .object(let members) where !members.isEmpty:
            let parts = members.map { member in
                let name = JSONValue.string(member.name).spaced() + ": "
                return name + member.value.lines(indent: indent + 1, before: name.utf8.count + 1)
            }
            return block("{", parts, "}")
        default: return compact
        }
    }

    /// On one line, with a space where a person would write one.
    private func spaced() -> String {
        switch self {
        case .array(let values) where !values.isEmpty: "[" + values.map { $0.spaced() }.joined(separator: ", ") + "]"
        case .object(let members) where !members.isEmpty:
            "{ "
                + members.map { JSONValue.string($0.name).spaced() + ": " + $0.value.spaced() }.joined(separator: ", ")
                + " }"
        default: String(decoding: serialized(), as: UTF8.self)
        }
    }
}
