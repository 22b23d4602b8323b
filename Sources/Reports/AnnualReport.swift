public import Detainers
public import Ledger

/// The figures of one calendar year, counted from the ledgers: the four items that the Boston Trust Act asks for.
///
/// Each request counts once, by its latest revision, in the year of its date. Requests that no policy of ours serves
/// are told apart and not counted. Software holds nobody and transfers nobody: items 2 to 4 come only from records that
/// people make, and without any such record they are zero, which is printed as zero.
public struct AnnualReport: Sendable, Equatable {
    public let year: Int
    /// Item 1: requests lodged.
    public private(set) var requests = 0
    /// A form with several boxes has several reasons, so that mentions may exceed requests.
    public private(set) var removableAlien = 0
    public private(set) var resumeCustody = 0
    public private(set) var notStated = 0
    public private(set) var bases: [Request.ProbableCause: Int] = [:]
    /// Requests that ask for notice only, or that the policy counts elsewhere for another reason.
    public private(set) var otherRequests = 0
    public private(set) var dispositions: [Disposition: Int] = [:]
    public private(set) var notOurs = 0
    public private(set) var byMonth = [Int](repeating: 0, count: 12)
    public private(set) var byStation: [String: Int] = [:]
    public private(set) var byForm: [Request.FormKind: Int] = [:]
    public private(set) var policies: Set<String> = []
    /// Requests whose date is that of their record, for want of any other.
    public private(set) var undated = 0

    /// The name that a policy gives the line of item 1.
    static let requestLine = "item 1"

    /// Messages that no worker could read or decide; they are in no figure of the report.
    public struct Unread: Sendable, Equatable {
        /// Nobody has dealt with them.
        public var waiting = 0
        /// Given up by a person, with a reason.
        public var discarded = 0
        /// Sent again, mended or not: what was decided then is counted.
        public var replayed = 0

        public init(waiting: Int = 0, discarded: Int = 0, replayed: Int = 0) {
            self.waiting = waiting
            self.discarded = discarded
            self.replayed = replayed
        }
    }

    public let unread: Unread

    public init(year: Int, outcomes: OutcomeUnion, unread: Unread = Unread()) {
        self.year = year
        self.unread = unread
        var latest: [String: Outcome] = [:]
        for entry in outcomes.sorted() {
            let identity = entry.outcome.identity
            if let known = latest[identity.requestID], known.identity.revision >= identity.revision { continue }
            latest[identity.requestID] = entry.outcome
        }
        for outcome in latest.values where outcome.date.date.year == year { count(outcome) }
    }

    private mutating func count(_ outcome: Outcome) {
        guard let decision = outcome.decision else {
            notOurs += 1
            return
        }
        dispositions[outcome.disposition, default: 0] += 1
        policies.insert("\(decision.policyName) (\(decision.policyDigest))")
        if outcome.date.basis == .recorded { undated += 1 }
        guard decision.reportLine == Self.requestLine else {
            otherRequests += 1
            return
        }
        requests += 1
        byMonth[outcome.date.date.month - 1] += 1
        byStation[outcome.station ?? "not stated", default: 0] += 1
        byForm[outcome.formKind, default: 0] += 1
        countReasons(outcome)
    }

    private mutating func countReasons(_ outcome: Outcome) {
        let causes = outcome.probableCause ?? []
        for cause in causes { bases[cause, default: 0] += 1 }
        if !causes.isEmpty { removableAlien += 1 }
        if outcome.resumeCustody == .yes { resumeCustody += 1 }
        if causes.isEmpty, outcome.resumeCustody != .yes { notStated += 1 }
    }

