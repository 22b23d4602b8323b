import Detainers
import Ledger

/// A report as a person reads it: a letter of one page, then annexes; every format is drawn from this one value.
public struct ReportDocument: Sendable {
    /// For whom it is: the clerk's copy lists every request, the published one shows no small numbers.
    public enum Copy: String, Sendable, CaseIterable {
        case clerk, published
    }

    /// A figure of the letter, and what stands beneath it.
    struct Item {
        var heading: String
        var total: String
        var sentence: String?
        var rows: [Row]
        var note: String?
    }

    struct Row {
        var label: String
        var value: String
        /// 1 for what is beneath another row.
        var depth = 0
    }

    struct Section {
        var heading: String
        var sentences: [String]
    }

    struct Table {
        var caption: String
        var columns: [String]
        var rows: [[String]]
        /// Columns from this one on are numbers.
        var firstNumber = 1
    }

    struct Annex {
        var title: String
        var sentences: [String] = []
        var chart: BarChart?
        var tables: [Table] = []
    }

    let letterhead: [String]
    let date: String
    let to: [String]
    let law: String
    let subject: String
    let amendment: String?
    let opening: String
    let items: [Item]
    let sections: [Section]
    let closing: [String]
    let certification: String
    let signature: [String]
    let annexes: [Annex]

    /// - Parameters:
    ///   - changes: what an amended report says otherwise than the one that was filed; `nil`: none was filed.
    public init(_ report: AnnualReport, form: ReportForm, copy: Copy, changes: ReportChanges? = nil) {
        let tally = report.tally
        let day = Self.day(report.asOf, form).spelled
        let filedAt = changes.flatMap { Moment(text: $0.filedAt) }
        let filedOn = filedAt.map { Self.day($0, form).description } ?? "an unknown day"
        func filled(_ text: String) -> String {
            text.replacing("{period}", with: report.period.name).replacing("{as of}", with: day)
        }
        letterhead = form.letterhead
        date = day
        to = form.to
        law = form.law
        subject = filled(form.subject)
        opening = filled(form.opening)
        amendment = changes.map { _ in
            "Amended report. It replaces the report filed on \(filedOn); what it says otherwise stands in an annex."
        }
        items = form.items.map { Self.item($0, report, filled) }
        sections = Self.sections(report)
        closing = form.closing.map(filled)
        certification = filled(form.certification)
        signature = form.signature
        let cells = SmallCells(fewest: copy == .published ? SmallCells.published : 0)
        var annexes = [Self.breakdown(report, cells)]
        if let changes { annexes.append(Self.changes(changes, filedOn, copy)) }
        if !form.columns.isEmpty { annexes.append(Self.list(report, form.columns, copy)) }
        annexes.append(Self.people(tally))
        annexes.append(Self.verification(report))
        self.annexes = annexes
    }

    /// On which day that was where the report is filed.
    private static func day(_ moment: Moment, _ form: ReportForm) -> CivilDate {
        form.timeZone.map(moment.date) ?? moment.day
    }

    // MARK: - the letter

    private static func item(
        _ item: ReportForm.Item, _ report: AnnualReport, _ filled: (String) -> String
    ) -> Item {
        let tally = report.tally
        var rows: [Row] = []
        var note: String?
        var total: String
        let isZero: Bool
        func count(_ path: String...) -> Int { tally[path] }
        switch item.figure {
        case .requests:
            (total, isZero) = (String(count("requests", "total")), count("requests", "total") == 0)
            for (name, number) in tally.below("requests", "byReason") {
                rows.append(Row(label: Words.reason(name), value: String(number)))
                if name != "removable-alien" { continue }
                for (name, number) in tally.below("requests", "removableAlienBases") {
                    rows.append(Row(label: Words.basis(name), value: String(number), depth: 1))
                }
            }
            note =
                "A form may have several boxes ticked, so that mentions of reasons may exceed the number of requests."
        case .notHonored:
            (total, isZero) = (String(count("requests", "notHonored")), count("requests", "notHonored") == 0)
        case .individualsNotHonored:
            let individuals = count("requests", "individualsNotHonored")
            (total, isZero) = (String(individuals), individuals == 0)
        case .otherRequests:
            (total, isZero) = (String(count("otherRequests", "total")), count("otherRequests", "total") == 0)
        case .detained:
            (total, isZero) = (String(count("detained", "total")), count("detained", "total") == 0)
            rows = isZero ? [] : rowsAboveZero(tally.below("detained", "byReason"), Words.detention)
        case .transferred:
            (total, isZero) = (String(count("transferred", "total")), count("transferred", "total") == 0)
            rows = isZero ? [] : rowsAboveZero(tally.below("transferred", "byAuthority"), Words.authority)
        case .reimbursements:
            let cents = count("reimbursements", "cents")
            (total, isZero) = (CaseDetail.dollars(cents), report.reimbursements.isEmpty)
            for (number, paid) in report.reimbursements.enumerated() {
                let label = paid.requestID == nil ? "Case \(number + 1), no request on record" : "Case \(number + 1)"
                rows.append(
                    Row(label: label + ", received \(paid.received.spelled)", value: CaseDetail.dollars(paid.cents)))
            }
        case .custodyOutcomes:
            let outcomes = tally.below("custodyOutcomes")
            let sum = outcomes.reduce(0) { $0 + $1.count }
            (total, isZero) = (String(sum), sum == 0)
            rows = outcomes.map { Row(label: Words.custodyEnd($0.name), value: String($0.count)) }
        case .reentryArrests:
            (total, isZero) = (String(count("reentryArrests", "total")), count("reentryArrests", "total") == 0)
            note = "A criminal matter (8 U.S.C. 1326), in none of the other figures."
        }
        let sentence = isZero ? item.zero ?? item.sentence : item.sentence
        return Item(
            heading: item.heading, total: total, sentence: sentence.map(filled), rows: rows, note: isZero ? nil : note)
    }

