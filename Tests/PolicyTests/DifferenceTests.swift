import Detainers
import Testing

@testable import Policy

/// What a court or a council changed, in plain words and exactly.
struct DifferenceTests {
    @Test func lunnChangedNoAnswerButWhatHoldsRestOn() throws {
        let difference = try PolicyDifference(from: try Shipped.boston("2014"), to: try Shipped.boston("2017"))
        #expect(!difference.changesAnswers)
        #expect(difference.laws.count == 1)
        #expect(difference.laws[0].question == "hold")
        #expect(difference.laws[0].removed == [])
        #expect(difference.laws[0].added.map { $0.hasPrefix("Lunn v. Commonwealth, 477 Mass. 517 (2017)") } == [true])
        #expect(difference.lines.contains("every request gets the same answers"))
        #expect(difference.lines.contains("in force from: 2014-08-20 → 2017-07-24"))
    }

    @Test func theCouncilOf2019ChangedTransferAndNotice() throws {
        let difference = try PolicyDifference(from: try Shipped.boston("2017"), to: try Shipped.boston("2019"))
        #expect(Set(difference.changes.map(\.question)) == ["transfer", "notify"])
        let declined = try #require(
            difference.changes.first { $0.question == "transfer" && $0.new == "decline" })
        #expect(declined.old == "refer to the law department")
        #expect(declined.requests == ["asks transfer is yes and judicial order is none or unknown"])
        #expect(declined.newRules == ["T2"])
        let supervised = try #require(
            difference.changes.first {
                $0.question == "transfer" && $0.old == "decline" && $0.new.contains("supervisor")
            })
        #expect(supervised.requests == ["asks transfer is unknown and judicial order is verified"])
    }

    /// Every boundary point of the two policies lies in a change if, and only if, their words differ there.
    @Test func theRegionsAreExact() throws {
        let documents = [try Shipped.boston("2014"), try Shipped.boston("2017"), try Shipped.boston("2019")]
        for old in documents {
            for new in documents {
                let difference = try PolicyDifference(from: old, to: new)
                for table in old.tables.indices {
                    var differing: Set<String> = []
                    let name = old.tables[table].name
                    for point in Definition.points(of: new.tables[table], new) {
                        var values = [FactValue](repeating: .unknown, count: old.facts.count)
                        for (position, declaration) in old.facts.enumerated() {
                            guard let other = new.facts.firstIndex(where: { $0.fact == declaration.fact }) else {
                                continue
                            }
                            values[position] = point[other]
                        }
                        let (one, other) = (old.row(of: table, at: values), new.row(of: table, at: point))
                        if let one, let other, one.words != other.words {
                            differing.insert("\(one.words)/\(other.words)")
                        }
                    }
                    let told = difference.changes.filter { $0.question == name }.map { "\($0.old)/\($0.new)" }
                    #expect(differing.isSubset(of: told), "\(old.name) to \(new.name), \(name)")
                }
            }
        }
    }

    @Test func dutiesAreToldAsDuties() throws {
        let file = try #require(try Shipped.files("/packs").first { $0.name == "california.yaml" })
        let policy = try PolicyDocument.parse(text: file.text, file: file.name)
        let difference = try PolicyDifference(from: try Shipped.boston(), to: policy)
        #expect(!difference.addedDuties.isEmpty && difference.removedDuties.isEmpty)
        #expect(difference.lines.contains("duty, from now on: " + difference.addedDuties[0]))
        #expect(!difference.laws.contains { $0.question == "duties" })
    }

    @Test func aPolicyDoesNotDifferFromItself() throws {
        for file in try Shipped.all() {
            let policy = try PolicyDocument.parse(text: file.text, file: file.name)
            let difference = try PolicyDifference(from: policy, to: policy)
            #expect(difference.changes.isEmpty && difference.laws.isEmpty && difference.heads.isEmpty)
        }
    }

    @Test func limitsAreToldAsLimits() throws {
        let file = try #require(try Shipped.files("/packs").first { $0.name == "new-york-city-doc.yaml" })
        let old = try PolicyDocument.parse(text: file.text, file: file.name)
        let changed = file.text.replacing("at most 5", with: "at most 7")
        try #require(changed != file.text)
        let difference = try PolicyDifference(from: old, to: try PolicyDocument.read(text: changed, file: "new"))
        #expect(difference.changes.count == 1)
        #expect(difference.changes[0].requests.allSatisfy { $0.contains("years since conviction is 6 to 7") })
    }
}

