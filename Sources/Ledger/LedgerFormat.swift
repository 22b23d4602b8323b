import Detainers

// The flat files of one worker: <ledger>/<worker>/
//
//     lock                            held (flock) by the one process that may write here
//     segment-00000001.jsonl          sealed: never changes again
//     segment-00000002.open.jsonl     the one that is written to; at most one
//     set-aside-00000002-1.txt        bytes that recovery could not read, kept as they were
//     attempts.jsonl                  while a worker runs: marks of messages decided with care (AttemptMarks.swift)
//     policies/<sha-256>.yaml         the text of each policy that decided something
//     checkpoints/000000000514.txt    signed checkpoints, by the number of records that they cover (SignedNote.swift)
//     bodies/<id>                     in the dead-letter store: bodies too large for a line
//
// A segment is JSON Lines in UTF-8. Every line is one object whose last member is `check`: the CRC-32C of the line's
// bytes before `,"check"`, as eight hexadecimal digits. There are three kinds of lines:
//
//     {"kind":"segment","format":"detainer.ledger/1","logId":…,"segment":2,"firstRecord":512,"previousRoot":…,…}
//     {"kind":"outcome",…,"check":…}     any number of records, of this or another kind: a worker writes one of kind
//                                        "policy-load" before it decides by other policies than before
//     {"kind":"checkpoint","records":514,"root":…,"announcedThrough":512,"at":…,"check":…}      ends each batch
//
// A segment begins with its header. Records are counted from 0 over all segments. `root` is the RFC 6962 Merkle tree
// hash (SHA-256, base64) over all record lines of the ledger, each with its check and without its newline; headers and
// checkpoints are no leaves. `announcedThrough` counts the records from the first on whose events were confirmed; it
// lags.
//
// A line is valid if it ends in a newline, is no longer than 1 MiB, parses, and its check is right.
//
// Readers take sealed segments in the order of their numbers, then the open one up to its last checkpoint: what stands
// behind it may not be on the disk yet.
enum LedgerFormat {
    static let name = "detainer.ledger/1"
    static let maximumLineBytes = 1 << 20

    static func sealedName(_ segment: Int) -> String { "segment-" + padded(segment) + ".jsonl" }
    static func openName(_ segment: Int) -> String { "segment-" + padded(segment) + ".open.jsonl" }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 8 - text.count)) + text
    }

    /// The segments of a directory by number, and whether each is open.
    static func segments(in names: [String]) -> [(number: Int, name: String, isOpen: Bool)] {
        names.compactMap { name in
            let digits = name.dropFirst("segment-".count).prefix(8)
            guard name.hasPrefix("segment-"), let number = Int(digits) else { return nil }
            if name == sealedName(number) { return (number, name, false) }
            return name == openName(number) ? (number, name, true) : nil
        }.sorted { ($0.number, $0.isOpen ? 1 : 0) < ($1.number, $1.isOpen ? 1 : 0) }
    }

    /// The object as a line, check and newline included.
    static func line(_ value: JSONValue) -> [UInt8] {
        var bytes = value.serialized()
        bytes.removeLast()
        let check = CRC32C.text(bytes[...])
        bytes += ",\"check\":\"\(check)\"}\n".utf8
        return bytes
    }

    static let checkBytes = ",\"check\":\"00000000\"}".utf8.count

    /// The object of a line without its newline; `nil` where the line is not valid.
    static func value(_ line: ArraySlice<UInt8>) -> JSONValue? {
        guard line.count > checkBytes, line.count <= maximumLineBytes else { return nil }
        let body = line.dropLast(checkBytes)
        guard Array(line.suffix(checkBytes)) == Array(",\"check\":\"\(CRC32C.text(body))\"}".utf8) else { return nil }
        do { return try JSONValue.parse(Array(line)) } catch { return nil }
    }

    static func header(logID: String, segment: Int, firstRecord: UInt64, root: String) -> JSONValue {
        .object([
            JSONMember(name: "kind", value: "segment"), JSONMember(name: "format", value: .string(name)),
            JSONMember(name: "logId", value: .string(logID)),
            JSONMember(name: "segment", value: .number(String(segment))),
            JSONMember(name: "firstRecord", value: .number(String(firstRecord))),
            JSONMember(name: "previousRoot", value: .string(root)),
        ])
    }

    static func checkpoint(records: UInt64, root: String, announcedThrough: UInt64, at: Moment) -> JSONValue {
        .object([
            JSONMember(name: "kind", value: "checkpoint"), JSONMember(name: "records", value: .number(String(records))),
            JSONMember(name: "root", value: .string(root)),
            JSONMember(name: "announcedThrough", value: .number(String(announcedThrough))),
            JSONMember(name: "at", value: .string(at.text)),
        ])
    }
}

/// One line of a segment, read and checked.
enum SegmentLine {
    case header(logID: String, segment: Int, firstRecord: UInt64, previousRoot: String)
    case record(JSONValue)
    case checkpoint(records: UInt64, root: String, announcedThrough: UInt64)

    /// `nil` where the line is not valid.
    init?(_ line: ArraySlice<UInt8>) {
        guard let value = LedgerFormat.value(line), let kind = value["kind"]?.stringValue else { return nil }
        func number(_ name: String) -> UInt64? { value[name]?.intValue.flatMap(UInt64.init(exactly:)) }
        switch kind {
        case "segment":
            guard value["format"]?.stringValue == LedgerFormat.name, let logID = value["logId"]?.stringValue,
                let segment = value["segment"]?.intValue, let first = number("firstRecord"),
                let root = value["previousRoot"]?.stringValue
            else { return nil }
            self = .header(logID: logID, segment: segment, firstRecord: first, previousRoot: root)
        case "checkpoint":
            guard let records = number("records"), let root = value["root"]?.stringValue,
                let announced = number("announcedThrough")
            else { return nil }
            self = .checkpoint(records: records, root: root, announcedThrough: announced)
        default: self = .record(value)
        }
    }
}

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), which finds every error of up to five flipped bits in a short line.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(checksum(bytes), radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
