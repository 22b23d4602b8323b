import AMQPClient
import Foundation
import Testing

private let managementURL = ProcessInfo.processInfo.environment["DETAINER_TEST_MANAGEMENT_URL"]

extension Binary.Result {
    /// What `doctor --format json` says of each check.
    func verdicts() throws -> [String: String] {
        var verdicts: [String: String] = [:]
        for object in try objects() {
            if let check = object["check"] as? String { verdicts[check] = object["verdict"] as? String }
        }
        return verdicts
    }
}

struct DoctorOfflineTests {
    @Test func ofThisMachineEverythingIsToldWithoutABroker() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        try FileManager.default.createDirectory(
            atPath: site.ledger, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let offline = try await site.binary.run("doctor", "--offline", "--format", "json")
        let verdicts = try offline.verdicts()
        #expect(verdicts["ledger directory " + site.ledger] == "good")
        #expect(verdicts["disk sync"] != nil && verdicts["clock"] != nil && verdicts["file system"] != nil)
        // The drafts of this repository.
        #expect(verdicts["policies"] == "warning")
        #expect(try FileManager.default.contentsOfDirectory(atPath: site.ledger).isEmpty)
        // A broker that is not there: the same findings, and the code that says so.
        let unreachable = try await site.binary.run("doctor", "--format", "json")
        #expect(unreachable.code == 69)
        #expect(try unreachable.verdicts().keys.sorted() == verdicts.keys.sorted())
    }

    @Test func beforeTheFirstStartTheDiskIsToldOfTheNearestDirectory() async throws {
        let site = try Site(url: nil).with(["DETAINER_LEDGER_DIRECTORY": "/nowhere/at/all"])
        defer { site.scratch.remove() }
        let inside = try await site.with(["DETAINER_LEDGER_DIRECTORY": site.scratch.path + "/of/a/city"]).binary.run(
            "doctor", "--offline", "--format", "json")
        let findings = try inside.objects()
        for check in ["file system", "free space", "disk sync"] {
            let finding = try #require(findings.first { $0["check"] as? String == check })
            #expect((finding["sentence"] as? String)?.contains("seen of \(site.scratch.path), ") == true, "\(finding)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: site.scratch.path).isEmpty)
        let root = try await site.binary.run("doctor", "--offline")
        #expect(root.output.contains("file system: ") && root.output.contains("(seen of /, the nearest"))
    }

    @Test func aPasswordThatOthersMayReadIsBad() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        var binary = site.binary
        binary.environment["DETAINER_BROKER_URL"] = nil
        let file = try site.scratch.write("worker.yaml", "broker:\n  url: amqp://u:SECRET@127.0.0.1:1/\n")
        let attributes: (Int) -> [FileAttributeKey: Any] = { [.posixPermissions: $0] }
        try FileManager.default.setAttributes(attributes(0o644), ofItemAtPath: file)
        let open = try await binary.run("doctor", "--offline", "--config", file)
        #expect(open.code == 1 && open.output.contains("bad  settings file \(file): it holds a password"))
        #expect(!(open.output + open.errors).contains("SECRET"))
        try FileManager.default.setAttributes(attributes(0o600), ofItemAtPath: file)
        let closed = try await binary.run("doctor", "--offline", "--config", file)
        #expect(closed.output.contains("good  settings file \(file)"))
    }

    /// As Kubernetes mounts a Secret and as a disk is moved: what a link leads to is judged.
    @Test func behindLinksTheFileThatIsReadIsJudged() async throws {
        let plain = try Site(url: nil)
        defer { plain.scratch.remove() }
        let files = FileManager.default
        let folder = plain.scratch.path + "/keys"
        let site = plain.with(["DETAINER_PSEUDONYM_KEY_FILE": folder + "/boston.key"])
        let target = folder + "/..2026_03_01/boston.key"
        let made = try await site.binary.run("ledger", "keygen", "--pseudonyms", "boston", "--key-file", target)
        #expect(made.code == 0, "\(made.errors)")
        try files.createSymbolicLink(atPath: folder + "/..data", withDestinationPath: "..2026_03_01")
        try files.createSymbolicLink(atPath: folder + "/boston.key", withDestinationPath: "..data/boston.key")
        let disk = plain.scratch.path + "/disk"
        try files.createDirectory(
            atPath: disk, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try files.createSymbolicLink(atPath: site.ledger, withDestinationPath: disk)
        for (key, directory, verdict) in [(0o400, 0o700, "good"), (0o444, 0o755, "bad")] {
            try files.setAttributes([.posixPermissions: key], ofItemAtPath: target)
            try files.setAttributes([.posixPermissions: directory], ofItemAtPath: disk)
            let verdicts = try await site.binary.run("doctor", "--offline", "--format", "json").verdicts()
            #expect(verdicts["pseudonym key \(folder)/boston.key"] == verdict, "\(verdicts)")
            #expect((verdicts["ledger directory " + site.ledger] == "good") == (verdict == "good"), "\(verdicts)")
        }
    }
}

@Suite(.enabled(if: brokerURL != nil && managementURL != nil, "DETAINER_TEST_MANAGEMENT_URL is not set"), .serialized)
struct DoctorBrokerTests {
    private func binary(_ site: Site) -> Binary {
        var binary = site.binary
        binary.environment["DETAINER_BROKER_MANAGEMENT_URL"] = managementURL
        return binary
    }

