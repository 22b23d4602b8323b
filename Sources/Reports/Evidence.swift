import Detainers
import Foundation
public import Ledger

// What an auditor takes home, a folder of plain files:
//
// The records are those of every unit, and what these are linked to in other periods, so that links can be made again.
//
//     report.json                        the report
//     figures.json                       {"requests.total": [["<log id>-<index>", …], …], …}: a list of records for each
//                                        unit of each figure
//     records/<log id>-<index>.json      each record's line, byte for byte
//     records/<log id>-<index>.proof     that this line is in the ledger (C2SP tlog-proof), where it is signed
//     figures/requests.total.jsonl       the lines behind one figure, in order

/// Writes the records behind every figure of a report.
public enum Evidence {
    /// What was written.
    public struct Summary: Sendable, Equatable {
        public var figures = 0
        public var records = 0
        /// Records that no signed checkpoint covers yet.
        public var unproved = 0
    }

    public struct Problem: Error, CustomStringConvertible, Sendable {
        public var description: String
    }

    /// - Parameter report: one that kept its units.
    /// - Throws: ``Problem`` where the folder is there already or cannot be written; `LedgerError`, `NoteError`.
    public static func write(_ report: AnnualReport, of union: LedgerUnion, to directory: String) throws -> Summary {
        if FileManager.default.fileExists(atPath: directory) {
            throw Problem(description: "\(directory): is there already: name another folder, or remove it")
        }
        for folder in ["records", "figures"] {
            try FileManager.default.createDirectory(
                atPath: directory + "/" + folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        var summary = Summary()
        let places = places(report, union)
        var lines: [Place: [UInt8]] = [:]
        for (ledger, indices) in places.byLedger.sorted(by: { $0.key < $1.key }) {
            let reader = try LedgerReader(directory: ledger)
            let logID = try reader.logID()
            for (index, record) in try reader.evidence(of: indices) {
                let place = Place(logID: logID, index: index)
                lines[place] = record.line
                summary.records += 1
                try write(record.line, directory + "/records/\(place.name).json")
                if let proof = record.proof {
                    try write(Array(proof.utf8), directory + "/records/\(place.name).proof")
                } else {
                    summary.unproved += 1
                }
            }
        }
        var figures: [JSONMember] = []
        for path in report.tally.paths {
            let units = report.tally.units[path] ?? []
            let named = units.map { unit in unit.compactMap { places.of[$0] } }
            figures.append(
                JSONMember(
                    name: path.joined(separator: "."),
                    value: .array(named.map { .array($0.map { .string($0.name) }) })))
            if units.isEmpty { continue }
            summary.figures += 1
            let text = named.joined().flatMap { (lines[$0] ?? []) + [UInt8(ascii: "\n")] }
            try write(text, directory + "/figures/\(fileName(path)).jsonl")
        }
        try write(JSONValue.object(figures).serialized(), directory + "/figures.json")
        try write(report.json().serialized(), directory + "/report.json")
        return summary
    }

    private struct Place: Hashable {
        var logID: String
        var index: UInt64
        var name: String { "\(logID)-\(index)" }
    }

    private static func places(
        _ report: AnnualReport, _ union: LedgerUnion
    ) -> (of: [LedgerEntry.Identity: Place], byLedger: [String: Set<UInt64>]) {
        var places: [LedgerEntry.Identity: Place] = [:]
        var byLedger: [String: Set<UInt64>] = [:]
        let all = report.context.union(report.tally.units.values.joined().joined())
        for identity in all {
            switch identity {
            case .request(let request):
                guard let entry = union.outcomes[request] else { continue }
                places[identity] = Place(logID: entry.logID, index: entry.index)
                byLedger[entry.directory, default: []].insert(entry.index)
            case .record(let record):
                guard let entry = union.records[record] else { continue }
                places[identity] = Place(logID: entry.logID, index: entry.index)
                byLedger[entry.directory, default: []].insert(entry.index)
            }
        }
        return (places, byLedger)
    }

    /// A station's name may hold anything: letters, digits, points and hyphens stay, each other byte is `%` and its
    /// number.
    private static func fileName(_ path: [String]) -> String {
        path.joined(separator: ".").utf8.map { byte in
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + String(byte, radix: 16)
        }.joined()
    }

    private static func write(_ bytes: [UInt8], _ path: String) throws(Problem) {
        let isMade = FileManager.default.createFile(
            atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        if !isMade { throw Problem(description: "\(path): cannot be written: is the disk full?") }
    }
}
