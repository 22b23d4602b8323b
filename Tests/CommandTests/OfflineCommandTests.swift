import Foundation
import Testing

/// Commands that need no broker: exit codes, output, and what they say when there is none.
struct OfflineCommandTests {
    @Test func validateTellsPathsAndNeverValues() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let good = try await site.binary.run("intake", "validate", "-", input: requestJSON(1))
        #expect(good.code == 0)
        #expect(good.output == "1 valid, 0 invalid\n")
        let bad = try await site.binary.run(
            "intake", "validate", "--format", "json", "-", input: requestJSON(1, more: #","formDate":"MARKED""#))
        #expect(bad.code == 1)
        #expect(try bad.objects().first?["path"] as? String == "/form/formDate")
        #expect(!bad.output.contains("MARKED"))
        #expect(!bad.errors.contains("MARKED"))
    }

    @Test func aReportOfAnEmptyYearPrintsItsZeros() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        try site.makeLedger()
        let text = try await site.binary.run("report", "annual", "--year", "2024", "--jurisdiction", "boston")
        #expect(text.code == 0)
        for line in [
            "1. Civil immigration detainer requests lodged, by the reason given for the request: 0",
            "2. Individuals detained, by the reason supporting the detention: 0", "Zero individuals were detained.",
            "3. Individuals transferred to ICE custody: 0", "by individual case: $0.00", "I certify",
        ] { #expect(text.output.contains(line)) }
        let json = try await site.binary.run("report", "annual", "--year", "2024", "--format", "json").objects()
        let report = try #require(json.first)
        #expect((report["requests"] as? [String: Any])?["total"] as? Int == 0)
        #expect((report["detained"] as? [String: Any])?["total"] as? Int == 0)
        #expect((report["transferred"] as? [String: Any])?["total"] as? Int == 0)
        #expect((report["reimbursements"] as? [String: Any])?["total"] as? Int == 0)
    }

    /// A volume that is not mounted looks like this.
    @Test func whereNoLedgerIsNothingIsReportedAsZero() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        try FileManager.default.createDirectory(atPath: site.ledger, withIntermediateDirectories: true)
        for command in [
            ["report", "annual", "--year", "2024"], ["report", "compare", "--with", site.ledger],
            ["ledger", "verify"], ["ledger", "list"], ["ledger", "list", "--kind", "policy-load"],
        ] {
            let result = try await site.binary.run(command)
            #expect(result.code == 74 && result.output.isEmpty, "\(command): \(result.output)")
            #expect(result.errors.contains("is its volume mounted"), "\(command): \(result.errors)")
        }
        let script = try await Binary.script("deploy/audit/verify-ledger", [site.ledger])
        #expect(script.code == 74 && script.output.isEmpty && script.errors.contains("is its volume mounted"))
    }

