import Detainers
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Ledger

struct SigningTests {
    private static func signing(_ key: LedgerSigningKey?, segmentBytes: Int = 64 << 20) -> LedgerConfiguration {
        var configuration = LedgerConfiguration()
        configuration.signingKey = key
        configuration.segmentBytes = segmentBytes
        return configuration
    }

    private static func key() throws -> LedgerSigningKey { try LedgerSigningKey(newNamed: "detainers.example.gov") }

    /// Five records in two batches, each batch signed.
    private static func fill(_ bench: Bench, _ key: LedgerSigningKey) throws {
        var writer = try bench.open(signing(key)).takeWriter()
        _ = try writer.append(Bench.records(1...3), announcedThrough: 0, now: Bench.now)
        try writer.signCheckpoint()
        _ = try writer.append(Bench.records(4...5), announcedThrough: 3, now: Bench.now)
        try writer.signCheckpoint()
        writer.close()
    }

    @Test func keysSurviveTheirFilesAndHalvesOfDifferentKeysDoNotFit() throws {
        let key = try Self.key()
        #expect(try LedgerSigningKey(file: key.fileText).publicKey.fileText == key.publicKey.fileText)
        #expect(try LedgerPublicKey(file: key.publicKey.fileText).name == "detainers.example.gov")
        let other = try LedgerSigningKey(newNamed: "another.example").publicKey.fileText
        let mixed = other.prefix { $0 != "+" } + key.publicKey.fileText.drop { $0 != "+" }
        #expect(throws: NoteError.self) { try LedgerPublicKey(file: String(mixed)) }
        #expect(throws: NoteError.self) { try LedgerSigningKey(newNamed: "two words") }
        #expect(throws: NoteError.self) { try LedgerSigningKey(file: key.publicKey.fileText) }
    }

