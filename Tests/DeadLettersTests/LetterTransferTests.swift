import Detainers
import Foundation
import Testing

@testable import DeadLetters

/// Letters out of a store and back, of every size that a broker takes.
struct LetterTransferTests {
    private static let now = LetterStoreTests.now

    private static func discard(_ store: LetterStore, _ archive: String) throws -> Int {
        try LetterTransfer.discard(
            store, LetterFilter(), reason: "a broken sender", archive: archive, by: "operator", now: { now })
    }

    private static func restore(_ file: String, _ store: LetterStore) throws -> LetterTransfer.Imported {
        try LetterTransfer.restore(file, into: store, key: LetterStoreTests.key, by: "operator", now: { now })
    }

    /// As base64 it is longer than any other JSON text that is read here.
    @Test func aLetterOfThirteenMegabytesIsExportedImportedAndDiscarded() throws {
        let (ledger, other) = (try LetterStoreTests.folder(), try LetterStoreTests.folder())
        defer { for path in [ledger, other] { try? FileManager.default.removeItem(atPath: path) } }  // Of one test.
        let letters = [LetterStoreTests.letter(1, bytes: 13_000_000), LetterStoreTests.letter(2)]
        let store = try LetterStoreTests.store(ledger, letters)
        let file = ledger + "/letters.jsonl"
        #expect(try LetterTransfer.export(store, LetterFilter(), to: file) == 2)
        // A run that was ended in its second letter goes on behind the first.
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        let again = ledger + "/again.jsonl"
        try whole.dropLast(20).write(to: URL(fileURLWithPath: again + ".part"))
        #expect(try LetterTransfer.export(store, LetterFilter(), to: again) == 2)
        #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == whole)

        let elsewhere = LetterStore(ledger: other)
        #expect(try Self.restore(file, elsewhere) == LetterTransfer.Imported(added: 2, restored: 0, known: 0))
        var bodies: [Int] = []
        try elsewhere.letters(try elsewhere.index(), LetterFilter()) { letter, _ in
            bodies.append(try elsewhere.whole(letter).letter.body.count)
        }
        #expect(bodies == letters.map(\.letter.body.count))

        #expect(try Self.discard(store, "one.jsonl") == 2)
        #expect(try store.index().waiting == 0)
        #expect(try Self.restore(store.archiveDirectory + "/one.jsonl", store).restored == 2)
        #expect(try store.index().waiting == 2)
    }
}
