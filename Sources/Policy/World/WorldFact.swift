import Detainers

/// The facts that a policy may ask for. `docs/policies.md` tells lawyers the same, fact by fact; a test compares the
/// two.
enum WorldFact: Int, CaseIterable, Sendable {
    case form, asksHold, asksTransfer, asksNotice
    case criminalWarrant, judicialOrder
    case probableCause, resumeCustody, defects, channel, formDate
    case custody, releaseDue
    case qualifyingConviction, yearsSinceConviction, qualifyingCharge, watchListMatch, removedBefore
    case releaseDatePublic, costAgreement, criminalPurpose

    init?(name: String) {
        guard let fact = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = fact
    }

    var name: String { Self.names[rawValue] }
    var type: FactType { Self.types[rawValue] }
    /// The words of a fact that is one of them, or any of them.
    var words: [String] { Self.wordLists[rawValue] }

    /// A judge's paper; it may still come, and then it could change an answer.
    var isPaper: Bool { self == .criminalWarrant || self == .judicialOrder }

    /// Something that a person at the agency looks up.
    var isFinding: Bool { rawValue >= Self.qualifyingConviction.rawValue }

    /// What a paper can be worth, from the least to the most.
    static let standings = ["none", "unread", "claimed", "verified"]

    private static let names = [
        "form", "asks hold", "asks transfer", "asks notice", "criminal warrant", "judicial order", "probable cause",
        "resume custody", "defects", "channel", "form date", "custody", "release due", "qualifying conviction",
        "years since conviction", "qualifying charge", "watch list match", "removed before", "release date public",
        "cost agreement", "criminal purpose",
    ]

    private static let yesOrNo = FactType.word(["yes", "no"])

    private static let types: [FactType] = allCases.map { fact in
        switch fact {
        case .form: .word(words(Request.FormKind.self))
        case .criminalWarrant, .judicialOrder: .word(standings)
        case .probableCause: .anyOf(words(Request.ProbableCause.self))
        case .defects: .anyOf(words(Request.Defect.self))
        case .channel: .word(words(Request.Channel.self))
        case .formDate: .date
        case .custody: .word(words(Request.CustodyStatus.self))
        case .releaseDue: .word(["before-request", "after-request"])
        case .yearsSinceConviction: .wholeNumber
        case .asksHold, .asksTransfer, .asksNotice, .resumeCustody, .qualifyingConviction, .qualifyingCharge,
            .watchListMatch, .removedBefore, .releaseDatePublic, .costAgreement, .criminalPurpose:
            yesOrNo
        }
    }

    private static let wordLists: [[String]] = types.map { type in
        switch type {
        case .word(let words), .anyOf(let words): words
        case .date, .wholeNumber: []
        }
    }

    private static func words<Word: RawRepresentable & CaseIterable>(
        _: Word.Type
    ) -> [String] where Word.RawValue == String {
        Word.allCases.map(\.rawValue).filter { $0 != FactValue.unknownWord }
    }
}
