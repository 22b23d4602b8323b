public import Detainers
public import Ledger

/// The figures of one calendar year, counted from the ledgers: the four items that the Boston Trust Act asks for.
///
/// Each form counts once, whichever ways it came, by the latest revision of its receipts, in the year of the first
/// one's date. Requests that no policy of ours serves are told apart and not counted. Software holds nobody and
/// transfers nobody: items 2 to 4 come only from records that people make, and without any such record they are zero,
/// which is printed as zero.
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
    public let notOurs: Int
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
    public let rule: CountingRule
    /// Messages that were decided, of the forms that are counted in item 1.
    public private(set) var receipts = 0
    /// Forms of item 1 that came more than once.
    public private(set) var formsThatCameAgain = 0
    /// Later forms in a custody episode, which were counted with the first.
    public private(set) var laterForms = 0

    public init(year: Int, outcomes: ValueUnion<Outcome>, unread: Unread = Unread(), rule: CountingRule = .forms) {
        self.year = year
        self.unread = unread
        self.rule = rule
        var latest: [String: Outcome] = [:]
        for entry in outcomes.sorted() {
            let identity = entry.value.identity
            if let known = latest[identity.requestID], known.identity.revision >= identity.revision { continue }
            latest[identity.requestID] = entry.value
        }
        notOurs = latest.values.count { $0.decision == nil && $0.date.date.year == year }
        // A receipt in January may be of a form that came in December: all years are sorted, one is counted.
        let forms = FormSorting.forms(latest.values.filter { $0.decision != nil })
        let counted = rule == .forms ? forms.map { [$0] } : FormSorting.episodes(forms)
        for together in counted where together[0].first.date.date.year == year { count(together) }
    }

    /// - Parameter forms: those that count once together, the first one first.
    private mutating func count(_ forms: [Form]) {
        let form = Form(receipts: forms.flatMap(\.receipts))
        guard let decision = form.first.decision else { return }
        dispositions[form.disposition, default: 0] += 1
        for receipt in form.receipts {
            if let decision = receipt.decision { policies.insert("\(decision.policyName) (\(decision.policyDigest))") }
        }
        if form.first.date.basis == .recorded { undated += 1 }
        guard decision.reportLine == Self.requestLine else {
            otherRequests += 1
            return
        }
        requests += 1
        receipts += form.receipts.count
        formsThatCameAgain += forms.count { $0.receipts.count > 1 }
        laterForms += forms.count - 1
        byMonth[form.first.date.date.month - 1] += 1
        byStation[form.first.station ?? "not stated", default: 0] += 1
        byForm[form.first.formKind, default: 0] += 1
        countReasons(form)
    }

    private mutating func countReasons(_ form: Form) {
        let causes = form.probableCause ?? []
        for cause in causes { bases[cause, default: 0] += 1 }
        if !causes.isEmpty { removableAlien += 1 }
        if form.resumeCustody == .yes { resumeCustody += 1 }
        if causes.isEmpty, form.resumeCustody != .yes { notStated += 1 }
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
                    JSONMember(name: "receipts", value: .number(String(receipts))),
                    JSONMember(name: "formsThatCameAgain", value: .number(String(formsThatCameAgain))),
                    JSONMember(name: "laterFormsInAnEpisode", value: .number(String(laterForms))),
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
                name: "counting",
                value: ["rule": .string(rule.rawValue), "sentence": .string(rule.sentence)]),
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
        lines.append(
            "   Receipts of these: \(receipts); \(formsThatCameAgain) forms came more than once and count once")
        if laterForms > 0 {
            lines.append("   Later forms in the same custody episodes, not counted again: \(laterForms)")
        }
        if undated > 0 { lines.append("   Without any date, counted by the day of their record: \(undated)") }
        lines.append("")
        lines.append("   Items 2 to 4 count records that people make. None is on file, so they are zero.")
        lines.append(
            "   Messages unread, of any year, not counted: \(unread.waiting) waiting, \(unread.discarded) discarded; "
                + "\(unread.replayed) were sent again (as collected)")
        lines.append("   How it was counted: \(rule.sentence)")
        for policy in policies.sorted() { lines.append("   Decided by \(policy)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ name: String, _ count: Int) -> String {
        "     " + name + String(repeating: " ", count: max(1, 40 - name.count)) + String(count)
    }
}
