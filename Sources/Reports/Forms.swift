public import Detainers

/// One form, whichever ways it came: faxed to two stations, or faxed and mailed, it has as many request ids as
/// receipts, and is one request.
public struct Form: Sendable, Equatable {
    /// The latest revision of each, in the order in which they came; those of which that is not known come last.
    public internal(set) var receipts: [Outcome]

    /// The first that came: its date and its policy are the form's.
    public var first: Outcome { receipts[0] }

    /// The first on which the kind of form could be read: what was asked for, and so the line of the report, is its.
    public var telling: Outcome { receipts.first { $0.formKind != .unknown } ?? first }

    /// The name that a policy gives the line of item 1.
    private static let requestLine = "item 1"

    /// Whether the policy that decided it counts it in item 1.
    var isInItem1: Bool { telling.decision?.reportLine == Self.requestLine }

    /// Referred where any of its receipts was: then a person looks at it.
    public var disposition: Disposition {
        receipts.contains { $0.disposition == .referred } ? .referred : first.disposition
    }

    /// The boxes that could be read on any of them; `nil`: on none.
    public var probableCause: [Request.ProbableCause]? {
        let known = receipts.compactMap(\.probableCause)
        return known.isEmpty
            ? nil : Request.ProbableCause.allCases.filter { cause in known.contains { $0.contains(cause) } }
    }

    public var resumeCustody: Request.Answer {
        let answers = receipts.map(\.resumeCustody)
        return [Request.Answer.yes, .no].first(where: answers.contains) ?? .unknown
    }

    /// Whether somebody found it on a later day than it had come.
    ///
    /// - Parameter zone: by whose clocks; `nil`: by those that both are written with.
    func isFoundLate(in zone: TimeZoneName?) -> Bool {
        guard first.date.basis == .received, let found = first.foundAt, let received = first.receivedAt else {
            return false
        }
        // Beside a bare day, which is of no zone, a time has the day that it is written with.
        guard let zone, found.secondsSinceEpoch != nil, received.secondsSinceEpoch != nil else {
            return found.day > received.day
        }
        return found.date(in: zone) > received.date(in: zone)
    }
}

/// What is counted as one request; the report prints which it was.
public enum CountingRule: String, Sendable, CaseIterable {
    /// Each form once, however often it came.
    case forms
    /// Each custody episode (one booking at one agency) once, however many forms were lodged in it: in item 1 where
    /// any of them is.
    case episodes

    public var sentence: String {
        switch self {
        case .forms:
            "Each form counts once, however often and wherever it came: the same person by A-number or by name with birth "
                + "date, the same form date or event number. A later form for the same person counts again."
        case .episodes:
            "Forms lodged in one custody episode (one booking at one agency) count once together, by the first of "
                + "item 1 where there is one; a form without a booking number counts by itself, however often it came."
        }
    }
}
