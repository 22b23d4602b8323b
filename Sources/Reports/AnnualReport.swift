public import Detainers
public import Ledger

/// The figures of one period in one jurisdiction, counted from the ledgers.
///
/// Each form counts once, whichever ways it came, by the latest revision of its receipts, in the period of the first
/// one's date. Records of what people did count in the period of their own date. Software holds nobody and transfers
/// nobody: detentions, transfers and reimbursements come only from records that people make, and without any such
/// record they are zero, which is printed as zero.
public struct AnnualReport: Sendable {
    public let period: Period
    public let jurisdiction: String
    public let rule: CountingRule
    /// By whose clocks times have a day; `nil`: by those that they are written with.
    public let timeZone: TimeZoneName?
    /// What was recorded later is not looked at.
    public let asOf: Moment
    /// Where each ledger stood that was read.
    public let checkpoints: [LedgerUnion.Head]
    /// `nil`: not known here.
    public let unread: Unread?
    public private(set) var tally: Tally
    /// The policies that decided, by the digests of their texts.
    public private(set) var policies: [String: String] = [:]
    /// The forms of item 1, by date; `nil` where there are more than ``mostListed``.
    public private(set) var listed: [ListedRequest]? = []
    public private(set) var reimbursements: [Reimbursement] = []
    /// What the figures rest on without being a unit of one: records of another period about forms of this one, forms
    /// of another period that records of this one are about, and the other forms of their episodes. Kept where units
    /// are.
    public private(set) var context: Set<LedgerEntry.Identity> = []

    /// A longer list is no annex that anybody reads; `ledger list` prints it.
    public static let mostListed = 10_000

    /// What was paid for one case.
    public struct Reimbursement: Sendable, Equatable {
        /// The record that tells of it.
        public var recordID: String
        /// The request that it was paid for; `nil`: no case of it is on file.
        public var requestID: String?
        public var cents: Int
        public var received: CivilDate
    }

    /// - Parameter keepsUnits: whether the records behind each figure are kept.
    public init(
        _ casebook: Casebook, period: Period, jurisdiction: String, rule: CountingRule = .forms,
        timeZone: TimeZoneName? = nil, asOf: Moment, checkpoints: [LedgerUnion.Head] = [], unread: Unread? = nil,
        keepsUnits: Bool = false
    ) {
        self.init(
            period: period, jurisdiction: jurisdiction, rule: rule, timeZone: timeZone, asOf: asOf,
            checkpoints: checkpoints, unread: unread, keepsUnits: keepsUnits)
        add(casebook)
        finish()
    }

    /// Counts what the ledgers hold without reading what stands alone, where there is much of it.
    ///
    /// The same figures as from a casebook of all of it: entries that may have to do with each other are read and
    /// counted together, some thousand at a time; an outcome that stands alone counts by its traits.
    ///
    /// - Parameter mostListed: with more that stand alone, they are not read and the list is left out.
    /// - Throws: `LedgerError` where the files cannot be read, `RecordError` where a line is no record of ours.
    public init(
        counting catalog: LedgerCatalog, period: Period, jurisdiction: String, rule: CountingRule = .forms,
        timeZone: TimeZoneName? = nil, asOf: Moment, unread: Unread? = nil, mostListed: Int = mostListed
    ) throws {
        self.init(
            period: period, jurisdiction: jurisdiction, rule: rule, timeZone: timeZone, asOf: asOf,
            checkpoints: catalog.heads, unread: unread, keepsUnits: false)
        let (linking, days) = (try catalog.linking(), period.first...period.last)
        let alike = try linking.lone(days, by: asOf).filter { $0.outcome.jurisdiction == jurisdiction }
        let isListed = alike.reduce(0) { $0 + $1.count } <= mostListed
        if !isListed { listed = nil }
        try add(linking, linking.linkedBatches(days, by: asOf))
        if isListed {
            try add(linking, linking.loneBatches(days, by: asOf))
        } else {
            for alike in alike { count(alike.outcome, times: alike.count) }
        }
        finish()
    }

    private init(
        period: Period, jurisdiction: String, rule: CountingRule, timeZone: TimeZoneName?, asOf: Moment,
        checkpoints: [LedgerUnion.Head], unread: Unread?, keepsUnits: Bool
    ) {
        self.period = period
        self.jurisdiction = jurisdiction
        self.rule = rule
        self.timeZone = timeZone
        self.asOf = asOf
        self.checkpoints = checkpoints
        self.unread = unread
        tally = Tally(keepsUnits: keepsUnits)
        tally.declareFigures(of: period)
    }

