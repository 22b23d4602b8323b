import Crypto
public import Detainers
import Foundation

// The dead-letter store is a ledger of its own, <ledger>/dead-letters/, in the form that Ledger/LedgerFormat.swift
// tells. Its records are what happened to letters, in order, and who did it; nothing is ever changed or taken out:
//
//     {"kind":"letter","id":…,"arrivedAt":…,"editOf":…?,"body":<base64> | "bodyFile":…,"x-detainer-…":…}
//     {"kind":"letter-replay","id":…,"plan":…,"at":…,"by":…}               after the broker's confirm
//     {"kind":"letter-edit","id":…,"newId":…,"at":…,"by":…}                the new letter's record is before it
//     {"kind":"letter-discard","id":…,"reason":…,"archive":…,"at":…,"by":…}  after the archive was synced
//     {"kind":"letter-restore","id":…,"at":…,"by":…}                       an import brought it back
//     {"kind":"letter-reveal","id":…,"at":…,"by":…}                        shown unmasked
//     {"kind":"letter-export","letters":…,"at":…,"by":…}
//     {"kind":"letter-apply-begin","plan":…,"at":…,"by":…}                 a run without its end was killed
//     {"kind":"letter-apply","plan":…,"replayed":…,"refused":…,"gone":…,"unreadable":…,"returned":…,"left":…,"end":…,
//      "at":…,"by":…}
//
// A letter's id is keyed and the same for the same message, however often it dies: each death is a record of its own.

/// One record of the dead-letter store.
public enum LetterRecord: Sendable, Equatable {
    case letter(StoredLetter)
    case replay(id: LetterID, plan: String, Deed)
    case edit(id: LetterID, newID: LetterID, Deed)
    case discard(id: LetterID, reason: String, archive: String, Deed)
    case restore(id: LetterID, Deed)
    case reveal(id: LetterID, Deed)
    case export(letters: Int, Deed)
    case applyBegun(plan: String, Deed)
    case apply(plan: String, ReplayTally, end: String, Deed)

    /// The letter that it is about.
    var letterID: LetterID? {
        switch self {
        case .letter(let letter): letter.id
        case .replay(let id, _, _), .edit(let id, _, _), .discard(let id, _, _, _), .restore(let id, _),
            .reveal(let id, _):
            id
        case .export, .applyBegun, .apply: nil
        }
    }

    /// Who did something, and when.
    public struct Deed: Sendable, Equatable {
        public var at: String
        public var by: String

        public init(at: String, by: String) {
            self.at = at
            self.by = by
        }
    }

    public var json: JSONValue {
        func members(_ kind: String, _ more: [(String, JSONValue)], _ deed: Deed) -> JSONValue {
            let all = [("kind", JSONValue.string(kind))] + more + [("at", .string(deed.at)), ("by", .string(deed.by))]
            return .object(all.map { JSONMember(name: $0.0, value: $0.1) })
        }
        switch self {
        case .letter(let letter): return letter.json
        case .replay(let id, let plan, let deed):
            return members("letter-replay", [("id", .string(id.text)), ("plan", .string(plan))], deed)
        case .edit(let id, let newID, let deed):
            return members("letter-edit", [("id", .string(id.text)), ("newId", .string(newID.text))], deed)
        case .discard(let id, let reason, let archive, let deed):
            return members(
                "letter-discard",
                [("id", .string(id.text)), ("reason", .string(reason)), ("archive", .string(archive))], deed)
        case .restore(let id, let deed): return members("letter-restore", [("id", .string(id.text))], deed)
        case .reveal(let id, let deed): return members("letter-reveal", [("id", .string(id.text))], deed)
        case .export(let letters, let deed):
            return members("letter-export", [("letters", .number(String(letters)))], deed)
        case .applyBegun(let plan, let deed): return members("letter-apply-begin", [("plan", .string(plan))], deed)
        case .apply(let plan, let tally, let end, let deed):
            return members(
                "letter-apply", [("plan", .string(plan))] + tally.members + [("end", .string(end))], deed)
        }
    }

    /// `nil` for records of other kinds, which a later version may write.
    ///
    /// - Throws: where it says to be one of these and is not.
    public init?(json: JSONValue) throws(UnreadableLetter) {
        func text(_ name: String) throws(UnreadableLetter) -> String {
            guard let text = json[name]?.stringValue else { throw UnreadableLetter() }
            return text
        }
        func id(_ name: String = "id") throws(UnreadableLetter) -> LetterID {
            guard let id = LetterID(try text(name)) else { throw UnreadableLetter() }
            return id
        }
        func deed() throws(UnreadableLetter) -> Deed { Deed(at: try text("at"), by: try text("by")) }
        switch json["kind"]?.stringValue {
        case StoredLetter.kind: self = .letter(try StoredLetter(json: json))
        case "letter-replay": self = .replay(id: try id(), plan: try text("plan"), try deed())
        case "letter-edit": self = .edit(id: try id(), newID: try id("newId"), try deed())
        case "letter-discard":
            self = .discard(id: try id(), reason: try text("reason"), archive: try text("archive"), try deed())
        case "letter-restore": self = .restore(id: try id(), try deed())
        case "letter-reveal": self = .reveal(id: try id(), try deed())
        case "letter-export":
            guard let letters = json["letters"]?.intValue else { throw UnreadableLetter() }
            self = .export(letters: letters, try deed())
        case "letter-apply-begin": self = .applyBegun(plan: try text("plan"), try deed())
        case "letter-apply":
            guard let tally = ReplayTally(json: json) else { throw UnreadableLetter() }
            self = .apply(plan: try text("plan"), tally, end: try text("end"), try deed())
        default: return nil
        }
    }
}

