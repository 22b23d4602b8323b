import Foundation
import Testing

/// The policy verbs, as an author and an operator use them. No broker is needed.
struct PolicyCommandTests {
    private let policies = Binary.repository + "/config/policies"

    private func boston(_ year: String) throws -> String {
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: policies).first { $0.hasPrefix("boston-\(year)") })
        return policies + "/" + name
    }

    @Test func everyShippedPolicyIsProvedAndItsExamplesPass() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let packs = policies + "/packs"
        let check = try await site.binary.run("policy", "check", "--format", "json", policies, packs)
        #expect(check.code == 0, "\(check.output)")
        let objects = try check.objects()
        #expect(objects.count >= 14)
        #expect(objects.allSatisfy { $0["proved"] as? Bool == true })
        let text = try await site.binary.run("policy", "check", try boston("2019"))
        #expect(text.output.contains("every request has exactly one answer to each question"))
        #expect(text.output.contains("nobody has approved it"))
        let test = try await site.binary.run("policy", "test", policies, packs)
        #expect(test.code == 0, "\(test.output)")
        #expect(test.output.contains("passed  Magistrate's arrest warrant: H3, T3, N3, R1"))
    }

    /// As alerts and `doctor` say it, which do not know where a deployment keeps its policies.
    @Test func withoutFilesThoseOfTheSettingsAreChecked() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let named = try await site.binary.run("policy", "check", policies)
        let check = try await site.binary.run("policy", "check")
        #expect(check.code == 0 && check.output == named.output, "\(check.output) \(check.errors)")
        let folder = site.scratch.path + "/policies"
        let missing = try await site.with(["DETAINER_POLICY_DIRECTORY": folder]).binary.run("policy", "check")
        #expect(missing.code == 1 && missing.output.contains(folder + ": there is no such file"))
    }

    @Test func anUnprovedPolicyIsRefusedWithAllThatIsWrongAndDoesNotRun() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let folder = site.scratch.path + "/policies"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = try String(contentsOfFile: try boston("2019"), encoding: .utf8)
        let broken = text.replacing("when: {criminal warrant: verified}", with: "when: {criminal warrant: unread}")
            .replacing("when: {form: [I-247N, I-247G]}", with: "when: {form: I-247N}")
        let file = folder + "/broken.yaml"
        try broken.write(toFile: file, atomically: true, encoding: .utf8)
        let check = try await site.binary.run("policy", "check", file)
        #expect(check.code == 1)
        #expect(check.output.contains("no row of `report line` answers a request with form: I-247G"))
        #expect(check.output.contains("both answer a request with asks hold: yes, criminal warrant: unread"))
        #expect(try await site.binary.run("policy", "test", file).code == 1)
        var binary = site.binary
        binary.environment["DETAINER_POLICY_DIRECTORY"] = folder
        let run = try await binary.run("worker", "run")
        #expect(run.code == 78)
        #expect(run.errors.contains("no row of `report line` answers"))
    }

    @Test func everyFileIsToldOfWhateverElseCannotBeRead() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let latin = site.scratch.path + "/latin.yaml"
        try Data([0x70, 0x6f, 0x6c, 0xe9]).write(to: URL(fileURLWithPath: latin))
        let link = site.scratch.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: policies)
        let missing = site.scratch.path + "/missing.yaml"
        for command in ["check", "test"] {
            let text = try await site.binary.run("policy", command, missing, latin, link)
            #expect(text.code == 1)
            #expect(text.output.contains(missing + ": there is no such file"))
            #expect(text.output.contains(latin + ": is no text in UTF-8"))
            #expect(text.output.contains(link + "/boston-2019.yaml"))
            #expect(text.output.contains("nobody has approved"))
            let json = try await site.binary.run("policy", command, "--format", "json", missing, latin, link)
            #expect(json.code == 1)
            let files = try json.objects().compactMap { $0["file"] as? String }
            #expect(Set(files).count == 5)
        }
        let explained = try await site.binary.run("policy", "explain", missing)
        #expect(explained.code == 74 && explained.errors.contains(missing + ": there is no such file"))
        let difference = try await site.binary.run("policy", "diff", try boston("2014"), try boston("2019"))
        #expect(difference.output.contains("boston-2014.yaml: nobody has approved this policy"))
    }

    @Test func explainTellsFactsAnswersLawAndTheNearestChange() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let explained = try await site.binary.run(
            "policy", "explain", Binary.repository + "/config/samples/request.json")
        #expect(explained.code == 0, "\(explained.errors)")
        for piece in [
            "by boston-trust-act-2019", "signed by an immigration officer and never judicial",
            "hold: decline. No judge's criminal warrant is before us. [H2]", "Boston Code 11-1.9(B): \"",
            "not H3: criminal warrant is none, not verified",
            "would be: refer to the duty supervisor, if a judge's criminal warrant for this person were verified [H3]",
        ] { #expect(explained.output.contains(piece), "\(piece)") }
        let json = try await site.binary.run(
            "policy", "explain", "--format", "json", "-", input: requestJSON(1)
        ).objects()
        let answers = try #require(json.first?["answers"] as? [[String: Any]])
        #expect(answers.map { $0["question"] as? String } == ["hold", "transfer", "notify", "report line"])
        let other = try await site.binary.run("policy", "explain", "-", input: requestJSON(1, agency: "elsewhere"))
        #expect(other.output == "not ours: no policy serves this agency\n")
    }

    @Test func diffTellsWhatTheCourtAndTheCouncilChanged() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let lunn = try await site.binary.run("policy", "diff", try boston("2014"), try boston("2017"))
        #expect(lunn.code == 0)
        #expect(lunn.output.contains("every request gets the same answers"))
        #expect(lunn.output.contains("hold: now also rests on Lunn v. Commonwealth, 477 Mass. 517 (2017)"))
        let council = try await site.binary.run("policy", "diff", try boston("2017"), try boston("2019"))
        #expect(council.output.contains("transfer: refer to the law department → decline"))
        #expect(council.output.contains("    where asks transfer is yes and judicial order is none or unknown"))
    }
}

