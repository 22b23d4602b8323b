import AMQPClient
import Detainers
import Foundation
import Ledger
import Testing

let brokerURL = ProcessInfo.processInfo.environment["DETAINER_TEST_BROKER_URL"]

/// A test's own corner of the broker and of the disk: exchanges, queues and ledger have names of its own.
struct Site {
    let scratch: Scratch
    let binary: Binary
    let prefix: String
    /// Where its broker is; by default the one that the tests were given.
    let url: String?

    var ledger: String { scratch.path + "/ledger" }
    var requestQueue: String { prefix + ".requests" }
    var reportQueue: String { prefix + ".report" }

    init(worker: String = "w1", url: String? = brokerURL) throws {
        scratch = try Scratch()
        self.url = url
        prefix = "test-" + UUID().uuidString.lowercased()
        binary = Self.binary(scratch, prefix, worker: worker, url: url)
    }

    private init(_ other: Site, worker: String) {
        (scratch, prefix, url) = (other.scratch, other.prefix, other.url)
        var binary = other.binary
        binary.environment["DETAINER_WORKER_NAME"] = worker
        self.binary = binary
    }

    /// The same corner, by other settings.
    init(_ other: Site, binary: Binary) {
        (scratch, prefix, url, self.binary) = (other.scratch, other.prefix, other.url, binary)
    }

    /// The same corner, by settings that are added.
    func with(_ environment: [String: String]) -> Site {
        var binary = binary
        binary.environment.merge(environment) { _, new in new }
        return Site(self, binary: binary)
    }

    /// What a worker leaves that has recorded nothing.
    func makeLedger() throws {
        let now = Moment(secondsSinceEpoch: 1_750_000_000)
        try LedgerWriter.open(directory: ledger, worker: "w1", now: now).takeWriter().close()
    }

    /// The same corner, another worker.
    func worker(_ name: String) -> Site { Site(self, worker: name) }

    private static func binary(_ scratch: Scratch, _ prefix: String, worker: String, url: String?) -> Binary {
        var environment = ProcessInfo.processInfo.environment
        let ledger = scratch.path + "/ledger"
        environment["DETAINER_BROKER_URL"] = url ?? "amqp://guest:guest@127.0.0.1:1/"
        environment["DETAINER_LEDGER_DIRECTORY"] = ledger
        environment["DETAINER_WORKER_NAME"] = worker
        environment["DETAINER_POLICY_DIRECTORY"] = Binary.repository + "/config/policies"
        environment["DETAINER_POLICY_ALLOW_UNAPPROVED"] = "yes"
        for (key, name) in [
            ("INTAKE_EXCHANGE", "intake"), ("OUTCOME_EXCHANGE", "outcomes"), ("DEAD_EXCHANGE", "dead"),
            ("REQUEST_QUEUE", "requests"), ("DEAD_LETTER_QUEUE", "dead-letters"), ("REPORT_QUEUE", "report"),
            ("PARTITION_EXCHANGE", "partitions"),
        ] { environment["DETAINER_TOPOLOGY_" + key] = prefix + "." + name }
        return Binary(environment: environment)
    }

    func apply() async throws {
        let result = try await binary.run("topology", "apply")
        try #require(result.code == 0, "\(result.errors)")
    }

    /// Runs a worker until nothing comes any more: again where the broker was only slow, which on a loaded machine it
    /// is for seconds.
    func drain(idleSeconds: Int = 1) async throws {
        for _ in 1...5 {
            let result = try await binary.run("worker", "run", "--exit-when-idle", String(idleSeconds))
            try #require(result.code == 0, "\(result.errors)")
            do {
                if try await waiting(requestQueue) == 0 { return }
            } catch let error as AMQPError where error.code == .notFound {
                // Where there are partitions there is no such queue, and they are looked at by their own tests.
                return
            }
        }
    }

    /// What `status` says with the policies of that directory.
    func status(_ policies: String) async throws -> Binary.Result {
        var binary = binary
        binary.environment["DETAINER_POLICY_DIRECTORY"] = policies
        return try await binary.run("status")
    }

    func remove() async {
        defer { scratch.remove() }
        guard let url else { return }
        let prefix = prefix
        do {
            try await AMQPAdministration.perform(BrokerAddress(url: url), name: "tests", timeoutSeconds: 20) {
                channel in
                for name in ["requests", "dead-letters", "report"] {
                    try channel.deleteQueue(name: prefix + "." + name)
                }
                for name in ["intake", "outcomes", "dead"] { try channel.deleteExchange(name: prefix + "." + name) }
            }
        } catch {
            Issue.record("the test's queues stay behind: \(error)")
        }
    }

    /// How many messages wait in one of its queues.
    func waiting(_ queue: String) async throws -> Int {
        let address = try BrokerAddress(url: try #require(url))
        return try await AMQPAdministration.perform(address, name: "tests", timeoutSeconds: 20) { channel in
            Int(try channel.declareQueue(name: queue, arguments: [], passive: true).messageCount)
        }
    }

    /// Takes all events off the report queue and returns their bodies.
    func events() async throws -> [[String: Any]] {
        let address = try BrokerAddress(url: try #require(url))
        let queue = reportQueue
        let count = try await waiting(queue)
        if count == 0 { return [] }
        let (stream, continuation) = AsyncStream.makeStream(of: AMQPEvent.self)
        let connection = AMQPConnection.open(address, name: "aggregator") { continuation.yield($0) }
        var bodies: [[UInt8]] = []
        for await event in stream {
            if case .opened = event { connection.consume(queue: queue, prefetch: 1_000) }
            if case .closed(let error) = event { throw error }
            guard case .deliveries(let deliveries) = event else { continue }
            bodies += deliveries.map(\.message.body)
            if let last = deliveries.last { connection.acknowledge(deliveryTag: last.deliveryTag, multiple: true) }
            if bodies.count >= count { break }
        }
        connection.close()
        return try bodies.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }
}

/// A request in JSON, with only what a test is about.
func requestJSON(_ number: Int, revision: Int? = nil, agency: String = "boston-police", more: String = "") -> String {
    let tail = String(number)
    let id = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - tail.count) + tail
    let revisionMember = revision.map { #""revision":\#($0),"# } ?? ""
    return #"{"schema":"detainer.request/1","requestId":"\#(id)",\#(revisionMember)"#
        + #""receivedBy":{"agency":"\#(agency)"},"#
        + #""receipt":{"channel":"fax","receivedAt":"2025-03-04T10:00:00-05:00"},"#
        + #""form":{"kind":"I-247A"\#(more)}}"#
}

/// A record of a case in JSON, with only what a test is about.
func recordJSON(
    _ number: Int, _ kind: String, about: String = "", detail: String = "", at: String = "2025-03-05", more: String = ""
) -> String {
    let tail = String(number)
    let id = "00000000-0000-4000-9000-" + String(repeating: "0", count: 12 - tail.count) + tail
    return #"{"schema":"detainer.record/1","recordId":"\#(id)","kind":"\#(kind)","agency":"boston-police","#
        + #""recordedBy":"shift-supervisor","happenedAt":"\#(at)","about":{\#(about)},"detail":{\#(detail)}\#(more)}"#
}
