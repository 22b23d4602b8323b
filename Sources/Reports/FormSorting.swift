import Detainers

/// Sorts receipts into forms, and forms into what counts once.
///
/// A pure function of the records: it comes out the same whichever worker took which receipt, and in whichever order.
/// Receipts are of one form where they name the same person (A-number, or name with birth date, both keyed), have the
/// same form date or the same event number, and where nothing that both say differs but a name. Never on a name alone,
/// never on a missing key; the digest of an image only tells identical files, and a booking may have several forms:
/// neither is looked at.
///
/// A receipt is held against the forms of its person and paper, and not against their receipts: sixty thousand receipts
/// of one form take a second. Of forms that have a paper in common and differ, as hardly any honest ones do, each
/// receipt is held against all: thirty thousand of them take some ten seconds.
enum FormSorting {
    static func forms(_ outcomes: [Outcome]) -> [Form] {
        var merging = Merging()
        for outcome in outcomes.sorted(on: order, by: <) { merging.add(outcome) }
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

    /// In which order the receipts of one form came: a receipt of which nobody knows when it came, and which has the
    /// form's own date or that of its record, tells less than one that was received or found on a day.
    private static func arrival(_ outcome: Outcome) -> (Int, CivilDate, Int64, String) {
        let isKnown = outcome.date.basis == .received || outcome.date.basis == .found
        let moment = outcome.date.basis == .found ? outcome.foundAt : outcome.receivedAt
        let seconds = isKnown ? moment?.secondsSinceEpoch : nil
        return (isKnown ? 0 : 1, outcome.date.date, seconds ?? .max, outcome.identity.requestID)
    }

    /// Forms that grow by receipts; one that belongs to several of them makes them one.
    private struct Merging {
        /// A form, as far as it is known; without receipts where it was merged into another one.
        private struct Group {
            var receipts: [Outcome] = []
            var papers: Set<PersonsPaper> = []
        }

        /// What is compared of a group.
        private struct Summary {
            /// Groups go by the order in which their first receipts came.
            var began: Int
            var statements: Statements
        }

        private var groups: [Group] = []
        private var summaries: [Summary] = []
        /// The groups that list a paper.
        private var byPaper: [PersonsPaper: [Int]] = [:]
        private var terms = Terms()

        mutating func add(_ outcome: Outcome) {
            let (papers, said) = (PersonsPaper.of(outcome), terms.statements(outcome))
            var candidates: [Int] = []
            for paper in papers {
                for group in byPaper[paper] ?? [] where summaries[group].statements.agree(with: said) {
                    candidates.append(group)
                }
            }
            candidates.sort { summaries[$0].began < summaries[$1].began }
            var own = candidates.first ?? groups.count
            if own == groups.count {
                groups.append(Group())
                summaries.append(Summary(began: own, statements: said))
            }
            groups[own].receipts.append(outcome)
            summaries[own].statements.add(said)
            list(papers, of: own)
            // Two forms become one only where nothing in them differs.
            for other in candidates where other != own && !groups[other].receipts.isEmpty {
                guard summaries[own].statements.agree(with: summaries[other].statements) else { continue }
                own = join(own, other)
            }
        }

        private mutating func list(_ papers: Set<PersonsPaper>, of group: Int) {
            for paper in papers where groups[group].papers.insert(paper).inserted {
                byPaper[paper, default: []].append(group)
            }
        }

        /// The smaller one moves, so that no receipt moves often.
        ///
        /// - Returns: the group that holds both.
        private mutating func join(_ one: Int, _ other: Int) -> Int {
            let isLarger = groups[one].receipts.count >= groups[other].receipts.count
            let (into, from) = isLarger ? (one, other) : (other, one)
            var moved = Group()
            swap(&moved, &groups[from])
            for paper in moved.papers { byPaper[paper]?.removeAll { $0 == from } }
            groups[into].receipts += moved.receipts
            list(moved.papers, of: into)
            summaries[into].began = min(summaries[into].began, summaries[from].began)
            summaries[into].statements.add(summaries[from].statements)
            return into
        }

        var forms: [Form] {
            groups.filter { !$0.receipts.isEmpty }
                .map { Form(receipts: $0.receipts.sorted(on: FormSorting.arrival, by: <)) }
                .sorted(on: { FormSorting.order($0.first) }, by: <)
        }
    }
}

/// A paper about a person: what receipts of one form have in common, and what records of cases name a form by.
struct PersonsPaper: Hashable {
    enum Paper: Hashable {
        case dated(CivilDate)
        case event(String)
    }

    /// Keyed: an A-number, or a name with a birth date.
    let person: String
    let paper: Paper

    static func of(_ outcome: Outcome) -> Set<PersonsPaper> {
        var papers: [Paper] = []
        if let date = outcome.formDate { papers.append(.dated(date)) }
        if let event = outcome.pseudonyms.eventNumber { papers.append(.event(event)) }
        return all(outcome.pseudonyms.personKeys, papers)
    }

    static func all(_ persons: some Sequence<String>, _ papers: some Sequence<Paper>) -> Set<PersonsPaper> {
        Set(persons.flatMap { person in papers.map { PersonsPaper(person: person, paper: $0) } })
    }
}

/// What receipts say of which no two of one form may say different things; each a number, 0 where nothing is said.
///
/// A name may be written in several ways: a number that agrees beats it.
private struct Statements {
    var fileNumber: Int
    var eventNumber: Int
    var formDate: Int
    var formKind: Int
    // Two receipts may name two agencies of one jurisdiction, or one agency under two jurisdictions, but not two of
    // both. So all that agree have the agency in common, or the jurisdiction: what they do not is 0.
    var agency: Int
    var jurisdiction: Int

    /// Whether nothing that both say differs.
    func agree(with other: Statements) -> Bool {
        func differ(_ one: Int, _ other: Int) -> Bool { one != other && one != 0 && other != 0 }
        return !differ(fileNumber, other.fileNumber) && !differ(eventNumber, other.eventNumber)
            && !differ(formDate, other.formDate) && !differ(formKind, other.formKind)
            && (agency == other.agency && agency != 0 || jurisdiction == other.jurisdiction && jurisdiction != 0)
    }

    /// - Parameter other: agrees with these.
    mutating func add(_ other: Statements) {
        fileNumber = max(fileNumber, other.fileNumber)
        eventNumber = max(eventNumber, other.eventNumber)
        formDate = max(formDate, other.formDate)
        formKind = max(formKind, other.formKind)
        if agency != other.agency { agency = 0 }
        if jurisdiction != other.jurisdiction { jurisdiction = 0 }
    }
}

/// Numbers for what is said, from 1: each receipt is compared with many forms, and numbers compare faster than texts.
private struct Terms {
    private var numbers: [String: Int] = [:]

    private mutating func number(_ text: String?) -> Int {
        guard let text else { return 0 }
        let next = numbers.count + 1
        let known = numbers[text] ?? next
        if known == next { numbers[text] = next }
        return known
    }

    mutating func statements(_ outcome: Outcome) -> Statements {
        Statements(
            fileNumber: number(outcome.pseudonyms.fileNumber), eventNumber: number(outcome.pseudonyms.eventNumber),
            formDate: number(outcome.formDate?.description),
            formKind: outcome.formKind == .unknown ? 0 : number(outcome.formKind.rawValue),
            agency: number(outcome.agency), jurisdiction: number(outcome.jurisdiction))
    }
}