    @Test func aSignedNoteIsOpenedByItsKeyAloneAndOnlyUnchanged() throws {
        let key = try Self.key()
        let head = TreeHead(origin: key.origin(logID: "ab"), size: 3, rootHash: Array(repeating: 1, count: 32))
        let note = try key.sign(head)
        #expect(try key.publicKey.open(note) == head)
        // Witnesses may add their signatures.
        #expect(try key.publicKey.open(note + "— witness.example AAAAAAA=\n") == head)
        let stranger = try LedgerSigningKey(newNamed: "detainers.example.gov").publicKey
        #expect(throws: NoteError.self) { try stranger.open(note) }
        for position in note.utf8.indices {
            var bytes = Array(note.utf8)
            bytes[note.utf8.distance(from: note.utf8.startIndex, to: position)] ^= 1
            let changed = String(decoding: bytes, as: UTF8.self)
            // Base64 has spare bits at its end, and so a change there may say the same.
            if let opened = try? key.publicKey.open(changed) { #expect(opened == head) }
        }
    }

    /// Base64 can write the same bytes in other ways: of one head there would be several texts.
    @Test func aRootIsWrittenInOneWay() throws {
        let key = try Self.key()
        let head = TreeHead(origin: key.origin(logID: "ab"), size: 3, rootHash: Array(repeating: 0, count: 32))
        let note = try key.sign(head)
        #expect(try TreeHead(note: note) == head)
        let spare = note.replacing("AAA=\n\n", with: "AAB=\n\n")
        try #require(spare != note)
        #expect(throws: NoteError.self) { try TreeHead(note: spare) }
    }

    @Test func aLedgerRewrittenFromEndToEndIsGivenAwayByItsSignedCheckpoints() throws {
        let bench = Bench()
        defer { bench.remove() }
        let key = try Self.key()
        try Self.fill(bench, key)
        let good = try LedgerReader(directory: bench.worker).verify(key: key.publicKey)
        #expect(good.problems == [])
        #expect(good.signedCheckpoints == 2)
        // Someone with write access makes a ledger that holds together in every line and root.
        let logID = good.logID
        let checkpoints = bench.worker + "/checkpoints"
        let kept = bench.directory + "/kept"
        try FileManager.default.moveItem(atPath: checkpoints, toPath: kept)
        try FileManager.default.removeItem(atPath: bench.openSegment)
        var tree = MerkleTree()
        var bytes = LedgerFormat.line(
            LedgerFormat.header(logID: logID, segment: 1, firstRecord: 0, root: tree.root))
        for record in Bench.records(2...6) {
            let line = LedgerFormat.line(record)
            tree.append(line.dropLast())
            bytes += line
        }
        bytes += LedgerFormat.line(
            LedgerFormat.checkpoint(records: 5, root: tree.root, announcedThrough: 5, at: Bench.now))
        try bench.write(bytes, bench.openSegment)
        let unsigned = try LedgerReader(directory: bench.worker).verify(key: key.publicKey)
        #expect(unsigned.problems == ["`\(bench.worker)` holds records and no signed checkpoint"])
        try FileManager.default.moveItem(atPath: kept, toPath: checkpoints)
        let report = try LedgerReader(directory: bench.worker).verify(key: key.publicKey)
        #expect(report.problems.count == 2)
        #expect(report.problems.allSatisfy { $0.contains("are not those that were signed") })
        // Whoever goes on writing there signs nothing that contradicts what was signed.
        let opening = try bench.open(Self.signing(key))
        #expect(opening.report.contradicted?.size == 5)
        var writer = opening.takeWriter()
        _ = try writer.append(Bench.records(7...7), announcedThrough: 5, now: Bench.now)
        try writer.signCheckpoint()
        #expect(try LedgerReader(directory: bench.worker).signedCheckpoints().count == 2)
    }

    @Test func aLedgerCutShortOrOfAnotherLogIsGivenAway() throws {
        let bench = Bench()
        defer { bench.remove() }
        let key = try Self.key()
        try Self.fill(bench, key)
        let whole = try bench.bytes(bench.openSegment)
        let lines = String(decoding: whole, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        // Header, three records and their checkpoint.
        try bench.write(Array((lines[..<5].joined(separator: "\n") + "\n").utf8), bench.openSegment)
        let report = try LedgerReader(directory: bench.worker).verify()
        #expect(report.problems.count == 1)
        #expect(report.problems.first?.contains("covers 5 records and the ledger has fewer: it was cut short") == true)
        #expect(try bench.open(Self.signing(key)).report.contradicted?.size == 5)
    }

    @Test func anEarlierCheckpointKeptElsewhereIsCompared() throws {
        let bench = Bench()
        let elsewhere = Bench()
        defer {
            bench.remove()
            elsewhere.remove()
        }
        let key = try Self.key()
        try Self.fill(bench, key)
        let reader = try LedgerReader(directory: bench.worker)
        let old = try #require(try reader.signedCheckpoints().first)
        let head = try key.publicKey.open(old.note)
        #expect(try reader.verify(key: key.publicKey, earlier: [head]).problems == [])
        var changed = head
        changed.rootHash[0] ^= 1
        #expect(try reader.verify(key: key.publicKey, earlier: [changed]).problems.count == 1)
    }

    @Test func proofsVerifyOfflineAndNothingElseDoes() throws {
        let bench = Bench()
        defer { bench.remove() }
        let key = try Self.key()
        try Self.fill(bench, key)
        let reader = try LedgerReader(directory: bench.worker)
        var lines: [[UInt8]] = []
        try reader.records { lines.append($0.line) }
        for index in UInt64(0)..<5 {
            let text = try #require(try reader.proof(of: index))
            guard case .inclusion(let line, index, let head) = try LedgerProof(text: text, key: key.publicKey) else {
                Issue.record("no proof of inclusion of \(index)")
                continue
            }
            #expect(line == lines[Int(index)])
            #expect(head.size == 5)
            let elsewhere = text.replacing("index \(index)\n", with: "index \((index + 1) % 5)\n")
            #expect(throws: NoteError.self) { try LedgerProof(text: elsewhere, key: key.publicKey) }
        }
        #expect(try reader.proof(of: 5) == nil)
        let old = try #require(try reader.signedCheckpoints().first).note
        let text = try #require(try reader.proof(since: key.publicKey.open(old)))
        guard case .consistency(let from, let to) = try LedgerProof(text: text, key: key.publicKey, earlier: old) else {
            Issue.record("no proof of consistency")
            return
        }
        #expect((from.size, to.size) == (3, 5))
        #expect(throws: NoteError.self) { try LedgerProof(text: text, key: key.publicKey) }
        let stranger = try LedgerSigningKey(newNamed: "detainers.example.gov").publicKey
        #expect(throws: NoteError.self) { try LedgerProof(text: text, key: stranger, earlier: old) }
    }

    @Test func aCheckpointThatDoesNotFitTheLedgerProvesNothing() throws {
        let bench = Bench()
        defer { bench.remove() }
        let key = try Self.key()
        try Self.fill(bench, key)
        let reader = try LedgerReader(directory: bench.worker)
        let old = try key.publicKey.open(try #require(try reader.signedCheckpoints().first).note)
        let origin = key.origin(logID: try reader.logID())
        let path = bench.worker + "/checkpoints/999999999999.txt"
        let root = [UInt8](repeating: 1, count: 32)
        let heads = [
            (TreeHead(origin: origin, size: .max, rootHash: root), "the ledger has fewer"),
            (TreeHead(origin: origin, size: 6, rootHash: root), "the ledger has fewer"),
            (TreeHead(origin: origin, size: 4, rootHash: root), "are not those that were signed"),
            (TreeHead(origin: key.origin(logID: "ab"), size: 4, rootHash: root), "checkpoint of another ledger"),
        ]
        for (head, sentence) in heads {
            try bench.write(Array(try key.sign(head).utf8), path)
            let inclusion = try #require(throws: LedgerError.self) { _ = try reader.proof(of: 1) }
            let consistency = try #require(throws: LedgerError.self) { _ = try reader.proof(since: old) }
            #expect(inclusion == consistency && inclusion.code == .contradicted)
            #expect(inclusion.message.hasPrefix("`\(path)` ") && inclusion.message.contains(sentence))
        }
        try FileManager.default.removeItem(atPath: path)
        var changed = old
        changed.rootHash[0] ^= 1
        let refused = try #require(throws: LedgerError.self) { _ = try reader.proof(since: changed) }
        #expect(refused.code == .contradicted && refused.message.hasPrefix("the earlier checkpoint covers 3 records"))
        #expect(try reader.proof(since: old) != nil)
    }

    @Test func aDiskWithoutRoomForACheckpointIsTriedAgain() throws {
        let bench = Bench()
        defer { bench.remove() }
        let full = LedgerFaultTests.Switch()
        var files = FileSystem()
        let open = files.open
        files.open = { path, flags throws(FileSystem.Errno) in
            if full.value, path.contains("/checkpoints/") { throw .init(number: ENOSPC) }
            return try open(path, flags)
        }
        var writer = try bench.open(Self.signing(try Self.key()), files: files).takeWriter()
        _ = try writer.append(Bench.records(1...3), announcedThrough: 0, now: Bench.now)
        full.turnOn()
        do throws(LedgerError) {
            try writer.signCheckpoint()
            Issue.record("signed without room")
        } catch { #expect(error.code == .notWritable) }
        full.turnOff()
        try writer.signCheckpoint()
        #expect(try LedgerReader(directory: bench.worker).verify().signedCheckpoints == 1)
    }
}
