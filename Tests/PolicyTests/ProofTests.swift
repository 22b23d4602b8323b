import Detainers
import Testing

@testable import Policy

/// The proof by boxes against trying every point where an answer could change: two checkers that share no code.
struct ProofTests {
    /// A generator that always gives the same numbers (Steele, Lea and Flood, SplitMix64).
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return z ^ z >> 31
        }
    }

    static let mark = Mark(line: 1, column: 1)

    private func alternative(_ type: FactType, _ random: inout Generator) -> Condition.Alternative {
        if Int.random(in: 0..<5, using: &random) == 0 { return .unknown }
        switch type {
        case .word(let words): return .word(Int.random(in: words.indices, using: &random))
        case .anyOf(let words):
            // Few words are named, as in any policy that a person can follow.
            let word = Int.random(in: 0..<min(4, words.count), using: &random)
            return [.includes(word), .lacks(word), .empty].randomElement(using: &random) ?? .empty
        case .date, .wholeNumber:
            let low = Int.random(in: 0...6, using: &random)
            let high = Int.random(in: low...8, using: &random)
            return [.range(nil, high), .range(low, nil), .range(low, high), .range(low, low)]
                .randomElement(using: &random) ?? .range(nil, nil)
        }
    }

    /// A policy with one table at random: some complete and sound, most not.
    private func document(_ random: inout Generator) throws -> PolicyDocument {
        let facts = WorldFact.allCases.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
        var draft = PolicyDraft(timeZone: try #require(TimeZoneName("UTC")))
        draft.facts = facts.map { FactDeclaration(fact: $0, mark: Self.mark) }
        var table = Table(name: "hold", mark: Self.mark, rows: [])
        for number in 0..<Int.random(in: 1...6, using: &random) {
            let asked = draft.facts.indices.filter { _ in Bool.random(using: &random) }
            let conditions = asked.map { fact in
                let count = Int.random(in: 1...4, using: &random)
                let alternatives = (0..<count).map { _ in alternative(draft.facts[fact].type, &random) }
                return Condition(fact: fact, alternatives: alternatives, mark: Self.mark)
            }
            let base =
                number > 0 && Bool.random(using: &random) ? "R\(Int.random(in: 0..<number, using: &random))" : nil
            table.rows.append(
                Row(
                    id: "R\(number)", mark: Self.mark, exceptionTo: base, conditions: conditions, answer: "decline",
                    because: "", law: []))
        }
        draft.tables = [table]
        return try PolicyDocument(draft, text: "", file: "random")
    }

    @Test func theTwoCheckersAgreeOnThousandsOfRandomPolicies() throws {
        var random = Generator(state: 2019)
        var kinds: [String: Int] = [:]
        for number in 0..<3_000 {
            let document = try document(&random)
            let table = document.tables[0]
            let regions = TableRegions(table, in: document.space)
            let findings = Definition.findings(table, document)
            if regions.findings != findings { Issue.record("policy \(number): \(regions.findings), \(findings)") }
            if findings.hasGap { kinds["gap", default: 0] += 1 }
            if !findings.conflicts.isEmpty { kinds["conflict", default: 0] += 1 }
            if !findings.unreachable.isEmpty { kinds["unreachable", default: 0] += 1 }
            if findings == .init(unreachable: []) { kinds["sound", default: 0] += 1 }
            // What is shown as a counterexample is one.
            if let box = document.space.possible(in: regions.gap) {
                #expect(Definition.rows(of: table, document.space.sample(box)) == [])
                #expect(PossibleFacts.allow(document.space.sample(box), table.facts, document.facts))
            }
            for (one, other, region) in regions.conflicts {
                let rows = Definition.rows(
                    of: table, document.space.sample(try #require(document.space.possible(in: region))))
                #expect(rows.contains(table.rows[one].id) && rows.contains(table.rows[other].id))
            }
        }
        print("policy proof: 3000 random policies, \(kinds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        #expect(["gap", "conflict", "unreachable", "sound"].allSatisfy { kinds[$0, default: 0] > 100 })
    }

    /// Written to make proving endless: as many rows as may be, each about other facts.
    @Test func aTableThatNobodyCanFollowIsRefusedInsteadOfProvedForHours() throws {
        var random = Generator(state: 63)
        var draft = PolicyDraft(timeZone: try #require(TimeZoneName("UTC")))
        draft.facts = WorldFact.allCases.filter { $0.words == ["yes", "no"] }.map {
            FactDeclaration(fact: $0, mark: Self.mark)
        }
        var table = Table(name: "hold", mark: Self.mark, rows: [])
        for number in 0..<PolicyReader.maximumRows {
            let conditions = draft.facts.indices.shuffled(using: &random).prefix(8).map { fact in
                let two = [Condition.Alternative.word(0), .word(1), .unknown].shuffled(using: &random).prefix(2)
                return Condition(fact: fact, alternatives: Array(two), mark: Self.mark)
            }
            table.rows.append(
                Row(
                    id: "R\(number)", mark: Self.mark, exceptionTo: number == 0 ? nil : "R0",
                    conditions: number == 0 ? [] : conditions, answer: "decline", because: "", law: []))
        }
        draft.tables = [table]
        let document = try PolicyDocument(draft, text: "", file: "endless")
        #expect(TableRegions(table, in: document.space).isTooLarge)
        #expect(document.proof().contains { $0.explanation.contains("more ways than anyone can follow") })
    }

    @Test func decidingDoesWhatTheDefinitionSays() throws {
        var random = Generator(state: 7)
        for number in 0..<500 {
            let document = try document(&random)
            let lookup = TableLookup(document.tables[0], in: document.space)
            for point in Definition.points(of: document.tables[0], document).shuffled(using: &random).prefix(40) {
                let rows = Definition.rows(of: document.tables[0], point)
                let expected: TableLookup.Result =
                    rows.isEmpty
                    ? .none
                    : rows.count > 1
                        ? .conflict : .row(document.tables[0].rows.firstIndex { $0.id == rows[0] } ?? -1)
                let got = lookup.look(FactPoint(document.space.point(point)))
                if got != expected { Issue.record("policy \(number): \(got) and \(expected)") }
            }
        }
    }

    @Test func aSimplifiedRegionIsTheSameRegion() throws {
        var random = Generator(state: 11)
        for number in 0..<500 {
            let document = try document(&random)
            let regions = TableRegions(document.tables[0], in: document.space)
            for region in regions.answers + [regions.gap] {
                let simple = region.simplified()
                let isSame = region.subtracting(simple).isEmpty && simple.subtracting(region).isEmpty
                if !isSame || simple.boxes.count > max(1, region.boxes.count) {
                    Issue.record("policy \(number): \(region.boxes.count) boxes became \(simple.boxes.count)")
                }
            }
        }
    }

    @Test func theTwoCheckersAgreeOnEveryShippedPolicy() throws {
        let files = try Shipped.all()
        #expect(files.count >= 14)
        for file in files {
            let document = try PolicyDocument.parse(text: file.text, file: file.name)
            for table in document.tables {
                let findings = Definition.findings(table, document)
                #expect(findings == .init(unreachable: []), "\(file.name), \(table.name)")
                #expect(TableRegions(table, in: document.space).findings == findings)
            }
            for example in document.examples {
                let rows = document.tables.flatMap { Definition.rows(of: $0, example.given) }
                #expect(rows == Array(example.expect.prefix(4)), "\(file.name), \(example.name)")
            }
        }
    }
}
