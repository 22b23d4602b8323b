public import Detainers

/// One form, whichever ways it came: faxed to two stations, or faxed and mailed, it has as many request ids as
/// receipts, and is one request.
public struct Form: Sendable, Equatable {
    /// The latest revision of each, by date, then by request id.
    public internal(set) var receipts: [Outcome]

    /// The first that came: its date and its policy are the form's.
    public var first: Outcome { receipts[0] }

    /// Referred where any of its receipts was: then a person looks at it.
    public var disposition: Disposition {
        receipts.contains { $0.disposition == .referred } ? .referred : first.disposition
    }

    /// The boxes that could be read on any of them; `nil`: on none.
    public var probableCause: [Request.ProbableCause]? {
        let known = receipts.compactMap(\.probableCause)
        return known.isEmpty
            ? nil : Request.ProbableCause.allCases.filter { cause in known.contains { $0.contains(cause) } }
    }

    public var resumeCustody: Request.Answer {
        let answers = receipts.map(\.resumeCustody)
        return [Request.Answer.yes, .no].first(where: answers.contains) ?? .unknown
    }
}

/// What is counted as one request; the report prints which it was.
public enum CountingRule: String, Sendable, CaseIterable {
    /// Each form once, however often it came.
    case forms
    /// Each custody episode (one booking at one agency) once, however many forms were lodged in it.
    case episodes

    public var sentence: String {
        switch self {
        case .forms:
            "Each form counts once, however often and wherever it came: the same person by A-number or by name with birth "
                + "date, the same form date or event number. A later form for the same person counts again."
        case .episodes:
            "Forms lodged in one custody episode (one booking at one agency) count once together; a form without a "
                + "booking number counts by itself, however often it came."
        }
    }
}

/// Sorts receipts into forms, and forms into what counts once.
///
/// A pure function of the records: it comes out the same whichever worker took which receipt, and in whichever order.
/// Receipts are of one form where they name the same person (A-number, or name with birth date, both keyed), have the
/// same form date or the same event number, and where nothing that both say differs. Never on a name alone, never on a
/// missing key; the digest of an image only tells identical files and is not looked at.
enum FormSorting {
    static func forms(_ outcomes: [Outcome]) -> [Form] {
        var merging = Merging()
        for outcome in outcomes.sorted(on: order, by: <) {
            merging.add(outcome, keys: outcome.pseudonyms.personKeys) { form in
                form.contains { isSameForm($0, outcome) } && !form.contains { contradicts($0, outcome) }
            }
        }
        return merging.forms
    }

    /// Forms of one custody episode together.
    static func episodes(_ forms: [Form]) -> [[Form]] {
        var episodes: [[Form]] = []
        var known: [String: Int] = [:]
        for form in forms {
            let bookings = form.receipts.compactMap(\.pseudonyms.bookingKey)
            if let position = bookings.lazy.compactMap({ known[$0] }).first {
                episodes[position].append(form)
                for booking in bookings { known[booking] = position }
            } else {
                for booking in bookings { known[booking] = episodes.count }
                episodes.append([form])
            }
        }
        return episodes
    }

    private static func order(_ outcome: Outcome) -> (CivilDate, String) {
        (outcome.date.date, outcome.identity.requestID)
    }

    private static func isSameForm(_ one: Outcome, _ other: Outcome) -> Bool {
        let (mine, theirs) = (one.pseudonyms, other.pseudonyms)
        guard mine.keyID == theirs.keyID, mine.normalization == theirs.normalization else { return false }
        func isSame(_ one: String?, _ other: String?) -> Bool { one != nil && one == other }
        let isSamePerson =
            isSame(mine.fileNumber, theirs.fileNumber) || isSame(mine.nameAndBirthDate, theirs.nameAndBirthDate)
        let isSamePaper =
            one.formDate != nil && one.formDate == other.formDate || isSame(mine.eventNumber, theirs.eventNumber)
        return isSamePerson && isSamePaper
    }

    /// Whether both say something and it differs. A name may be written in several ways: a number that agrees beats it.
    private static func contradicts(_ one: Outcome, _ other: Outcome) -> Bool {
        func differ<Value: Equatable>(_ one: Value?, _ other: Value?) -> Bool {
            one != nil && other != nil && one != other
        }
        func known(_ kind: Request.FormKind) -> Request.FormKind? { kind == .unknown ? nil : kind }
        return differ(one.pseudonyms.fileNumber, other.pseudonyms.fileNumber)
            || differ(one.pseudonyms.eventNumber, other.pseudonyms.eventNumber)
            || differ(one.formDate, other.formDate) || differ(known(one.formKind), known(other.formKind))
            || one.agency != other.agency && one.jurisdiction != other.jurisdiction
    }

    /// Forms that grow by receipts; one that belongs to several of them makes them one.
    private struct Merging {
        /// `nil` where one was merged into another.
        private var groups: [[Outcome]?] = []
        private var byKey: [String: Set<Int>] = [:]

        mutating func add(_ outcome: Outcome, keys: [String], isOf: ([Outcome]) -> Bool) {
            let candidates = keys.reduce(into: Set<Int>()) { $0.formUnion(byKey[$1] ?? []) }.sorted()
            var own: Int?
            for position in candidates {
                guard let group = groups[position], isOf(group) else { continue }
                guard let first = own else {
                    groups[position] = group + [outcome]
                    own = position
                    continue
                }
                let joined = groups[first] ?? []
                // Two forms become one only where nothing in them differs.
                if joined.contains(where: { one in group.contains { FormSorting.contradicts(one, $0) } }) { continue }
                groups[first] = joined + group
                groups[position] = nil
                for key in group.flatMap(\.pseudonyms.personKeys) { byKey[key, default: []].insert(first) }
            }
            let position = own ?? groups.count
            if own == nil { groups.append([outcome]) }
            for key in keys { byKey[key, default: []].insert(position) }
        }

        var forms: [Form] {
            groups.compactMap { $0 }.map { Form(receipts: $0.sorted(on: FormSorting.order, by: <)) }
                .sorted(on: { FormSorting.order($0.first) }, by: <)
        }
    }
}
