import AMQPClient
import Foundation
import Testing

/// What the store keeps, shows and gives back; with the broker down too.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct DeadLetterKeepingTests {
    private static let marked = #"{"schema":"detainer.request/9","subject":{"familyName":"MARKED"},"MARKED":"MARKED"}"#

    @Test func aMessageIsMaskedAndWhoUnmasksItIsOnRecord() async throws {
        let site = try await DeadLetterTests.site([Self.marked])
        let id = try #require(try await site.letters().first?["id"] as? String)
        let masked = try await site.binary.run("dead-letters", "show", id)
        #expect(masked.code == 0 && !masked.output.contains("MARKED") && masked.output.contains("detainer.request/9"))
        #expect(!masked.output.contains("looked at"))
        let revealed = try await site.binary.run("dead-letters", "show", String(id.prefix(6)), "--reveal")
        #expect(revealed.output.contains(#""familyName": "MARKED""#))
        let after = try await site.binary.run("dead-letters", "show", id, "--format", "json")
        #expect(after.output.contains("looked at unmasked by") && !after.output.contains("MARKED"))
        for command in [["list"], ["list", "--format", "json"], ["list", "--match", "subject.familyName=MARKED"]] {
            let listed = try await site.binary.run(["dead-letters"] + command)
            #expect(listed.output.contains(String(id.prefix(8))) && !listed.output.contains("MARKED"))
        }
        let missing = try await site.binary.run("dead-letters", "show", "ffffffff")
        #expect(missing.code == 1 && missing.errors.contains("no letter ffffffff"))
        await site.remove()
    }

    @Test func discardedLettersAreArchivedFirstAndCanBeBroughtBack() async throws {
        let site = try await DeadLetterTests.site(["{", "[", Self.marked])
        #expect(try await site.letters().count == 3)
        let nameless = try await site.binary.run("dead-letters", "discard", "--because", "a test of the line")
        #expect(nameless.code == 64)
        let silent = try await site.binary.run("dead-letters", "discard", "--reason", "malformed-json")
        #expect(silent.code == 64)
        let discarded = try await site.binary.run(
            "dead-letters", "discard", "--reason", "malformed-json", "--because", "a test of the line", "--format",
            "json")
        let object = try #require(try discarded.objects().first)
        #expect(object["discarded"] as? Int == 2)
        let archive = try #require(object["archive"] as? String)
        #expect(try FileManager.default.attributesOfItem(atPath: archive)[.posixPermissions] as? Int == 0o600)
        #expect(try String(contentsOfFile: archive, encoding: .utf8).split(separator: "\n").count == 2)
        #expect(try await site.letters().count == 1)
        let gone = try #require(
            try await site.letters("--all").first { $0["state"] as? String == "discarded" }?["id"] as? String)
        let shown = try await site.binary.run("dead-letters", "show", gone)
        #expect(shown.output.contains("discarded by") && shown.output.contains("a test of the line"))
        let report = try await site.binary.run("report", "annual", "--year", "2025", "--format", "json")
        #expect(report.output.contains(#""unread":{"waiting":1,"discarded":2,"replayed":0}"#))
        let back = try await site.binary.run("dead-letters", "import", archive)
        #expect(back.output == "0 new, 2 brought back, 0 waited already\n")
        #expect(
            try await site.binary.run("dead-letters", "import", archive).output.hasPrefix("0 new, 0 brought back, 2"))
        #expect(try await site.letters().count == 3)
        let text = try await site.binary.run("report", "annual", "--year", "2025")
        #expect(text.output.contains("in no figure: waiting, 3; discarded by a person with a reason, 0"))
        await site.remove()
    }

    @Test func whatIsExportedHereIsImportedThereAndAnUnfinishedExportGoesOn() async throws {
        let site = try await DeadLetterTests.site((1...9).map { "{\($0)" })
        let file = site.scratch.path + "/letters.jsonl"
        #expect(try await site.binary.run("dead-letters", "export", file).output == "9 exported to \(file)\n")
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        // As a run leaves it that was killed: some lines and a torn one.
        let other = site.scratch.path + "/other.jsonl"
        try whole.prefix(whole.count * 2 / 3).write(to: URL(fileURLWithPath: other + ".part"))
        #expect(try await site.binary.run("dead-letters", "export", other).code == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == whole)
        let taken = try await site.binary.run("dead-letters", "export", other)
        #expect(taken.code == 74 && taken.errors.contains("is there already"))
        // Another ledger, without a broker.
        var elsewhere = site.binary
        elsewhere.environment["DETAINER_LEDGER_DIRECTORY"] = site.scratch.path + "/elsewhere"
        elsewhere.environment["DETAINER_BROKER_URL"] = "amqp://guest:guest@127.0.0.1:1/"
        // A run that was killed in the middle imported some already.
        let lines = whole.split(separator: UInt8(ascii: "\n"))
        let some = site.scratch.path + "/some.jsonl"
        try Data(lines.prefix(4).joined(separator: [UInt8(ascii: "\n")]) + [UInt8(ascii: "\n")]).write(
            to: URL(fileURLWithPath: some))
        #expect(try await elsewhere.run("dead-letters", "import", some).output.hasPrefix("4 new"))
        #expect(try await elsewhere.run("dead-letters", "import", file).output.hasPrefix("5 new, 0 brought back, 4"))
        let listed = try await elsewhere.run("dead-letters", "list", "--format", "json")
        #expect(listed.code == 0 && listed.errors.contains("not collected, showing what is on file"))
        #expect(try listed.objects().count == 9)
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await elsewhere.run("dead-letters", "plan", "--out", plan).code == 0)
        let applied = try await elsewhere.run("dead-letters", "apply", plan)
        #expect(applied.code == 69)
        let broken = try site.scratch.write("broken.jsonl", #"{"kind":"letter"}"# + "\n")
        let refused = try await elsewhere.run("dead-letters", "import", broken)
        #expect(refused.code == 65 && refused.errors.contains("broken.jsonl:1: is no exported letter"))
        await site.remove()
    }

    /// One body that is gone or changed keeps none behind it from being replayed.
    @Test func aBodyThatWasChangedIsNotReplayed() async throws {
        let large = requestJSON(1).replacing("I-247A", with: "I-9") + String(repeating: " ", count: 400_000)
        let site = try await DeadLetterTests.site([large, "{", "["])
        let letters = try await site.letters()
        #expect(letters.count == 3)
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        let bodies = site.ledger + "/dead-letters/bodies"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: bodies).first)
        try Data("changed".utf8).write(to: URL(fileURLWithPath: bodies + "/" + name))
        let shown = try await site.binary.run("dead-letters", "show", name)
        #expect(shown.code == 74 && shown.errors.contains("or was changed there: restore the file, or import"))
        // The others are planned and exported all the same, and it is said which one is not.
        let other = site.scratch.path + "/other.jsonl"
        for command in [["plan", "--out", other], ["export", site.scratch.path + "/some.jsonl"]] {
            let result = try await site.binary.run(["dead-letters"] + command)
            #expect(result.code == 1 && result.errors.contains("the body of letter \(name)"), "\(result.errors)")
            #expect(result.output.contains("1 left out"), "\(result.output)")
        }
        #expect(try String(contentsOfFile: other, encoding: .utf8).contains(#""letters":2"#))
        let matched = try await site.binary.run("dead-letters", "list", "--match", "form.kind=I-9")
        #expect(matched.code == 1 && matched.errors.contains("the body of letter \(name)"))
        let dry = try await site.apply(plan, "--dry-run")
        #expect(dry["replayed"] == 2 && dry["gone"] == 0 && dry["unreadable"] == 1)
        let applied = try await site.binary.run("dead-letters", "apply", plan, "--format", "json")
        #expect(applied.code == 1 && applied.errors.contains("the body of letter \(name)"))
        let tally = try #require(try applied.objects().first)
        #expect(tally["replayed"] as? Int == 2 && tally["gone"] as? Int == 0 && tally["left"] as? Int == 0)
        #expect(tally["unreadable"] as? Int == 1)
        #expect(try await site.letters().compactMap { $0["id"] as? String } == [name])
        #expect(try await site.waiting(site.requestQueue) == 2)
        let again = try await site.binary.run("dead-letters", "apply", plan, "--dry-run")
        #expect(again.output.contains("0 would be replayed") && again.output.contains("2 more were replayed"))
        await site.remove()
    }

    @Test func anIdThatNamesNoneTakesNothing() async throws {
        let site = try await DeadLetterTests.site(["{", "["])
        let ids = try await site.letters().compactMap { $0["id"] as? String }
        let (id, other) = (try #require(ids.first), try #require(ids.last))
        let file = site.scratch.path + "/file.jsonl"
        for command in [["discard", "--because", "a test of the line"], ["plan", "--out", file], ["export", file]] {
            let refused = try await site.binary.run(["dead-letters"] + command + ["--id", id, "--id", "ffffffffff"])
            #expect(refused.code == 64 && refused.errors.contains("--id ffffffffff: no such letter waits"))
            #expect(!FileManager.default.fileExists(atPath: file))
        }
        #expect(try await site.letters().count == 2)
        // One that was dealt with is named by its id where such letters are asked for, and only there.
        let discarded = try await site.binary.run(
            "dead-letters", "discard", "--because", "a test of the line", "--id", other)
        #expect(discarded.code == 0, "\(discarded.errors)")
        #expect(try await site.binary.run("dead-letters", "export", file, "--id", other).code == 64)
        #expect(try await site.binary.run("dead-letters", "export", file, "--all", "--id", other).code == 0)
        await site.remove()
    }

    @Test func aPlanThatWasChangedIsNotApplied() async throws {
        let site = try await DeadLetterTests.site(["{", "["])
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        let text = try String(contentsOfFile: plan, encoding: .utf8)
        var lines = text.split(separator: "\n")
        lines.remove(at: 1)
        let cut = try site.scratch.write("cut.jsonl", lines.joined(separator: "\n") + "\n")
        let refused = try await site.binary.run("dead-letters", "apply", cut)
        #expect(refused.code == 65 && refused.errors.contains("the plan was changed after it was made"))
        #expect(try await site.letters().count == 2)
        #expect(try await site.waiting(site.requestQueue) == 0)
        await site.remove()
    }

    @Test func killedWhileItCollectsNothingIsLost() async throws {
        let site = try Site()
        try await site.apply()
        let count = 5_000
        try await site.publish((1...count).map { .init(body: Array("{\($0)".utf8)) })
        var binary = site.binary
        binary.environment["DETAINER_WORKER_PREFETCH"] = "2000"
        #expect(try await binary.run("worker", "run", "--exit-when-idle", "1").code == 0)
        let segment = site.ledger + "/dead-letters/segment-00000001.open.jsonl"
        func bytes() -> Int {
            // A file that is not there yet has no bytes.
            (try? FileManager.default.attributesOfItem(atPath: segment)[.size] as? Int) ?? 0
        }
        var killed = 0
        for _ in 1...3 {
            let before = bytes()
            let child = try site.binary.start(["dead-letters", "collect"], errors: site.scratch.path + "/collect.log")
            try await eventually("it writes") { bytes() > before + 4_096 || !child.isRunning }
            if child.isRunning { killed += 1 }
            await child.killAndWait()
        }
        #expect(killed > 0)
        #expect(try await site.letters().count == count)
        #expect(try await site.waiting(site.prefix + ".dead-letters") == 0)
        #expect(try await site.binary.run("ledger", "verify").code == 0)
        print("collect: killed \(killed) times, all \(count) letters are in the store")
        await site.remove()
    }
}
