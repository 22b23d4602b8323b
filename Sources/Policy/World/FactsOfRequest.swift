import Detainers

/// How a request becomes the facts that policies ask for; the one place where that is said.
///
/// | fact | value |
/// | --- | --- |
/// | `form` | the form's number |
/// | `asks hold`, `asks transfer`, `asks notice` | what the intake says was asked; where it does not say, what the printed form itself asks: I-247N and I-247G ask for notice only, the others for a hold and for notice; for anything else unknown |
/// | `criminal warrant` | the best paper that is a judge's criminal warrant |
/// | `judicial order` | the best paper of a judge, criminal warrants among them |
///
/// The best paper counts, in this order: `verified` (a judge issued it, it names this person, and a named role has read
/// and confirmed it), `claimed` (somebody says that there is one), `unread` (a paper is here that nobody has read far
/// enough to know). Forms I-200 and I-205 are signed by immigration officers and NCIC hits by nobody: they are never
/// judicial. A paper that names somebody else is none. When nobody looked the fact is unknown, which is not the same as
/// none.
enum FactsOfRequest {
    static let names = ["form", "asks hold", "asks transfer", "asks notice", "criminal warrant", "judicial order"]

    static let papers = ["none", "unread", "claimed", "verified"]

    static func values(of name: String) -> [String] {
        switch name {
        case "form": Request.FormKind.allCases.filter { $0 != .unknown }.map(\.rawValue)
        case "asks hold", "asks transfer", "asks notice": ["yes", "no"]
        default: papers
        }
    }

    static func facts(of request: Request) -> [Fact] {
        let asks = asks(request.form)
        return [
            Fact(name: "form", value: request.form.kind.rawValue),
            Fact(name: "asks hold", value: asks.hold.rawValue),
            Fact(name: "asks transfer", value: asks.transfer.rawValue),
            Fact(name: "asks notice", value: asks.notice.rawValue),
            Fact(name: "criminal warrant", value: best(request.attachments) { $0 == .criminalWarrant }),
            Fact(
                name: "judicial order",
                value: best(request.attachments) { $0 == .criminalWarrant || $0 == .judicialOrder }),
        ]
    }

    private static func asks(_ form: Request.Form) -> Request.Asks {
        let printed: Request.Asks
        switch form.kind {
        case .i247N, .i247G: printed = Request.Asks(hold: .no, transfer: .no, notice: .yes)
        case .i247A, .i247, .i247D: printed = Request.Asks(hold: .yes, notice: .yes)
        case .i247X: printed = Request.Asks(transfer: .yes)
        case .unknown: printed = Request.Asks()
        }
        func said(_ answer: Request.Answer, else fallback: Request.Answer) -> Request.Answer {
            answer == .unknown ? fallback : answer
        }
        return Request.Asks(
            hold: said(form.asks.hold, else: printed.hold), transfer: said(form.asks.transfer, else: printed.transfer),
            notice: said(form.asks.notice, else: printed.notice))
    }

    private static func best(
        _ attachments: [Request.Attachment]?, _ isSuch: (Request.AttachmentKind) -> Bool
    ) -> String {
        guard let attachments else { return FactDeclaration.unknown }
        let ranks = attachments.map { rank($0, isSuch) }
        return papers[[3, 2, 1].first { ranks.contains($0) } ?? 0]
    }

    /// Position in `papers` of what one paper is worth.
    private static func rank(_ paper: Request.Attachment, _ isSuch: (Request.AttachmentKind) -> Bool) -> Int {
        if paper.namesSubject == .no || paper.issuer == .immigrationOfficer { return 0 }
        switch paper.kind {
        case .i200, .i205, .ncicHit: return 0
        case .criminalWarrant, .judicialOrder:
            guard isSuch(paper.kind) else { return 0 }
        case .other, .unknown:
            // Nobody has read it: it may be a judge's. One that was read and is of another kind is none.
            return paper.standing == .produced || paper.standing == .unknown ? 1 : paper.standing == .claimed ? 2 : 0
        }
        switch paper.standing {
        case .verified:
            let isProved = paper.issuer == .judge && paper.namesSubject == .yes && paper.verifiedBy != nil
            return isProved ? 3 : 1
        case .claimed: return 2
        case .produced, .unknown: return 1
        }
    }
}
