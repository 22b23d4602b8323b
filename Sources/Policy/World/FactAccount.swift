public import Detainers

/// One fact of a request, and what it rests on.
public struct FactAccount: Sendable, Equatable {
    public var name: String
    public var value: String
    /// Sentences without a name, a number or a free text of the request.
    public var basis: [String]
}

extension PolicyDocument {
    /// The facts that this policy asks for, as this request has them, each with what it rests on.
    public func account(of request: Request) -> [FactAccount] {
        facts.map { declaration in
            FactAccount(
                name: declaration.name, value: declaration.type.text(declaration.fact.value(of: request)),
                basis: declaration.fact.basis(in: request))
        }
    }
}

extension WorldFact {
    func basis(in request: Request) -> [String] {
        switch self {
        case .form: [request.form.kind == .unknown ? "nobody knows the form" : "the form's number"]
        case .asksHold: [Self.basis(said: request.form.asks.hold, Self.printed(request.form.kind).hold, request)]
        case .asksTransfer:
            [Self.basis(said: request.form.asks.transfer, Self.printed(request.form.kind).transfer, request)]
        case .asksNotice: [Self.basis(said: request.form.asks.notice, Self.printed(request.form.kind).notice, request)]
        case .criminalWarrant, .judicialOrder: papers(request.attachments)
        case .releaseDue:
            [value(of: request) == .unknown ? "one of the two times is not known" : "both times are known"]
        case .probableCause, .resumeCustody, .defects, .channel, .formDate, .custody:
            [value(of: request) == .unknown ? "nobody said" : "the intake says so"]
        default:
            [
                request.findings?.foundBy == nil
                    ? "no named role at the agency looked it up"
                    : value(of: request) == .unknown
                        ? "nobody told what was found" : "a named role at the agency found it"
            ]
        }
    }

    private static func basis(said: Request.Answer, _ printed: Request.Answer, _ request: Request) -> String {
        if said != .unknown { return "the intake says so" }
        switch printed {
        case .yes: return "the intake does not say; Form \(request.form.kind.rawValue) asks for it itself"
        case .no: return "the intake does not say; Form \(request.form.kind.rawValue) does not ask for it"
        case .unknown: return "neither the intake nor the form says"
        }
    }

    private func papers(_ attachments: [Request.Attachment]?) -> [String] {
        guard let attachments else { return ["nobody looked whether papers came, which is not the same as none"] }
        if attachments.isEmpty { return ["somebody looked: no papers came"] }
        return attachments.enumerated().map { position, paper in
            "paper \(position + 1) (\(paper.kind.rawValue)) \(Self.worth(paper, for: self).because.rawValue)"
        }
    }
}
