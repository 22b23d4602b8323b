public import Detainers
import Foundation
import Ledger

/// The flat files that dead letters are kept in: a ledger of its own beside those of the workers, so that reading costs
/// no delivery and needs no broker.
///
/// Letters hold persons. The files are 0600 and what is shown of them is masked.
public enum LetterStore {
    /// The folder's name below the ledger's directory; no worker may take it.
    public static let folder = "dead-letters"
    public static let kind = "letter"

    public struct Entry: Sendable {
        public var id: String
        public var letter: DeadLetter
        public var arrivals: Int
    }

    /// All letters, oldest first, each once.
    public static func entries(ledger: String) throws -> [Entry] {
        let directory = ledger + "/" + folder
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        var order: [String] = []
        var entries: [String: Entry] = [:]
        try LedgerReader(directory: directory).records { record in
            guard record.value["kind"]?.stringValue == kind else { return }
            let (id, letter) = try read(record.value)
            if entries[id] == nil {
                order.append(id)
                entries[id] = Entry(id: id, letter: letter, arrivals: 1)
            } else {
                entries[id]?.arrivals += 1
            }
        }
        return order.compactMap { entries[$0] }
    }

    /// A body up to this size stands in the record itself, which a line must hold; a larger one in a file beside it.
    static let maximumInlineBodyBytes = 262_144
    static let bodies = "bodies"

    static func isLarge(_ letter: DeadLetter) -> Bool { letter.body.count > maximumInlineBodyBytes }

    /// The record of one letter.
    static func record(id: String, _ letter: DeadLetter) -> JSONValue {
        let body =
            isLarge(letter)
            ? JSONMember(name: "bodyFile", value: .string(bodies + "/" + id))
            : JSONMember(name: "body", value: .string(Data(letter.body).base64EncodedString()))
        return .object(
            [JSONMember(name: "kind", value: .string(kind)), JSONMember(name: "id", value: .string(id)), body]
                + letter.headers.map { JSONMember(name: $0.name, value: .string($0.value)) })
    }

    /// Bodies that stand in files of their own are left there: a list needs none of them.
    private static func read(_ value: JSONValue) throws -> (id: String, letter: DeadLetter) {
        var headers: [String: String] = [:]
        for member in value.objectValue ?? [] { headers[member.name] = member.value.stringValue }
        let body = headers["bodyFile"] == nil ? headers["body"].flatMap { Data(base64Encoded: $0) } : Data()
        guard let id = headers["id"], let body, let letter = DeadLetter(headers: headers, body: Array(body))
        else { throw UnreadableLetter() }
        return (id, letter)
    }

    /// An intact line of the store that is no letter of ours.
    public struct UnreadableLetter: Error, CustomStringConvertible {
        public var description: String { "a line of the dead-letter store is no letter: run `detainer ledger verify`" }
    }
}
