import Detainers

/// What follows from some facts of a request where nothing else is known, so that an example need not say it: a form
/// asks for what it prints, a judge's criminal warrant is a judge's order of the same standing, and an order of which
/// nothing more is said is no warrant.
extension WorldFact {
    /// - Parameter given: a value for each fact; `nil`: nothing is said of it.
    /// - Returns: a value for each: the one that is given or implied, else unknown.
    static func completed(_ given: [FactValue?], of facts: [WorldFact]) -> [FactValue] {
        func value(of fact: WorldFact) -> FactValue? { facts.firstIndex(of: fact).flatMap { given[$0] } }
        return zip(facts, given).map { fact, known in known ?? fact.implied(by: value) ?? .unknown }
    }

    private func implied(by value: (WorldFact) -> FactValue?) -> FactValue? {
        switch self {
        case .asksHold: Self.asks(value(.form)).map { Self.word($0.hold) }
        case .asksTransfer: Self.asks(value(.form)).map { Self.word($0.transfer) }
        case .asksNotice: Self.asks(value(.form)).map { Self.word($0.notice) }
        case .judicialOrder: value(.criminalWarrant)
        case .criminalWarrant: if case .word = value(.judicialOrder) { .word(0) } else { nil }
        default: nil
        }
    }

    private static func asks(_ form: FactValue?) -> Request.Asks? {
        guard case .word(let position)? = form else { return nil }
        return Request.FormKind(rawValue: WorldFact.form.words[position]).map(printed)
    }
}
