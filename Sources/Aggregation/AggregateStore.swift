import Detainers
import Foundation
import Ledger

// The aggregator's count is a ledger of its own, <folder>/aggregate/, in the form that Ledger/LedgerFormat.swift tells.
// Its records are what the events told, as the ledgers of the workers hold it, and where they said that it stands:
//
//     {"kind":"outcome", …, "source":{"logId":…,"index":…,"root":…}}
//     {"kind":"unreadable-event","body":<base64>,"receivedAt":…}       no event of a worker; kept, and told
//
// So every command that reads ledgers reads it too. The same event twice is a repeat, which readers count once.

/// What an aggregator has taken from its queue.
public struct AggregateStore: Sendable {
    static let worker = LedgerStore.aggregate.rawValue
    static let unreadable = "unreadable-event"

    private let folder: String

    public init(folder: String) { self.folder = folder }

    /// One message of the queue, as it is kept.
    static func record(of body: [UInt8], at now: Moment) -> (record: JSONValue, isReadable: Bool) {
        // What is no JSON is no event.
        if let json = try? JSONValue.parse(body), let (entry, position) = LedgerEvent.read(json),
            let members = entry.json().objectValue
        {
            let source: JSONValue = [
                "logId": .string(position.logID), "index": .number(String(position.index)),
                "root": .string(position.root),
            ]
            return (.object(members + [JSONMember(name: "source", value: source)]), true)
        }
        return (
            [
                "kind": .string(unreadable), "body": .string(Data(body).base64EncodedString()),
                "receivedAt": .string(now.text),
            ], false
        )
    }

    /// Opens it for writing; one follower at a time.
    func open(now: Moment) throws(LedgerError) -> LedgerWriter {
        do throws(LedgerError) {
            return try LedgerWriter.open(directory: folder, worker: Self.worker, now: now).takeWriter()
        } catch {
            guard error.code == .locked else { throw error }
            throw LedgerError(code: .locked, message: "another follower writes `\(folder)` just now: stop it first")
        }
    }
}
