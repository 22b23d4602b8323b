import AMQPClient
import BrokerTestSupport
import Foundation
import Testing

private let managementURL = ProcessInfo.processInfo.environment["DETAINER_TEST_MANAGEMENT_URL"]
private let ctl = ProcessInfo.processInfo.environment["DETAINER_TEST_BROKER_CTL"]

/// Whether a worker knows that the broker has its consumer, and not only somebody's.
@Suite(
    .enabled(if: brokerURL != nil && managementURL != nil && ctl != nil, "DETAINER_TEST_MANAGEMENT_URL is not set"))
struct ReadinessTests {
    /// A worker and what it says of its consumer.
    private struct Asked {
        let worker: SupervisedWorker
        let port: UInt16

        init(_ site: Site, _ name: String, management: String?) throws {
            port = try #require(TestSocket.freePort())
            var environment = ["DETAINER_HEALTH_PORT": String(port)]
            environment["DETAINER_BROKER_MANAGEMENT_URL"] = management
            worker = SupervisedWorker(site.worker(name), environment: environment, restarts: false)
            try worker.start()
        }

        /// Empty while it does not answer yet.
        func ready() async throws -> [String: Any] {
            let body = try await HealthTestClient.get(port, "/ready").body
            return try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
        }

        func consumer(_ member: String) async throws -> String {
            (try await ready()["consumer"] as? [String: String])?[member] ?? ""
        }

        /// Waits for it to be ready, or not, with that sentence of its consumer.
        func becomes(_ isReady: Bool, _ seen: String) async throws {
            var last: [String: Any] = [:]
            try await eventually(within: 90, "\(seen); it said \(last), and \(worker.lastLog)") {
                last = (try? await ready()) ?? [:]
                let consumer = last["consumer"] as? [String: String]
                return last["ready"] as? Bool == isReady && consumer?["seen"]?.contains(seen) == true
            }
        }
    }

    /// Takes consumers away from a quorum queue without a word to their channels, as when a cluster lost them.
    private func forget(_ tags: [String], _ queue: String) async throws {
        let list = tags.map { "<<\"\($0)\">>" }.joined(separator: ",")
        let expression = """
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"\(queue)">>)),
            length([ra:process_command(amqqueue:get_pid(Queue), rabbit_fifo:make_checkout({Tag, Channel}, cancel, #{}))
                || {Channel, Tag, _, _, _, _, _, _} <- rabbit_amqqueue:consumers(Queue), lists:member(Tag, [\(list)])]).
            """
        let result = try await Binary.run(
            #require(ctl), ["--quiet", "eval", expression], ProcessInfo.processInfo.environment, input: nil)
        try #require(result.code == 0, "\(result.errors)\(result.output)")
        #expect(result.output.trimmingCharacters(in: .whitespacesAndNewlines) == String(tags.count))
    }

    @Test func aConsumerThatTheBrokerForgotIsMissedAmongOthersWhereItsNameIsAsked() async throws {
        let site = try Site()
        try await site.apply()
        let asking = try Asked(site, "w1", management: managementURL)
        let counting = try Asked(site, "w2", management: nil)
        // Nobody listens there.
        let cutOff = try Asked(site, "w3", management: "http://guest:guest@127.0.0.1:1")
        try await asking.becomes(true, "the broker lists it")
        try await counting.becomes(true, "3 counted over AMQP, which does not tell whose")
        try await cutOff.becomes(true, "does not answer")
        let tags = [try await asking.consumer("tag"), try await counting.consumer("tag")]
        #expect(tags[0].hasPrefix("w1@") && tags[0].contains(".\(asking.worker.identifier ?? 0)."), "\(tags)")
        #expect(try await asking.consumer("queue") == site.requestQueue)

        try await forget(tags, site.requestQueue)
        try await asking.becomes(false, "not listed, beside 1 others")
        let reasons = try await asking.ready()["reasons"] as? [String]
        #expect(reasons?.first?.contains("does not list this worker's consumer") == true && reasons?.count == 1)
        // To AMQP there is a consumer, whosever it is.
        try await counting.becomes(true, "1 counted over AMQP")

        // What the reason says helps.
        #expect(try await site.binary.run("worker", "quiet", "w1").code == 0)
        try await eventually("it is quiet") { asking.worker.lastLog.contains("told to be quiet") }
        #expect(try await site.binary.run("worker", "resume", "w1").code == 0)
        try await asking.becomes(true, "the broker lists it")
        #expect(try await asking.consumer("tag") != tags[0])
        for one in [asking, counting, cutOff] { #expect(await one.worker.stop() == 0) }
        await site.remove()
    }

    @Test func aManagementAddressThatIsNoneIsABadSetting() async throws {
        let site = try Site().with(["DETAINER_BROKER_MANAGEMENT_URL": "ftp://127.0.0.1"])
        let result = try await site.binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(result.code == 78 && result.errors.contains("broker.management-url"), "\(result.errors)")
        site.scratch.remove()
    }
}