/// A letter's id: 96 bits of a keyed digest, as 24 hexadecimal digits.
public struct LetterID: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt32

    public init?(_ text: String) {
        guard text.utf8.count == 24, text.utf8.allSatisfy(Self.isDigit), let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt32(text.suffix(8), radix: 16)
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    /// The same for the same message, however often it dies.
    public init(_ letter: DeadLetter, _ key: PseudonymKey) {
        guard let id = Self(key.letterID(of: letter)) else { preconditionFailure("a keyed id is 24 digits") }
        self = id
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    public var text: String {
        let (first, second) = (String(high, radix: 16), String(low, radix: 16))
        return String(repeating: "0", count: 16 - first.count) + first + String(repeating: "0", count: 8 - second.count)
            + second
    }
}

/// A letter as the store holds it.
public struct StoredLetter: Sendable, Equatable {
    public static let kind = "letter"
    /// A body up to this size stands in the record itself, which a line must hold; a larger one in a file beside it.
    static let maximumInlineBodyBytes = 262_144

    public var id: LetterID
    public var arrivedAt: String
    /// The letter that a person mended to make this one.
    public var editOf: LetterID?
    /// Its body is empty until ``LetterStore/whole(_:)`` has read it: most commands need none.
    public var letter: DeadLetter
    /// Below the store's directory.
    public internal(set) var bodyFile: String?
    /// SHA-256 of a body in a file of its own, in hexadecimal: a record's check does not reach it.
    private(set) var bodyDigest: String?
    /// As it stands in the record.
    private(set) var encodedBody: String?

    public init(id: LetterID, arrivedAt: String, editOf: LetterID? = nil, letter: DeadLetter) {
        self.id = id
        self.arrivedAt = arrivedAt
        self.editOf = editOf
        self.letter = letter
        bodyFile =
            letter.body.count > Self.maximumInlineBodyBytes ? LetterStore.bodies + "/" + LetterStore.bodyName(id) : nil
        bodyDigest = bodyFile == nil ? nil : Self.digest(letter.body)
    }

    static func digest(_ body: [UInt8]) -> String { SHA256.hash(data: body).hexadecimal }

    var json: JSONValue {
        var members = [
            JSONMember(name: "kind", value: .string(Self.kind)), JSONMember(name: "id", value: .string(id.text)),
            JSONMember(name: "arrivedAt", value: .string(arrivedAt)),
        ]
        if let editOf { members.append(JSONMember(name: "editOf", value: .string(editOf.text))) }
        members += letter.headers.map { JSONMember(name: $0.name, value: .string($0.value)) }
        if let bodyFile {
            members.append(JSONMember(name: "bodyDigest", value: .string(bodyDigest ?? "")))
            members.append(JSONMember(name: "bodyFile", value: .string(bodyFile)))
        } else {
            let text = encodedBody ?? Data(letter.body).base64EncodedString()
            members.append(JSONMember(name: "body", value: .string(text)))
        }
        return .object(members)
    }

    init(json: JSONValue) throws(UnreadableLetter) {
        bodyFile = json["bodyFile"]?.stringValue
        bodyDigest = json["bodyDigest"]?.stringValue
        encodedBody = json["body"]?.stringValue
        guard let id = json["id"]?.stringValue.flatMap(LetterID.init), bodyFile != nil || encodedBody != nil,
            let letter = DeadLetter(header: { json[$0]?.stringValue }, body: [])
        else { throw UnreadableLetter() }
        self.id = id
        self.letter = letter
        arrivedAt = json["arrivedAt"]?.stringValue ?? letter.deadAt
        editOf = json["editOf"]?.stringValue.flatMap(LetterID.init)
    }

    /// With its body, where that stands in the record.
    func decoded() throws(UnreadableLetter) -> StoredLetter {
        guard let encodedBody else { return self }
        guard let body = Data(base64Encoded: encodedBody) else { throw UnreadableLetter() }
        var letter = self
        letter.letter.body = Array(body)
        letter.encodedBody = nil
        return letter
    }
}

/// An intact line of the store that is no record of ours.
public struct UnreadableLetter: Error, CustomStringConvertible {
    public var description: String { "a line of the dead-letter store is no record of ours: it was not written by us" }
}
