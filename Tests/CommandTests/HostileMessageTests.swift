import AMQPClient
import Foundation
import Testing

/// What anybody with the right to publish can send: it becomes a dead letter that says why, takes no memory to speak
/// of, and the good message behind it is recorded.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct HostileMessageTests {
    struct Hostile {
        var name: String
        var message: Message
        var reason: String
        var detail: String
    }

    /// What one worker may take beyond what it takes for good messages: a fraction of the largest message below.
    private static let mostKilobytes = 24 << 10

    private static func hostile(
        _ name: String, _ body: [UInt8], reason: String, _ detail: String,
        _ change: (inout MessageProperties) -> Void = { _ in }
    ) -> Hostile {
        var properties = MessageProperties()
        change(&properties)
        return Hostile(
            name: name, message: Message(body: body, properties: properties), reason: reason, detail: detail)
    }

    /// Fifty megabytes of nothing in as few bytes as a message may have.
    private static func bomb(_ site: Site) async throws -> [UInt8] {
        let file = site.scratch.path + "/bomb.gz"
        let command = "head -c 50000000 /dev/zero | gzip -9 > '\(file)'"
        let made = try await Binary.run("/bin/sh", ["-c", command], ProcessInfo.processInfo.environment, input: nil)
        try #require(made.code == 0, "\(made.errors)")
        return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    }

    private static func all(_ site: Site) async throws -> [Hostile] {
        func text(_ text: String) -> [UInt8] { Array(text.utf8) }
        let good = requestJSON(1)
        let long = String(repeating: "9", count: 60_000)
        let members = (0..<5_000).map { #""m\#($0)":0"# }.joined(separator: ",")
        let bomb = try await bomb(site)
        try #require(bomb.count <= 65_536)
        let tooLarge = "message: is larger than 65536 bytes"
        return [
            hostile("100 MB", [UInt8](repeating: 0x20, count: 100_000_000), reason: "too-large", tooLarge),
            hostile("8 MB of brackets", [UInt8](repeating: 0x5b, count: 8_000_000), reason: "too-large", tooLarge),
            hostile("1 MB", [UInt8](repeating: 0x22, count: 1_000_000), reason: "too-large", tooLarge),
            hostile("ten thousand headers", text(good), reason: "schema", "headers: there are more than 256") {
                $0.headers = (0..<10_000).map { ("h\($0)", .bool(true)) }
            },
            hostile("a bomb", bomb, reason: "too-large", "message: unpacked it is larger than 65536 bytes") {
                $0.contentEncoding = "gzip"
            },
            hostile("half a bomb", Array(bomb.prefix(50)), reason: "wrong-encoding", "properties/content_encoding") {
                $0.contentEncoding = "gzip"
            },
            hostile("no gzip", text(requestJSON(2)), reason: "wrong-encoding", "properties/content_encoding") {
                $0.contentEncoding = "gzip"
            },
            hostile("another encoding", text(requestJSON(3)), reason: "wrong-encoding", "properties/content_encoding") {
                $0.contentEncoding = "br"
            },
            hostile("an event of nothing", text("{}"), reason: "schema", "/specversion") {
                $0.contentType = "application/cloudevents+json"
            },
            hostile("not UTF-8", text(good).map { $0 == 0x66 ? 0xe9 : $0 }, reason: "wrong-encoding", "message"),
            hostile(
                "UTF-16", [0xff, 0xfe] + good.utf16.flatMap { [UInt8($0 & 0xff), 0] }, reason: "wrong-encoding", ""),
            hostile("byte order mark", [0xef, 0xbb, 0xbf] + text(good), reason: "malformed-json", "message"),
            hostile("overlong", text(good.dropLast() + ",\"") + [0xc0, 0xaf], reason: "wrong-encoding", "message"),
            hostile("deep arrays", [UInt8](repeating: 0x5b, count: 65_000), reason: "malformed-json", ""),
            hostile(
                "deep objects", text(String(repeating: #"{"form":"#, count: 8_000)), reason: "malformed-json", "/form"),
            hostile("a huge number", text(requestJSON(1, more: #","x":\#(long)"#)), reason: "malformed-json", "/form"),
            hostile("a huge exponent", text(requestJSON(1, more: #","x":1e9999999"#)), reason: "schema", "/form"),
            hostile(
                "a huge revision",
                text(
                    requestJSON(1).replacing(#""receivedBy""#, with: #""revision":99999999999999999999,"receivedBy""#)),
                reason: "schema", "/revision"),
            hostile("not a number", text(requestJSON(1, more: #","x":NaN"#)), reason: "malformed-json", "/form"),
            hostile("a name twice", text(requestJSON(1, more: #","kind":"I-247""#)), reason: "malformed-json", "/form"),
            hostile("half a pair", text(requestJSON(1, more: #","x":"\ud800""#)), reason: "malformed-json", "/form"),
            hostile("five thousand members", text("{\(members)}"), reason: "schema", ""),
            hostile("nothing", [], reason: "malformed-json", "message"),
        ]
    }

    /// The most memory that a process had, in kilobytes.
    private static func peak(_ process: ChildProcess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.identifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }

    @Test func hostileMessagesAreRefusedInFlatMemoryAndTheWorkerGoesOn() async throws {
        let site = try Site()
        try await site.apply()
        let errors = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: errors)
        var good = 0
        func sendGood() async throws {
            good += 1
            let number = good
            try await site.publish([Message(body: Array(requestJSON(1_000 + number).utf8))])
            try await eventually("good message \(number) is announced") {
                try await site.waiting(site.reportQueue) >= number
            }
        }
        // What it takes to work at all, with some hundred messages in hand.
        try await site.publish((1...200).map { Message(body: Array(requestJSON($0).utf8)) })
        try await eventually("it works") { try await site.waiting(site.reportQueue) >= 200 }
        good = 200
        let before = try Self.peak(worker)
        let messages = try await Self.all(site)
        for (position, hostile) in messages.enumerated() {
            try await site.publish([hostile.message])
            try await sendGood()
            try await eventually("\(hostile.name) is a dead letter") {
                try await site.waiting(site.prefix + ".dead-letters") > position
            }
            // A sanitizer keeps what was given back, to see who still uses it: that is no memory of the worker's.
            if sanitizer != nil { continue }
            let more = try Self.peak(worker) - before
            #expect(more < Self.mostKilobytes, "\(hostile.name): \(more) kB more than before")
        }
        print(
            "hostile messages: \(before) kB before \(messages.count) of them, \(try Self.peak(worker)) kB at most"
                + (sanitizer.map { "; not compared, for it is built with the \($0) sanitizer" } ?? ""))
        #expect(worker.isRunning)
        #expect(await worker.terminateAndWait() == 0)
        let letters = try await site.letters()
        let found = letters.map { "\($0["reason"] ?? "") \($0["detail"] ?? "")" }
        try #require(found.count == messages.count, "\(found)")
        for hostile in messages {
            let expected = hostile.reason + " " + hostile.detail
            #expect(
                found.contains { $0.hasPrefix(expected) }, "\(hostile.name): no letter says `\(expected)`: \(found)")
        }
        #expect(found.map { $0.prefix { $0 != " " } }.sorted() == messages.map { $0.reason[...] }.sorted())
        await site.remove()
    }
}