/// Recorded requests, tried under another policy.
struct RecordTrialTests {
    private func decision(_ given: [String: String], _ policy: PolicyDocument) throws -> Decision {
        try policy.decide(recorded: given.map { Fact(name: $0.key, value: $0.value) })
    }

    private func washington() throws -> PolicyDocument {
        let file = try #require(try Shipped.files("/packs").first { $0.name == "washington.yaml" })
        return try PolicyDocument.parse(text: file.text, file: file.name)
    }

    @Test func whatTheRecordSaysIsCertain() throws {
        let boston = try Shipped.boston()
        let recorded = try decision(["form": "I-247A", "asks hold": "no", "asks transfer": "yes"], boston)
        let changes = try RecordTrial(try Shipped.boston("2014")).changes(of: recorded)
        #expect(
            changes.filter { $0.question == "transfer" } == [
                .init(
                    question: "transfer", recorded: "decline", possible: ["refer to the law department"], missing: [])
            ])
        #expect(!changes.contains { !$0.isCertain })
        #expect(try RecordTrial(boston).changes(of: recorded) == [])
    }

    @Test func whatItDoesNotSayLeavesEveryAnswerThatIsPossible() throws {
        let recorded = try decision(
            ["form": "I-247A", "asks notice": "yes", "criminal warrant": "none", "judicial order": "none"],
            try Shipped.boston())
        let notify = try #require(
            try RecordTrial(try washington()).changes(of: recorded).first { $0.question == "notify" })
        #expect(notify.recorded == "decline")
        #expect(Set(notify.possible) == ["decline", "refer to the law department"])
        #expect(notify.missing == ["release date public"])
        #expect(!notify.isCertain)
    }
}

/// Several jurisdictions in one worker.
struct PolicySetTests {
    @Test func theReceivingAgencyChoosesTheJurisdiction() throws {
        let set = try PolicySet.load(files: try Shipped.all(), allowDrafts: true, home: "boston")
        #expect(set.jurisdictions.count >= 10)
        func decided(_ agency: String) -> String? {
            let request = Request(
                requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: agency),
                receipt: .init(channel: .fax, receivedAt: Moment(text: "2026-03-04")), form: .init(kind: .i247A))
            guard case .decided(let policy, _) = set.policy(for: request, recordedAt: Moment(secondsSinceEpoch: 0))
            else {
                return nil
            }
            return policy.jurisdiction
        }
        #expect(decided("boston-police") == "boston")
        #expect(decided("chicago-police") == "chicago")
        #expect(decided("nyc-doc") == "new-york-city")
        #expect(decided("somebody-else") == nil)
    }

    @Test func withoutAHomeSeveralJurisdictionsDoNotLoad() throws {
        let error = try #require(throws: PolicyError.self) {
            try PolicySet.load(files: try Shipped.all(), allowDrafts: true)
        }
        #expect(error.description.contains("set policy.home"))
    }

    @Test func twoJurisdictionsCannotServeOneAgency() throws {
        let files =
            try Shipped.files()
            + Shipped.files("/packs").filter { $0.name == "cambridge.yaml" }.map {
                ($0.name, $0.text.replacing(/receivers: .*/, with: "receivers: [boston-police]"))
            }
        let error = try #require(throws: PolicyError.self) {
            try PolicySet.load(files: files, allowDrafts: true, home: "boston")
        }
        #expect(error.description.contains("serves boston-police, and so does"))
    }
}
