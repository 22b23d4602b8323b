public import Detainers

/// ICE's released list and our forms, held against each other: what both have, and what only one of them has.
///
/// A pure function of both: each row and each form is used once, and the order in which they come decides nothing.
/// They are matched, in this order, where they have the same
///
/// 1. A-number and form date, where the list has A-numbers;
/// 2. form date, agency and form;
/// 3. form date and agency, where one of the two does not tell the form;
/// 4. agency and form, and dates that lie near each other: `shifted`.
///
/// Before the last, rows that are known to be repeats are set aside. Nothing of ours is changed by what ICE says.
public struct Reconciliation: Sendable, Equatable {
    /// A form that was prepared before a weekend or a holiday may be signed, and dated, more than a week later. At more
    /// than two weeks, forms that have nothing to do with each other would be paired even where few come.
    public static let usualShiftDays = 14

    public struct Options: Sendable {
        /// Form dates that are looked at, theirs and ours.
        public var period: ClosedRange<CivilDate>
        /// `nil`: all.
        public var agencies: Set<String>?
        /// How far dates may lie apart; 0: not at all.
        public var shiftDays: Int
        /// The pseudonym of an A-number under the key of our forms; `nil`: it has none.
        public var fileNumberKey: @Sendable (String) -> String?

        public init(
            period: ClosedRange<CivilDate>, agencies: Set<String>? = nil,
            shiftDays: Int = Reconciliation.usualShiftDays,
            fileNumberKey: @escaping @Sendable (String) -> String? = { _ in nil }
        ) {
            self.period = period
            self.agencies = agencies
            self.shiftDays = shiftDays
            self.fileNumberKey = fileNumberKey
        }
    }

    /// A row of the list, a form of ours, or both.
    public struct Item: Sendable, Equatable {
        public enum Kind: String, Sendable, CaseIterable {
            /// Both have it.
            case matched
            /// Both have it, with dates that differ.
            case shifted
            /// The list has it once more.
            case duplicated
            /// ICE replaced it by another one.
            case superseded
            case onlyTheirs = "only-theirs"
            case onlyOurs = "only-ours"
            /// It has no date by which it could be compared.
            case undated
        }

        public var kind: Kind
        /// Of the list.
        public var line: Int?
        /// Of the form's first receipt.
        public var requestID: String?
        public var theirDate: CivilDate?
        public var ourDate: CivilDate?
        public var agency: String
        public var formKind: Request.FormKind

        fileprivate var date: CivilDate? { theirDate ?? ourDate }
    }

    /// One line of a table: how many items of each kind there are under a name.
    public struct Group: Sendable, Equatable {
        public var name: String
        public var counts: [Item.Kind: Int]
    }

    public let period: ClosedRange<CivilDate>
    public let agencies: Set<String>?
    public let shiftDays: Int
    /// Whether the list has A-numbers, so that persons were compared.
    public let comparesFileNumbers: Bool
    /// By date (theirs where there is one), agency and form; those without a date last.
    public let items: [Item]

    /// A form without a date of its own belongs to the period in which it was received.
    public init(forms: [Form], list: ReleasedList, options: Options) {
        func isLookedAt(_ agency: String) -> Bool { options.agencies?.contains(agency) ?? true }
        var items: [Item] = []
        var theirs: [Their] = []
        for row in list.rows where isLookedAt(row.agency) {
            guard let date = row.prepareDate else {
                items.append(Item(kind: .undated, line: row.line, agency: row.agency, formKind: row.formKind))
                continue
            }
            guard options.period.contains(date) else { continue }
            let person = row.fileNumber.flatMap(options.fileNumberKey)
            let side = Side(date: date, agency: row.agency, kind: row.formKind, person: person)
            theirs.append(Their(row: row, side: side))
        }
        let comparesFileNumbers = theirs.contains { $0.side.person != nil }
        var ours: [Side] = []
        for form in forms where isLookedAt(form.first.agency) {
            let (id, agency) = (form.first.identity.requestID, form.first.agency)
            let kind = form.telling.formKind
            guard let date = form.receipts.compactMap(\.formDate).first else {
                guard options.period.contains(form.first.date.date) else { continue }
                items.append(Item(kind: .undated, requestID: id, agency: agency, formKind: kind))
                continue
            }
            guard options.period.contains(date) else { continue }
            let person = comparesFileNumbers ? form.receipts.compactMap(\.pseudonyms.fileNumber).first : nil
            ours.append(Side(date: date, agency: agency, kind: kind, person: person, requestID: id))
        }
        var matching = Matching(theirs, ours)
        matching.run(shiftDays: options.shiftDays)
        period = options.period
        agencies = options.agencies
        shiftDays = options.shiftDays
        self.comparesFileNumbers = comparesFileNumbers
        self.items = (items + matching.items).sorted(by: Self.isEarlier)
    }

