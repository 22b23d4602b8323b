import Crypto
import Detainers
import Foundation
import Ledger

// The aggregator's count is a ledger of its own, <folder>/aggregate/, in the form that Ledger/LedgerFormat.swift tells.
// Its records are what the events told, as the ledgers of the workers hold it, and where they said that it stands:
//
//     {"kind":"outcome", …, "source":{"logId":…,"index":…,"root":…}}
//     {"kind":"unreadable-event","body":<base64>,"receivedAt":…}       no event of a worker; kept, and told
//     {"kind":"unreadable-event","bodyBytes":…,"bodyDigest":<SHA-256>,"bodyFile":"bodies/<SHA-256>","receivedAt":…}
//                                                                      the same, where a line is too short for it
//
// So every command that reads ledgers reads it too. The same event twice is a repeat, which readers count once.

/// What an aggregator has taken from its queue.
public struct AggregateStore: Sendable {
    static let worker = LedgerStore.aggregate.rawValue
    static let unreadable = "unreadable-event"
    static let bodies = "bodies"
    /// A body up to this size may be an event, and stands in the record, which a line must hold however JSON writes it;
    /// a larger one is in a file beside it. An event of a worker has some thousands of bytes.
    static let maximumInlineBodyBytes = 262_144

    private let folder: String

    public init(folder: String) { self.folder = folder }

    /// One message of the queue, as it is kept.
    struct Kept {
        var record: JSONValue
        /// Whether it is an event of a worker.
        var isReadable: Bool
        /// The file in ``bodies`` that the record names, where the body is too large for a line.
        var bodyName: String?
    }

    static func record(of body: [UInt8], at now: Moment) -> Kept {
        guard body.count <= maximumInlineBodyBytes else {
            let digest = Hexadecimal.text(SHA256.hash(data: body))
            let record: JSONValue = [
                "kind": .string(unreadable), "bodyBytes": .number(String(body.count)), "bodyDigest": .string(digest),
                "bodyFile": .string(bodies + "/" + digest), "receivedAt": .string(now.text),
            ]
            return Kept(record: record, isReadable: false, bodyName: digest)
        }
        // What is no JSON is no event.
        if let json = try? JSONValue.parse(body), let (entry, position) = LedgerEvent.read(json),
            let members = entry.json().objectValue
        {
            let source: JSONValue = [
                "logId": .string(position.logID), "index": .number(String(position.index)),
                "root": .string(position.root),
            ]
            return Kept(record: .object(members + [JSONMember(name: "source", value: source)]), isReadable: true)
        }
        let record: JSONValue = [
            "kind": .string(unreadable), "body": .string(Data(body).base64EncodedString()),
            "receivedAt": .string(now.text),
        ]
        return Kept(record: record, isReadable: false)
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
