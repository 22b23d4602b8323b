import Detainers
import Foundation
import Testing

@testable import DeadLetters

/// A command that is ended at any byte of what it writes to the store loses no letter, and can be given again.
///
/// What a kill or a power cut leaves is a prefix of the segment's bytes: those around each line's end are tried, and
/// some within each line.
struct LetterStoreTests {
    static let now: Moment = {
        guard let moment = Moment(text: "2026-03-05T10:00:00.00Z") else { preconditionFailure("a moment") }
        return moment
    }()
    static let key: PseudonymKey = {
        let text = "detainer-key/1 test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        guard let key = try? PseudonymKey(file: Array(text.utf8)) else { preconditionFailure("a key's text") }
        return key
    }()

    static func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/letters-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func letter(_ number: Int, bytes: Int = 0) -> StoredLetter {
        let body = Array("{\(number)".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: bytes)
        let letter = DeadLetter(
            reason: .malformedJSON, detail: "at byte 1", deadAt: "2026-03-04T10:00:00.00Z", attempts: 1, worker: "w1",
            exchange: "detainer.intake", routingKey: "request", envelope: ["messageId": "m"], body: body)
        return StoredLetter(id: LetterID(letter, key), arrivedAt: letter.deadAt, letter: letter)
    }

    static func store(_ ledger: String, _ letters: [StoredLetter]) throws -> LetterStore {
        let store = LetterStore(ledger: ledger)
        var writer = try store.open(now: now)
        try writer.append(letters.map(LetterRecord.letter), now: now)
        try writer.close()
        return store
    }

    private static func segment(_ store: LetterStore) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: store.directory)
        return store.directory + "/" + (try #require(names.first { $0.hasSuffix(".open.jsonl") }))
    }

    /// Gives the store every prefix of what `command` added to it, and calls `check` on each.
    private static func cutEverywhere(
        _ store: LetterStore, command: () throws -> Void, check: (_ isWhole: Bool) throws -> Void
    ) throws {
        let path = try segment(store)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        try command()
        let after = try Data(contentsOf: URL(fileURLWithPath: path))
        try #require(after.count > before.count && after.starts(with: before))
        let ends = (before.count...after.count).filter { end in
            end == after.count || end % 64 == 0 || after[max(0, end - 2)...end].contains(UInt8(ascii: "\n"))
        }
        for end in ends {
            try after.prefix(end).write(to: URL(fileURLWithPath: path))
            // Opening sets aside what is torn, as the next command does.
            let writer = try store.open(now: now)
            try writer.close()
            try check(end == after.count)
        }
    }

    @Test func anEditCutAnywhereLeavesTheOldLetterOrTheMendedOneWaiting() throws {
        let ledger = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: ledger) }  // The folder of one test.
        let old = Self.letter(1)
        let store = try Self.store(ledger, [old])
        var mended = Self.letter(2)
        mended.editOf = old.id
        try Self.cutEverywhere(store) {
            try LetterEdit.record(mended, in: store, by: "operator", now: Self.now)
        } check: { isWhole in
            let index = try store.index()
            let waiting = [old, mended].filter { index[$0.id]?.state == .waiting }
            #expect(!waiting.isEmpty)
            if isWhole { #expect(waiting.map(\.id) == [mended.id] && index[old.id]?.state == .edited) }
            // Given again, it comes to its end or says that the mended letter is there.
            if index[mended.id] == nil {
                try LetterEdit.record(mended, in: store, by: "operator", now: Self.now)
                #expect(try store.index()[mended.id]?.state == .waiting)
            }
        }
    }

    @Test func theSameBodyIsALetterOfItsOwnWhereAPropertyIsMended() throws {
        let request =
            #"{"schema":"detainer.request/1","requestId":"00000000-0000-4000-8000-000000000001","#
            + #""receivedBy":{"agency":"boston-police"},"receipt":{"channel":"fax","#
            + #""receivedAt":"2025-03-04T10:00:00-05:00"},"form":{"kind":"I-247A"}}"#
        var old = Self.letter(1)
        old.letter.body = Array(request.utf8)
        old.letter.envelope = ["messageId": "00000000-0000-4000-8000-000000000001", "contentEncoding": "deflate"]
        old.id = LetterID(old.letter, Self.key)
        let mended = try LetterEdit.mended(old, body: old.letter.body, key: Self.key, at: Self.now)
        #expect(mended.id != old.id && mended.letter.envelope["contentEncoding"] == nil)
        #expect(mended.letter.body == old.letter.body + [UInt8(ascii: "\n")])
        old.letter.envelope = ["messageId": "00000000-0000-4000-8000-000000000001"]
        #expect(throws: LetterEdit.Problem.self) {
            try LetterEdit.mended(old, body: old.letter.body, key: Self.key, at: Self.now)
        }
    }

    @Test func aDiscardCutAnywhereLeavesEachLetterWaitingOrArchived() throws {
        let ledger = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: ledger) }  // The folder of one test.
        let letters = (1...3).map { Self.letter($0) }
        let store = try Self.store(ledger, letters)
        func archived() throws -> Set<String> {
            var found: Set<String> = []
            for name in try FileManager.default.contentsOfDirectory(atPath: store.archiveDirectory) {
                for line in try String(contentsOfFile: store.archiveDirectory + "/" + name, encoding: .utf8)
                    .split(separator: "\n")
                {
                    found.insert(try #require(try JSONValue.parse(Array(line.utf8))["id"]?.stringValue))
                }
            }
            return found
        }
        var number = 0
        func discard() throws -> Int {
            number += 1
            return try LetterTransfer.discard(
                store, LetterFilter(), reason: "a broken sender", archive: "\(number).jsonl", by: "operator",
                now: { Self.now }
            ).count
        }
        try Self.cutEverywhere(store) {
            let count = try discard()
            #expect(count == 3)
        } check: { isWhole in
            let index = try store.index()
            let gone = letters.filter { index[$0.id]?.state == .discarded }
            #expect(gone.count == (isWhole ? 3 : gone.count) && index.waiting + gone.count == 3)
            let kept = try archived()
            #expect(gone.allSatisfy { kept.contains($0.id.text) })
            // The same command takes those that are left, and no other.
            #expect(try discard() == 3 - gone.count)
            #expect(try store.index().waiting == 0)
        }
    }

    @Test func anImportCutAnywhereGoesOnWithTheRest() throws {
        let ledger = try Self.folder()
        let other = try Self.folder()
        defer { for path in [ledger, other] { try? FileManager.default.removeItem(atPath: path) } }  // Of one test.
        let letters = (1...3).map { Self.letter($0) }
        let file = other + "/letters.jsonl"
        let elsewhere = try Self.store(other, letters)
        #expect(try LetterTransfer.export(elsewhere, LetterFilter(), to: file).count == 3)
        let here = Self.letter(4)
        let store = try Self.store(ledger, [here])
        func bringIn() throws -> LetterTransfer.Imported {
            try LetterTransfer.restore(file, into: store, key: Self.key, by: "operator", now: { Self.now })
        }
        try Self.cutEverywhere(store) {
            let imported = try bringIn()
            #expect(imported == LetterTransfer.Imported(added: 3, restored: 0, known: 0))
        } check: { isWhole in
            let known = try store.index().waiting - 1
            if isWhole { #expect(known == 3) }
            #expect(try bringIn() == LetterTransfer.Imported(added: 3 - known, restored: 0, known: known))
            let index = try store.index()
            #expect(index.waiting == 4 && letters.allSatisfy { index[$0.id]?.deaths == 1 })
        }
    }
}
