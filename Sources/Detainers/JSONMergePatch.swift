extension JSONValue {
    /// This value with a merge patch applied (RFC 7396): members of objects are merged, `null` takes a member out, all
    /// else is replaced.
    public func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = objectValue ?? []
        for change in changes {
            let position = members.firstIndex { $0.name.utf8.elementsEqual(change.name.utf8) }
            if change.value == .null {
                if let position { members.remove(at: position) }
            } else if let position {
                members[position].value = members[position].value.merging(change.value)
            } else {
                members.append(JSONMember(name: change.name, value: JSONValue.null.merging(change.value)))
            }
        }
        return .object(members)
    }
}
