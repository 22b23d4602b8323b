import Detainers
import Foundation
import Ledger
import Testing

/// Auditors check a ledger with two programs that share no line: `detainer ledger verify`, and a script that needs
/// nothing but Python. They agree on good and on tampered ledgers.
struct AuditTests {
    /// Two workers' ledgers with signed checkpoints: seven outcomes, one of them recorded by both.
    private struct Archive {
        let scratch: Scratch
        let binary: Binary
        var ledger: String { scratch.path + "/ledger" }
        var publicKey: String { ledger + "/signing.key.pub" }
        /// Of the policy that is kept beside the records.
        static let digest = "2c9a76882dc41e5822b5f72b4ef95debd54b2d5085320324bdf8284e4ec471b3"

        init() async throws {
            scratch = try Scratch()
            binary = Binary(environment: ["DETAINER_LEDGER_DIRECTORY": scratch.path + "/ledger"])
            let made = try await binary.run("ledger", "keygen", "--name", "detainers.example.gov")
            #expect(made.code == 0)
            try write("one", [[1, 2, 3], [4, 5]], segmentBytes: 1_500)
            try write("two", [[5], [6, 7]], segmentBytes: 1 << 20)
        }

        func write(_ worker: String, _ batches: [[Int]], segmentBytes: Int) throws {
            try write(worker, try batches.map { try $0.map { try Self.outcome($0).json() } }, segmentBytes)
        }

        /// As a worker does when it starts.
        func load(_ worker: String) throws {
            let load: JSONValue = ["kind": "policy-load", "policies": [["digest": .string("sha-256:" + Self.digest)]]]
            try write(worker, [[load]], 1 << 20)
        }

        private func write(_ worker: String, _ batches: [[JSONValue]], _ segmentBytes: Int) throws {
            var configuration = LedgerConfiguration()
            configuration.segmentBytes = segmentBytes
            configuration.signingKey = try LedgerSigningKey(
                file: String(contentsOfFile: ledger + "/signing.key", encoding: .utf8))
            let now = Moment(secondsSinceEpoch: 1_700_000_000)
            var writer = try LedgerWriter.open(
                directory: ledger, worker: worker, configuration: configuration, now: now
            ).takeWriter()
            try writer.keepPolicy(digest: "sha-256:" + Self.digest, text: "policy: example\n")
            for batch in batches {
                _ = try writer.append(batch, announcedThrough: 0, now: now)
                try writer.signCheckpoint()
            }
            writer.close()
        }

