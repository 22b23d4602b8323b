import AMQPClient
import Detainers
import Foundation
import Testing

/// Messages in each form that senders may choose, through a real broker to a real worker, and mended by a person.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct IntakeFormsTests {
    private static let attributes = #"{"specversion":"1.0","id":"e-1","source":"/desk","type":"detainer.request","#

    private static func event(_ request: String) -> Message {
        var properties = MessageProperties()
        properties.contentType = "application/cloudevents+json"
        return Message(body: Array((attributes + #""data":"# + request + "}").utf8), properties: properties)
    }

    private static func binary(_ request: String) -> Message {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.headers = [("specversion", "1.0"), ("id", "e-1"), ("source", "/desk"), ("type", "request")].map {
            ("cloudEvents:" + $0.0, .string($0.1))
        }
        return Message(body: Array(request.utf8), properties: properties)
    }

    private static func gzipped(_ body: String, _ site: Site, type: String? = nil) async throws -> Message {
        let file = try site.scratch.write("packed-\(UUID().uuidString)", body)
        let packed = try await Binary.run("/bin/gzip", [file], ProcessInfo.processInfo.environment, input: nil)
        try #require(packed.code == 0, "\(packed.errors)")
        var properties = MessageProperties()
        (properties.contentEncoding, properties.contentType) = ("gzip", type)
        return Message(
            body: Array(try Data(contentsOf: URL(fileURLWithPath: file + ".gz"))), properties: properties)
    }

    @Test func theSameRequestInEveryFormIsOneRecordAndNoLetter() async throws {
        let site = try Site()
        try await site.apply()
        let request = requestJSON(1)
        let event = Self.event(request)
        let messages = [
            Message(body: Array(request.utf8)), event, Self.binary(request),
            try await Self.gzipped(request, site),
            try await Self.gzipped(
                String(decoding: event.body, as: UTF8.self), site, type: event.properties.contentType),
        ]
        // Each form is the first once, and the others repeats of it.
        for first in messages.indices {
            let number = first + 1
            func numbered(_ body: [UInt8]) -> String {
                String(decoding: body, as: UTF8.self).replacing(
                    "00000000-0000-4000-8000-000000000001", with: "00000000-0000-4000-8000-00000000000\(number)")
            }
            var turn: [Message] = []
            for (position, message) in messages.enumerated() {
                var made = message
                if message.properties.contentEncoding == nil {
                    made.body = Array(numbered(message.body).utf8)
                } else {
                    let plain = numbered(messages[position == 3 ? 0 : 1].body)
                    made = try await Self.gzipped(plain, site, type: message.properties.contentType)
                }
                turn.append(made)
            }
            try await site.publish([turn[first]] + turn)
        }
        try await site.drain()
        let ids = try await site.binary.run("ledger", "list", "--format", "json").objects()
            .compactMap { $0["requestId"] as? String }
        #expect(ids.sorted() == (1...messages.count).map { "00000000-0000-4000-8000-00000000000\($0)" })
        #expect(try await site.letters().isEmpty)
        await site.remove()
    }

    /// A person sees and mends what is in a letter, however it was sent; what is mended is decided.
    @Test func lettersOfEveryFormAreShownMendedAndReplayed() async throws {
        let site = try Site()
        try await site.apply()
        func wrong(_ number: Int) -> String { requestJSON(number).replacing("I-247A", with: "MARKED") }
        var latin = MessageProperties()
        latin.contentType = "application/json; charset=iso-8859-1"
        try await site.publish([
            Self.event(wrong(1)), try await Self.gzipped(wrong(2), site),
            try await Self.gzipped(
                String(decoding: Self.event(wrong(3)).body, as: UTF8.self), site, type: "application/cloudevents+json"),
            Message(body: Array(wrong(4).utf8), properties: latin),
        ])
        try await site.drain()
        let letters = try await site.letters()
        #expect(
            letters.compactMap { $0["detail"] as? String }.map { $0.prefix { $0 != ":" } }.sorted()
                == ["/data/form/kind", "/data/form/kind", "/form/kind", "properties/content_type"])
        // What is looked for is what is shown: a packed body counts as any other.
        for path in ["form.kind", "data.form.kind"] {
            #expect(try await site.letters("--match", path + "=MARKED").count == 2)
        }
        let story = try await site.binary.run("trace", "00000000-0000-4000-8000-000000000002", "--offline")
        #expect(story.code == 0 && story.output.contains("died: schema"), "\(story.output)")
        for letter in letters {
            let id = try #require(letter["id"] as? String)
            let shown = try await site.binary.run("dead-letters", "show", id)
            #expect(shown.output.contains("\"schema\"") || shown.output.contains("\"data\""), "\(shown.output)")
            #expect(!shown.output.contains("MARKED"))
            let patch = #"{"form":{"kind":"I-247A"}}"#
            let isEvent = (letter["detail"] as? String)?.hasPrefix("/data") == true
            let file = try site.scratch.write("patch.json", isEvent ? #"{"data":"# + patch + "}" : patch)
            let edited = try await site.binary.run("dead-letters", "edit", id, "--patch", file)
            #expect(edited.code == 0, "\(letter) \(edited.errors)")
        }
        let plan = site.scratch.path + "/plan.jsonl"
        #expect(try await site.binary.run("dead-letters", "plan", "--only", "decided", "--out", plan).code == 0)
        #expect(try await site.apply(plan)["replayed"] == letters.count)
        try await site.drain()
        #expect(
            try await site.binary.run("ledger", "list", "--format", "json").objects().count == letters.count)
        await site.remove()
    }

    /// A letter that a worker of an earlier version wrote, which did not know the version that we know.
    @Test func whatAnOlderWorkerDidNotKnowIsRecordedAfterAnUpgrade() async throws {
        let site = try Site()
        try await site.apply()
        let letter = DeadLetter(
            reason: .unsupportedVersion, detail: "/schema: must be `detainer.request/0`",
            deadAt: "2025-03-05T00:00:00Z", attempts: 1, worker: "older", exchange: site.prefix + ".intake",
            routingKey: "request", envelope: .object([]), body: Array(requestJSON(1).utf8))
        var properties = MessageProperties()
        properties.headers = letter.headers.map { ($0.name, .string($0.value)) }
        try await site.publish([Message(body: letter.body, properties: properties)], to: "dead", key: "worker")
        #expect(try await site.binary.run("dead-letters", "collect").code == 0)
        let waiting = try await site.letters()
        #expect(waiting.compactMap { $0["reason"] as? String } == ["unsupported-version"])
        let plan = site.scratch.path + "/plan.jsonl"
        let planned = try await site.binary.run(
            "dead-letters", "plan", "--reason", "unsupported-version", "--out", plan, "--format", "json")
        #expect(try planned.objects().first?["decided"] as? Int == 1, "\(planned.errors)")
        #expect(try await site.apply(plan)["replayed"] == 1)
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 1)
        #expect(try await site.letters().isEmpty)
        await site.remove()
    }
}
