import Detainers
import Testing

@testable import Aggregation

/// What an event tells is what the ledger holds.
struct AggregateStoreTests {
    private static let now = Moment(secondsSinceEpoch: 1_767_300_000)

    private static func record() throws -> CaseRecord {
        let message = CaseMessage(
            recordID: "00000000-0000-4000-9000-000000000001", agency: "boston-police", recordedBy: "shift-supervisor",
            detail: .reimbursement(cents: 5))
        return CaseRecord(
            message: message, date: try #require(CivilDate("2025-03-04")), pseudonyms: Pseudonyms(keyID: "k"),
            contentKey: "c", recordedAt: now, traceparent: nil, jurisdiction: "boston", isOurs: true)
    }

    private static func outcome() throws -> Outcome {
        Outcome(
            request: Request(
                requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "elsewhere"),
                receipt: .init(channel: .fax), form: .init(kind: .i247A, probableCause: [.finalOrder])),
            decision: nil, date: RequestDate(date: try #require(CivilDate("2025-03-04")), basis: .received),
            pseudonyms: Pseudonyms(keyID: "k", fileNumber: "f"), contentKey: "c", recordedAt: now,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", jurisdiction: "boston")
    }

    @Test func anEventIsReadBackAsItsEntry() throws {
        let position = LedgerPosition(logID: "l", index: 7, root: "r")
        for entry in [LedgerEntry.record(try Self.record()), .outcome(try Self.outcome())] {
            let event = LedgerEvent.json(entry, ledger: position)
            let read = try #require(LedgerEvent.read(event))
            #expect(read.entry == entry && read.ledger == position)
            let kept = AggregateStore.record(of: event.serialized(), at: Self.now)
            #expect(kept.isReadable && kept.record["source"]?["index"] == 7)
            #expect(try LedgerEntry(json: JSONText(kept.record.serialized()).root) == entry)
        }
    }

    @Test(arguments: ["", "{", "{}", "[]", #"{"type":"detainer.outcome.1","data":{}}"#])
    func whatIsNoEventIsKeptAsItCame(_ body: String) throws {
        let kept = AggregateStore.record(of: Array(body.utf8), at: Self.now)
        #expect(!kept.isReadable && kept.record["kind"]?.stringValue == "unreadable-event")
        #expect(try LedgerEntry(json: JSONText(kept.record.serialized()).root) == nil)
    }

    @Test func anEventWhoseIdIsNotThatOfItsContentIsNone() throws {
        let event = LedgerEvent.json(
            .record(try Self.record()), ledger: LedgerPosition(logID: "l", index: 7, root: "r"))
        let text = String(decoding: event.serialized(), as: UTF8.self)
        let changed = text.replacing(#""revision":1"#, with: #""revision":2"#)
        #expect(changed != text)
        #expect(!AggregateStore.record(of: Array(changed.utf8), at: Self.now).isReadable)
    }
}