    private static func rowsAboveZero(
        _ figures: [(name: String, count: Int)], _ word: (String) -> String
    ) -> [Row] {
        figures.filter { $0.count > 0 }.map { Row(label: word($0.name), value: String($0.count)) }
    }

    private static func sections(_ report: AnnualReport) -> [Section] {
        let tally = report.tally
        let (open, decided) = (tally["referrals", "open"], tally["referrals", "decided"])
        var done = [
            "Of all requests on record for the period: not acted upon, \(tally["dispositions", "not_acted_upon"]); "
                + "referred to a person, \(tally["dispositions", "referred"]); "
                + "asked for nothing, \(tally["dispositions", "nothing_asked"]).",
            "Of those referred: decided by a person, \(decided); open, \(open).",
        ]
        var missing = [Unread.sentence(report.unread)]
        var counted = [report.rule.sentence]
        func tell(_ sentence: String, _ path: String..., in sentences: inout [String]) {
            if tally[path] > 0 { sentences.append("\(sentence): \(tally[path]).") }
        }
        tell("Cancelled by their sender, and lodged all the same", "requests", "cancelled", in: &done)
        tell("Other requests, such as for notice only, not in item 1", "otherRequests", "total", in: &done)
        tell("Found later than the day they came, and counted by that day", "requests", "foundLate", in: &missing)
        tell(
            "Records of what people did whose request is not on record, counted all the same", "records", "orphans",
            in: &missing)
        tell(
            "Records of what people did under the name of an agency that no policy here serves, in no other figure",
            "records", "notOurs", in: &missing)
        tell("Without any date, counted by the day of their record", "undated", in: &missing)
        if tally["requests", "formsThatCameAgain"] > 0 {
            tell("Receipts of these requests", "requests", "receipts", in: &counted)
        }
        tell("Forms that came more than once", "requests", "formsThatCameAgain", in: &counted)
        tell(
            "Later forms in the same custody episodes, not counted again", "requests", "laterFormsInAnEpisode",
            in: &counted)
        counted.append(
            "A request counts by the day it was received; where that is not known, by the day it was found, "
                + "else by the date of the form.")
        return [
            Section(heading: "What was done", sentences: done),
            Section(heading: "What to know of these figures", sentences: missing),
            Section(heading: "How it was counted", sentences: counted),
        ]
    }

    // MARK: - the annexes

    private static func breakdown(_ report: AnnualReport, _ cells: SmallCells) -> Annex {
        let tally = report.tally
        var annex = Annex(title: "Requests by month, station, channel and form")
        @discardableResult
        func add(_ caption: String, _ column: String, _ figures: [(name: String, count: Int)]) -> [String]? {
            guard let shown = cells.shown(figures.map(\.count)) else {
                annex.sentences.append("\(caption): left out, for its numbers are too small to be hidden one by one.")
                return nil
            }
            annex.tables.append(
                Table(
                    caption: caption, columns: [column, "Requests"], rows: zip(figures, shown).map { [$0.name, $1] }))
            return shown
        }
        let months = zip(report.period.months, tally.below("requests", "byMonth")).map { month, figure in
            (name: report.period.spelled(month), count: figure.count)
        }
        // By name, as they are counted, where numbers are hidden: an order by numbers would tell them.
        var stations = tally.below("requests", "byStation")
        if cells.fewest == 0 { stations.sort { ($1.count, $0.name) < ($0.count, $1.name) } }
        if cells.fewest > 0 {
            annex.sentences.append(
                "Numbers from 1 to \(cells.fewest - 1) are not shown, nor are others by which they could be told from "
                    + "the total.")
        }
        annex.chart = add("Requests by month", "Month", months).map { shown in
            BarChart(
                title: "Requests by month, \(report.period.name)",
                bars: zip(months, shown).map { month, shown in
                    BarChart.Bar(label: String(month.name.prefix(3)), value: Int(shown) ?? 0, text: shown)
                })
        }
        add("Requests by station", "Station", stations)
        let channels = tally.below("requests", "byChannel").filter { $0.count > 0 }
        add("Requests by channel", "Channel", channels.map { (Words.channel($0.name), $0.count) })
        add("Requests by form", "Form", tally.below("requests", "byForm").filter { $0.count > 0 })
        return annex
    }