/// What a worker records of its policies, and what can be derived from the records again.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct PolicyRecordTests {
    @Test func recordsAreDerivedAgainAndTriedUnderAnotherPolicyWithoutChanging() async throws {
        let site = try Site()
        try await site.apply()
        let papers = #"},"attachments":[{"kind":"criminal-warrant","issuer":"judge","standing":"claimed"}],"custody":{"#
        let asks = #","asks":{"hold":"yes","transfer":"yes","notice":"yes"}"#
        let file = try site.scratch.write(
            "r.jsonl",
            [requestJSON(1, more: asks), requestJSON(2, more: asks + papers), requestJSON(3)].joined(separator: "\n"))
        #expect(try await site.binary.run("intake", "submit", file).code == 0)
        try await site.drain()
        let before = try await site.binary.run("ledger", "list", "--format", "json")
        for request in try before.objects() {
            let id = try #require(request["requestId"] as? String)
            let shown = try await site.binary.run("ledger", "show", id, "--rederive")
            #expect(shown.code == 0, "\(shown.errors)")
            #expect(shown.output.contains("the same record, byte for byte"))
        }
        let policies = Binary.repository + "/config/policies/"
        let difference = try await site.binary.run(
            "policy", "diff", policies + "boston-2019.yaml", policies + "boston-2014.yaml", "--ledger", site.ledger,
            "--format", "json")
        let tried = try #require(try difference.objects().first?["recorded"] as? [String: Any])
        #expect(tried["tried"] as? Int == 3 && tried["byOtherPolicies"] as? Int == 0)
        let recorded = try #require(tried["requests"] as? [[String: Any]])
        #expect(recorded.count == 3)
        let changes = try #require(recorded.first?["changes"] as? [[String: Any]])
        let transfer = try #require(changes.first { $0["question"] as? String == "transfer" })
        #expect(transfer["recorded"] as? String == "decline")
        #expect(transfer["new"] as? [String] == ["refer to the law department"])
        #expect(transfer["certain"] as? Bool == true)
        // What no record says cannot be told: whether a release date is public.
        let washington = try await site.binary.run(
            "policy", "diff", policies + "boston-2019.yaml", policies + "packs/washington.yaml", "--ledger", site.ledger
        )
        #expect(washington.output.contains("on record: 3 requests, 0 of them decided by another policy"))
        #expect(
            washington.output.contains(
                "notify: decline → decline or refer to the law department (not recorded: release date public)"))
        #expect(try await site.binary.run("ledger", "list", "--format", "json").output == before.output)
        // A kept policy that somebody changed derives nothing.
        let kept = site.ledger + "/w1/policies"
        for name in try FileManager.default.contentsOfDirectory(atPath: kept) {
            let text = try String(contentsOfFile: kept + "/" + name, encoding: .utf8)
            try text.replacing("duty supervisor", with: "anybody").write(
                toFile: kept + "/" + name, atomically: true, encoding: .utf8)
        }
        let changed = try await site.binary.run("ledger", "show", "00000000-0000-4000-8000-000000000001", "--rederive")
        #expect(changed.code == 78)
        #expect(changed.errors.contains("is not the text that its name says"))
        await site.remove()
    }

    @Test func severalJurisdictionsHaveEachTheirPolicyAndTheirKey() async throws {
        let site = try Site()
        try await site.apply()
        let folder = site.scratch.path + "/policies"
        let shipped = Binary.repository + "/config/policies/"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["boston-2019.yaml", "packs/chicago.yaml"] {
            let target = folder + "/" + (name.split(separator: "/").last.map(String.init) ?? name)
            let text = try String(contentsOfFile: shipped + name, encoding: .utf8)
            // The year of the test's requests, whichever way a draft's date goes.
            try text.replacing(/in force from: \S+/, with: "in force from: 2019-12-19").write(
                toFile: target, atomically: true, encoding: .utf8)
        }
        var binary = site.binary
        binary.environment["DETAINER_POLICY_DIRECTORY"] = folder
        let homeless = try await binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(homeless.code == 78)
        #expect(
            homeless.errors.contains("set policy.home to the jurisdiction whose workers these are: boston, chicago"))
        binary.environment["DETAINER_POLICY_HOME"] = "boston"
        let file = try site.scratch.write(
            "r.jsonl",
            [
                requestJSON(1), requestJSON(2, agency: "chicago-police"), requestJSON(3, agency: "somebody-else"),
            ].joined(separator: "\n"))
        #expect(try await binary.run("intake", "submit", file).code == 0)
        let run = try await binary.run("worker", "run", "--exit-when-idle", "1")
        #expect(run.code == 0, "\(run.errors)")
        let list = try await binary.run("ledger", "list", "--format", "json").objects()
        #expect(list.map { $0["jurisdiction"] as? String } == ["boston", "chicago", "boston"])
        #expect(
            list.map { ($0["policy"] as? [String: Any])?["name"] as? String } == [
                "boston-trust-act-2019", "chicago-2-173-020", nil,
            ])
        let keys = list.compactMap { ($0["pseudonyms"] as? [String: Any])?["keyId"] as? String }
        #expect(keys.count == 3 && keys[0] == keys[2] && keys[0] != keys[1])
        await site.remove()
    }
}