    /// Counts batches on all cores, each in a report of its own, and adds them up in their order, so that it comes out
    /// the same each time.
    private mutating func add(_ linking: LedgerLinking, _ batches: [LedgerLinking.Batch]) throws {
        let empty = emptied
        try Parallel.inOrder(batches.indices) { number in
            Result {
                var part = empty
                part.add(Casebook(try linking.read(batches[number]), jurisdiction: part.jurisdiction))
                return part
            }
        } take: { _, part in
            merge(try part.get())
        }
    }

    /// The same report before anything was counted.
    private var emptied: AnnualReport {
        var report = AnnualReport(
            period: period, jurisdiction: jurisdiction, rule: rule, timeZone: timeZone, asOf: asOf,
            checkpoints: checkpoints, unread: unread, keepsUnits: tally.keepsUnits)
        if listed == nil { report.listed = nil }
        return report
    }

    private mutating func merge(_ other: AnnualReport) {
        tally.merge(other.tally)
        policies.merge(other.policies) { mine, _ in mine }
        if let others = other.listed { listed? += others } else { listed = nil }
        boundList()
        reimbursements += other.reimbursements
        context.formUnion(other.context)
    }

    /// Counts what belongs together and has nothing to do with what was added before.
    private mutating func add(_ casebook: Casebook) {
        let forms = casebook.cases.map(\.form)
        let counted = rule == .forms ? forms.map { [$0] } : FormSorting.episodes(forms)
        var records: [String: [CaseRecord]] = [:]
        for file in casebook.cases { records[file.form.first.identity.requestID] = file.records }
        var notHonored: [Form] = []
        for together in counted.map(Self.inOrderOfItem1) where period.contains(together[0].first.date.date) {
            let form = Form(receipts: together.flatMap(\.receipts))
            let records = together.flatMap { records[$0.first.identity.requestID] ?? [] }
                .sorted(on: { ($0.date, $0.identity.recordID) }, by: <)
            if count(form, of: together, records: records) { notHonored.append(form) }
        }
        countIndividuals(notHonored)
        for outcome in casebook.notOurs where period.contains(outcome.date.date) {
            tally.add(["notOurs"], [.request(outcome.identity)])
        }
        countRecords(casebook)
        if tally.keepsUnits {
            context.formUnion(casebook.dating)
            // Of an episode all forms: what it counts as, and in which period, is seen from all of them.
            for together in counted {
                let together = together.map { (form: $0, records: records[$0.first.identity.requestID] ?? []) }
                guard together.contains(where: { touches($0.form, $0.records) }) else { continue }
                for (form, records) in together {
                    context.formUnion(form.receipts.map { .request($0.identity) })
                    context.formUnion(records.map { .record($0.identity) })
                }
            }
        }
    }

    /// Those of item 1 first: whichever came first, an episode is in item 1 where one of its forms is, and is told by
    /// the first such form.
    private static func inOrderOfItem1(_ forms: [Form]) -> [Form] {
        forms.count == 1 ? forms : forms.filter(\.isInItem1) + forms.filter { !$0.isInItem1 }
    }

    /// Alike outcomes that nothing else on file has to do with.
    private mutating func count(_ outcome: Outcome, times: Int) {
        if outcome.decision == nil {
            tally.add(["notOurs"], [], times: times)
        } else {
            let form = Form(receipts: [outcome])
            // It shares no person with any other.
            if count(form, of: [form], records: [], times: times) {
                tally.add(["requests", "individualsNotHonored"], [], times: times)
            }
        }
    }

    private mutating func boundList() {
        if let count = listed?.count, count > Self.mostListed { listed = nil }
    }

    private mutating func finish() {
        listed?.sort { ($0.date, $0.requestID) < ($1.date, $1.requestID) }
        reimbursements.sort { ($0.received, $0.recordID) < ($1.received, $1.recordID) }
        tally.sort(below: "requests", "byStation")
    }

    var sortedPolicies: [(name: String, digest: String)] {
        policies.map { (name: $0.value, digest: $0.key) }.sorted { ($0.name, $0.digest) < ($1.name, $1.digest) }
    }

