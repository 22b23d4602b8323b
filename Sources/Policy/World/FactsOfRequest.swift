import Detainers

/// How a request becomes the facts that policies ask for; `docs/policies.md` says the same in a lawyer's words.
extension WorldFact {
    /// Pure: the same request always has the same facts.
    func value(of request: borrowing Request) -> FactValue {
        switch self {
        case .form: Self.word(request.form.kind, among: words)
        case .asksHold: Self.word(Self.asked(request.form.asks.hold, Self.printed(request.form.kind).hold))
        case .asksTransfer: Self.word(Self.asked(request.form.asks.transfer, Self.printed(request.form.kind).transfer))
        case .asksNotice: Self.word(Self.asked(request.form.asks.notice, Self.printed(request.form.kind).notice))
        case .criminalWarrant, .judicialOrder: Self.best(request.attachments, for: self)
        case .probableCause: Self.words(request.form.probableCause, among: words)
        case .resumeCustody: Self.word(request.form.resumeCustody)
        case .defects: Self.words(request.form.defects, among: words)
        case .channel: Self.word(request.receipt.channel, among: words)
        case .formDate: request.form.formDate.map { .number(Int($0.daysSinceEpoch)) } ?? .unknown
        case .custody: Self.word(request.custody.status, among: words)
        case .releaseDue: Self.releaseDue(request)
        default: Self.found(self, request.findings)
        }
    }

    // MARK: - the form

    /// What the printed form asks for itself.
    static func printed(_ form: Request.FormKind) -> Request.Asks {
        switch form {
        case .i247N, .i247G: Request.Asks(hold: .no, transfer: .no, notice: .yes)
        case .i247A, .i247, .i247D: Request.Asks(hold: .yes, notice: .yes)
        case .i247X: Request.Asks(transfer: .yes)
        case .unknown: Request.Asks()
        }
    }

    private static func asked(_ said: Request.Answer, _ printed: Request.Answer) -> Request.Answer {
        said == .unknown ? printed : said
    }

    static func word(_ answer: Request.Answer) -> FactValue {
        switch answer {
        case .yes: .word(0)
        case .no: .word(1)
        case .unknown: .unknown
        }
    }

    /// A word by its position; `unknown` is none of the words.
    private static func word<Word: RawRepresentable>(_ word: Word, among words: [String]) -> FactValue
    where Word.RawValue == String {
        words.firstIndex(of: word.rawValue).map(FactValue.word) ?? .unknown
    }

    private static func words<Word: RawRepresentable>(_ chosen: [Word]?, among words: [String]) -> FactValue
    where Word.RawValue == String {
        guard let chosen else { return .unknown }
        var bits: UInt32 = 0
        for (position, word) in words.enumerated() where chosen.contains(where: { $0.rawValue == word }) {
            bits |= 1 << UInt32(position)
        }
        return .anyOf(bits)
    }

    /// Known only where both moments have a time of day.
    private static func releaseDue(_ request: Request) -> FactValue {
        guard let release = request.custody.eligibleForReleaseAt?.secondsSinceEpoch,
            let receipt = request.receipt.receivedAt?.secondsSinceEpoch
        else { return .unknown }
        return .word(release < receipt ? 0 : 1)
    }

    // MARK: - papers

    /// The best paper naming this person counts; nobody looked is not the same as none.
    static func best(_ attachments: [Request.Attachment]?, for fact: WorldFact) -> FactValue {
        guard let attachments else { return .unknown }
        var rank = 0
        for paper in attachments { rank = max(rank, worth(paper, for: fact).rank) }
        return .word(rank)
    }

    /// What one paper is worth, as a position in ``standings``, and why.
    static func worth(_ paper: Request.Attachment, for fact: WorldFact) -> (rank: Int, because: PaperReason) {
        if paper.namesSubject == .no { return (0, .namesSomebodyElse) }
        switch paper.kind {
        case .i200, .i205: return (0, .administrative)
        case .ncicHit: return (0, .databaseEntry)
        case .criminalWarrant, .judicialOrder, .other, .unknown: break
        }
        if paper.issuer == .immigrationOfficer { return (0, .administrative) }
        switch paper.kind {
        case .judicialOrder where fact == .criminalWarrant: return (0, .noCriminalWarrant)
        case .other, .unknown:
            // It may be a judge's until somebody has read it and says that it is none.
            switch paper.standing {
            case .verified: return paper.kind == .other ? (0, .read) : (1, .unnamed)
            case .claimed: return (2, .claimed)
            case .produced, .unknown: return (1, .unread)
            }
        default: break
        }
        switch paper.standing {
        case .verified:
            let isProved = paper.issuer == .judge && paper.namesSubject == .yes && paper.verifiedBy != nil
            return isProved ? (3, .verified) : (1, .notProved)
        case .claimed: return (2, .claimed)
        case .produced, .unknown: return (1, .unread)
        }
    }

    enum PaperReason: String {
        case namesSomebodyElse = "names somebody else"
        case administrative = "is signed by an immigration officer and never judicial"
        case databaseEntry = "is an entry in a database and never judicial"
        case noCriminalWarrant = "is a judge's, but no criminal warrant"
        case read = "was read and is neither a warrant nor an order"
        case unnamed = "was read, and nobody says whether it is a warrant or an order"
        case claimed = "is claimed by somebody and not here"
        case unread = "is here and nobody has read it"
        case notProved = "is called verified, but a judge, this person's name or the role that read it is missing"
        case verified = "was issued by a judge, names this person, and a named role has read it"
    }

    // MARK: - findings

    private static func found(_ fact: WorldFact, _ findings: Request.Findings?) -> FactValue {
        guard let findings, findings.foundBy != nil else { return .unknown }
        switch fact {
        case .qualifyingConviction: return word(findings.qualifyingConviction)
        case .yearsSinceConviction: return findings.yearsSinceConviction.map(FactValue.number) ?? .unknown
        case .qualifyingCharge: return word(findings.qualifyingCharge)
        case .watchListMatch: return word(findings.watchListMatch)
        case .removedBefore: return word(findings.removedBefore)
        case .releaseDatePublic: return word(findings.releaseDatePublic)
        case .costAgreement: return word(findings.costAgreement)
        case .criminalPurpose: return word(findings.criminalPurpose)
        default: return .unknown
        }
    }
}