    @Test func aWorkerTakesNoNameThatIsTaken() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        for name in ["lock", "filings", "dead-letters", "aggregate"] {
            let result = try await site.worker(name).binary.run("worker", "run")
            #expect(result.code == 64 && result.errors.contains("none of `dead-letters`, `filings`, `aggregate`, `lock`"))
        }
        #expect(!FileManager.default.fileExists(atPath: site.ledger))
    }

    @Test func withoutABrokerTheExitCodeSaysSo() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        var binary = site.binary
        binary.environment["DETAINER_BROKER_URL"] = "amqp://guest:secret@127.0.0.1:1/"
        let result = try await binary.run("topology", "check")
        #expect(result.code == 69)
        #expect(!result.errors.contains("secret"))
    }

    @Test func wrongUseAndWrongSettingsHaveTheirOwnCodes() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        #expect(try await site.binary.run("report", "annual").code == 64)
        let settings = try site.scratch.write("w.yaml", "ledger:\n  directry: x\n")
        let wrong = try await site.binary.run("topology", "show", "--config", settings)
        #expect(wrong.code == 78)
        #expect(wrong.errors.contains("`ledger.directory`"))
        var binary = site.binary
        binary.environment["DETAINER_POLICY_ALLOW_UNAPPROVED"] = "no"
        #expect(try await binary.run("worker", "run").code == 78)
    }

    @Test func aPasswordInAMistypedURLIsShownNowhere() async throws {
        let site = try Site(url: nil).with(["DETAINER_BROKER_URL": "guest:MARKED@127.0.0.1/"])
        defer { site.scratch.remove() }
        for command in [["config", "show"], ["config", "show", "--format", "json"], ["worker", "run"]] {
            let result = try await site.binary.run(command)
            #expect(result.code == 78 && result.errors.contains("`broker.url`"), "\(command) \(result.errors)")
            #expect(!(result.output + result.errors).contains("MARKED"), "\(command)")
        }
        let argument = try await site.binary.run("topology", "check", "--broker-url", "guest:MARKED@host/")
        #expect(argument.code == 64 && argument.errors.contains("must not hold a password"), "\(argument.errors)")
    }

    /// A service manager starts a worker again that the broker or the disk ended, and not one with wrong settings.
    @Test(arguments: [
        ("BROKER_URL", "garbage"), ("BROKER_URL", "http://x"), ("BROKER_URL", "amqp://127.0.0.1:port/"),
        ("BROKER_URL", "amqp://127.0.0.1/a/b"), ("BROKER_CA_FILE", "/etc/ssl/ca.pem"),
        ("POLICY_DIRECTORY", "/nowhere/policies"), ("POLICY_DIRECTORY", Binary.repository + "/config/worker.yaml"),
    ])
    func aWorkerWithAWrongSettingSaysSoInItsExitCode(_ name: String, _ value: String) async throws {
        let site = try Site(url: nil).with(["DETAINER_" + name: value])
        defer { site.scratch.remove() }
        let result = try await site.binary.run("worker", "run")
        #expect(result.code == 78, "\(result.errors)")
        #expect(!result.errors.contains("Error Domain"), "\(result.errors)")
    }

    @Test func aFileThatIsNotThereIsToldInASentence() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        try site.makeLedger()
        let missing = site.scratch.path + "/missing"
        let readers = [
            ["ledger", "verify", "--public-key", missing], ["ledger", "prove", "--since", missing],
            ["report", "annual", "--year", "2024", "--jurisdiction", "boston", "--form", missing],
        ]
        for command in readers {
            let result = try await site.binary.run(command)
            #expect(result.code == 74, "\(command) \(result.errors)")
            #expect(
                result.errors.contains("error: \(missing): cannot be read: is it there, and may you read it?\n"),
                "\(command) \(result.errors)")
            #expect(!result.errors.contains("Error Domain"))
        }
        // Nobody makes folders there, root neither.
        let key = "/proc/nobody/signing.key"
        let made = try await site.binary.run("ledger", "keygen", "--name", "detainers.example.gov", "--key-file", key)
        #expect(made.code == 74 && made.errors.hasPrefix("error: key file `\(key)` cannot be made: "), "\(made.errors)")
        let doctor = try await site.with(["DETAINER_POLICY_DIRECTORY": missing]).binary.run("doctor", "--offline")
        #expect(
            doctor.code == 1 && doctor.output.contains("policies: they do not load: \(missing): cannot be listed"),
            "\(doctor.output)")
    }

    @Test func policiesThatDoNotLoadAreToldByStatus() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        try FileManager.default.createDirectory(atPath: site.ledger, withIntermediateDirectories: true)
        let folder = site.scratch.path + "/policies"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try site.scratch.write("policies/broken.yaml", "policy: [")
        let status = try await site.status(folder)
        #expect(status.code == 1, "\(status.output)")
        #expect(
            status.output.contains("next: the policies on the disk do not load: run `detainer policy check \(folder)`"))
        #expect(status.errors.contains("broken.yaml"))
    }

    /// A key made just now would match nobody, and nothing would say why.
    @Test func aListWithFileNumbersIsNotComparedWithoutTheKeyOfTheLedger() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        try site.makeLedger()
        let list = try site.scratch.write(
            "list.csv",
            "prepare_date,detainer_type,facility,state,city,a_number\n"
                + "2025-03-03,I247A - Detainer,BOSTON POLICE,MASSACHUSETTS,BOSTON,A000000001\n")
        let compared = try await site.binary.run("report", "reconcile", "--against", list)
        #expect(compared.code == 78 && compared.errors.contains("pseudonym-boston.key"), "\(compared.errors)")
        #expect(!compared.errors.contains("000000001"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: site.ledger) == ["w1"])
    }

    /// Who only reads or mends makes neither a directory nor a key.
    @Test func whatReadsOrMendsDeadLettersMakesNoLedger() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        let (plan, file) = (site.scratch.path + "/plan.jsonl", site.scratch.path + "/letters.jsonl")
        let given = try site.scratch.write("given.jsonl", "")
        for arguments in [
            ["list"], ["show", "ffffffff"], ["edit", "ffffffff"], ["plan", "--out", plan], ["export", file],
            ["apply", given], ["discard", "--reason", "schema", "--because", "they are tests"],
        ] {
            let result = try await site.binary.run(["dead-letters"] + arguments)
            #expect(result.code == 74, "\(arguments) \(result.errors)")
            #expect(result.errors.contains("there is no ledger in `\(site.ledger)`"), "\(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: site.ledger))
        #expect(!FileManager.default.fileExists(atPath: plan) && !FileManager.default.fileExists(atPath: file))
    }

    /// With another key repeats would become conflicts, and nothing would say why.
    @Test func aPseudonymKeyIsMadeOnlyWhereNoWorkerHasRecorded() async throws {
        let site = try Site(url: nil)
        defer { site.scratch.remove() }
        let files = FileManager.default
        let key = site.ledger + "/pseudonym-boston.key"
        // As a worker leaves it, and as the other stores do.
        for folder in ["dead-letters", "aggregate", "w1"] {
            try files.createDirectory(atPath: site.ledger + "/" + folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: site.ledger + "/\(folder)/lock"))
        }
        for command in [["worker", "run"], ["dead-letters", "plan", "--out", site.scratch.path + "/plan"]] {
            let refused = try await site.binary.run(command)
            #expect(refused.code == 78, "\(command) \(refused.errors)")
            #expect(
                refused.errors.contains("`\(key)`: it is not there although workers have recorded")
                    && refused.errors.contains("bring it back from where it is kept"), "\(refused.errors)")
            #expect(!files.fileExists(atPath: key))
        }
        let doctor = try await site.binary.run("doctor", "--offline", "--format", "json")
        #expect(try doctor.verdicts()["pseudonym key " + key] == "bad")
        // Of a jurisdiction that is new here a person makes it, once.
        let made = try await site.binary.run("ledger", "keygen", "--pseudonyms", "boston")
        #expect(made.code == 0 && made.output.contains(key), "\(made.errors)")
        #expect(try files.attributesOfItem(atPath: key)[.posixPermissions] as? Int == 0o600)
        #expect(try await site.binary.run("ledger", "keygen", "--pseudonyms", "boston").code == 78)
        #expect(try await site.binary.run("ledger", "keygen").code == 64)
        try files.removeItem(atPath: key)
        try files.removeItem(atPath: site.ledger + "/w1")
        let first = try await site.binary.run("doctor", "--offline", "--format", "json")
        #expect(try first.verdicts()["pseudonym key " + key] == "warning")
    }

    @Test func submitRefusesWhatTheContractRefuses() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let result = try await site.binary.run("intake", "submit", "-", input: "{}")
        #expect(result.code == 65)
    }
}