        private static func outcome(_ number: Int) throws -> Outcome {
            let request = Request(
                requestID: "00000000-0000-4000-8000-00000000000\(number)", revision: 1,
                receivedBy: .init(agency: "elsewhere"), receipt: .init(channel: .fax), form: .init(kind: .i247A))
            return Outcome(
                request: request, decision: nil,
                date: RequestDate(date: try #require(CivilDate("2025-01-02")), basis: .recorded),
                pseudonyms: Pseudonyms(keyID: "test"), contentKey: "content \(number)",
                recordedAt: Moment(secondsSinceEpoch: Int64(number)), traceparent: nil, jurisdiction: "boston")
        }

        /// Both verdicts: exit codes, and counts by name with the number of problems.
        func verdicts(_ more: [String] = []) async throws -> [Verdict] {
            let arguments = ["--public-key", publicKey] + more
            let ours = try await binary.run(["ledger", "verify", "--format", "json"] + arguments)
            let theirs = try await Binary.script("deploy/audit/verify-ledger", arguments + [ledger])
            return [try Verdict(ours), try Verdict(theirs)]
        }

        func edit(_ name: String, _ change: (String) -> String) throws {
            let path = ledger + "/" + name
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let changed = change(text)
            #expect(changed != text)
            try changed.write(toFile: path, atomically: false, encoding: .utf8)
        }

        func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: ledger + "/" + name) }
    }

    private struct Verdict: Equatable {
        var code: Int32
        var outcomes, repeats, conflicts, problems, signed: Int

        init(_ result: Binary.Result) throws {
            let object = try #require(try result.objects().first)
            func number(_ name: String) throws -> Int { try #require(object[name] as? Int) }
            code = result.code
            outcomes = try number("outcomes")
            repeats = try number("repeats")
            conflicts = try number("conflicts")
            signed = try number("signedCheckpoints")
            problems = try #require(object["problems"] as? [String]).count
        }
    }

    @Test func bothFindAGoodLedgerGood() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        let verdicts = try await archive.verdicts()
        #expect(verdicts[0] == verdicts[1])
        #expect(verdicts[0].code == 0)
        #expect(verdicts[0].outcomes == 7)
        #expect(verdicts[0].repeats == 1)
        #expect(verdicts[0].signed == 4)
        let first = archive.ledger + "/one/checkpoints/000000000003.txt"
        #expect(try await archive.verdicts(["--checkpoint", first]).map(\.code) == [0, 0])
    }

    @Test func bothTellTwoHistoriesOfOneLogAndNotACopy() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        try FileManager.default.copyItem(atPath: archive.ledger + "/one", toPath: archive.ledger + "/three")
        try archive.write("one", [[8]], segmentBytes: 1_500)
        let copied = try await archive.verdicts()
        #expect(copied[0] == copied[1])
        #expect(copied[0].code == 0 && copied[0].outcomes == 8 && copied[0].repeats == 6)
        try archive.write("three", [[8], [9]], segmentBytes: 1_500)
        let same = try await archive.verdicts()
        #expect(same[0] == same[1] && same[0].code == 0)
        try archive.write("one", [[7]], segmentBytes: 1_500)
        let forked = try await archive.verdicts()
        #expect(forked[0] == forked[1])
        #expect(forked[0].code == 1 && forked[0].problems == 1)
    }

    @Test func bothFindEachWorkerWhateverBecameOfLocks() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        let whole = try await archive.verdicts()
        try archive.remove("one/lock")
        #expect(try await archive.verdicts() == whole)
        #expect(FileManager.default.createFile(atPath: archive.ledger + "/lock", contents: nil))
        #expect(try await archive.verdicts() == whole)
    }

    @Test func bothMissThePolicyThatDecided() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        try archive.load("two")
        let whole = try await archive.verdicts()
        #expect(whole[0] == whole[1] && whole[0].code == 0)
        try archive.remove("two/policies/\(Archive.digest).yaml")
        let one = try await archive.verdicts()
        #expect(one[0] == one[1] && one[0].code == 1 && one[0].problems == 1)
        try archive.remove("two/policies")
        #expect(try await archive.verdicts() == one)
    }

    /// What is left looks like a ledger that was always so short.
    @Test func bothMissSealedSegmentsAtTheEnd() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        try archive.write("one", [[8], [9]], segmentBytes: 1_500)
        let indexed = try await archive.binary.run("ledger", "index")
        #expect(indexed.code == 0, "\(indexed.errors)")
        let files = FileManager.default
        func names(_ folder: String) throws -> [String] {
            try files.contentsOfDirectory(atPath: archive.ledger + "/" + folder)
        }
        #expect(try names("one").contains("segment-00000002.jsonl"))
        for name in try names("one") where name.hasSuffix(".jsonl") && name != "segment-00000001.jsonl" {
            try archive.remove("one/" + name)
        }
        for name in try names("one/checkpoints") where name > "000000000003.txt" {
            try archive.remove("one/checkpoints/" + name)
        }
        let short = try await archive.verdicts()
        #expect(short[0] == short[1] && short[0].code == 1 && short[0].problems == 1)
        for name in try names("one") where [".index", ".run", ".checked"].contains(where: name.hasSuffix) {
            try archive.remove("one/" + name)
        }
        let forgotten = try await archive.verdicts()
        #expect(forgotten[0] == forgotten[1] && forgotten[0].code == 0)
    }

    enum Tampering: String, CaseIterable, Sendable {
        case changedWord, changedSealedWord, missingSegment, missingLastSegment, swappedLines, missingCheckpoints
        case changedCheckpoint, strangersCheckpoint, changedSignature, shortenedFile, foreignCheckpoint, duplicateMember
        case changedPolicy
    }

    @Test(arguments: Tampering.allCases)
    func bothFindATamperedLedgerBad(_ tampering: Tampering) async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        let sealed = "one/segment-00000001.jsonl"
        let open = "two/segment-00000001.open.jsonl"
        let note = "one/checkpoints/000000000003.txt"
        switch tampering {
        case .changedWord: try archive.edit(open) { $0.replacing("elsewhere", with: "somewhere") }
        case .changedSealedWord: try archive.edit(sealed) { $0.replacing("elsewhere", with: "somewhere") }
        case .missingSegment: try archive.remove(sealed)
        case .missingLastSegment: try archive.remove("one/segment-00000002.open.jsonl")
        case .swappedLines:
            try archive.edit(sealed) {
                var lines = $0.split(separator: "\n")
                lines.swapAt(1, 2)
                return lines.joined(separator: "\n") + "\n"
            }
        case .missingCheckpoints: try archive.remove("one/checkpoints")
        case .changedCheckpoint: try archive.edit(note) { $0.replacing("\n3\n", with: "\n2\n") }
        case .strangersCheckpoint:
            let stranger = try LedgerSigningKey(newNamed: "detainers.example.gov").publicKey.fileText
            try stranger.write(toFile: archive.publicKey, atomically: false, encoding: .utf8)
        case .changedSignature:
            try archive.edit(note) { text in
                // Twelve from the end: well within the signature.
                let there = text.suffix(12).prefix(1)
                return text.dropLast(12) + (there == "A" ? "B" : "A") + text.suffix(11)
            }
        case .shortenedFile: try archive.edit(sealed) { String($0.dropLast(20)) }
        case .foreignCheckpoint:
            try FileManager.default.copyItem(
                atPath: archive.ledger + "/two/checkpoints/000000000001.txt",
                toPath: archive.ledger + "/one/checkpoints/000000000001.txt")
        case .changedPolicy:
            try archive.edit("two/policies/\(Archive.digest).yaml") { $0.replacing("example", with: "another") }
        case .duplicateMember:
            try archive.edit(open) {
                $0.replacing(#"{"kind":"outcome","#, with: #"{"kind":"outcome","kind":"outcome","#)
            }
        }
        let verdicts = try await archive.verdicts()
        #expect(verdicts[0] == verdicts[1])
        #expect(verdicts[0].code == 1)
        #expect(verdicts[0].problems > 0)
    }

    @Test func bothAcceptTheSameProofsAndNoOthers() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        let key = ["--public-key", archive.publicKey]
        func both(_ proof: String, _ more: [String] = []) async throws -> [Int32] {
            let file = try archive.scratch.write("proof.tlog-proof", proof)
            let arguments = key + ["--proof", file] + more
            return [
                try await archive.binary.run(["ledger", "verify"] + arguments).code,
                try await Binary.script("deploy/audit/verify-ledger", arguments).code,
            ]
        }
        let id = "00000000-0000-4000-8000-000000000002"
        let proof = try await archive.binary.run("ledger", "prove", id)
        #expect(proof.code == 0)
        #expect(try await both(proof.output) == [0, 0])
        #expect(try await both(proof.output.replacing("index 1\n", with: "index 2\n")) == [1, 1])
        let old = ["--checkpoint", archive.ledger + "/one/checkpoints/000000000003.txt"]
        let growth = try await archive.binary.run("ledger", "prove", "--since", old[1])
        #expect(growth.code == 0)
        #expect(try await both(growth.output, old) == [0, 0])
        #expect(try await both(growth.output) == [1, 1])
        #expect(try await both(growth.output.replacing("old 3\n", with: "old 2\n"), old) == [1, 1])
        let unknown = try await archive.binary.run("ledger", "prove", "00000000-0000-4000-8000-000000000009")
        #expect(unknown.code == 1)
    }

    @Test func nothingIsProvedByTheCheckpointOfAnotherLedger() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        let checkpoints = archive.ledger + "/one/checkpoints/"
        try FileManager.default.copyItem(
            atPath: archive.ledger + "/two/checkpoints/000000000001.txt", toPath: checkpoints + "999999999999.txt")
        for what in [["00000000-0000-4000-8000-000000000002"], ["--since", checkpoints + "000000000003.txt"]] {
            let proof = try await archive.binary.run(["ledger", "prove"] + what)
            #expect(proof.code == 1 && proof.output.isEmpty)
            #expect(proof.errors.contains("999999999999.txt` is the checkpoint of another ledger"), "\(proof.errors)")
        }
    }

    @Test func aKeyIsNeverOverwritten() async throws {
        let archive = try await Archive()
        defer { archive.scratch.remove() }
        let again = try await archive.binary.run("ledger", "keygen", "--name", "detainers.example.gov")
        #expect(again.code == 78)
        #expect(again.errors.contains("is there already"))
    }
}