    /// The line comes last: it is all that the order of the list may change.
    private static func isEarlier(_ one: Item, _ other: Item) -> Bool {
        func rank(_ item: Item) -> (Int64, String, String, String, String, Int) {
            let (day, id) = (item.date?.daysSinceEpoch ?? .max, item.requestID ?? "")
            return (day, item.agency, item.formKind.rawValue, item.kind.rawValue, id, item.line ?? 0)
        }
        return rank(one) < rank(other)
    }

    /// Rows of the list that were looked at.
    public var theirs: Int { items.count { $0.line != nil } }
    /// Forms of ours that were looked at.
    public var ours: Int { items.count { $0.requestID != nil } }
    public var counts: [Item.Kind: Int] { items.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 } }
    /// By `2025-03` of their date, or of ours where they have none; `undated` last.
    public var byMonth: [Group] { groups { $0.date.map { String($0.description.prefix(7)) } ?? "undated" } }
    public var byAgency: [Group] { groups { $0.agency } }
    public var byForm: [Group] { groups { $0.formKind.rawValue } }

    private func groups(_ name: (Item) -> String) -> [Group] {
        var counts: [String: [Item.Kind: Int]] = [:]
        for item in items { counts[name(item), default: [:]][item.kind, default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { Group(name: $0.key, counts: $0.value) }
    }

    /// How it was compared, and what it cannot tell.
    private var method: [String] {
        let persons =
            comparesFileNumbers
            ? "This list has A-numbers: the same one with the same form date is matched first, and a row and a form of "
                + "two A-numbers never. Other rows name nobody: their counts are compared, not persons."
            : "A public list names nobody: counts are compared, not persons. That a row is matched does not mean that "
                + "it is about the same person as our form."
        let repeats =
            "Duplicated: a row that says in every field what a matched one says, or names its person and day; that it "
            + "is a repeat is likely, not certain. Superseded and duplicated are also those that ICE calls so."
        let dates =
            "ICE lists a form by the day it was prepared; our reports count it by the day it was received. Here both "
            + "count by form date, so our number may be another one than in a report of the same period. What lies "
            + "near either end of the period may have its counterpart beyond it."
        return [
            persons, "Matched: the same form date, agency and form, or one of the two does not tell the form.",
            "Shifted: the same agency and form, and dates at most \(shiftDays) days apart, the nearest first.", repeats,
            dates, "Undated: without a date there is nothing to compare by. Ours are those received in the period.",
        ]
    }

    /// The comparison as one JSON object.
    public func json() -> JSONValue {
        func counted(_ counts: [Item.Kind: Int]) -> JSONValue {
            .object(Item.Kind.allCases.map { JSONMember(name: $0.rawValue, value: .number(String(counts[$0] ?? 0))) })
        }
        func table(_ groups: [Group]) -> JSONValue {
            .object(groups.map { JSONMember(name: $0.name, value: counted($0.counts)) })
        }
        let names = agencies.map { JSONValue.array($0.sorted().map { .string($0) }) }
        return [
            "period": ["from": Self.string(period.lowerBound), "to": Self.string(period.upperBound)],
            "agencies": names ?? .null, "shiftDays": .number(String(shiftDays)),
            "comparesFileNumbers": .bool(comparesFileNumbers), "theirs": .number(String(theirs)),
            "ours": .number(String(ours)), "counts": counted(counts), "byMonth": table(byMonth),
            "byAgency": table(byAgency), "byForm": table(byForm), "method": .array(method.map { .string($0) }),
            "items": .array(items.map(Self.members)),
        ]
    }

    private static func string(_ value: (some CustomStringConvertible)?) -> JSONValue {
        value.map { JSONValue.string($0.description) } ?? .null
    }

    private static func members(_ item: Item) -> JSONValue {
        [
            "kind": .string(item.kind.rawValue), "line": item.line.map { JSONValue.number(String($0)) } ?? .null,
            "requestId": string(item.requestID), "theirDate": string(item.theirDate), "ourDate": string(item.ourDate),
            "agency": .string(item.agency), "form": .string(item.formKind.rawValue),
        ]
    }

    /// One row an item.
    public func csv() -> String {
        var lines = ["kind,line,requestId,theirDate,ourDate,agency,form"]
        for item in items {
            let dates = [item.theirDate, item.ourDate].map { $0?.description ?? "" }
            let one = [item.kind.rawValue, item.line.map { String($0) } ?? "", item.requestID ?? ""]
            // All of them are words, numbers and dates, in which nothing needs quotes.
            lines.append((one + dates + [item.agency, item.formKind.rawValue]).joined(separator: ","))
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    /// The comparison as text for people.
    public func text() -> String {
        var lines = [
            "ICE's released list and our forms, form dates from \(period.lowerBound) to \(period.upperBound)", "",
            "Rows of the list: \(theirs). Forms of ours: \(ours).",
            "Agencies: \(agencies?.sorted().joined(separator: ", ") ?? "all").",
        ]
        let tables = [
            ("", [Group(name: "together", counts: counts)]), ("By month", byMonth), ("By facility", byAgency),
            ("By form", byForm),
        ]
        let width = tables.flatMap { title, groups in [title.count] + groups.map(\.name.count) }.max() ?? 0
        func left(_ text: String) -> String { text + String(repeating: " ", count: max(0, width + 2 - text.count)) }
        let heads = Item.Kind.allCases.map { "  " + $0.rawValue.replacing("-", with: " ") }
        for (title, groups) in tables {
            lines += ["", left(title) + heads.joined()]
            for group in groups {
                let numbers = zip(Item.Kind.allCases, heads).map { kind, head in
                    let text = String(group.counts[kind] ?? 0)
                    return String(repeating: " ", count: max(1, head.count - text.count)) + text
                }
                lines.append(left("  " + group.name) + numbers.joined())
            }
        }
        return (lines + [""] + method).joined(separator: "\n") + "\n"
    }
}

/// What is compared of a row or of a form.
private struct Side {
    let date: CivilDate
    let agency: String
    let kind: Request.FormKind
    /// The pseudonym of the A-number; `nil` where it is not known or not compared.
    let person: String?
    /// Of a form.
    var requestID = ""
    var day: Int64 { date.daysSinceEpoch }
}

private struct Their {
    let row: ReleasedList.Row
    let side: Side
}

/// What a row and a form have in common; `nil`: it does not matter.
private struct Key: Hashable {
    var person: String?
    var agency: String?
    var kind: Request.FormKind?
    /// Whether the form has an A-number. One that has is not for a row with another one.
    var isNamed: Bool?
}

/// By what a row finds its form.
private enum Rule {
    case personAndForm, person, form, formUnknownToThem, formUnknownToUs

    /// A form has one key at most. A row without an A-number may take any form, those with one first: no other may.
    func keys(_ side: Side, isOurs: Bool) -> [Key] {
        let isNamed = isOurs ? [side.person != nil] : side.person == nil ? [true, false] : [false]
        switch self {
        case .personAndForm:
            return side.person.map { [Key(person: $0, agency: side.agency, kind: side.kind)] } ?? []
        case .person: return side.person.map { [Key(person: $0)] } ?? []
        case .form: return isNamed.map { Key(agency: side.agency, kind: side.kind, isNamed: $0) }
        case .formUnknownToThem, .formUnknownToUs:
            let mustBeUnknown = isOurs == (self == .formUnknownToUs)
            if mustBeUnknown, side.kind != .unknown { return [] }
            return isNamed.map { Key(agency: side.agency, isNamed: $0) }
        }
    }
}

private typealias Item = Reconciliation.Item

/// Gives rows their forms, each once.
private struct Matching {
    private let theirs: [Their]
    private let ours: [Side]
    /// Of each row; `nil`: open.
    private var kinds: [Item.Kind?]
    /// The form of each row.
    private var partners: [Int?]
    private var isTaken: [Bool]

    init(_ theirs: [Their], _ ours: [Side]) {
        // Rows that are probably repeats come last, so that they take no form from one that is none.
        var (plain, doubtful, seen) = ([Their](), [Their](), Sightings())
        let inOrder = theirs.sorted { one, other in
            one.side.date == other.side.date ? one.row.isBefore(other.row) : one.side.date < other.side.date
        }
        for their in inOrder {
            if their.row.ownWord != nil || seen.hold(their.row) {
                doubtful.append(their)
            } else {
                plain.append(their)
                seen.add(their.row)
            }
        }
        self.theirs = plain + doubtful
        self.ours = ours.sorted { ($0.date, $0.requestID) < ($1.date, $1.requestID) }
        kinds = Array(repeating: nil, count: theirs.count)
        partners = Array(repeating: nil, count: theirs.count)
        isTaken = Array(repeating: false, count: ours.count)
    }

    mutating func run(shiftDays: Int) {
        for rule in [Rule.personAndForm, .person, .form, .formUnknownToThem, .formUnknownToUs] {
            pair(by: rule, daysApart: 0...0, as: .matched)
        }
        setAsideRepeats()
        for rule in [Rule.personAndForm, .form] where shiftDays > 0 {
            pair(by: rule, daysApart: 1...shiftDays, as: .shifted)
        }
    }

    /// Pairs what is open, the nearest dates first; at the same distance earlier rows first, and earlier forms.
    private mutating func pair(by rule: Rule, daysApart: ClosedRange<Int>, as kind: Item.Kind) {
        var groups: [Key: Int] = [:]
        // By group and day, backwards, so that the first can be taken from the end.
        var open: [[Int64: [Int]]] = []
        for form in ours.indices.reversed() where !isTaken[form] {
            guard let key = rule.keys(ours[form], isOurs: true).first else { continue }
            let group = groups[key] ?? open.count
            if group == open.count {
                groups[key] = group
                open.append([:])
            }
            open[group][ours[form].day, default: []].append(form)
        }
        if open.isEmpty { return }
        let candidates = theirs.indices.compactMap { row -> (row: Int, groups: [Int])? in
            if kinds[row] != nil { return nil }
            let own = rule.keys(theirs[row].side, isOurs: false).compactMap { groups[$0] }
            return own.isEmpty ? nil : (row, own)
        }
        for distance in daysApart {
            let offsets = distance == 0 ? [0] : [-Int64(distance), Int64(distance)]
            for candidate in candidates where kinds[candidate.row] == nil {
                let day = theirs[candidate.row].side.day
                search: for offset in offsets {
                    for group in candidate.groups {
                        guard let form = open[group][day + offset]?.popLast() else { continue }
                        kinds[candidate.row] = kind
                        partners[candidate.row] = form
                        isTaken[form] = true
                        break search
                    }
                }
            }
        }
    }

    private mutating func setAsideRepeats() {
        var fingerprints: Set<[String]> = []
        var seen = Sightings()
        for row in theirs.indices where kinds[row] == .matched {
            fingerprints.insert(theirs[row].row.fingerprint)
            seen.add(theirs[row].row)
        }
        for row in theirs.indices where kinds[row] == nil {
            let own = theirs[row].row
            kinds[row] = fingerprints.contains(own.fingerprint) || seen.hold(own) ? .duplicated : own.ownWord
        }
    }

    var items: [Item] {
        var items: [Item] = []
        for (row, their) in theirs.enumerated() {
            let our = partners[row].map { ours[$0] }
            let kind = our.map(\.kind) ?? .unknown
            items.append(
                Item(
                    kind: kinds[row] ?? .onlyTheirs, line: their.row.line, requestID: our?.requestID,
                    theirDate: their.side.date, ourDate: our?.date, agency: our?.agency ?? their.side.agency,
                    formKind: kind == .unknown ? their.side.kind : kind))
        }
        for (form, our) in ours.enumerated() where !isTaken[form] {
            items.append(
                Item(
                    kind: .onlyOurs, requestID: our.requestID, ourDate: our.date, agency: our.agency,
                    formKind: our.kind))
        }
        return items
    }
}
