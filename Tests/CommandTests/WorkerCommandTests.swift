import AMQPClient
import BrokerTestSupport
import Foundation
import Testing

@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"), .serialized)
struct WorkerCommandTests {
    @Test func everyRequestIsRecordedAndAnnouncedOnce() async throws {
        let site = try Site()
        try await site.apply()
        let file = try site.scratch.write("r.jsonl", (1...20).map { requestJSON($0) }.joined(separator: "\n"))
        let submitted = try await site.binary.run("intake", "submit", file)
        #expect(submitted.output == "20 confirmed, 0 not taken, of 20\n")
        try await site.drain()
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        try await site.drain()
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(list.count == 20)
        #expect(list.allSatisfy { $0["disposition"] as? String == "not_acted_upon" })
        let events = try await site.events()
        #expect(events.count == 20)
        #expect(Set(events.compactMap { $0["id"] as? String }) == Set(list.compactMap { $0["eventId"] as? String }))
        let verify = try await site.binary.run("ledger", "verify", "--format", "json")
        #expect(verify.code == 0)
        #expect(verify.output == #"{"outcomes":20,"repeats":0,"conflicts":0,"problems":[]}"# + "\n")
        await site.remove()
    }

    @Test func conflictsAndBrokenMessagesAreDeadLettersAndSupplementsAreNot() async throws {
        let site = try Site()
        try await site.apply()
        let first = try site.scratch.write("1.json", requestJSON(1))
        let other = try site.scratch.write("2.json", requestJSON(1, more: #","issuingOffice":"MARKED""#))
        let supplement = try site.scratch.write(
            "3.json", requestJSON(1, revision: 2, more: #","issuingOffice":"MARKED""#))
        let broken = try site.scratch.write("4.json", #"{"schema":"detainer.request/1","MARKED":"MARKED""#)
        for file in [first, other, supplement, broken] {
            #expect(try await site.binary.run("intake", "submit", "--unchecked", file).code == 0)
        }
        try await site.drain()
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(list.compactMap { $0["revision"] as? Int } == [1, 2])
        let letters = try await site.binary.run("dead-letters", "list", "--format", "json")
        let reasons = try letters.objects().compactMap { $0["reason"] as? String }
        #expect(reasons.sorted() == ["conflicting-duplicate", "malformed-json"])
        #expect(!letters.output.contains("MARKED"))
        let again = try await site.binary.run("dead-letters", "list", "--format", "json")
        #expect(again.output == letters.output)
        await site.remove()
    }

    @Test func aFormFaxedToTwoStationsCountsOnceAndBothReceiptsAreKept() async throws {
        let site = try Site()
        try await site.apply()
        let person = #","subject":{"fileNumber":"A000000001"},"custody":{"bookingNumber":"EXAMPLE-1"}}"#
        func form(_ number: Int, date: String) -> String {
            String(requestJSON(number, more: #","formDate":"\#(date)""#).dropLast()) + person
        }
        try await site.submit([
            form(1, date: "2025-03-03"), form(2, date: "2025-03-03"), form(3, date: "2025-03-04"), requestJSON(4),
        ])
        try await site.drain()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").objects().count == 4)
        let report = try await site.binary.run("report", "annual", "--year", "2025", "--format", "json")
        #expect(report.output.contains(#""requests":{"total":3,"#), "\(report.output)")
        #expect(
            report.output.contains(#""receipts":4,"formsThatCameAgain":1,"laterFormsInAnEpisode":0"#),
            "\(report.output)")
        var episodes = site.binary
        episodes.environment["DETAINER_REPORT_COUNTING_RULE"] = "episodes"
        let together = try await episodes.run("report", "annual", "--year", "2025")
        #expect(together.output.contains("given for the request: 2\n"))
        #expect(together.output.contains("Later forms in the same custody episodes, not counted again: 1."))
        #expect(together.output.contains("How it was counted\n   Forms lodged in one custody episode"))
        episodes.environment["DETAINER_REPORT_COUNTING_RULE"] = "persons"
        let refused = try await episodes.run("report", "annual", "--year", "2025")
        #expect(refused.code == 78 && refused.errors.contains("must be forms or episodes"))
        await site.remove()
    }

    @Test func aMessageFarTooLargeIsADeadLetterThatCanBeListed() async throws {
        let site = try Site()
        try await site.apply()
        let file = try site.scratch.write("large.json", String(repeating: " ", count: 2_000_000) + requestJSON(1))
        #expect(try await site.binary.run("intake", "submit", "--unchecked", file).code == 0)
        try await site.drain()
        for _ in 1...2 {
            let letters = try await site.binary.run("dead-letters", "list", "--format", "json").objects()
            #expect(letters.compactMap { $0["reason"] as? String } == ["too-large"])
        }
        await site.remove()
    }

    @Test func killedUnderLoadNothingIsLostAndNothingCountsTwice() async throws {
        let site = try Site()
        try await site.apply()
        let count = 3_000
        let file = try site.scratch.write("r.jsonl", (1...count).map { requestJSON($0) }.joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        let ledger = site.ledger + "/w1"
        for round in 0..<5 {
            let before = Self.bytes(ledger)
            let worker = try site.binary.start(["worker", "run"], errors: site.scratch.path + "/kill-\(round).log")
            // Each kill falls in the middle of the work: after the first bytes of a batch are on file.
            try await eventually("round \(round) writes") { Self.bytes(ledger) > before + 4_096 || !worker.isRunning }
            #expect(worker.isRunning)
            await worker.killAndWait()
        }
        try await site.drain()
        let list = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(Set(list.compactMap { $0["requestId"] as? String }).count == count)
        #expect(list.count == count)
        let events = Set(try await site.events().compactMap { $0["id"] as? String })
        #expect(events == Set(list.compactMap { $0["eventId"] as? String }))
        let verify = try await site.binary.run("ledger", "verify")
        #expect(verify.code == 0, "\(verify.output)")
        await site.remove()
    }

    @Test func aDeletedQueueIsNoticedAndTheWorkerRecoversWhenItIsBack() async throws {
        let site = try Site()
        try await site.apply()
        let log = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: log)
        try await eventually("consuming") { try Self.text(log).contains("consuming from") }
        let queue = site.requestQueue
        let address = try BrokerAddress(url: try #require(brokerURL))
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
        }
        try await eventually("the cancel is noticed") {
            try Self.text(log).contains("the broker cancelled the consumer")
        }
        try await site.apply()
        let file = try site.scratch.write("r.json", requestJSON(1))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        try await eventually("the request is recorded") {
            try await site.binary.run("ledger", "list", "--format", "json").lines.count == 1
        }
        #expect(await worker.terminateAndWait() == 0)
        await site.remove()
    }

    @Test func aRecordedOutcomeWhoseEventReachesNoQueueIsAnnouncedAfterTheNextStart() async throws {
        let site = try Site()
        try await site.apply()
        let queue = site.reportQueue
        let address = try BrokerAddress(url: try #require(brokerURL))
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
        }
        let file = try site.scratch.write("r.json", requestJSON(1))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        let log = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: log)
        try await eventually("the event comes back") { try Self.text(log).contains("an event reached no queue") }
        await worker.killAndWait()
        #expect(try await site.binary.run("ledger", "list", "--format", "json").lines.count == 1)
        try await site.apply()
        try await site.drain()
        #expect(try await site.events().count == 1)
        #expect(try await site.binary.run("dead-letters", "list", "--format", "json").lines.isEmpty)
        await site.remove()
    }

    @Test func aLedgerTakenOverFromADeadWorkerIsAnnouncedByWhoeverTakesIt() async throws {
        let site = try Site()
        try await site.apply()
        let address = try BrokerAddress(url: try #require(brokerURL))
        let queues = [site.reportQueue, site.requestQueue]
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queues[0])
        }
        let file = try site.scratch.write("r.jsonl", (1...20).map { requestJSON($0) }.joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        let log = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: log)
        try await eventually("the events come back") { try Self.text(log).contains("an event reached no queue") }
        await worker.killAndWait()
        let recorded = try await site.binary.run("ledger", "list", "--format", "json").objects()
        #expect(!recorded.isEmpty)
        // Nobody but the dead worker's files knows of these requests any more.
        try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queues[1])
        }
        try await site.apply()
        // Another machine mounts its volume elsewhere.
        let elsewhere = site.scratch.path + "/elsewhere"
        try FileManager.default.moveItem(atPath: site.ledger, toPath: elsewhere)
        let heir = try await site.binary.run("worker", "run", "--ledger", elsewhere, "--exit-when-idle", "1")
        #expect(heir.code == 0, "\(heir.errors)")
        let announced = Set(try await site.events().compactMap { $0["id"] as? String })
        #expect(announced == Set(recorded.compactMap { $0["eventId"] as? String }))
        await site.remove()
    }

    @Test func aHeaderNestedWithoutEndIsADeadLetterAndTheWorkerLives() async throws {
        let site = try Site()
        try await site.apply()
        let log = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: log)
        try await eventually("consuming") { try Self.text(log).contains("consuming from") }
        let address = try BrokerAddress(url: try #require(brokerURL))
        let publisher = try #require(
            HandwrittenPublisher(port: address.port, user: address.user, password: "guest"))
        #expect(publisher.publish(nested: 18_000, to: site.requestQueue))
        let file = try site.scratch.write("r.json", requestJSON(1))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        try await eventually("the request behind it is recorded") {
            try await site.binary.run("ledger", "list", "--format", "json").lines.count == 1
        }
        #expect(worker.isRunning)
        #expect(await worker.terminateAndWait() == 0)
        let letters = try await site.binary.run("dead-letters", "list", "--format", "json").objects()
        #expect(letters.compactMap { $0["detail"] as? String } == ["headers: nested too deeply to be read"])
        await site.remove()
    }

    @Test func withoutTopologyAWorkerWaitsAndTellsWhatToRun() async throws {
        let site = try Site()
        let log = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: log)
        try await eventually("it says so") { try Self.text(log).contains("run `detainer topology apply`") }
        try await site.apply()
        try await eventually("consuming") { try Self.text(log).contains("consuming from") }
        #expect(await worker.terminateAndWait() == 0)
        await site.remove()
    }

    @Test func aSecondWorkerOfTheSameNameRefusesToStart() async throws {
        let site = try Site()
        try await site.apply()
        let log = site.scratch.path + "/worker.log"
        let worker = try site.binary.start(["worker", "run"], errors: log)
        try await eventually("consuming") { try Self.text(log).contains("consuming from") }
        let second = try await site.binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(second.code == 74)
        #expect(await worker.terminateAndWait() == 0)
        await site.remove()
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    private static func bytes(_ directory: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") }
            .compactMap { try? FileManager.default.attributesOfItem(atPath: directory + "/" + $0)[.size] as? Int }
            .reduce(0, +)
    }
}
