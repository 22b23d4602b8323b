import Detainers

// The flat files of one worker: <ledger>/<worker>/
//
//     lock                            held (flock) by the one process that may write here
//     segment-00000001.jsonl          sealed: never changes again
//     segment-00000001.index          what readers need to know of it without reading it (SegmentIndex.swift)
//     segments.checked                what each sealed segment looked like when it was checked (CheckedSegments.swift)
//     ids-00000001-00000008.run       where the entries of segments 1 to 8 stand, by identity (IdentityRun.swift)
//     segment-00000002.open.jsonl     the one that is written to; at most one
//     set-aside-00000002-1.txt        bytes that recovery could not read, kept as they were
//     attempts.jsonl                  while a worker runs: marks of messages decided with care (AttemptMarks.swift)
//     policies/<sha-256>.yaml         the text of each policy that decided something
//     checkpoints/000000000514.txt    signed checkpoints, by the number of records that they cover (SignedNote.swift)
//     bodies/<id>                     in the dead-letter store and the aggregator's: bodies too large for a line
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
    static func indexName(_ segment: Int) -> String { "segment-" + padded(segment) + ".index" }

    static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 8 - text.count)) + text
    }

    /// The segment that an index is of, by its name; `nil` for any other file.
    static func indexedSegment(of name: String) -> Int? {
        guard let number = Int(name.dropFirst("segment-".count).prefix(8)), name == indexName(number) else {
            return nil
        }
        return number
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
        var bytes: [UInt8] = []
        appendLine(value.serialized(), to: &bytes)
        return bytes
    }

    /// - Parameter object: the bytes of one object.
    static func appendLine(_ object: [UInt8], to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: object)
        bytes.removeLast()
        appendCheck(CRC32C.checksum(bytes[start...]), to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static let checkBeginning = Array(",\"check\":\"".utf8)

    /// The end of a line, from behind its last member but one.
    private static func appendCheck(_ check: UInt32, to bytes: inout [UInt8]) {
        for position in 0..<checkBytes { bytes.append(checkByte(position, check)) }
    }

    private static func checkByte(_ position: Int, _ check: UInt32) -> UInt8 {
        switch position - checkBeginning.count {
        case ..<0: checkBeginning[position]
        case let digit where digit < checkDigits: Hexadecimal.digit(UInt8(check >> UInt32(28 - 4 * digit) & 15))
        case checkDigits: UInt8(ascii: "\"")
        default: UInt8(ascii: "}")
        }
    }

    private static let checkDigits = 8
    static let checkBytes = ",\"check\":\"00000000\"}".utf8.count

    /// The object of a line without its newline; `nil` where the line is not valid.
    static func value(_ line: ArraySlice<UInt8>) -> JSONNode? {
        guard isIntact(line) else { return nil }
        do { return try JSONText(Array(line)).root } catch { return nil }
    }

    /// Whether a line without its newline is as long as it may be and has the right check.
    static func isIntact(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.count > checkBytes, line.count <= maximumLineBytes else { return false }
        let check = CRC32C.checksum(line.dropLast(checkBytes))
        let start = line.endIndex - checkBytes
        for position in 0..<checkBytes where line[start + position] != checkByte(position, check) { return false }
        return true
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
enum SegmentLine: Sendable {
    case header(logID: String, segment: Int, firstRecord: UInt64, previousRoot: String)
    /// Its value; `nil`: it was not read.
    case record(JSONNode?)
    case checkpoint(records: UInt64, root: String, announcedThrough: UInt64)

    private static let ownKinds = [Array("{\"kind\":\"segment\"".utf8), Array("{\"kind\":\"checkpoint\"".utf8)]

    /// - Parameter whole: with its newline.
    init?(whole: ArraySlice<UInt8>, parsing: Bool = true) {
        guard whole.last == UInt8(ascii: "\n") else { return nil }
        self.init(whole.dropLast(), parsing: parsing)
    }

    /// - Parameter parsing: without it a record's line is checked and not read.
    /// - Returns: `nil` where the line is not valid.
    init?(_ line: ArraySlice<UInt8>, parsing: Bool = true) {
        if !parsing, !Self.ownKinds.contains(where: line.starts(with:)) {
            guard LedgerFormat.isIntact(line) else { return nil }
            self = .record(nil)
            return
        }
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
