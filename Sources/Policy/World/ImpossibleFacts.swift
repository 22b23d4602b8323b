import Detainers

/// Values of two facts that no request has at once, because of how requests become facts; a policy need not answer
/// them.
///
/// A judge's criminal warrant is a judge's order too, both are known or neither is, and what a form asks for itself is
/// not unknown.
struct ImpossibleFacts: Sendable {
    var one: WorldFact
    var oneValues: [FactValue]
    var other: WorldFact
    var otherValues: [FactValue]

    /// All there are; a test makes every paper and every form and finds these and no others.
    static let all: [ImpossibleFacts] = papers + forms

    private static let papers: [ImpossibleFacts] = {
        let standings = WorldFact.standings.indices
        let known = standings.map(FactValue.word)
        let unequal = standings.dropFirst().map { standing in
            ImpossibleFacts(
                one: .criminalWarrant, oneValues: [.word(standing)],
                other: .judicialOrder, otherValues: standings.filter { $0 < standing }.map(FactValue.word))
        }
        return unequal + [
            ImpossibleFacts(
                one: .criminalWarrant, oneValues: [.unknown], other: .judicialOrder, otherValues: known),
            ImpossibleFacts(
                one: .criminalWarrant, oneValues: known, other: .judicialOrder, otherValues: [.unknown]),
        ]
    }()

    private static let forms: [ImpossibleFacts] = {
        let asked: [(WorldFact, @Sendable (Request.Asks) -> Request.Answer)] = [
            (.asksHold, { $0.hold }), (.asksTransfer, { $0.transfer }), (.asksNotice, { $0.notice }),
        ]
        return asked.map { fact, answer in
            let telling = Request.FormKind.allCases.filter { answer(WorldFact.printed($0)) != .unknown }
            return ImpossibleFacts(
                one: .form,
                oneValues: telling.compactMap { WorldFact.form.words.firstIndex(of: $0.rawValue).map(FactValue.word) },
                other: fact, otherValues: [.unknown])
        }
    }()
}
