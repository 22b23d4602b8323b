/// Members of a schema in the making; what is `nil` or empty is left out.
struct Members {
    var list: [JSONMember] = []

    mutating func add(_ name: String, _ text: String?) {
        if let text { list.append(JSONMember(name: name, value: .string(text))) }
    }

    mutating func add(_ name: String, _ number: Int?) {
        if let number { list.append(JSONMember(name: name, value: .number(String(number)))) }
    }

    mutating func add(_ name: String, _ words: [String]?) {
        if let words { list.append(JSONMember(name: name, value: .array(words.map(JSONValue.string)))) }
    }

    mutating func add(_ name: String, _ members: Members) {
        if !members.list.isEmpty { list.append(JSONMember(name: name, value: .object(members.list))) }
    }
}
