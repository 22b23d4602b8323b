import Detainers

// A mapping tells how the rows of a list become requests. It is YAML:
//
//     format: detainer.mapping/1
//     name: station-log                  part of each request's id: it must stay as it is
//     separator: ","                     or ";" or "tab"; "," where it is left out
//     header line: 1                     where the names of the columns stand; 1 where it is left out
//     identity: [Log No]                 the columns by which the list itself tells its rows apart
//     constants:                         the same for each row, by the member's path
//       receivedBy.agency: boston-police
//     columns:                           every column of the list, by its name
//       Received:   { member: receipt.receivedAt, date: M/d/yyyy H:mm, zone: America/New_York }
//       Form:       { member: form.kind, words: { 247A: I-247A, "*": unknown } }
//       Name:                            one cell may fill several members
//         - { member: subject.familyName, before: "," }
//         - { member: subject.givenNames, after: "," }
//       Final order: { adds: form.probableCause, word: final-order, ticked: [x], clear: [""] }
//       I-200:      { adds: attachments, paper: { kind: I-200, standing: produced } }
//       Remarks:    ignored
//
// An empty cell leaves its member out, unless `words` names "". A box adds its word or paper to a list where it is
// ticked. Where a box of a list is ticked or clear somebody looked, and the list is there; where all are unknown it is
// left out. Which words mean what, whatever their case: `ticked` (x, yes, y, true, 1), `clear` (no, n, false, 0), and
// `unknown` (an empty cell).

/// A mapping, read and held against the contract.
public struct Mapping: Sendable {
    public static let format = "detainer.mapping/1"

    /// What is wrong with a mapping file: where, what, and what to do.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var line: Int?
        public var explanation: String
        public var description: String { (line.map { "line \($0): " } ?? "") + explanation }

        public init(line: Int? = nil, explanation: String) { (self.line, self.explanation) = (line, explanation) }
    }

    var name: String
    var separator: UInt8
    var headerLine: Int
    var identity: [String]
    var constants: [(member: String, value: JSONValue)]
    var columns: [Column]

    struct Column: Sendable {
        var name: String
        /// None: it is ignored.
        var uses: [Use]
    }

    enum Use: Sendable {
        case value(Value)
        case box(Box)

        var member: String {
            switch self {
            case .value(let value): value.member
            case .box(let box): box.member
            }
        }
    }

    /// A cell that fills a member.
    struct Value: Sendable {
        var member: String
        var shape: Shape
        var pattern: DatePattern?
        var zone: TimeZoneName?
        /// What a cell's words mean, in lower case; `*` any other.
        var words: [String: String]?
        var part: Part?
    }

    /// The text before or behind the first of a separator.
    enum Part: Sendable {
        case before(String)
        case after(String)
    }

    /// A cell that says whether something is in a list.
    struct Box: Sendable {
        var member: String
        var element: JSONValue
        var ticked: Set<String>
        var clear: Set<String>
        var unknown: Set<String>
    }

    /// Members that may stand in an id as they are; all others are, or may be, about a person.
    private static let impersonal: Set<String> = [
        "receipt.senderReference", "receipt.receivedAt", "receipt.foundAt", "receipt.channel", "receipt.pages",
        "receivedBy.agency", "receivedBy.station", "form.kind", "form.formDate",
    ]

    /// Whether ids have to be keyed, because a column that they are made of may be about a person.
    public var needsKey: Bool {
        !identity.allSatisfy { name in
            let uses = columns.first { $0.name == name }?.uses ?? []
            return !uses.isEmpty && uses.allSatisfy { Self.impersonal.contains($0.member) }
        }
    }
}
