public import Detainers
public import Ledger

/// What is on file of one jurisdiction, linked: receipts into forms, and records of cases to the forms they are about.
///
/// A pure function of the records, so it comes out the same whichever worker took which message. A record finds its
/// form by the request's id; else by agency and booking; else by the person (A-number, or name with birth date)
/// together with the form's date or event number, all of them keyed. Never by a name alone, never by a missing key.
/// What finds none is an orphan: kept, told, and linked once its request, or a correction, is on file.
public struct Casebook: Sendable {
    /// A form, and what people did about it.
    public struct Case: Sendable, Equatable {
        public var form: Form
        /// By date, then by id; the latest revision of each, without those that were withdrawn.
        public var records: [CaseRecord]

        /// The latest decision of a person.
        public var decision: CaseRecord? { records.last { $0.kind == .referralDecision } }
        public var isReferred: Bool { form.disposition == .referred }
    }

    /// By the date of the form's first receipt.
    public private(set) var cases: [Case]
    /// Records whose request is not on file.
    public private(set) var orphans: [CaseRecord] = []
    /// Requests that no policy of ours serves.
    public let notOurs: [Outcome]
    /// Records of agencies that no policy of ours serves; they are in no figure but that they are there.
    public let recordsNotOurs: [CaseRecord]
    /// Records that a correction took back; they count nowhere.
    public let withdrawn: [CaseRecord]
    /// Earlier revisions whose date stands for what is counted by a later one.
    public let dating: [LedgerEntry.Identity]

    /// - Parameters:
    ///   - outcomes: of all years; a receipt in January may be of a form that came in December.
    ///   - jurisdiction: `nil`: all.
    public init(outcomes: [Outcome], records: [CaseRecord], jurisdiction: String? = nil) {
        var dating: [LedgerEntry.Identity] = []
        var latest = Self.latest(outcomes, &dating)
        latest.removeAll { jurisdiction != nil && $0.jurisdiction != jurisdiction }
        notOurs = latest.filter { $0.decision == nil }
        latest.removeAll { $0.decision == nil }
        cases = FormSorting.forms(latest).map { Case(form: $0, records: []) }
        let current = Self.latest(records, &dating)
            .filter { jurisdiction == nil || $0.jurisdiction == jurisdiction }
            .sorted(on: { ($0.date, $0.identity.recordID) }, by: <)
        self.dating = dating
        withdrawn = current.filter { $0.correction?.isWithdrawn == true && $0.isOurs }
        let standing = current.filter { $0.correction?.isWithdrawn != true }
        recordsNotOurs = standing.filter { !$0.isOurs }
        let links = Links(cases.map(\.form), byPaper: standing.contains { $0.requestID == nil })
        for record in standing where record.isOurs {
            if let position = links.position(of: record) {
                cases[position].records.append(record)
            } else {
                orphans.append(record)
            }
        }
    }

    /// What several ledgers hold together.
    public init(_ union: LedgerUnion, jurisdiction: String? = nil) {
        self.init(
            outcomes: union.outcomes.all.map(\.value), records: union.records.all.map(\.value),
            jurisdiction: jurisdiction)
    }

    /// All forms, those too that were lodged with other agencies.
    public var allForms: [Form] { cases.map(\.form) + notOurs.map { Form(receipts: [$0]) } }

    /// The latest revision of each id, in no order.
    ///
    /// One that still knows no date of its own keeps that of the first: what was added or corrected in January moves
    /// nothing into another year.
    ///
    /// - Parameter dating: takes the revisions whose dates are kept so.
    private static func latest<Value: Revised>(_ values: [Value], _ dating: inout [LedgerEntry.Identity]) -> [Value] {
        // By position: a value is large, and is copied only when it is known to stand.
        var latest: [String: Int] = [:]
        latest.reserveCapacity(values.count)
        var undated: [String: Int] = [:]
        for position in values.indices {
            let (id, revision) = (values[position].id, values[position].revision)
            if latest[id].map({ values[$0].revision < revision }) ?? true { latest[id] = position }
            if values[position].isDatedByItsRecording, undated[id].map({ values[$0].revision > revision }) ?? true {
                undated[id] = position
            }
        }
        var days: [Int: CivilDate] = [:]
        for (id, first) in undated {
            guard let last = latest[id], values[last].isDatedByItsRecording,
                values[last].revision > values[first].revision
            else { continue }
            days[last] = values[first].day
            dating.append(values[first].ledgerIdentity)
        }
        return latest.values.map { position in
            var value = values[position]
            if let day = days[position] { value.day = day }
            return value
        }
    }

    /// Where each form can be found. Finding takes no longer where a form has many receipts, or a person many forms.
    private struct Links {
        private struct Lodging: Hashable {
            var booking: String
            var formDate: CivilDate
        }

        /// When each form came.
        private let dates: [CivilDate]
        private var byRequest: [String: Int] = [:]
        /// In the order of the forms.
        private var byBooking: [String: [Int]] = [:]
        /// The first one.
        private var byLodging: [Lodging: Int] = [:]
        /// In the order of the forms.
        private var byPaper: [PersonsPaper: [Int]] = [:]

