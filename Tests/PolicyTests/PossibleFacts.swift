import Detainers
import Testing

@testable import Policy

/// Which facts a request can have at once, found by making requests: every kind of paper, alone and in pairs, and every
/// form with everything that an intake can say of it.
enum PossibleFacts {
    static let pairs: [Set<WorldFact>: Set<[WorldFact: FactValue]>] = {
        var pairs: [Set<WorldFact>: Set<[WorldFact: FactValue]>] = [:]
        func add(_ one: WorldFact, _ other: WorldFact, _ request: Request) {
            pairs[[one, other], default: []].insert([one: one.value(of: request), other: other.value(of: request)])
        }
        for papers in [nil, []] + everyPaper.map({ [$0] })
            + everyPaper.flatMap({ one in everyPaper.map { [one, $0] } })
        {
            add(.criminalWarrant, .judicialOrder, request { $0.attachments = papers })
        }
        for kind in Request.FormKind.allCases {
            for said in [Request.Answer.yes, .no, .unknown] {
                let asking = request {
                    $0.form = .init(kind: kind)
                    $0.form.asks = .init(hold: said, transfer: said, notice: said)
                }
                for fact in [WorldFact.asksHold, .asksTransfer, .asksNotice] { add(.form, fact, asking) }
            }
        }
        return pairs
    }()

    private static let everyPaper: [Request.Attachment] = {
        // One that is not a judge's is the same whoever signed it; two of each that matter are enough.
        var papers: [Request.Attachment] = []
        for kind in [Request.AttachmentKind.i200, .criminalWarrant, .judicialOrder, .other] {
            for standing in [Request.Standing.verified, .claimed, .produced, .unknown] {
                for names in [Request.Answer.yes, .no] {
                    for issuer in [Request.Issuer.judge, .immigrationOfficer] {
                        papers.append(
                            .init(
                                kind: kind, issuer: issuer, standing: standing, namesSubject: names,
                                verifiedBy: "duty supervisor"))
                    }
                }
            }
        }
        return papers
    }()

    private static func request(_ change: (inout Request) -> Void) -> Request {
        var request = Request(
            requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .unknown), form: .init(kind: .unknown))
        change(&request)
        return request
    }

    /// Whether a request can have these values of the facts that a table asks for.
    static func allow(_ values: [FactValue], _ asked: [Int], _ facts: [FactDeclaration]) -> Bool {
        for (pair, possible) in pairs {
            let places = asked.filter { pair.contains(facts[$0].fact) }
            guard places.count == 2 else { continue }
            let here = Dictionary(uniqueKeysWithValues: places.map { (facts[$0].fact, values[$0]) })
            if !possible.contains(here) { return false }
        }
        return true
    }
}

struct ImpossibleFactsTests {
    /// What the proof leaves out is what no request can be, and nothing else.
    @Test func theImpossibleIsWhatNoRequestHas() {
        for (pair, possible) in PossibleFacts.pairs {
            for one in pair {
                for other in pair where other.rawValue > one.rawValue {
                    let values = { (fact: WorldFact) in fact.words.indices.map(FactValue.word) + [.unknown] }
                    for first in values(one) {
                        for second in values(other) {
                            let isImpossible = ImpossibleFacts.all.contains {
                                $0.one == one && $0.oneValues.contains(first)
                                    && $0.other == other && $0.otherValues.contains(second)
                            }
                            #expect(
                                possible.contains([one: first, other: second]) == !isImpossible,
                                "\(one.name) \(one.type.text(first)), \(other.name) \(other.type.text(second))")
                        }
                    }
                }
            }
        }
        #expect(PossibleFacts.pairs.count == 4)
        #expect(ImpossibleFacts.all.allSatisfy { PossibleFacts.pairs[[$0.one, $0.other]] != nil })
    }

    /// A warrant that is verified is an order that is verified: a policy need not say what holds otherwise.
    @Test func aPolicyNeedNotAnswerWhatCannotBe() throws {
        let text = try #require(try Shipped.files().first { $0.name.hasPrefix("boston-2019") }).text
        let both = text.replacing(
            "  T2:\n    when: {asks transfer: [yes, unknown]}",
            with: """
                  T5:
                    when: {asks transfer: [yes, unknown], criminal warrant: verified, judicial order: verified}
                    answer: refer
                    to: law department
                    because: A warrant is here.
                  T2:
                    when: {asks transfer: [yes, unknown], criminal warrant: [none, unread, claimed, unknown]}
                """)
        try #require(both != text)
        let document = try PolicyDocument.read(text: both, file: "both")
        let regions = TableRegions(document.tables[1], in: document.space)
        #expect(document.space.possible(in: regions.gap) == nil)
        let impossible = both.replacing(
            "judicial order: verified}\n    answer: refer\n    to: law",
            with: "judicial order: none}\n    answer: refer\n    to: law")
        let problems = try PolicyDocument.read(text: impossible, file: "never").proof()
        #expect(problems.contains { $0.explanation == "this row never answers: no request has such facts at once" })
        #expect(problems.contains { $0.explanation.contains("criminal warrant: verified, judicial order: verified") })
    }

    @Test func noDifferenceIsToldOfWhatCannotBe() throws {
        let documents = try Shipped.all().map { try PolicyDocument.parse(text: $0.text, file: $0.name) }
        for old in documents {
            for new in documents {
                for request in try PolicyDifference(from: old, to: new).changes.flatMap(\.requests) {
                    let isImpossible =
                        request.contains("criminal warrant is verified")
                        && request.contains("judicial order is none")
                    #expect(!isImpossible, "\(old.name) to \(new.name): \(request)")
                }
            }
        }
    }
}