    /// Of what is broken down the published copy does not tell the changes: they would give away small numbers.
    private static func changes(_ changes: ReportChanges, _ filedOn: String, _ copy: Copy) -> Annex {
        var annex = Annex(title: "What this report says otherwise than the one filed on \(filedOn)")
        var told = changes.changes
        if copy == .published {
            told.removeAll { change in brokenDown.contains { change.path.starts(with: $0) } }
            annex.sentences.append("Figures by month, station, channel and form are not compared in this copy.")
        }
        if told.isEmpty {
            annex.sentences.append("No figure is another one.")
            return annex
        }
        annex.tables = [
            Table(
                caption: "Figures that changed", columns: ["Figure", "Filed", "Now"],
                rows: told.map { [$0.path.joined(separator: ", "), String($0.filed), String($0.now)] })
        ]
        return annex
    }

    /// Whose small numbers the published copy hides.
    private static let brokenDown = ["byMonth", "byStation", "byChannel", "byForm"].map { ["requests", $0] }

    private static func list(_ report: AnnualReport, _ columns: [ReportForm.Column], _ copy: Copy) -> Annex {
        var annex = Annex(title: "The requests")
        if copy == .published {
            annex.sentences = [
                "The list of requests is in the clerk's copy; with so few of them it could name persons."
            ]
            return annex
        }
        guard let listed = report.listed else {
            annex.sentences = [
                "There are more than \(AnnualReport.mostListed) requests: their list is not printed here; "
                    + "`detainer ledger list` gives it."
            ]
            return annex
        }
        annex.tables = [
            Table(
                caption: "Requests counted in item 1, by date", columns: columns.map(Words.column),
                rows: listed.map { request in columns.map { Self.cell($0, request) } }, firstNumber: .max)
        ]
        return annex
    }

    private static func cell(_ column: ReportForm.Column, _ request: AnnualReport.ListedRequest) -> String {
        switch column {
        case .request: request.requestID
        case .date: request.date.description
        case .station: request.station
        case .channel: Words.channel(request.channel.rawValue)
        case .form: request.form.rawValue
        case .disposition: request.disposition.rawValue.replacing("_", with: " ")
        case .cancelled: request.isCancelled ? "yes" : "no"
        case .bailPosted: request.bailPostedAt?.text ?? "not on record"
        case .outcome: request.outcome.map { Words.custodyEnd($0.rawValue) } ?? "not on record"
        case .outcomeTime: request.outcomeAt?.text ?? "not on record"
        case .receivingAgency: request.receivingAgency ?? "none on record"
        case .transferred: request.isTransferred ? "yes" : "no"
        }
    }

    private static func people(_ tally: Tally) -> Annex {
        let rows = [
            ("Records of what people did, in the period", tally["records", "total"]),
            ("of them without a request on record", tally["records", "orphans"]),
            (
                "of them cancellations of requests that are not on record",
                tally["records", "cancellationsOfUnknownRequests"]
            ),
            ("Records taken back by a correction, counted nowhere", tally["records", "withdrawn"]),
            ("Answers of persons to referred requests: declined", tally["decisions", "declined"]),
            ("Answers of persons to referred requests: complied", tally["decisions", "complied"]),
            ("Decisions to comply without a warrant or an order", tally["decisions", "compliedWithoutAPaper"]),
            ("Arrests for criminal re-entry (8 U.S.C. 1326), counted apart", tally["reentryArrests", "total"]),
            ("Requests lodged with agencies that no policy here serves", tally["notOurs"]),
            ("Records of agencies that no policy here serves, in none of these rows", tally["records", "notOurs"]),
        ]
        return Annex(
            title: "What people did",
            tables: [
                Table(caption: "Records", columns: ["Record", "Number"], rows: rows.map { [$0.0, String($0.1)] })
            ])
    }

    private static func verification(_ report: AnnualReport) -> Annex {
        var annex = Annex(
            title: "Policies and verification",
            sentences: [
                "Counted from records that were written by \(report.asOf.text). Each ledger stood at the checkpoint below; "
                    + "`detainer report annual --evidence DIRECTORY` writes the records behind each figure, with a proof "
                    + "for each, and `deploy/audit/recount` counts them again without this program."
            ])
        annex.tables = [
            Table(
                caption: "Policies that decided", columns: ["Policy", "Digest of its text"],
                rows: report.sortedPolicies.map { [$0.name, $0.digest] }, firstNumber: .max),
            Table(
                caption: "Checkpoints", columns: ["Ledger", "Records", "Root"],
                rows: report.checkpoints.map { [$0.logID, String($0.records), $0.root] }, firstNumber: .max),
        ]
        return annex
    }
}