        /// - Parameters:
        ///   - forms: by the date of their first receipts.
        ///   - byPaper: whether any record is to be found otherwise than by the request that it names; most name one.
        init(_ forms: [Form], byPaper isByPaper: Bool) {
            dates = forms.map(\.first.date.date)
            for (position, form) in forms.enumerated() {
                for receipt in form.receipts { byRequest[receipt.identity.requestID] = position }
                if !isByPaper { continue }
                var (bookings, persons): (Set<String>, Set<String>) = ([], [])
                var papers: Set<PersonsPaper.Paper> = []
                for receipt in form.receipts {
                    if let booking = receipt.pseudonyms.bookingKey { bookings.insert(booking) }
                    persons.formUnion(receipt.pseudonyms.personKeys)
                    if let date = receipt.formDate { papers.insert(.dated(date)) }
                    if let event = receipt.pseudonyms.eventNumber { papers.insert(.event(event)) }
                }
                for booking in bookings {
                    byBooking[booking, default: []].append(position)
                    for case .dated(let date) in papers {
                        let lodging = Lodging(booking: booking, formDate: date)
                        byLodging[lodging] = byLodging[lodging] ?? position
                    }
                }
                for paper in PersonsPaper.all(persons, papers) { byPaper[paper, default: []].append(position) }
            }
        }

        /// Of several forms in one custody episode, or of one paper: the first one that it names by date, else the last
        /// that had come by then, else the first.
        func position(of record: CaseRecord) -> Int? {
            if let id = record.requestID { return byRequest[id] }
            if let booking = record.pseudonyms.bookingKey, let positions = byBooking[booking] {
                let named = record.formDate.flatMap { byLodging[Lodging(booking: booking, formDate: $0)] }
                return named ?? latest([positions], by: record.date)
            }
            func positions(_ paper: PersonsPaper.Paper) -> [[Int]] {
                record.pseudonyms.personKeys.compactMap { byPaper[PersonsPaper(person: $0, paper: paper)] }
            }
            if let date = record.formDate, let named = positions(.dated(date)).compactMap(\.first).min() {
                return named
            }
            guard let event = record.pseudonyms.eventNumber else { return nil }
            return latest(positions(.event(event)), by: record.date)
        }

        private func latest(_ lists: [[Int]], by date: CivilDate) -> Int? {
            lists.compactMap { latest($0, by: date) }.max() ?? lists.compactMap(\.first).min()
        }

        private func latest(_ positions: [Int], by date: CivilDate) -> Int? {
            var (low, high) = (0, positions.count)
            while low < high {
                let middle = (low + high) / 2
                if dates[positions[middle]] <= date { low = middle + 1 } else { high = middle }
            }
            return low > 0 ? positions[low - 1] : nil
        }
    }
}

/// What comes in revisions of which the latest counts.
private protocol Revised {
    var id: String { get }
    var revision: Int { get }
    var ledgerIdentity: LedgerEntry.Identity { get }
    /// Whether nothing but the day of its own record is known.
    var isDatedByItsRecording: Bool { get }
    var day: CivilDate { get set }
}

extension Outcome: Revised {
    fileprivate var id: String { identity.requestID }
    fileprivate var revision: Int { identity.revision }
    fileprivate var ledgerIdentity: LedgerEntry.Identity { .request(identity) }
    fileprivate var isDatedByItsRecording: Bool { date.basis == .recorded }
    fileprivate var day: CivilDate {
        get { date.date }
        set { date.date = newValue }
    }
}

extension CaseRecord: Revised {
    fileprivate var id: String { identity.recordID }
    fileprivate var revision: Int { identity.revision }
    fileprivate var ledgerIdentity: LedgerEntry.Identity { .record(identity) }
    fileprivate var isDatedByItsRecording: Bool { happenedAt == nil }
    fileprivate var day: CivilDate {
        get { date }
        set { date = newValue }
    }
}

/// A request that waits for a person, or did.
public struct Referral: Sendable, Equatable {
    /// The receipt that was referred.
    public var outcome: Outcome
    /// What was referred to whom: `hold`, `transfer`, `notify`, and the human role.
    public var questions: [(name: String, role: String)]
    /// `nil`: it waits.
    public var decision: CaseRecord?

    public static func == (one: Referral, other: Referral) -> Bool {
        one.outcome == other.outcome && one.decision == other.decision
    }
}

extension Casebook {
    /// All referrals, those that came first first.
    public var referrals: [Referral] {
        cases.filter(\.isReferred).compactMap { file in
            guard let outcome = file.form.receipts.first(where: { $0.disposition == .referred }),
                let decision = outcome.decision
            else { return nil }
            let answers = [("hold", decision.hold), ("transfer", decision.transfer), ("notify", decision.notify)]
            return Referral(
                outcome: outcome,
                questions: answers.filter { $0.1.answer == .refer }.map { ($0.0, $0.1.to ?? "not named") },
                decision: file.decision)
        }
    }
}