    @Test func withTheManagementAPINothingButTheAckTimeoutIsUnseen() async throws {
        let site = try Site()
        try await site.apply()
        let queues = ["requests", "dead-letters", "report"].map { "policies of the broker \(site.prefix).\($0)" }
        try await eventually("the broker has counted") {
            let verdicts = try await binary(site).run("doctor", "--format", "json").verdicts()
            return queues.allSatisfy { verdicts[$0] == "good" }
        }
        let result = try await binary(site).run("doctor", "--format", "json")
        #expect(result.code == 0, "\(result.output)\(result.errors)")
        let verdicts = try result.verdicts()
        let broker = ["bindings", "policies of", "delivery", "dead-lett", "broker", "resources", "permissions", "ack"]
        let unseen = verdicts.filter { check in check.value == "unseen" && broker.contains { check.key.hasPrefix($0) } }
        #expect(unseen.keys.sorted() == ["ack timeout"])
        // Guest may do everything.
        #expect(verdicts["permissions guest"] == "warning")
        #expect(verdicts["dead-lettering"] == "good" && verdicts["broker"] == "good")
        await site.remove()
    }

    @Test func aSecondQueueAtTheOutcomeExchangeIsFound() async throws {
        let site = try Site()
        try await site.apply()
        let (queue, exchange) = (site.requestQueue, site.prefix + ".outcomes")
        try await AMQPAdministration.perform(
            BrokerAddress(url: try #require(site.url)), name: "tests", timeoutSeconds: 20
        ) { try $0.bindQueue(queue: queue, exchange: exchange, routingKey: "outcome.#") }
        let result = try await binary(site).run("doctor", "--format", "json")
        #expect(result.code == 1)
        let finding = try result.objects().first { $0["check"] as? String == "bindings " + exchange }
        #expect(finding?["verdict"] as? String == "bad" && finding?["forbidsStart"] as? Bool == true)
        await site.remove()
    }

    @Test func aPolicyThatDropsMessagesIsFound() async throws {
        let site = try Site()
        try await site.apply()
        let program = try #require(ProcessInfo.processInfo.environment["DETAINER_TEST_BROKER_CTL"])
        func ctl(_ arguments: String...) async throws {
            let result = try await Binary.run(program, arguments, ProcessInfo.processInfo.environment, input: nil)
            try #require(result.code == 0, "\(result.errors)")
        }
        let definition = #"{"max-length":10,"overflow":"drop-head"}"#
        try await ctl("set_policy", "--apply-to", "queues", site.prefix, "^" + site.prefix, definition)
        let limits = "policies of the broker "
        let queues = [site.requestQueue, site.reportQueue]
        // The management API tells a policy when the broker counts next.
        try await eventually("the broker has counted") {
            let verdicts = try await binary(site).run("doctor", "--format", "json").verdicts()
            return queues.allSatisfy { verdicts[limits + $0] == "bad" }
        }
        let result = try await binary(site).run("doctor", "--format", "json")
        #expect(result.code == 1)
        for queue in queues {
            let finding = try result.objects().first { $0["check"] as? String == limits + queue }
            #expect(finding?["forbidsStart"] as? Bool == true, "\(result.output)")
            #expect((finding?["sentence"] as? String)?.contains(site.prefix) == true)
        }
        try await ctl("clear_policy", site.prefix)
        await site.remove()
    }

    @Test func statusTellsWorkersQueuesLettersAndWhatToDoNext() async throws {
        let site = try Site()
        try await site.apply()
        try await site.submit([requestJSON(1), requestJSON(2)])
        try await site.publish([Message(body: Array("garbage".utf8))])
        try await site.drain()
        _ = try await site.binary.run("dead-letters", "collect")
        let text = try await binary(site).run("status")
        // In a container of its own a test cannot tell that nobody elsewhere writes.
        let seesAll =
            try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid") == "pid:[4026531836]"
        let state = seesAll ? "not running" : "whether it runs is not known from here"
        #expect(text.output.contains("w1: \(state), 3 records, announced through "), "\(text.output)")
        #expect(text.code == (seesAll ? 1 : 0))
        #expect(text.output.contains("queue \(site.reportQueue): "), "\(text.output)")
        #expect(text.output.contains("dead letters: 1 wait: 1 malformed-json"))
        let next = seesAll ? "w1 does not run" : "nobody consumes from"
        #expect(text.output.contains("next: " + next), "\(text.output)")
        let json = try await site.binary.run("status", "--format", "json", "--verify").objects()
        #expect(json.first?["records"] as? Int == 3 && (json.first?["problems"] as? [String])?.isEmpty == true)
        #expect(json.contains { $0["queue"] as? String == site.reportQueue && $0["ready"] as? Int == 2 })
        let twice = try await site.binary.run("status", "--watch", "0.1", "--count", "2")
        #expect(twice.output.components(separatedBy: "\n\n").count == 2 && !twice.output.contains("\u{1B}"))
        await site.remove()
        // The flat files are told without a broker too.
        let alone = try Site(url: nil)
        defer { alone.scratch.remove() }
        #expect(try await alone.binary.run("status").code == 74)
    }
}
