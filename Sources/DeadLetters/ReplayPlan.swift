import Crypto
public import Detainers
import Foundation

// A plan is a file of JSON Lines, readable by its owner alone (0600). It holds no message and no value of one:
//
//     {"kind":"plan","format":"detainer.plan/1","plan":…,"madeAt":…,"madeBy":…,"filter":…,"policies":[…]}
//     {"id":…,"record":…,"deadAt":…,"body":…,"fate":…,"detail":…}      one a letter, in the order of the store
//     {"kind":"end","letters":…,"fates":{…},"check":…}
//
// `record` is the letter's place in the store, `body` a keyed digest of its body, `check` the SHA-256 of all lines
// before the last one: what was planned is what is replayed, or nothing.

/// A frozen set of letters, and what would happen to each of them today.
public enum ReplayPlan {
    static let format = "detainer.plan/1"
    /// Far above any line that is written.
    static let maximumLineBytes = 1 << 16

    /// What would become of a message that is replayed now.
    public enum Fate: String, Sendable, CaseIterable {
        /// It would be decided; the detail says how.
        case decided
        /// It would die again; the detail says of what.
        case dies
        /// It is in the ledger already: a repeat, which changes nothing.
        case recorded
        /// It ended workers while they decided it: it is not tried here.
        case untried
    }

    public struct Entry: Sendable, Equatable {
        public var id: LetterID
        public var record: UInt64
        public var deadAt: String
        public var body: String
        public var fate: Fate
        public var detail: String

        public init(id: LetterID, record: UInt64, deadAt: String, body: String, fate: Fate, detail: String) {
            self.id = id
            self.record = record
            self.deadAt = deadAt
            self.body = body
            self.fate = fate
            self.detail = detail
        }

        var json: JSONValue {
            [
                "id": .string(id.text), "record": .number(String(record)), "deadAt": .string(deadAt),
                "body": .string(body), "fate": .string(fate.rawValue), "detail": .string(detail),
            ]
        }

        init?(json: JSONValue) {
            guard let id = json["id"]?.stringValue.flatMap(LetterID.init),
                let record = json["record"]?.intValue.flatMap(UInt64.init(exactly:)),
                let deadAt = json["deadAt"]?.stringValue, let body = json["body"]?.stringValue,
                let fate = json["fate"]?.stringValue.flatMap(Fate.init), let detail = json["detail"]?.stringValue
            else { return nil }
            self.init(id: id, record: record, deadAt: deadAt, body: body, fate: fate, detail: detail)
        }
    }

    /// Letters with the same fate and the same detail, counted.
    public struct Totals: Sendable {
        public struct Key: Hashable, Sendable {
            public var fate: Fate
            public var detail: String
        }

        public private(set) var counts: [Key: Int] = [:]
        public private(set) var letters = 0

        public init() {}

        public mutating func add(_ entry: Entry) {
            counts[Key(fate: entry.fate, detail: entry.detail), default: 0] += 1
            letters += 1
        }

        public subscript(_ fate: Fate) -> Int {
            counts.reduce(0) { $1.key.fate == fate ? $0 + $1.value : $0 }
        }

        /// The largest first.
        public var sorted: [(key: Key, count: Int)] {
            counts.map { ($0.key, $0.value) }.sorted {
                ($1.1, $0.0.fate.rawValue, $0.0.detail) < ($0.1, $1.0.fate.rawValue, $1.0.detail)
            }
        }
    }

    /// The file is no plan, or not the plan that was made.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public var description: String
    }

    // MARK: - writing

    /// Writes a plan, whole or not at all: it takes its name with ``finish()``.
    public final class Writer {
        public let plan: String
        public private(set) var totals = Totals()
        private let file: PrivateFile
        private var digest = SHA256()

        /// - Parameter filter: in words, without values.
        public init(
            _ path: String, plan: String, madeAt: Moment, madeBy: String, filter: String, policies: [String]
        ) throws(PrivateFile.Problem) {
            self.plan = plan
            file = try PrivateFile(path)
            try write([
                "kind": "plan", "format": .string(ReplayPlan.format), "plan": .string(plan),
                "madeAt": .string(madeAt.text), "madeBy": .string(madeBy), "filter": .string(filter),
                "policies": .array(policies.map(JSONValue.string)),
            ])
        }

        public func add(_ entry: Entry) throws(PrivateFile.Problem) {
            totals.add(entry)
            try write(entry.json)
        }

        public func finish() throws(PrivateFile.Problem) {
            let end = ReplayPlan.end(totals, check: digest.finalize().hexadecimal)
            try file.write(end.serialized() + [UInt8(ascii: "\n")])
            try file.finish()
        }

        private func write(_ value: JSONValue) throws(PrivateFile.Problem) {
            let line = value.serialized() + [UInt8(ascii: "\n")]
            digest.update(data: line)
            try file.write(line)
        }
    }

    private static func end(_ totals: Totals, check: String) -> JSONValue {
        let fates = Fate.allCases.map { JSONMember(name: $0.rawValue, value: .number(String(totals[$0]))) }
        return [
            "kind": "end", "letters": .number(String(totals.letters)), "fates": .object(fates), "check": .string(check),
        ]
    }

    /// The id of a new plan.
    public static func newID() -> String {
        let text = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    // MARK: - reading

    /// What a plan says of itself.
    public struct Head: Sendable {
        public var plan: String
        public var letters: Int
    }

    /// Reads the whole file once and checks that nothing of it was changed, added or lost.
    public static func check(_ path: String) throws -> Head {
        var digest = SHA256()
        var plan: String?
        var totals = Totals()
        var end: [UInt8]?
        try PrivateFile.lines(of: path, maximumBytes: maximumLineBytes) { number, line in
            if end != nil { throw Problem(description: "\(path):\(number): something stands behind the plan's end") }
            let value = try value(line, path, number)
            switch (number, value["kind"]?.stringValue) {
            case (1, "plan"):
                guard value["format"]?.stringValue == format, let id = value["plan"]?.stringValue else {
                    throw Problem(description: "\(path): is no plan that this version can read")
                }
                plan = id
            case (2..., "end"):
                end = line
                return
            case (2..., nil):
                guard let entry = Entry(json: value) else {
                    throw Problem(description: "\(path):\(number): is no letter of a plan")
                }
                totals.add(entry)
            default: throw Problem(description: "\(path):\(number): is no line of a plan")
            }
            digest.update(data: line + [UInt8(ascii: "\n")])
        }
        guard let plan, let end else { throw Problem(description: "\(path): the plan has no end: make it again") }
        // The whole last line, totals and all, is the one that these letters give, to the byte.
        guard end == Self.end(totals, check: digest.finalize().hexadecimal).serialized() else {
            throw Problem(description: "\(path): the plan was changed after it was made: make it again")
        }
        return Head(plan: plan, letters: totals.letters)
    }

    /// The letters of a plan that was checked, in the order of the store.
    public static func entries(_ path: String, _ body: (Entry) throws -> Void) throws {
        try PrivateFile.lines(of: path, maximumBytes: maximumLineBytes) { number, line in
            if let entry = Entry(json: try value(line, path, number)) { try body(entry) }
        }
    }

    private static func value(_ line: [UInt8], _ path: String, _ number: Int) throws(Problem) -> JSONValue {
        do { return try JSONValue.parse(line) } catch {
            throw Problem(description: "\(path):\(number): is no line of a plan: \(error.explanation)")
        }
    }
}

extension SHA256.Digest {
    var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
