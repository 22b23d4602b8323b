import Detainers
import Foundation
import Synchronization
import Testing

@testable import DeadLetters

/// Letters out of a store and back, of every size that a broker takes.
struct LetterTransferTests {
    private static let now = LetterStoreTests.now

    private static func discard(_ store: LetterStore, _ archive: String) throws -> LetterTransfer.Exported {
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
        #expect(try LetterTransfer.export(store, LetterFilter(), to: file).count == 2)
        // A run that was ended in its second letter goes on behind the first.
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        let again = ledger + "/again.jsonl"
        try whole.dropLast(20).write(to: URL(fileURLWithPath: again + ".part"))
        #expect(try LetterTransfer.export(store, LetterFilter(), to: again).count == 2)
        #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == whole)

        let elsewhere = LetterStore(ledger: other)
        #expect(try Self.restore(file, elsewhere) == LetterTransfer.Imported(added: 2, restored: 0, known: 0))
        var bodies: [Int] = []
        try elsewhere.letters(try elsewhere.index(), LetterFilter()) { letter, _ in
            bodies.append(try elsewhere.whole(letter).letter.body.count)
        }
        #expect(bodies == letters.map(\.letter.body.count))

        #expect(try Self.discard(store, "one.jsonl").count == 2)
        #expect(try store.index().waiting == 0)
        #expect(try Self.restore(store.archiveDirectory + "/one.jsonl", store).restored == 2)
        #expect(try store.index().waiting == 2)
    }

    /// One body that is gone or changed keeps no other letter, and a good copy mends it.
    @Test(arguments: [nil, "changed"])
    func aLetterWithoutItsBodyIsLeftOutUntilAnImportMendsIt(_ content: String?) throws {
        let ledger = try LetterStoreTests.folder()
        defer { try? FileManager.default.removeItem(atPath: ledger) }  // The folder of one test.
        let letters = (1...3).map { LetterStoreTests.letter($0, bytes: 300_000) }
        let warnings = Warnings()
        _ = try LetterStoreTests.store(ledger, letters)
        let store = LetterStore(ledger: ledger) { warnings.add($0) }
        let good = ledger + "/good.jsonl"
        #expect(try LetterTransfer.export(store, LetterFilter(), to: good).count == 3)
        let body = store.directory + "/bodies/" + letters[1].id.text
        let bytes = try Data(contentsOf: URL(fileURLWithPath: body))
        try FileManager.default.removeItem(atPath: body)
        if let content { try Data(content.utf8).write(to: URL(fileURLWithPath: body)) }

        let some = ledger + "/some.jsonl"
        let exported = try LetterTransfer.export(store, LetterFilter(), to: some)
        #expect(exported.ids == [letters[0].id, letters[2].id] && exported.leftOut == 1)
        #expect(warnings.all.count == 1 && warnings.all.allSatisfy { $0.contains(letters[1].id.text) })
        // Stopped behind it, the same export goes on.
        let lines = try Data(contentsOf: URL(fileURLWithPath: some)).split(separator: UInt8(ascii: "\n"))
        let again = ledger + "/again.jsonl"
        try (lines[0] + [UInt8(ascii: "\n")]).write(to: URL(fileURLWithPath: again + ".part"))
        #expect(try LetterTransfer.export(store, LetterFilter(), to: again) == exported)
        var filter = LetterFilter()
        filter.matches = [try #require(LetterFilter.Match("revision=2"))]
        #expect(try store.letters(try store.index(), filter) { _, _ in } == 1)
        #expect(try Self.discard(store, "one.jsonl") == exported)
        #expect(try store.index().waiting == 1)

        let imported = try Self.restore(good, store)
        #expect(imported == LetterTransfer.Imported(added: 0, restored: 2, known: 1, healed: 1))
        #expect(try Data(contentsOf: URL(fileURLWithPath: body)) == bytes)
        #expect(try Self.restore(good, store).healed == 0)
        #expect(try LetterTransfer.export(store, LetterFilter(), to: ledger + "/all.jsonl").count == 3)
    }

    private final class Warnings: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ text: String) { list.withLock { $0.append(text) } }
    }
}
