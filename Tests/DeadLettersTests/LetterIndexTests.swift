import Detainers
import Testing

@testable import DeadLetters

/// Where a letter stands, told as a transcript of its store.
struct LetterIndexTests {
    static func letter(_ number: Int, diedAt: String = "2026-03-04T10:00:00.00Z") -> StoredLetter {
        let digits = String(number, radix: 16)
        let id = LetterID(String(repeating: "0", count: 24 - digits.count) + digits)
        let letter = DeadLetter(
            reason: .schema, detail: "/form/kind: must be a word", deadAt: diedAt, attempts: 1, worker: "w1",
            exchange: "detainer.intake", routingKey: "request", envelope: ["messageId": "m"], body: Array("{}".utf8))
        guard let id else { preconditionFailure("24 digits") }
        return StoredLetter(id: id, arrivedAt: diedAt, letter: letter)
    }

    static let deed = LetterRecord.Deed(at: "2026-03-05T10:00:00.00Z", by: "operator@host")

    @Test func aLetterWaitsUntilSomebodyDealsWithIt() {
        var index = LetterIndex()
        let (one, other) = (Self.letter(1), Self.letter(2))
        index.take(.letter(one), at: 0)
        index.take(.letter(other), at: 1)
        #expect(index.waiting == 2)
        index.take(.replay(id: one.id, plan: "p", Self.deed), at: 2)
        index.take(.discard(id: other.id, reason: "sent by mistake", archive: "a", Self.deed), at: 3)
        #expect(index[one.id]?.state == .replayed && index[one.id]?.replays == 1)
        #expect(index[other.id]?.state == .discarded)
        #expect(index.waiting == 0 && index.counts[.discarded] == 1)
        index.take(.restore(id: other.id, Self.deed), at: 4)
        #expect(index[other.id]?.state == .waiting)
    }

    @Test func theSameDeathCollectedTwiceIsOneDeath() {
        var index = LetterIndex()
        let letter = Self.letter(1)
        index.take(.letter(letter), at: 0)
        index.take(.replay(id: letter.id, plan: "p", Self.deed), at: 1)
        // The collector was ended before it acknowledged: the broker delivered the same letter again.
        index.take(.letter(letter), at: 2)
        #expect(index[letter.id]?.state == .replayed)
        #expect(index[letter.id]?.deaths == 1 && index[letter.id]?.record == 0)
    }

    @Test func aLetterThatDiesAgainWaitsAgain() {
        var index = LetterIndex()
        index.take(.letter(Self.letter(1)), at: 0)
        index.take(.replay(id: Self.letter(1).id, plan: "p", Self.deed), at: 1)
        index.take(.letter(Self.letter(1, diedAt: "2026-03-06T10:00:00.00Z")), at: 2)
        let standing = index[Self.letter(1).id]
        #expect(standing?.state == .waiting && standing?.record == 2)
        #expect(standing?.deaths == 2 && standing?.replays == 1)
    }

    @Test func aMendedLetterTakesTheOldOnesPlace() {
        var index = LetterIndex()
        index.take(.letter(Self.letter(1)), at: 0)
        index.take(.edit(id: Self.letter(1).id, newID: Self.letter(2).id, Self.deed), at: 1)
        index.take(.letter(Self.letter(2)), at: 2)
        #expect(index[Self.letter(1).id]?.state == .edited)
        #expect(index.waiting == 1)
    }

    @Test func aMendedLetterHasBeenReplayedAsOftenAsTheOldOne() {
        var index = LetterIndex()
        let (old, new) = (Self.letter(1), Self.letter(2))
        index.take(.letter(old), at: 0)
        index.take(.replay(id: old.id, plan: "p", Self.deed), at: 1)
        index.take(.letter(Self.letter(1, diedAt: "2026-03-06T10:00:00.00Z")), at: 2)
        index.take(.letter(new), at: 3)
        index.take(.edit(id: old.id, newID: new.id, Self.deed), at: 4)
        #expect(index[new.id]?.replays == 1)
        index.take(.replay(id: new.id, plan: "q", Self.deed), at: 5)
        #expect(index[new.id]?.replays == 2 && index[old.id]?.replays == 1)
    }

    @Test func anEditThatWasTornLeavesBothWaiting() {
        var index = LetterIndex()
        index.take(.letter(Self.letter(1)), at: 0)
        // The power went after the first of the two records of an edit.
        index.take(.letter(Self.letter(2)), at: 1)
        #expect(index.waiting == 2)
        index.take(.edit(id: Self.letter(1).id, newID: Self.letter(2).id, Self.deed), at: 2)
        #expect(index.waiting == 1 && index[Self.letter(1).id]?.state == .edited)
    }

    @Test func twoDeathsCollectedTwiceAreTwoDeaths() {
        var index = LetterIndex()
        let second = Self.letter(1, diedAt: "2026-03-06T10:00:00.00Z")
        index.take(.letter(Self.letter(1)), at: 0)
        index.take(.letter(second), at: 1)
        index.take(.replay(id: second.id, plan: "p", Self.deed), at: 2)
        index.take(.letter(Self.letter(1)), at: 3)
        index.take(.letter(second), at: 4)
        #expect(index[second.id]?.state == .replayed && index[second.id]?.deaths == 2)
    }

    @Test func recordsAreReadBackAsTheyWereWritten() throws {
        var tally = ReplayTally()
        (tally.replayed, tally.gone, tally.unreadable, tally.left) = (3, 2, 4, 1)
        let id = Self.letter(1).id
        let records: [LetterRecord] = [
            .letter(Self.letter(1)), .replay(id: id, plan: "p", Self.deed),
            .edit(id: id, newID: Self.letter(2).id, Self.deed),
            .discard(id: id, reason: "by mistake", archive: "a.jsonl", Self.deed), .restore(id: id, Self.deed),
            .reveal(id: id, Self.deed), .export(letters: 7, Self.deed),
            .applyBegun(plan: "p", Self.deed), .apply(plan: "p", tally, end: "stopped", Self.deed),
        ]
        for record in records {
            var read = try LetterRecord(json: record.json)
            // A letter's body is read when somebody needs it.
            if case .letter(let letter)? = read { read = .letter(try letter.decoded()) }
            #expect(read == record)
        }
        #expect(try LetterRecord(json: ["kind": "of a later version"]) == nil)
        #expect(throws: UnreadableLetter.self) { try LetterRecord(json: ["kind": "letter-replay", "id": "x"]) }
    }

    @Test func anIdIsItsText() {
        let text = "0123456789abcdef00000001"
        #expect(LetterID(text)?.text == text)
        for wrong in ["", "0123", "0123456789ABCDEF00000001", "0123456789abcdef0000000g", "+123456789abcdef00000001"] {
            #expect(LetterID(wrong) == nil)
        }
    }
}
