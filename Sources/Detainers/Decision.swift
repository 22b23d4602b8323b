/// What may be answered; nothing else exists, above all not "honour".
public enum AnswerKind: String, Sendable, CaseIterable {
    case decline, refer
    case notAsked = "not_asked"
}

/// One of the three answers to a request, and the rule that gave it.
public struct GivenAnswer: Sendable, Equatable {
    public var answer: AnswerKind
    public var rule: String
    /// The human role that a referral goes to.
    public var to: String?

    public init(answer: AnswerKind, rule: String, to: String? = nil) {
        self.answer = answer
        self.rule = rule
        self.to = to
    }
}

/// What a policy was told about a request, in the policy's own words.
public struct Fact: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What a policy says to one request: three answers and the line of the report that it counts under.
public struct Decision: Sendable, Equatable {
    public var hold: GivenAnswer
    public var transfer: GivenAnswer
    public var notify: GivenAnswer
    public var reportLine: String
    public var reportRule: String
    public var facts: [Fact]
    public var policyName: String
    /// `sha-256:` and the digest of the policy's text.
    public var policyDigest: String

    public init(
        hold: GivenAnswer, transfer: GivenAnswer, notify: GivenAnswer, reportLine: String, reportRule: String,
        facts: [Fact], policyName: String, policyDigest: String
    ) {
        self.hold = hold
        self.transfer = transfer
        self.notify = notify
        self.reportLine = reportLine
        self.reportRule = reportRule
        self.facts = facts
        self.policyName = policyName
        self.policyDigest = policyDigest
    }

    public var disposition: Disposition {
        let answers = [hold.answer, transfer.answer, notify.answer]
        if answers.contains(.refer) { return .referred }
        return answers.contains(.decline) ? .notActedUpon : .nothingAsked
    }
}

/// What became of a request, in one word.
public enum Disposition: String, Sendable, CaseIterable {
    case referred
    case notActedUpon = "not_acted_upon"
    case nothingAsked = "nothing_asked"
    case notOurs = "not_ours"
}

/// Which of a request's dates chose its policy and its year.
public enum DateBasis: String, Sendable, CaseIterable {
    case received, found, form
    /// The request has no date at all: the day on which it was recorded.
    case recorded
}

/// The date of a request: the first known of received, found and form date.
public struct RequestDate: Sendable, Equatable {
    public var date: CivilDate
    public var basis: DateBasis

    public init(date: CivilDate, basis: DateBasis) {
        self.date = date
        self.basis = basis
    }

    /// The date in the jurisdiction's time zone.
    public static func of(_ request: Request, in zone: TimeZoneName, recordedAt: Moment) -> RequestDate {
        if let received = request.receipt.receivedAt {
            return RequestDate(date: received.date(in: zone), basis: .received)
        }
        if let found = request.receipt.foundAt { return RequestDate(date: found.date(in: zone), basis: .found) }
        if let form = request.form.formDate { return RequestDate(date: form, basis: .form) }
        return RequestDate(date: recordedAt.date(in: zone), basis: .recorded)
    }
}