    private func touches(_ form: Form, _ records: [CaseRecord]) -> Bool {
        period.contains(form.first.date.date) || records.contains { period.contains($0.date) }
    }

    // MARK: - item 1

    /// - Parameters:
    ///   - form: all that counts once together.
    ///   - forms: what it is made of; the first one tells its day, station, channel, kind and reasons.
    ///   - times: how often there are such.
    /// - Returns: whether it counts in item 1, and nobody was detained and nobody transferred on it.
    private mutating func count(_ form: Form, of forms: [Form], records: [CaseRecord], times: Int = 1) -> Bool {
        func add(_ path: Tally.Path, _ unit: @autoclosure () -> Tally.Unit) { tally.add(path, unit(), times: times) }
        let (lead, unit) = (forms[0], form.receipts.map { LedgerEntry.Identity.request($0.identity) })
        add(["dispositions", form.disposition.rawValue], unit)
        for receipt in form.receipts {
            if let decision = receipt.decision { policies[decision.policyDigest] = decision.policyName }
        }
        if lead.first.date.basis == .recorded { add(["undated"], unit) }
        let decisions = records.filter { $0.kind == .referralDecision }
        if form.disposition == .referred {
            let path = ["referrals", decisions.isEmpty ? "open" : "decided"]
            add(path, unit + decisions.map { .record($0.identity) })
        }
        guard lead.isInItem1 else {
            add(["otherRequests", "total"], unit)
            return false
        }
        add(["requests", "total"], unit)
        for receipt in form.receipts { add(["requests", "receipts"], [.request(receipt.identity)]) }
        for again in forms where again.receipts.count > 1 {
            add(["requests", "formsThatCameAgain"], again.receipts.map { .request($0.identity) })
        }
        for later in forms.dropFirst() {
            add(["requests", "laterFormsInAnEpisode"], later.receipts.map { .request($0.identity) })
        }
        add(["requests", "byMonth", period.label(of: Month(lead.first.date.date))], unit)
        add(["requests", "byStation", lead.first.station ?? "not stated"], unit)
        add(["requests", "byChannel", lead.first.channel.rawValue], unit)
        add(["requests", "byForm", lead.telling.formKind.rawValue], unit)
        if lead.isFoundLate(in: timeZone) { add(["requests", "foundLate"], unit) }
        countReasons(lead, unit, times: times)
        let cancellations = records.filter { $0.kind == .cancellation }
        if !cancellations.isEmpty {
            add(["requests", "cancelled"], unit + cancellations.map { .record($0.identity) })
        }
        let isNotHonored = !records.contains { $0.kind == .detained || $0.kind == .transferred }
        if isNotHonored { add(["requests", "notHonored"], unit) }
        listed?.append(ListedRequest(lead, form.disposition, records))
        boundList()
        return isNotHonored
    }

    /// Those whom these forms are about, each once.
    private mutating func countIndividuals(_ forms: [Form]) {
        var people = People(forms)
        for form in forms where people.isFirst(people.number(of: form), "not honored") {
            tally.add(["requests", "individualsNotHonored"], form.receipts.map { .request($0.identity) })
        }
    }

    private mutating func countReasons(_ form: Form, _ unit: Tally.Unit, times: Int) {
        func add(_ path: Tally.Path, _ unit: Tally.Unit) { tally.add(path, unit, times: times) }
        let causes = form.probableCause ?? []
        for cause in causes { add(["requests", "removableAlienBases", cause.rawValue], unit) }
        if !causes.isEmpty { add(["requests", "byReason", "removable-alien"], unit) }
        if form.resumeCustody == .yes { add(["requests", "byReason", "resume-custody"], unit) }
        if causes.isEmpty, form.resumeCustody != .yes { add(["requests", "byReason", "not-stated"], unit) }
    }

    // MARK: - what people did

    private mutating func countRecords(_ casebook: Casebook) {
        var inPeriod: [(record: CaseRecord, file: Casebook.Case?)] = []
        for file in casebook.cases {
            for record in file.records where period.contains(record.date) { inPeriod.append((record, file)) }
        }
        for record in casebook.orphans where period.contains(record.date) {
            inPeriod.append((record, nil))
            tally.add(["records", "orphans"], [.record(record.identity)])
        }
        inPeriod.sort {
            ($0.record.date, $0.record.identity.recordID) < ($1.record.date, $1.record.identity.recordID)
        }
        var people = People(inPeriod)
        for (record, file) in inPeriod { count(record, file, &people) }
        for record in casebook.withdrawn where period.contains(record.date) {
            tally.add(["records", "withdrawn"], [.record(record.identity)])
        }
        for record in casebook.recordsNotOurs where period.contains(record.date) {
            tally.add(["records", "notOurs"], [.record(record.identity)])
        }
    }

