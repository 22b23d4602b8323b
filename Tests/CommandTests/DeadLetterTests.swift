import AMQPClient
import BrokerTestSupport
import Foundation
import Testing

/// Dead letters as an operator meets them on a bad day: the real binary against a real broker.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct DeadLetterTests {
    /// A site whose dead-letter queue holds these messages, decided by a worker.
    static func site(_ messages: [String]) async throws -> Site {
        let site = try Site()
        try await site.apply()
        try await site.submit(messages)
        try await site.drain()
        return site
    }

    @Test func planAndApplyReplayExactlyWhatWasPlanned() async throws {
        let good = (1...3).map { requestJSON($0) }
        let wrong = (11...15).map { requestJSON($0).replacing("detainer.request/1", with: "detainer.request/9") }
        let site = try await Self.site(good + wrong + ["{", "["])
        let letters = try await site.letters()
        #expect(letters.count == 7)
        #expect(letters.allSatisfy { $0["state"] as? String == "waiting" })
        let plan = site.scratch.path + "/plan.jsonl"
        let planned = try await site.binary.run(
            "dead-letters", "plan", "--reason", "unsupported-version", "--out", plan, "--format", "json")
        let totals = try #require(try planned.objects().first)
        #expect(totals["letters"] as? Int == 5 && totals["dies"] as? Int == 5)
        let mode = try FileManager.default.attributesOfItem(atPath: plan)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // What arrives meanwhile does not join.
        try await site.submit([requestJSON(16).replacing("detainer.request/1", with: "detainer.request/9")])
        try await site.drain()
        let dry = try await site.apply(plan, "--dry-run")
        #expect(dry["replayed"] == 5)
        #expect(try await site.waiting(site.requestQueue) == 0)
        let applied = try await site.apply(plan)
        #expect(applied == ["replayed": 5, "refused": 0, "gone": 0, "unreadable": 0, "returned": 0, "left": 0])
        #expect(try await site.waiting(site.requestQueue) == 5)
        // A second time it changes nothing: its letters are replayed already.
        #expect(try await site.apply(plan)["replayed"] == 5)
        #expect(try await site.waiting(site.requestQueue) == 5)
        #expect(try await site.letters().count == 3)
        try await site.drain()
        let again = try await site.letters("--reason", "unsupported-version")
        #expect(again.count == 6)
        #expect(again.count { $0["deaths"] as? Int == 2 && $0["replays"] as? Int == 1 } == 5)
        // The first failure stays that of the first death.
        #expect(
            again.filter { $0["deaths"] as? Int == 2 }.allSatisfy {
                ($0["firstFailedAt"] as? String ?? "") < ($0["deadAt"] as? String ?? "")
            })
        #expect(try await site.binary.run("ledger", "verify").code == 0)
        await site.remove()
    }

    @Test func theLoopGuardRefusesWhatWasReplayedOftenEnough() async throws {
        let site = try await Self.site(["{"])
        for round in 1...3 {
            let plan = site.scratch.path + "/plan-\(round).jsonl"
            #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
            let tally = try await site.apply(plan, "--max-replays", "2")
            #expect(tally["replayed"] == (round < 3 ? 1 : 0))
            #expect(tally["refused"] == (round < 3 ? 0 : 1))
            try await site.drain()
        }
        let letter = try #require(try await site.letters().first)
        #expect(letter["deaths"] as? Int == 3 && letter["replays"] as? Int == 2)
        let id = try #require(letter["id"] as? String)
        let shown = try await site.binary.run("dead-letters", "show", id)
        #expect(shown.output.matches(of: /replayed by .*, plan [0-9a-f]{16}/).count == 2)
        #expect(shown.output.matches(of: /died: malformed-json/).count == 3)
        await site.remove()
    }

    @Test func killedInTheMiddleAnApplyGoesOnAndNothingIsLostOrDoubledInEffect() async throws {
        let count = 2_000
        // Undecidable for want of a policy in force: mended by other policies, as on a real bad night.
        let site = try Site()
        try await site.apply()
        try await site.submit((1...count).map { requestJSON($0).replacing("2025-03-04", with: "1999-03-04") })
        var binary = site.binary
        binary.environment["DETAINER_KILL_SWITCH_PERCENT"] = "101"
        let run = try await binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(run.code == 0, "\(run.errors)")
        let plan = site.scratch.path + "/plan.jsonl"
        let policies = try site.policies { $0.replacing(/in force from: \S+/, with: "in force from: 1990-01-01") }
        var mended = site.binary
        mended.environment["DETAINER_POLICY_DIRECTORY"] = policies
        let planned = try await mended.run("dead-letters", "plan", "--out", plan, "--format", "json")
        #expect(try planned.objects().first?["decided"] as? Int == count, "\(planned.errors)")
        var rounds = 0
        for more in [0, 30, 60] {
            let log = site.scratch.path + "/apply.log"
            let child = try mended.start(["dead-letters", "apply", plan, "--rate", "100"], errors: log)
            // Killed while it works: as soon as the store tells of so many replays more.
            let before = try await site.replayed()
            try await eventually("it replays") {
                try await site.replayed() > before + more || !child.isRunning
            }
            if child.isRunning { rounds += 1 }
            await child.killAndWait()
        }
        #expect(rounds > 0)
        let half = try await site.replayed()
        #expect(half > 0 && half < count, "killed in the middle: \(half)")
        let last = try await mended.run("dead-letters", "apply", plan, "--format", "json")
        #expect(last.code == 0, "\(last.errors)")
        #expect(try last.objects().first?["replayed"] as? Int == count)
        let drained = try await mended.run("worker", "run", "--exit-when-idle", "1")
        #expect(drained.code == 0, "\(drained.errors)")
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(Set(list.compactMap { $0["requestId"] as? String }).count == count)
        #expect(list.count == count)
        #expect(try await site.letters().isEmpty)
        let verify = try await site.binary.run("ledger", "verify", "--format", "json")
        #expect(verify.code == 0 && verify.output.contains(#""conflicts":0,"problems":[]"#))
        print("replay: killed \(rounds) times at \(half) of \(count), then all recorded once")
        await site.remove()
    }

    /// An exchange that cannot be looked for ends the run, and what was confirmed before is not sent again.
    @Test func whatWasSentBeforeAFailedLookIsRecorded() async throws {
        let site = try Site()
        try await site.apply()
        let (address, queue, other) = (
            try BrokerAddress(url: try #require(site.url)), site.requestQueue, site.prefix + ".other"
        )
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.declareExchange(name: other, type: "topic")
            try channel.bindQueue(queue: queue, exchange: other, routingKey: "#")
        }
        let count = 100
        try await site.publish((1...count).map { Message(body: Array("{\($0)".utf8)) })
        try await site.drain()
        #expect(try await site.letters().count == count)
        try await site.publish([Message(body: Array("{".utf8))], to: "other")
        try await site.drain()
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        // The run's own connection and the look for the first exchange are let through, the second look is not.
        let relay = Relay(to: [address.port], atMost: 2)
        let relayed = try #require(site.url).replacing(":\(address.port)", with: ":\(relay.port)")
        let cut = site.with(["DETAINER_BROKER_URL": relayed])
        let failed = try await cut.binary.run("dead-letters", "apply", plan, "--format", "json")
        #expect(failed.code == 69, "\(failed.errors)")
        #expect(try failed.objects().first?["replayed"] as? Int == count)
        #expect(try await site.apply(plan)["replayed"] == count + 1)
        #expect(try await site.waiting(queue) == count + 1)
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteExchange(name: other)
        }
        await site.remove()
    }

    /// A sender names the exchange, and may have named it anything.
    @Test func anExchangeThatIsGoneIsToldCovered() async throws {
        let site = try Site()
        try await site.apply()
        let (address, queue, other) = (
            try BrokerAddress(url: try #require(site.url)), site.requestQueue, site.prefix + ".MARKED Person"
        )
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.declareExchange(name: other, type: "topic")
            try channel.bindQueue(queue: queue, exchange: other, routingKey: "#")
        }
        try await site.publish([Message(body: Array("{".utf8))], to: "MARKED Person")
        try await site.drain()
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteExchange(name: other)
        }
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        let applied = try await site.binary.run("dead-letters", "apply", plan)
        #expect(applied.code == 1 && applied.output.contains("given back: there is no exchange"), "\(applied.errors)")
        #expect(!applied.output.contains("MARKED"))
        await site.remove()
    }

    @Test func whatNoQueueTakesStillWaits() async throws {
        let site = try await Self.site(Array(repeating: 0, count: 12).enumerated().map { "{\($0.offset)" })
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--out", plan).code == 0)
        let address = try BrokerAddress(url: try #require(site.url))
        let queue = site.requestQueue
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
        }
        let applied = try await site.binary.run("dead-letters", "apply", plan, "--format", "json")
        #expect(applied.code == 1)
        #expect(try applied.objects().first?["replayed"] as? Int == 0)
        #expect(try #require(try applied.objects().first?["returned"] as? Int) >= 10)
        #expect(try await site.letters().count == 12)
        try await site.apply()
        #expect(try await site.apply(plan)["replayed"] == 12)
        await site.remove()
    }

    @Test func aMendedLetterIsDecidedAndTheOriginalStays() async throws {
        let site = try await Self.site([requestJSON(1).replacing("I-247A", with: "MARKED-Person")])
        let id = try #require(try await site.letters().first?["id"] as? String)
        let wrong = try site.scratch.write("wrong.json", #"{"form":{"kind":"I-9999"}}"#)
        let refused = try await site.binary.run("dead-letters", "edit", id, "--patch", wrong)
        #expect(refused.code == 65 && refused.errors.contains("/form/kind"))
        #expect(!refused.errors.contains("I-9999"))
        let right = try site.scratch.write("right.json", #"{"form":{"kind":"I-247A"}}"#)
        let mended = try await site.binary.run("dead-letters", "edit", id, "--patch", right, "--format", "json")
        let newID = try #require(try mended.objects().first?["newId"] as? String)
        #expect(newID != id)
        #expect(try await site.letters().compactMap { $0["id"] as? String } == [newID])
        let plan = site.scratch.path + "/plan.jsonl"
        let planned = try await site.binary.run("dead-letters", "plan", "--out", plan, "--format", "json")
        #expect(try planned.objects().first?["decided"] as? Int == 1)
        #expect(try await site.apply(plan)["replayed"] == 1)
        try await site.drain()
        let story = try await site.binary.run("trace", "00000000-0000-4000-8000-000000000001")
        #expect(story.code == 0, "\(story.errors)")
        let order = [
            "died: schema", "made by mending", "mended by", "replayed by", "decided: not_acted_upon", "recorded in",
            "announced as", "now: decided, recorded, announced and settled",
        ]
        var rest = story.output[...]
        for piece in order {
            let found = try #require(rest.range(of: piece), "\(piece) in order in \(story.output)")
            rest = rest[found.upperBound...]
        }
        #expect(!story.output.contains("MARKED"))
        #expect(try await site.letters("--all").count == 2)
        await site.remove()
    }

    @Test func anEditorMendsToo() async throws {
        let site = try await Self.site([requestJSON(1).replacing("I-247A", with: "MARKED-Person")])
        let id = try #require(try await site.letters().first?["id"] as? String)
        let editor = try site.scratch.write("editor", "#!/bin/sh\nsed -i s/MARKED-Person/I-247A/ \"$1\"\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: editor)
        var binary = site.binary
        binary.environment["EDITOR"] = editor
        binary.environment["VISUAL"] = ""
        let edited = try await binary.run("dead-letters", "edit", String(id.prefix(8)))
        #expect(edited.code == 0, "\(edited.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: site.ledger + "/dead-letters")
        #expect(!left.contains { $0.hasPrefix("edit-") })
        let shown = try await site.binary.run("dead-letters", "show", id)
        #expect(shown.output.contains("looked at unmasked by"))
        binary.environment["EDITOR"] = "true"
        let newID = try #require(try await site.letters().first?["id"] as? String)
        let unchanged = try await binary.run("dead-letters", "edit", newID)
        #expect(unchanged.code == 65 && unchanged.errors.contains("nothing was changed"))
        await site.remove()
    }

    /// The store takes nothing when the editor ends: what a person wrote is not lost.
    @Test func aMendedTextThatCannotBeRecordedStaysAndTheNextEditGoesOnWithIt() async throws {
        let site = try await Self.site([requestJSON(1).replacing("I-247A", with: "MARKED-Person")])
        let id = try #require(try await site.letters().first?["id"] as? String)
        let lock = site.ledger + "/dead-letters/lock"
        let editor = try site.scratch.write(
            "editor", "#!/bin/sh\nsed -i s/MARKED-Person/I-247A/ \"$1\" && rm '\(lock)' && mkdir '\(lock)'\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: editor)
        var binary = site.binary
        binary.environment["EDITOR"] = editor
        binary.environment["VISUAL"] = ""
        let failed = try await binary.run("dead-letters", "edit", id)
        let path = "\(site.ledger)/dead-letters/edit-\(id)/message.json"
        #expect(failed.code == 74 && failed.errors.contains(path), "\(failed.errors)")
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("I-247A"))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        try FileManager.default.removeItem(atPath: lock)
        binary.environment["EDITOR"] = "true"
        let edited = try await binary.run("dead-letters", "edit", id)
        #expect(edited.code == 0 && edited.errors.contains(path), "\(edited.errors)")
        #expect(!FileManager.default.fileExists(atPath: path))
        let waiting = try await site.letters()
        #expect(waiting.count == 1 && waiting.allSatisfy { $0["id"] as? String != id })
        await site.remove()
    }

    /// The body is right and a property is not: there is nothing to change in the text.
    @Test func aLetterIsMendedWhoseIdentityAloneIsWrong() async throws {
        let site = try Site()
        try await site.apply()
        var properties = MessageProperties()
        properties.messageID = "99999999-0000-4000-8000-000000000001"
        try await site.publish([Message(body: Array(requestJSON(1).utf8), properties: properties)])
        try await site.drain()
        let letter = try #require(try await site.letters().first)
        #expect(letter["reason"] as? String == "identity-mismatch")
        var binary = site.binary
        binary.environment["EDITOR"] = "true"
        binary.environment["VISUAL"] = ""
        let edited = try await binary.run("dead-letters", "edit", try #require(letter["id"] as? String))
        #expect(edited.code == 0, "\(edited.errors)")
        let plan = site.scratch.path + "/plan.jsonl"
        let planned = try await site.binary.run("dead-letters", "plan", "--out", plan, "--format", "json")
        #expect(try planned.objects().first?["decided"] as? Int == 1)
        await site.remove()
    }
}

extension Site {
    func submit(_ messages: [String]) async throws {
        let name = "m-\(UUID().uuidString)"
        // A message that is no JSON must be a file of its own.
        let (whole, broken) = (messages.filter { $0.count > 20 }, messages.filter { $0.count <= 20 })
        var files = try broken.enumerated().map { try scratch.write("\(name)-\($0.offset).json", $0.element) }
        if !whole.isEmpty { files.append(try scratch.write(name + ".jsonl", whole.joined(separator: "\n"))) }
        let result = try await binary.run(["intake", "submit", "--unchecked"] + files)
        try #require(result.code == 0, "\(result.errors)")
    }

    func letters(_ options: String...) async throws -> [[String: Any]] {
        let result = try await binary.run(["dead-letters", "list", "--format", "json"] + options)
        try #require(result.code == 0, "\(result.errors)")
        return try result.objects()
    }

    func apply(_ plan: String, _ options: String...) async throws -> [String: Int] {
        let result = try await binary.run(["dead-letters", "apply", plan, "--format", "json"] + options)
        let object = try #require(try result.objects().first, "\(result.errors)")
        return object.compactMapValues { $0 as? Int }.filter {
            ["replayed", "refused", "gone", "unreadable", "returned", "left"].contains($0.key)
        }
    }

    /// Letters that the store says were replayed.
    func replayed() async throws -> Int {
        let result = try await binary.run("report", "annual", "--year", "2024", "--format", "json")
        let unread = try result.objects().first?["unread"] as? [String: Any]
        return unread?["replayed"] as? Int ?? 0
    }

    /// A copy of the shipped policies, changed.
    func policies(_ change: (String) -> String) throws -> String {
        let folder = scratch.path + "/policies-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let shipped = Binary.repository + "/config/policies/boston-2019.yaml"
        let text = try String(contentsOfFile: shipped, encoding: .utf8)
        try change(text).write(toFile: folder + "/boston.yaml", atomically: true, encoding: .utf8)
        return folder
    }
}
