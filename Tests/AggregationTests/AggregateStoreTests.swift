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

    @Test func aBodyThatALineCannotHoldHasAFileThatItsRecordNames() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: AggregateStore.maximumInlineBodyBytes)
        let inline = AggregateStore.record(of: longest, at: Self.now)
        #expect(inline.bodyName == nil && inline.record["body"] != nil && inline.record["bodyFile"] == nil)
        let kept = AggregateStore.record(of: longest + longest, at: Self.now)
        let name = try #require(kept.bodyName)
        #expect(!kept.isReadable && name.count == 64 && kept.record["body"] == nil)
        #expect(kept.record["kind"]?.stringValue == "unreadable-event" && kept.record["receivedAt"] != nil)
        #expect(kept.record["bodyFile"]?.stringValue == "bodies/" + name)
        #expect(kept.record["bodyDigest"]?.stringValue == name)
        #expect(kept.record["bodyBytes"]?.intValue == 2 * longest.count)
        #expect(AggregateStore.record(of: longest + longest, at: Self.now).bodyName == name)
        #expect(AggregateStore.record(of: longest + [0], at: Self.now).bodyName != name)
    }

    /// Whoever may publish can write what looks like an event and is as long as they like.
    @Test func anEventLongerThanAnyOfAWorkersIsNoneAndAnyOtherFitsALine() throws {
        var outcome = try Self.outcome()
        outcome.agency = "an agency"
        let event = LedgerEvent.json(.outcome(outcome), ledger: LedgerPosition(logID: "l", index: 7, root: "r"))
        // Two bytes each, of which a line's JSON makes six.
        let escapes = String(repeating: "\\b", count: 120_000)
        let short = String(decoding: event.serialized(), as: UTF8.self).replacing("an agency", with: escapes)
        let kept = AggregateStore.record(of: Array(short.utf8), at: Self.now)
        #expect(kept.isReadable && kept.record.serialized().count > 700_000)
        #expect(kept.record.serialized().count < 1_000_000)
        let space = String(repeating: " ", count: AggregateStore.maximumInlineBodyBytes)
        let long = AggregateStore.record(of: Array((short + space).utf8), at: Self.now)
        #expect(!long.isReadable && long.bodyName != nil)
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
