import Detainers
import Testing

@testable import Ledger

/// Sets of entries, against plain arrays.
struct EntryGroupsTests {
    @Test(arguments: [1, 63, 64, 65, 511, 512, 513, 5_000]) func bitsRankAsAnArrayWould(count: Int) {
        for step in [1, 2, 7, 64, 700] {
            var bits = EntryBits(count: count)
            let set = Array(stride(from: 0, to: count, by: step))
            for position in set { bits.set(position) }
            let ranks = EntryRanks(bits)
            #expect(bits.total == set.count)
            for (rank, position) in set.enumerated() { #expect(bits[position] && ranks[position] == rank) }
            for range in [0..<count, count / 3..<count / 2, 0..<0, count - 1..<count] {
                var found: [Int] = []
                bits.forEach(in: range) { found.append($0) }
                #expect(found == set.filter(range.contains))
            }
        }
    }

    @Test func whatIsJoinedHasOneRootTheEarliest() {
        var groups = EntryGroups(count: 100)
        for member in 0..<90 { groups.join(member + 10, member) }
        for member in 0..<100 { #expect(groups.root(member) == member % 10) }
    }

    /// What traits are told apart by is what a report counts by; none may be left out of the comparison.
    @Test func outcomesThatDifferInWhatCountsHaveOtherTraits() throws {
        guard case .outcome(var base) = SealedBench.outcome(1) else { preconditionFailure("the bench makes outcomes") }
        func given(_ answer: AnswerKind) -> GivenAnswer { GivenAnswer(answer: answer, rule: "R") }
        base.station = "Do\u{f1}a Ana"
        base.probableCause = [.finalOrder]
        base.decision = Decision(
            hold: given(.decline), transfer: given(.decline), notify: given(.decline), reportLine: "item 1",
            reportRule: "R", facts: [], policyName: "p", policyDigest: "d")
        let changes: [(inout Outcome) -> Void] = [
            { $0.jurisdiction = "salem" }, { $0.station = "B-2" }, { $0.station = nil }, { $0.channel = .mail },
            { $0.formKind = .i247D }, { $0.probableCause = nil }, { $0.resumeCustody = .yes },
            { $0.date.basis = .received }, { $0.decision = nil }, { $0.decision?.hold.answer = .refer },
            { $0.decision?.transfer.answer = .refer }, { $0.decision?.notify.answer = .refer },
            { $0.decision?.reportLine = "other" }, { $0.decision?.policyName = "q" },
            { $0.decision?.policyDigest = "e" },
        ]
        let traits = try #require(OutcomeTraits(base))
        #expect(traits.areOf(base))
        for (number, change) in changes.enumerated() {
            var changed = base
            change(&changed)
            #expect(!traits.areOf(changed), "change \(number)")
            let others = try #require(OutcomeTraits(changed))
            #expect(others.areOf(changed) && !others.areOf(base), "change \(number)")
        }
        // What is its own does not count, nor how a text is composed.
        var own = base
        own.contentKey = "another"
        own.identity = RequestIdentity(requestID: "another", revision: 2)
        own.station = "Don\u{303}a Ana"
        #expect(traits.areOf(own) && OutcomeTraits.hash(own) == OutcomeTraits.hash(base))
        own.foundAt = Moment(secondsSinceEpoch: 0)
        #expect(OutcomeTraits(own) == nil && !traits.areOf(own))
    }
}
