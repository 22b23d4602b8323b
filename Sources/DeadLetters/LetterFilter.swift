public import Detainers

/// Which letters a command is about; a letter must meet every part that is given.
public struct LetterFilter: Sendable {
    public var states: Set<LetterIndex.State> = [.waiting]
    public var reasons: Set<DeadLetterReason> = []
    public var sources: Set<String> = []
    public var ids: [String] = []
    /// Died at this moment or later.
    public var since: Moment?
    /// Died before this moment.
    public var until: Moment?
    public var matches: [Match] = []

    public init() {}

    /// That a member of the body has a value: `receivedBy.agency=boston-police`, `attachments.0.kind=I-200`.
    public struct Match: Sendable {
        public let path: String
        private let steps: [String]
        private let value: String

        /// `nil` where the text is not `PATH=VALUE`.
        public init?(_ text: String) {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else { return nil }
            path = String(text[..<equals])
            steps = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            value = String(text[text.index(after: equals)...])
            if steps.contains("") { return nil }
        }

        public func holds(_ body: JSONValue) -> Bool {
            var here = body
            for step in steps {
                if let values = here.arrayValue {
                    guard let position = Int(step), values.indices.contains(position) else { return false }
                    here = values[position]
                } else {
                    guard let member = here[step] else { return false }
                    here = member
                }
            }
            switch here {
            case .string(let text), .number(let text): return text == value
            case .bool(let flag): return String(flag) == value
            case .null: return value == "null"
            case .array, .object: return false
            }
        }
    }

    /// - Parameter body: the letter's body as `show` shows it, asked for only where a match needs it; `nil`, which
    ///   matches nothing, where it cannot be read.
    public func wants(
        _ letter: StoredLetter, _ standing: LetterIndex.Standing, body: () throws -> [UInt8]?
    ) rethrows -> Bool {
        guard states.contains(standing.state), reasons.isEmpty || reasons.contains(letter.letter.reason),
            sources.isEmpty || sources.contains(letter.letter.source),
            ids.isEmpty || ids.contains(where: letter.id.text.hasPrefix), isInTime(letter.letter.deadAt)
        else { return false }
        if matches.isEmpty { return true }
        guard let json = try body().flatMap(Self.json) else { return false }
        return matches.allSatisfy { $0.holds(json) }
    }

    private static func json(_ body: [UInt8]) -> JSONValue? {
        // A body that is no JSON has no members that could match.
        do { return try JSONValue.parse(body) } catch { return nil }
    }

    private func isInTime(_ text: String) -> Bool {
        if since == nil, until == nil { return true }
        // A letter whose time nobody can read is in no span of time.
        guard let died = Moment(text: text)?.firstSecond else { return false }
        if let since = since?.firstSecond, died < since { return false }
        if let until = until?.firstSecond, died >= until { return false }
        return true
    }

    /// What it asks for, without values that could be personal.
    public var text: String {
        var parts: [String] = []
        if states != [.waiting] { parts.append("state " + states.map(\.rawValue).sorted().joined(separator: " or ")) }
        if !reasons.isEmpty { parts.append("reason " + reasons.map(\.rawValue).sorted().joined(separator: " or ")) }
        if !sources.isEmpty { parts.append("source " + sources.sorted().joined(separator: " or ")) }
        if !ids.isEmpty { parts.append("\(ids.count) ids") }
        if let since { parts.append("since " + since.text) }
        if let until { parts.append("until " + until.text) }
        parts += matches.map { $0.path + "=…" }
        return parts.isEmpty ? "all that wait" : parts.joined(separator: ", ")
    }
}

extension Moment {
    /// Of a day alone: its first second in UTC.
    var firstSecond: Int64 { secondsSinceEpoch ?? (CivilDate(text)?.daysSinceEpoch ?? 0) * 86_400 }
}

extension DeadLetter {
    /// What sent the message, as far as it says: its `app_id`, else where it was published to.
    ///
    /// A sender may write anything there; what is no name of a program is covered.
    public var source: String {
        MaskedMessage.name(
            envelope["appId"]?.stringValue ?? (exchange.isEmpty ? routingKey : "\(exchange)/\(routingKey)"))
    }
}
