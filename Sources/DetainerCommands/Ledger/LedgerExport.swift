import ArgumentParser
import DeadLetters
import Detainers
import Ledger

// A file of records, each request and revision once, in the order of `ledger list`:
//
//     json   JSON Lines: each record as the ledger has it, without its check
//     csv    RFC 4180, with a header: a column for each member below, named by its path in the record; one that is not
//            there is empty, several words of one are joined by spaces, an object stands as JSON. No pseudonyms: they
//            tell which records are of one person.

struct LedgerExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write what was decided into a file (0600), or other records.",
        discussion: """
            Each request and revision once, by date. csv is for spreadsheets and leaves out the keyed pseudonyms, \
            which tell which records are of one person; json has each record as the ledger has it, a line each.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv, json
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Argument(help: "The file to write; nothing may be there yet.")
    var file: String

    @Option(help: "Which records: outcome, or a kind of record of a case (detained, …).")
    var kind = Outcome.kind

    @Option(help: "csv or json.")
    var format: Format = .csv

    func validate() throws {
        let kinds = [Outcome.kind] + CaseKind.allCases.map(\.rawValue)
        guard kinds.contains(kind) else {
            throw ValidationError("--kind takes one of " + kinds.joined(separator: ", "))
        }
    }

    func run() async throws {
        try await Exit.mapping {
            let listing = try LedgerListing(ledgers.resolved(try common.settings()))
            let target = try PrivateFile(file)
            let columns = kind == Outcome.kind ? Self.outcomeColumns : Self.caseColumns
            let progress = Progress("exported")
            defer { progress.end() }
            var count = 0
            func write(_ entry: LedgerEntry) throws {
                let record = PreparedEntry(entry).record
                try target.write(format == .json ? record + [UInt8(ascii: "\n")] : try Self.row(record, columns))
                count += 1
                if count % 1_000 == 0 { progress.tell(count) }
            }
            if format == .csv { try target.write(Array((columns.joined(separator: ",") + "\r\n").utf8)) }
            if let kind = CaseKind(rawValue: kind) {
                try listing.records { if $0.kind == kind { try write(.record($0)) } }
            } else {
                try listing.outcomes { try write(.outcome($0)) }
            }
            try target.finish()
            Output.print("\(count) exported")
        }
    }

    private static let outcomeColumns = [
        "date", "dateBasis", "requestId", "revision", "jurisdiction", "agency", "station", "channel", "receivedAt",
        "foundAt", "form.kind", "form.date", "form.probableCause", "form.resumeCustody", "form.defects",
        "custodyStatus", "disposition", "answers.hold.answer", "answers.hold.rule", "answers.hold.to",
        "answers.transfer.answer", "answers.transfer.rule", "answers.transfer.to", "answers.notify.answer",
        "answers.notify.rule", "answers.notify.to", "report.line", "report.rule", "policy.name", "policy.digest",
        "recordedAt", "eventId",
    ]

    private static let caseColumns = [
        "date", "kind", "recordId", "revision", "jurisdiction", "ours", "agency", "recordedBy", "happenedAt",
        "about.requestId", "about.formDate", "correction", "detail", "recordedAt", "eventId",
    ]

    private static func row(_ record: [UInt8], _ columns: [String]) throws -> [UInt8] {
        let value = try JSONValue.parse(record)
        let fields = columns.map { column in
            CSV.field(
                column.split(separator: ".").reduce(value as JSONValue?) { $0?[String($1)] }.map(cell) ?? "")
        }
        return Array((fields.joined(separator: ",") + "\r\n").utf8)
    }

    private static func cell(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): spreadsheetSafe(text)
        case .number(let text): text
        case .array(let values): values.map(cell).joined(separator: " ")
        case .object, .bool, .null: String(decoding: value.serialized(), as: UTF8.self)
        }
    }

    /// A spreadsheet takes what begins like this for a formula, and a sender may have written it; behind an apostrophe
    /// it is text.
    private static func spreadsheetSafe(_ text: String) -> String {
        guard let first = text.utf8.first, "=+-@\t\r".utf8.contains(first) else { return text }
        return "'" + text
    }
}