    private mutating func count(_ record: CaseRecord, _ file: Casebook.Case?, _ people: inout People) {
        let unit: Tally.Unit = [.record(record.identity)]
        tally.add(["records", "total"], unit)
        switch record.detail {
        case .cancellation:
            // Without its request it tells of one that was missed.
            if file == nil { tally.add(["records", "cancellationsOfUnknownRequests"], unit) }
        case .referralDecision(let decision):
            for answer in [decision.hold, decision.transfer, decision.notify].compactMap({ $0 }) {
                tally.add(["decisions", answer.rawValue], unit)
            }
            let complied = [decision.hold, decision.transfer, decision.notify].contains(.complied)
            if complied, decision.basis == CaseDetail.Paper.none {
                tally.add(["decisions", "compliedWithoutAPaper"], unit)
            }
        case .detained(let reason, _, _):
            let person = people.number(of: record)
            if people.isFirst(person, "detained") { tally.add(["detained", "total"], unit) }
            if people.isFirst(person, "detained " + reason.rawValue) {
                tally.add(["detained", "byReason", reason.rawValue], unit)
            }
        case .transferred(let authority):
            let person = people.number(of: record)
            if people.isFirst(person, "transferred") { tally.add(["transferred", "total"], unit) }
            if people.isFirst(person, "transferred " + authority.rawValue) {
                tally.add(["transferred", "byAuthority", authority.rawValue], unit)
            }
        case .reimbursement(let cents):
            tally.add(["reimbursements", "cents"], unit, amount: cents)
            reimbursements.append(
                Reimbursement(
                    recordID: record.identity.recordID, requestID: file?.form.first.identity.requestID, cents: cents,
                    received: record.date))
        case .custodyOutcome(let outcome, _, _): tally.add(["custodyOutcomes", outcome.rawValue], unit)
        case .reentryArrest: tally.add(["reentryArrests", "total"], unit)
        }
    }
}

extension Tally {
    /// All that a report tells, so that what did not happen is told as zero.
    fileprivate mutating func declareFigures(of period: Period) {
        declare(["requests", "total"])
        for reason in ["removable-alien", "resume-custody", "not-stated"] { declare(["requests", "byReason", reason]) }
        for cause in Request.ProbableCause.allCases { declare(["requests", "removableAlienBases", cause.rawValue]) }
        for name in [
            "receipts", "formsThatCameAgain", "laterFormsInAnEpisode", "foundLate", "cancelled", "notHonored",
            "individualsNotHonored",
        ] { declare(["requests", name]) }
        for month in period.months { declare(["requests", "byMonth", period.label(of: month)]) }
        for form in Request.FormKind.allCases { declare(["requests", "byForm", form.rawValue]) }
        for channel in Request.Channel.allCases { declare(["requests", "byChannel", channel.rawValue]) }
        declare(["detained", "total"])
        for reason in CaseDetail.DetentionReason.allCases { declare(["detained", "byReason", reason.rawValue]) }
        declare(["transferred", "total"])
        for authority in CaseDetail.TransferAuthority.allCases {
            declare(["transferred", "byAuthority", authority.rawValue])
        }
        declare(["reimbursements", "cents"], ["otherRequests", "total"], ["reentryArrests", "total"])
        for disposition in [Disposition.notActedUpon, .referred, .nothingAsked] {
            declare(["dispositions", disposition.rawValue])
        }
        declare(["referrals", "open"], ["referrals", "decided"])
        for answer in CaseDetail.PersonsAnswer.allCases { declare(["decisions", answer.rawValue]) }
        declare(["decisions", "compliedWithoutAPaper"])
        for outcome in CaseDetail.CustodyEnd.allCases {
            declare(["custodyOutcomes", outcome.rawValue])
        }
        for name in ["total", "orphans", "withdrawn", "cancellationsOfUnknownRequests", "notOurs"] {
            declare(["records", name])
        }
        declare(["notOurs"], ["undated"])
    }
}
