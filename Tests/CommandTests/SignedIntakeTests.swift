import Foundation
import Testing

/// Only publishers whose keys are known may lodge messages, where a city wants that.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct SignedIntakeTests {
    @Test func unsignedAndWronglySignedMessagesAreDeadLettersAndMendedOnesAreSignedHere() async throws {
        var site = try Site()
        try await site.apply()
        let path = site.scratch.path
        let desk = try await site.binary.run("intake", "keygen", "--name", "desk", "--key-file", path + "/desk.key")
        let stranger = try await site.binary.run(
            "intake", "keygen", "--name", "stranger", "--key-file", path + "/stranger.key")
        #expect(desk.code == 0 && stranger.code == 0)
        let keys = try site.scratch.write("publishers.keys", desk.output)
        func submit(_ number: Int, key: String?) async throws {
            var binary = site.binary
            binary.environment["DETAINER_INTAKE_SIGNING_KEY_FILE"] = key
            let file = try site.scratch.write("\(number).json", requestJSON(number))
            #expect(try await binary.run("intake", "submit", file).code == 0)
        }
        try await submit(1, key: path + "/desk.key")
        try await submit(2, key: nil)
        try await submit(3, key: path + "/stranger.key")
        var guarded = site.binary
        guarded.environment["DETAINER_INTAKE_PUBLISHER_KEY_FILE"] = keys
        site = Site(site, binary: guarded)
        try await site.drain()
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(list.compactMap { $0["requestId"] as? String } == ["00000000-0000-4000-8000-000000000001"])
        let letters = try await site.binary.run("dead-letters", "list", "--format", "json").objects()
        #expect(letters.compactMap { $0["reason"] as? String }.sorted() == ["unsigned", "wrong-signature"])
        // A person mends one: it is signed with this city's own key, and taken.
        let unsigned = try #require(letters.first { $0["reason"] as? String == "unsigned" }?["id"] as? String)
        let patch = try site.scratch.write("patch.json", #"{"receivedBy":{"station":"C-11"}}"#)
        let edit = try await site.binary.run("dead-letters", "edit", unsigned, "--patch", patch)
        #expect(edit.code == 0, "\(edit.errors)")
        guarded.environment["DETAINER_INTAKE_SIGNING_KEY_FILE"] = path + "/desk.key"
        let operators = Site(site, binary: guarded)
        let plan = path + "/plan.jsonl"
        let planned = try await operators.binary.run("dead-letters", "plan", "--only", "decided", "--out", plan)
        #expect(planned.code == 0, "\(planned.output) \(planned.errors)")
        let applied = try await operators.binary.run("dead-letters", "apply", plan)
        #expect(applied.code == 0, "\(applied.output) \(applied.errors)")
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 2)
        await site.remove()
    }
}
