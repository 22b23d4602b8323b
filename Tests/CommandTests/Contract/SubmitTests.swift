import Foundation
import Testing

@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct SubmitTests {
    /// So many that a run at the rate below takes twenty seconds: far longer than a test that others keep from its core
    /// needs to see that it has begun.
    private static let count = 6_000
    private static let rate = 300
    /// What was confirmed since the place was kept last, which is done each second where the machine has time for it.
    private static let sentTwice = 3_000

    private func file(_ site: Site, _ count: Int = count) throws -> String {
        try site.scratch.write("night.jsonl", (1...count).map { requestJSON($0) + "\n" }.joined())
    }

    private func confirmed(_ resume: String) -> Int {
        // Until it is made there is nothing in it.
        let text = (try? String(contentsOfFile: resume, encoding: .utf8)) ?? ""
        let last = text.split(separator: "\n").last.map { Data($0.utf8) } ?? Data()
        // The header has none.
        let line = (try? JSONSerialization.jsonObject(with: last)) as? [String: Any]
        return line?["confirmed"] as? Int ?? 0
    }

    /// Stopped by a signal in the midst, it goes on; whatever was sent twice has one effect.
    @Test(arguments: [SIGKILL, SIGINT, SIGTERM])
    func aRunThatWasStoppedGoesOn(_ signal: Int32) async throws {
        let site = try Site()
        try await site.apply()
        let (file, resume) = (try file(site), site.scratch.path + "/night.submission")
        let arguments = ["intake", "submit", file, "--resume", resume]
        let child = try site.binary.start(
            arguments + ["--rate", String(Self.rate)], errors: site.scratch.path + "/errors")
        try await eventually("some are confirmed") { confirmed(resume) > 0 }
        child.send(signal)
        let code = await child.wait()
        #expect(code == (signal == SIGKILL ? 128 + SIGKILL : 1), "\(code)")
        let before = confirmed(resume)
        #expect((1..<Self.count).contains(before))
        let waiting = try await site.waiting(site.requestQueue)
        #expect(waiting >= before)
        if signal != SIGKILL {
            #expect(waiting == before, "what was under way was waited for")
            let said = try String(contentsOfFile: site.scratch.path + "/errors", encoding: .utf8)
            #expect(said.contains("stopped behind \(before) of \(Self.count): run the same command again"))
        }
        let result = try await site.binary.run(arguments + ["--format", "json"])
        #expect(result.code == 0, "\(result.errors)")
        let told = try #require(try result.objects().first)
        #expect(told["confirmed"] as? Int == Self.count - before)
        #expect(told["confirmedBefore"] as? Int == before)
        // Sent twice was at most what was confirmed after the last time that it was kept: about a second's.
        let all = try await site.waiting(site.requestQueue)
        #expect((Self.count...Self.count + Self.sentTwice).contains(all), "\(all)")
        if signal != SIGKILL { #expect(all == Self.count) }
        let again = try await site.binary.run(arguments)
        #expect(
            again.code == 0 && again.output == "0 confirmed, 6000 before, 0 not taken, of 6000\n", "\(again.output)")
        #expect(try await site.waiting(site.requestQueue) == all)
        if signal == SIGKILL {
            try await site.drain()
            #expect(try await site.binary.run("ledger", "list", "--format", "json").lines.count == Self.count)
        }
        await site.remove()
    }

    /// The broker is gone, and later it is back.
    @Test func withoutABrokerItSaysWhereItStopped() async throws {
        let site = try Site()
        try await site.apply()
        let (file, resume) = (try file(site, 20), site.scratch.path + "/night.submission")
        var away = site.binary
        away.environment["DETAINER_BROKER_URL"] = "amqp://guest:guest@127.0.0.1:1/"
        let lost = try await away.run("intake", "submit", file, "--resume", resume)
        #expect(lost.code == 69 && lost.errors.contains("stopped behind 0 of 20"), "\(lost.errors)")
        #expect(
            try await site.binary.run("intake", "submit", file, "--resume", resume).output.hasPrefix("20 confirmed"))
        await site.remove()
    }

    /// What is returned is not confirmed, and is sent again.
    @Test func whatNoQueueTakesIsSentAgain() async throws {
        let site = try Site()
        let (file, resume) = (try file(site, 20), site.scratch.path + "/night.submission")
        // The exchange of the broker itself is there, and no queue is bound to it under that key.
        var binary = site.binary
        binary.environment["DETAINER_TOPOLOGY_INTAKE_EXCHANGE"] = "amq.topic"
        let refused = try await binary.run("intake", "submit", file, "--resume", resume)
        #expect(refused.code == 69 && refused.output.hasPrefix("0 confirmed, 20 not taken"), "\(refused.output)")
        #expect(confirmed(resume) == 0)
        // It belongs to that exchange.
        try await site.apply()
        #expect(try await site.binary.run("intake", "submit", file, "--resume", resume).code == 74)
        await site.remove()
    }

    @Test func itGoesOnInNoOtherFile() async throws {
        let site = try Site()
        try await site.apply()
        let (file, resume) = (try file(site, 20), site.scratch.path + "/night.submission")
        #expect(try await site.binary.run("intake", "submit", file, "--resume", resume).code == 0)
        let finished = try String(contentsOfFile: resume, encoding: .utf8)
        // As if it had been stopped there, and as it was.
        let stopped = finished.replacing(",\"finished\":true", with: "")
        #expect(stopped != finished)
        for (kept, last) in [(stopped, 25), (finished, 30)] {
            try kept.write(toFile: resume, atomically: true, encoding: .utf8)
            let longer = (1...last).map { requestJSON($0) + "\n" }.joined()
            try longer.write(toFile: file, atomically: true, encoding: .utf8)
            let more = try await site.binary.run("intake", "submit", file, "--resume", resume)
            #expect(
                more.output == "\(last - 20) confirmed, 20 before, 0 not taken, of \(last)\n",
                "\(more.output)\(more.errors)")
            let same = try await site.binary.run("intake", "submit", file, "--resume", resume)
            #expect(same.code == 0 && same.output == "0 confirmed, \(last) before, 0 not taken, of \(last)\n")
            #expect(same.errors.contains("all of it was submitted before"), "\(same.errors)")
            try kept.write(toFile: resume, atomically: true, encoding: .utf8)
            try ("\n" + requestJSON(99) + "\n" + longer).write(toFile: file, atomically: true, encoding: .utf8)
            let other = try await site.binary.run("intake", "submit", file, "--resume", resume)
            #expect(other.code == 74 && other.errors.contains("not those that were submitted"), "\(other.errors)")
        }
        #expect(try await site.waiting(site.requestQueue) == 20 + 5 + 10)
        await site.remove()
    }

    /// What is added to one of several files that is not the last would be passed over.
    @Test func itGoesOnOnlyWhereTheFilesBeforeAreAsTheyWere() async throws {
        let site = try Site()
        try await site.apply()
        let lines = { (numbers: ClosedRange<Int>) in numbers.map { requestJSON($0) + "\n" }.joined() }
        let first = try site.scratch.write("a.jsonl", lines(1...3))
        let second = try site.scratch.write("b.jsonl", lines(11...13))
        let arguments = ["intake", "submit", first, second, "--resume", site.scratch.path + "/night.submission"]
        #expect(try await site.binary.run(arguments).output == "6 confirmed, 0 not taken, of 6\n")
        try lines(11...15).write(toFile: second, atomically: true, encoding: .utf8)
        #expect(try await site.binary.run(arguments).output == "2 confirmed, 6 before, 0 not taken, of 8\n")
        try lines(1...4).write(toFile: first, atomically: true, encoding: .utf8)
        let other = try await site.binary.run(arguments)
        #expect(other.code == 74 && other.errors.contains("not those that were submitted"), "\(other.errors)")
        #expect(try await site.waiting(site.requestQueue) == 8)
        await site.remove()
    }

    /// Standard input is checked whole before anything is sent, and a rate is kept.
    @Test func whatComesThroughAPipeIsCheckedFirstAndSentAtItsRate() async throws {
        let site = try Site()
        try await site.apply()
        let lines = (1...400).map { requestJSON($0) + "\n" }.joined()
        let bad = try await site.binary.run("intake", "submit", "-", input: lines + "{}\n")
        #expect(bad.code == 65 && bad.errors.contains("standard input:401: "), "\(bad.errors)")
        #expect(try await site.waiting(site.requestQueue) == 0)
        let began = ContinuousClock.now
        let sent = try await site.binary.run("intake", "submit", "-", "--rate", "400", input: lines)
        #expect(sent.output == "400 confirmed, 0 not taken, of 400\n", "\(sent.errors)")
        #expect(ContinuousClock.now - began > .milliseconds(900))
        #expect(try await site.binary.run("intake", "submit", "-", "--resume", "x", input: "").code == 64)
        await site.remove()
    }
}
