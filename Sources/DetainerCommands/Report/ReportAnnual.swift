public import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations
public import Reports
import Worker

struct ReportAnnual: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "annual", abstract: "The report of a year, a quarter or any days, as the law asks for it.",
        discussion: """
            The words are those of the jurisdiction's form (`report.form-directory`). With --filed-by the report is \
            recorded as filed; where one was filed for the same days before, it is an amended one and lists what \
            changed.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, markdown, html, pdf, csv
    }

    enum Paper: String, ExpressibleByArgument, CaseIterable {
        case letter
        case a4 = "A4"
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "A calendar year, in the jurisdiction's time zone.")
    var year: Int?

    @Option(help: "A quarter, such as 2025-Q1.")
    var quarter: String?

    @Option(help: "The first day of any period, such as 2025-03-01; needs --to.")
    var from: String?

    @Option(help: "The last day.")
    var to: String?

    @Option(help: "Whose report; needed where several jurisdictions are on file.")
    var jurisdiction: String?

    @Option(help: "The form's file. Default: that of the jurisdiction in report.form-directory.")
    var form: String?

    @Option(help: "clerk, with the list of requests; or published, without it and without small numbers.")
    var copy: ReportDocument.Copy = .clerk

    @Option(help: "For html and pdf: letter or A4.")
    var paper: Paper = .letter

    @Option(help: "Count only what was recorded by then, such as 2025-12-31T17:00:00-05:00. Default: now.")
    var asOf: String?

    @Option(help: "Write into this file instead of the standard output; pdf needs it.")
    var out: String?

    @Option(help: "Write the records behind every figure, with proofs, into this folder.")
    var evidence: String?

    @Option(help: "Record that this role files it, such as police-commissioner.")
    var filedBy: String?

    @Option(help: "text, json, markdown, html, pdf or csv.")
    var format: Format = .text

    func validate() throws {
        _ = try period()
        if let asOf, Moment(text: asOf)?.secondsSinceEpoch == nil {
            throw ValidationError("--as-of takes a date and time with an offset (RFC 3339)")
        }
        if copy == .published, format == .json || format == .csv {
            throw ValidationError(
                "--copy published is text, markdown, html or pdf: json and csv hold every small number")
        }
        if format == .pdf, out == nil { throw ValidationError("--format pdf needs --out FILE") }
        if let filedBy, !filedBy.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }) {
            throw ValidationError("--filed-by takes a role of lower-case letters, digits and hyphens, not a name")
        }
    }

    private func period() throws -> Period {
        let named = [year != nil, quarter != nil, from != nil || to != nil].count { $0 }
        guard named == 1 else { throw ValidationError("name one of --year, --quarter, or --from with --to") }
        if let year {
            guard (1900...9999).contains(year), let period = Period(year: year) else {
                throw ValidationError("--year takes a year of four digits")
            }
            return period
        }
        if let quarter {
            let parts = quarter.split(separator: "-")
            guard parts.count == 2, let year = Int(parts[0]), (1900...9999).contains(year), parts[1].first == "Q",
                let number = Int(parts[1].dropFirst()), let period = Period(year: year, quarter: number)
            else { throw ValidationError("--quarter takes a year and a quarter, such as 2025-Q1") }
            return period
        }
        guard let first = from.flatMap(CivilDate.init), let last = to.flatMap(CivilDate.init),
            let period = Period(from: first, to: last)
        else { throw ValidationError("--from and --to take two days, such as 2025-03-01, in their order") }
        return period
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let directories = ledgers.resolved(settings)
            let (period, now) = (try period(), WallClock.now())
            let moment = asOf.flatMap(Moment.init(text:)) ?? now
            let source = try ReportSource(directories, jurisdiction: jurisdiction, home: settings.policyHome)
            let words = try ReportForms.form(form, source.jurisdiction, settings)
            // Evidence is made of every record: then all of them are read.
            let union = try evidence.map { _ in try LedgerUnion.read(directories).asOf(moment) }
            let (rule, unread) = (settings.reportRule, try unread(directories))
            let report =
                try union.map {
                    AnnualReport(
                        Casebook($0, jurisdiction: source.jurisdiction), period: period,
                        jurisdiction: source.jurisdiction, rule: rule, timeZone: words.timeZone, asOf: moment,
                        checkpoints: $0.heads, unread: unread, keepsUnits: true)
                }
                ?? AnnualReport(
                    counting: source.catalog, period: period, jurisdiction: source.jurisdiction, rule: rule,
                    timeZone: words.timeZone, asOf: moment, unread: unread)
            let filings = FilingStore(ledger: directories[0], signingKey: try settings.signingKey(isQuiet: true))
            // Whichever of the ledgers it was filed with.
            let filed = try directories.compactMap {
                try FilingStore(ledger: $0).last(source.jurisdiction, period)
            }.max { ($0.number, $0.filedAt) < ($1.number, $1.filedAt) }
            let changes = filed.map { filed in
                ReportChanges(
                    filedAt: filed.filedAt, filed: AnnualReport.figures(json: filed.report), now: report.tally)
            }
            try write(report, words, changes)
            if let evidence, let union { try prove(report, union, evidence) }
            if let filedBy {
                let number = try filings.file(
                    report, after: filed?.number ?? 0, filedBy: filedBy, by: Operator.name, now: now)
                Log.info("filed as number \(number) for \(source.jurisdiction), \(period.name)")
            }
        }
    }

    private func write(_ report: AnnualReport, _ words: ReportForm, _ changes: ReportChanges?) throws {
        func document() -> ReportDocument { ReportDocument(report, form: words, copy: copy, changes: changes) }
        switch format {
        case .json: try put(String(decoding: report.json(changes).serialized(), as: UTF8.self) + "\n")
        case .csv: try put(report.csv())
        case .text: try put(document().text())
        case .markdown: try put(document().markdown())
        case .html: try put(document().html(paper: paper.rawValue))
        case .pdf: try PDF.write(document().html(paper: paper.rawValue), to: out ?? "")
        }
    }

    private func put(_ text: String) throws {
        guard let out else { return FileHandle.standardOutput.write(Data(text.utf8)) }
        // A clerk's copy lists requests.
        try OwnerFile.replace(Array(text.utf8), at: out)
    }

    private func prove(_ report: AnnualReport, _ union: LedgerUnion, _ directory: String) throws {
        let summary = try Evidence.write(report, of: union, to: directory)
        Log.info(
            "\(summary.records) records behind \(summary.figures) figures are in \(directory); "
                + "next: `deploy/audit/recount \(directory)` counts them again")
        if summary.unproved > 0 {
            Log.warning(
                "\(summary.unproved) of them have no proof: no signed checkpoint covers them; "
                    + "`detainer ledger keygen` makes a key, and a worker's stop signs")
        }
    }

    /// `nil` where letters are kept beside none of the ledgers.
    private func unread(_ directories: [String]) throws -> Unread? {
        let stores = directories.map { LetterStore(ledger: $0) }.filter(\.isThere)
        if stores.isEmpty { return nil }
        var unread = Unread()
        for store in stores {
            let counts = try store.index().counts
            unread.waiting += counts[.waiting] ?? 0
            unread.discarded += counts[.discarded] ?? 0
            unread.replayed += counts[.replayed] ?? 0
        }
        return unread
    }
}

extension ReportDocument.Copy: ExpressibleByArgument {}

struct ReportFilings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filings", abstract: "The reports that were filed.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let directories = ledgers.resolved(try common.settings())
            let filings = try directories.flatMap { try FilingStore(ledger: $0).filings() }
            switch format {
            case .json:
                for filing in filings {
                    Output.print([
                        "number": .number(String(filing.number)), "filedAt": .string(filing.filedAt),
                        "filedBy": .string(filing.filedBy), "jurisdiction": .string(filing.jurisdiction),
                        "from": .string(filing.from.description), "to": .string(filing.to.description),
                        "report": filing.report,
                    ])
                }
            case .text:
                Output.table(
                    ["FILED", "BY", "JURISDICTION", "FROM", "TO", "NUMBER", "REQUESTS"],
                    filings.map { filing in
                        [
                            filing.filedAt, filing.filedBy, filing.jurisdiction, filing.from.description,
                            filing.to.description, String(filing.number),
                            filing.report["requests"]?["total"]?.intValue.map(String.init) ?? "-",
                        ]
                    })
            }
        }
    }
}
