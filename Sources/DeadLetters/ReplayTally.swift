public import Detainers

/// What became of the letters of a plan.
public struct ReplayTally: Sendable, Equatable {
    /// Confirmed by the broker and recorded.
    public var replayed = 0
    /// By the loop guard: replayed often enough.
    public var refused = 0
    /// Dealt with in another way since the plan was made, or no longer what was planned.
    public var gone = 0
    /// Their bodies are gone or damaged; they still wait.
    public var unreadable = 0
    /// Given back or refused by the broker; they still wait.
    public var returned = 0
    /// Not reached.
    public var left = 0

    public init() {}

    public var total: Int { replayed + refused + gone + unreadable + returned + left }

    var members: [(String, JSONValue)] {
        [
            ("replayed", .number(String(replayed))), ("refused", .number(String(refused))),
            ("gone", .number(String(gone))), ("unreadable", .number(String(unreadable))),
            ("returned", .number(String(returned))), ("left", .number(String(left))),
        ]
    }

    public var json: [JSONMember] { members.map { JSONMember(name: $0.0, value: $0.1) } }

    init?(json: JSONValue) {
        guard let replayed = json["replayed"]?.intValue, let refused = json["refused"]?.intValue,
            let gone = json["gone"]?.intValue, let returned = json["returned"]?.intValue,
            let left = json["left"]?.intValue
        else { return nil }
        // Earlier versions have no count of these.
        unreadable = json["unreadable"]?.intValue ?? 0
        (self.replayed, self.refused, self.gone, self.returned, self.left) = (replayed, refused, gone, returned, left)
    }
}
