public import Detainers
import Foundation
public import Ledger

// Filings are a ledger of their own, <ledger>/filings/, in the form that Ledger/LedgerFormat.swift tells. Each record
// is one report that somebody filed, whole:
//
//     {"kind":"filing","number":1,"filedAt":…,"filedBy":role,"by":user@host,"jurisdiction":…,"from":…,"to":…,
//      "report":{the report's JSON}}

/// A report that was filed.
public struct Filing: Sendable, Equatable {
    public static let kind = "filing"

    /// 1 for the first one of its jurisdiction and period; a later one amends those before it.
    public var number: Int
    public var filedAt: String
    /// The human role that answers for it.
    public var filedBy: String
    public var by: String
    public var jurisdiction: String
    public var from: CivilDate
    public var to: CivilDate
    public var report: JSONValue

    public init(
        number: Int, filedAt: String, filedBy: String, by: String, jurisdiction: String, from: CivilDate,
        to: CivilDate, report: JSONValue
    ) {
        self.number = number
        self.filedAt = filedAt
        self.filedBy = filedBy
        self.by = by
        self.jurisdiction = jurisdiction
        self.from = from
        self.to = to
        self.report = report
    }

    var json: JSONValue {
        [
            "kind": .string(Self.kind), "number": .number(String(number)), "filedAt": .string(filedAt),
            "filedBy": .string(filedBy), "by": .string(by), "jurisdiction": .string(jurisdiction),
            "from": .string(from.description), "to": .string(to.description), "report": report,
        ]
    }

    init?(json: JSONValue) {
        guard json["kind"]?.stringValue == Self.kind, let number = json["number"]?.intValue,
            let filedAt = json["filedAt"]?.stringValue, let filedBy = json["filedBy"]?.stringValue,
            let by = json["by"]?.stringValue, let jurisdiction = json["jurisdiction"]?.stringValue,
            let from = json["from"]?.stringValue.flatMap(CivilDate.init),
            let to = json["to"]?.stringValue.flatMap(CivilDate.init), let report = json["report"]
        else { return nil }
        self.init(
            number: number, filedAt: filedAt, filedBy: filedBy, by: by, jurisdiction: jurisdiction, from: from, to: to,
            report: report)
    }
}

/// The reports that were filed, in the order of their filing.
public struct FilingStore: Sendable {
    static let folder = LedgerStore.filings.rawValue

    private let ledger: String
    private let signingKey: LedgerSigningKey?

    public init(ledger: String, signingKey: LedgerSigningKey? = nil) {
        self.ledger = ledger
        self.signingKey = signingKey
    }

    public func filings() throws -> [Filing] {
        let directory = ledger + "/" + Self.folder
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        var filings: [Filing] = []
        try LedgerReader(directory: directory).records { stored in
            if let filing = Filing(json: stored.value) { filings.append(filing) }
        }
        return filings
    }

    /// The last one of that jurisdiction and these days.
    public func last(_ jurisdiction: String, _ period: Period) throws -> Filing? {
        try filings().last {
            $0.jurisdiction == jurisdiction && $0.from == period.first && $0.to == period.last
        }
    }

    /// Records that a report was filed; it is on the disk, and signed where there is a key, when this returns.
    ///
    /// - Parameter filed: the number of the last one that is filed elsewhere; 0: none.
    /// - Returns: its number.
    public func file(
        _ report: AnnualReport, after filed: Int = 0, filedBy: String, by: String, now: Moment
    ) throws -> Int {
        var configuration = LedgerConfiguration()
        configuration.signingKey = signingKey
        let opening = try LedgerWriter.open(
            directory: ledger, worker: Self.folder, configuration: configuration, now: now)
        // Under the lock, so that two filings at once do not get one number.
        let number = max(filed, try last(report.jurisdiction, report.period)?.number ?? 0) + 1
        let filing = Filing(
            number: number, filedAt: now.text, filedBy: filedBy, by: by, jurisdiction: report.jurisdiction,
            from: report.period.first, to: report.period.last, report: report.json())
        var writer = opening.takeWriter()
        _ = try writer.append([filing.json], announcedThrough: 0, now: now)
        try writer.signCheckpoint()
        writer.close()
        return number
    }
}