    /// The report as one JSON object.
    public func json() -> JSONValue {
        func object(_ pairs: [(String, Int)]) -> JSONValue {
            .object(pairs.map { JSONMember(name: $0.0, value: .number(String($0.1))) })
        }
        let months = byMonth.enumerated().map { ($0.offset < 9 ? "0\($0.offset + 1)" : "\($0.offset + 1)", $0.element) }
        let reasons = [
            ("removable-alien", removableAlien), ("resume-custody", resumeCustody), ("not-stated", notStated),
        ]
        return .object([
            JSONMember(name: "year", value: .number(String(year))),
            JSONMember(
                name: "requests",
                value: .object([
                    JSONMember(name: "total", value: .number(String(requests))),
                    JSONMember(name: "byReason", value: object(reasons)),
                    JSONMember(
                        name: "removableAlienBases",
                        value: object(Request.ProbableCause.allCases.map { ($0.rawValue, bases[$0] ?? 0) })),
                    JSONMember(name: "byMonth", value: object(months)),
                    JSONMember(name: "byStation", value: object(byStation.sorted { $0.key < $1.key }.map { ($0, $1) })),
                    JSONMember(
                        name: "byForm", value: object(Request.FormKind.allCases.map { ($0.rawValue, byForm[$0] ?? 0) })),
                ])),
            JSONMember(
                name: "detained",
                value: .object([JSONMember(name: "total", value: 0), JSONMember(name: "byReason", value: .object([]))])),
            JSONMember(name: "transferred", value: .object([JSONMember(name: "total", value: 0)])),
            JSONMember(
                name: "reimbursements",
                value: .object([JSONMember(name: "total", value: 0), JSONMember(name: "cases", value: .array([]))])),
            JSONMember(
                name: "otherRequests",
                value: .object([JSONMember(name: "total", value: .number(String(otherRequests)))])),
            JSONMember(
                name: "dispositions",
                value: object(
                    [Disposition.notActedUpon, .referred, .nothingAsked].map { ($0.rawValue, dispositions[$0] ?? 0) })),
            JSONMember(name: "notOurs", value: .number(String(notOurs))),
            JSONMember(name: "undated", value: .number(String(undated))),
            JSONMember(
                name: "unread",
                value: object([
                    ("waiting", unread.waiting), ("discarded", unread.discarded), ("replayed", unread.replayed),
                ])),
            JSONMember(name: "policies", value: .array(policies.sorted().map(JSONValue.string))),
        ])
    }

    /// The report as text for people.
    public func text() -> String {
        var lines = [
            "Civil immigration detainer requests, calendar year \(year)",
            "",
            "1. Requests lodged: \(requests)",
            "   by reason given (one form may give several):",
            row("removable alien (probable cause)", removableAlien),
        ]
        for cause in Request.ProbableCause.allCases { lines.append(row("  \(cause.rawValue)", bases[cause] ?? 0)) }
        lines += [
            row("resume custody", resumeCustody),
            row("not stated", notStated),
            "2. Individuals detained: 0",
            "3. Individuals transferred to ICE custody: 0",
            "4. Cost reimbursements received: 0",
            "",
            "   What was done with all requests decided:",
            row("not acted upon", dispositions[.notActedUpon] ?? 0),
            row("referred to a person", dispositions[.referred] ?? 0),
            row("nothing asked", dispositions[.nothingAsked] ?? 0),
            "   Other requests (notice only), not in item 1: \(otherRequests)",
            "   Lodged with other agencies, not ours: \(notOurs)",
        ]
        if requests > 0 {
            lines.append(
                "   By station: "
                    + byStation.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                    .map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        if undated > 0 { lines.append("   Without any date, counted by the day of their record: \(undated)") }
        lines.append("")
        lines.append("   Items 2 to 4 count records that people make. None is on file, so they are zero.")
        lines.append(
            "   Messages unread, of any year, not counted: \(unread.waiting) waiting, \(unread.discarded) discarded; "
                + "\(unread.replayed) were sent again (as collected)")
        for policy in policies.sorted() { lines.append("   Decided by \(policy)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ name: String, _ count: Int) -> String {
        "     " + name + String(repeating: " ", count: max(1, 40 - name.count)) + String(count)
    }
}
