public import Detainers
import Ledger

// The figures for programs. JSON nests each figure where its path says, from `requests.total` on, with what the figures
// were counted from:
//
//     {"year": …, "period": {…}, "jurisdiction": …, "asOf": …, "requests": {"total": n, "byReason": {…}, …},
//      "detained": {"total": n, "byReason": {…}}, "transferred": {"total": n, …},
//      "reimbursements": {"total": dollars, "currency": "USD", "cents": n, "cases": […]}, …,
//      "counting": {"rule", "sentence", "timeZone"}, "unread": {…}, "policies": […],
//      "checkpoints": [{"logId", "records", "root"}]}
//
// `unread` is null where it is not known; a time zone is left out where the report's form names none. CSV has one row a
// figure: its path, joined by points, and its number.

extension AnnualReport {
    /// The report as one JSON object, with what it says otherwise than the one that was filed.
    public func json(_ changes: ReportChanges? = nil) -> JSONValue {
        var root: [JSONMember] = []
        if let year = period.year { root.append(JSONMember(name: "year", value: .number(String(year)))) }
        root += [
            JSONMember(
                name: "period",
                value: [
                    "from": .string(period.first.description), "to": .string(period.last.description),
                    "name": .string(period.name),
                ]),
            JSONMember(name: "jurisdiction", value: .string(jurisdiction)),
            JSONMember(name: "asOf", value: .string(asOf.text)),
        ]
        root += Self.nested(tally.paths.map { ($0[...], tally[$0]) })
        let stations = tally.below("requests", "byStation")
        root = root.map { member in
            switch member.name {
            case "reimbursements": JSONMember(name: member.name, value: reimbursementsJSON)
            // There is no list of all stations: without a request there is none to name.
            case "requests" where stations.isEmpty:
                JSONMember(
                    name: member.name,
                    value: .object(
                        (member.value.objectValue ?? []) + [JSONMember(name: "byStation", value: .object([]))]))
            default: member
            }
        }
        var counting = [
            JSONMember(name: "rule", value: .string(rule.rawValue)),
            JSONMember(name: "sentence", value: .string(rule.sentence)),
        ]
        if let timeZone { counting.append(JSONMember(name: "timeZone", value: .string(timeZone.name))) }
        root += [
            JSONMember(name: "counting", value: .object(counting)),
            JSONMember(
                name: "unread",
                value: unread.map { unread in
                    .object(unread.figures.map { JSONMember(name: $0.name, value: .number(String($0.number))) })
                } ?? .null),
            JSONMember(name: "policies", value: .array(sortedPolicies.map { .string("\($0.name) (\($0.digest))") })),
            JSONMember(
                name: "checkpoints",
                value: .array(
                    checkpoints.map {
                        [
                            "logId": .string($0.logID), "records": .number(String($0.records)),
                            "root": .string($0.root),
                        ]
                    })),
        ]
        if let changes {
            let changed = changes.changes.map { change -> JSONValue in
                [
                    "figure": .string(change.path.joined(separator: ".")), "filed": .number(String(change.filed)),
                    "now": .number(String(change.now)),
                ]
            }
            root.append(
                JSONMember(
                    name: "amends", value: ["filedAt": .string(changes.filedAt), "changes": .array(changed)]))
        }
        return .object(root)
    }

    private var reimbursementsJSON: JSONValue {
        func dollars(_ cents: Int) -> JSONValue {
            cents % 100 == 0
                ? .number(String(cents / 100))
                : .number("\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)")
        }
        let cases = reimbursements.map { paid -> JSONValue in
            [
                "requestId": paid.requestID.map(JSONValue.string) ?? .null, "amount": dollars(paid.cents),
                "received": .string(paid.received.description),
            ]
        }
        let cents = tally["reimbursements", "cents"]
        return [
            "total": dollars(cents), "currency": "USD", "cents": .number(String(cents)), "cases": .array(cases),
        ]
    }

    /// Puts each figure where its path says, in the order in which paths first come.
    private static func nested(_ figures: [(path: ArraySlice<String>, count: Int)]) -> [JSONMember] {
        var order: [String] = []
        var groups: [String: [(path: ArraySlice<String>, count: Int)]] = [:]
        for figure in figures {
            guard let name = figure.path.first else { continue }
            if groups[name] == nil { order.append(name) }
            groups[name, default: []].append((figure.path.dropFirst(), figure.count))
        }
        return order.map { name in
            let group = groups[name] ?? []
            if group.count == 1, group[0].path.isEmpty {
                return JSONMember(name: name, value: .number(String(group[0].count)))
            }
            return JSONMember(name: name, value: .object(nested(group)))
        }
    }

    /// The figures of a report's JSON, by their paths.
    public static func figures(json: JSONValue) -> [[String]: Int] {
        var figures: [[String]: Int] = [:]
        func walk(_ value: JSONValue, _ path: [String]) {
            if let number = value.intValue { figures[path] = number }
            for member in value.objectValue ?? [] { walk(member.value, path + [member.name]) }
        }
        for member in json.objectValue ?? [] where !Self.surroundings.contains(member.name) {
            walk(member.value, [member.name])
        }
        // Of what was paid the cents are the figure; the dollars say the same.
        figures[["reimbursements", "total"]] = nil
        return figures
    }

    /// Members that are no figures.
    private static let surroundings: Set<String> = [
        "year", "period", "jurisdiction", "asOf", "counting", "unread", "policies", "checkpoints", "amends",
    ]

    public func csv() -> String {
        var lines = ["figure,number"]
        for path in tally.paths { lines.append(CSV.field(path.joined(separator: ".")) + ",\(tally[path])") }
        for (name, number) in unread?.figures ?? [] { lines.append("unread.\(name),\(number)") }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
