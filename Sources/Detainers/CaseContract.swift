/// The contract `detainer.record/1`: how a record of a case is written in JSON.
///
///     {"schema": "detainer.record/1", "recordId": UUID, "revision": 1, "kind": …, "agency": …, "recordedBy": role,
///      "happenedAt": date or time, "about": {"requestId", "bookingNumber", "formDate", "eventNumber", "subject"},
///      "correction": {"reason", "withdrawn"}, "detail": {…}}
///
/// Required are `schema`, `recordId`, `kind`, `agency`, `recordedBy` and, in `detail`, what the kind cannot do without.
/// A `revision` above 1 is a correction and needs `correction`, which a first one must not have.
public enum CaseContract {
    public static let schema = "detainer.record/1"
    /// No reimbursement of one case is a hundred million dollars.
    public static let maximumCents = 10_000_000_000

    public static func read(_ body: [UInt8]) throws(ContractError) -> CaseMessage {
        try read(IntakeContract.parse(body))
    }

    static func read(_ json: JSONNode) throws(ContractError) -> CaseMessage {
        try ObjectReader.reading(json) { root throws(ContractError) in
            try IntakeContract.checkSchema(&root, is: schema)
            return try message(&root)
        }
    }

    private static func message(_ root: inout ObjectReader) throws(ContractError) -> CaseMessage {
        let id = try root.requiredUUID("recordId")
        let revision = try root.number("revision", 1...RequestContract.maximumRevision) ?? 1
        let kind: CaseKind = try root.requiredWord("kind")
        let agency = try root.requiredName("agency", atMost: RequestContract.Length.reference)
        let recordedBy = try root.requiredName("recordedBy", atMost: RequestContract.Length.identifier)
        let happenedAt = try root.moment("happenedAt")
        let about = try readAbout(try root.object("about"))
        let correction = try readCorrection(try root.object("correction"))
        if revision == 1, correction != nil {
            throw root.error("correction", "must not stand in a first revision: it has nothing to correct")
        }
        if revision > 1, correction == nil {
            throw root.error("correction", "is required where the revision is above 1")
        }
        let detail = try CaseDetail(kind, try root.object("detail"), path: "/detail")
        try root.finish()
        return CaseMessage(
            recordID: id, revision: revision, agency: agency, recordedBy: recordedBy, happenedAt: happenedAt,
            about: about, correction: correction, detail: detail)
    }

    private static func readAbout(_ object: consuming ObjectReader?) throws(ContractError) -> CaseMessage.About {
        guard var object else { return CaseMessage.About() }
        let about = CaseMessage.About(
            requestID: try object.uuid("requestId"),
            bookingNumber: try object.text("bookingNumber", atMost: RequestContract.Length.identifier),
            formDate: try object.date("formDate"),
            eventNumber: try object.text("eventNumber", atMost: RequestContract.Length.identifier),
            subject: try RequestContract.readSubject(try object.object("subject")))
        try object.finish()
        return about
    }

    private static func readCorrection(
        _ object: consuming ObjectReader?
    ) throws(ContractError) -> CaseMessage.Correction? {
        guard var object else { return nil }
        let reason: CaseMessage.CorrectionReason = try object.requiredWord("reason")
        let withdrawn: CaseMessage.Withdrawn? = try object.word("withdrawn")
        try object.finish()
        return CaseMessage.Correction(reason: reason, isWithdrawn: withdrawn == .yes)
    }

    /// The record in its canonical form: two messages with the same content have the same one.
    public static func json(_ message: CaseMessage) -> JSONValue { JSONValue(written: bytes(message)) }

    /// ``json(_:)``, serialized.
    static func bytes(_ message: CaseMessage) -> [UInt8] {
        JSONWriter.object { root in
            root.add("schema", schema)
            root.add("recordId", message.recordID)
            root.add("revision", message.revision == 1 ? nil : message.revision)
            root.add("kind", message.kind.rawValue)
            root.add("agency", message.agency)
            root.add("recordedBy", message.recordedBy)
            root.add("happenedAt", message.happenedAt?.text)
            root.object("about") { about in
                about.add("requestId", message.about.requestID)
                about.add("bookingNumber", message.about.bookingNumber)
                about.add("formDate", message.about.formDate)
                about.add("eventNumber", message.about.eventNumber)
                about.object("subject") { RequestContract.write(message.about.subject, into: &$0) }
            }
            if let correction = message.correction { root.object("correction", correction.write) }
            root.object("detail", message.detail.write)
        }
    }
}

extension CaseMessage.Correction {
    func write(into members: inout JSONWriter) {
        members.add("reason", reason.rawValue)
        members.add("withdrawn", isWithdrawn ? CaseMessage.Withdrawn.yes.rawValue : nil)
    }
}

extension CaseDetail {
    /// Reads `detail`, which a kind that needs none may leave out.
    init(_ kind: CaseKind, _ detail: consuming ObjectReader?, path: String) throws(ContractError) {
        var object: ObjectReader
        if let detail { object = detail } else { object = try ObjectReader(JSONText.emptyObject.root, path: path) }
        switch kind {
        case .cancellation: self = .cancellation(try object.word("reason") ?? .unknown)
        case .referralDecision: self = .referralDecision(try Self.decision(&object))
        case .detained:
            self = .detained(
                try object.requiredWord("reason"), from: try object.moment("from"), until: try object.moment("until"))
        case .transferred: self = .transferred(try object.requiredWord("authority"))
        case .reimbursement:
            guard let cents = try object.number("cents", 0...CaseContract.maximumCents) else {
                throw object.error("cents", "is required")
            }
            self = .reimbursement(cents: cents)
        case .custodyOutcome:
            self = .custodyOutcome(
                try object.requiredWord("outcome"), bailPostedAt: try object.moment("bailPostedAt"),
                receivingAgency: try object.name("receivingAgency", atMost: RequestContract.Length.reference))
        case .reentryArrest: self = .reentryArrest
        }
        try object.finish()
    }

    private static func decision(_ object: inout ObjectReader) throws(ContractError) -> ReferralDecision {
        let decision = ReferralDecision(
            hold: try object.word("hold"), transfer: try object.word("transfer"), notify: try object.word("notify"),
            basis: try object.word("basis"))
        let answers = [decision.hold, decision.transfer, decision.notify].compactMap { $0 }
        if answers.isEmpty { throw object.error("hold", "one of hold, transfer and notify is required") }
        if answers.contains(.complied), decision.basis == nil {
            throw object.error("basis", "is required where somebody complied: the paper that it rests on, or `none`")
        }
        return decision
    }

    func write(into members: inout JSONWriter) {
        switch self {
        case .cancellation(let reason): members.add("reason", reason == .unknown ? nil : reason.rawValue)
        case .referralDecision(let decision):
            members.add("hold", decision.hold?.rawValue)
            members.add("transfer", decision.transfer?.rawValue)
            members.add("notify", decision.notify?.rawValue)
            members.add("basis", decision.basis?.rawValue)
        case .detained(let reason, let from, let until):
            members.add("reason", reason.rawValue)
            members.add("from", from?.text)
            members.add("until", until?.text)
        case .transferred(let authority): members.add("authority", authority.rawValue)
        case .reimbursement(let cents): members.add("cents", cents)
        case .custodyOutcome(let outcome, let bailPostedAt, let receivingAgency):
            members.add("outcome", outcome.rawValue)
            members.add("bailPostedAt", bailPostedAt?.text)
            members.add("receivingAgency", receivingAgency)
        case .reentryArrest: break
        }
    }
}

extension CaseDetail {
    /// The detail in a few words, for people.
    public var sentence: String {
        switch self {
        case .cancellation(let reason): reason.rawValue
        case .referralDecision(let decision):
            [("hold", decision.hold), ("transfer", decision.transfer), ("notify", decision.notify)]
                .compactMap { name, answer in answer.map { "\(name) \($0.rawValue)" } }.joined(separator: ", ")
                + (decision.basis.map { ", on \($0.rawValue)" } ?? "")
        case .detained(let reason, _, _): reason.rawValue
        case .transferred(let authority): authority.rawValue
        case .reimbursement(let cents): Self.dollars(cents)
        case .custodyOutcome(let outcome, _, let agency): outcome.rawValue + (agency.map { ", to \($0)" } ?? "")
        case .reentryArrest: "8 U.S.C. 1326"
        }
    }

    /// `$1,234.56`
    public static func dollars(_ cents: Int) -> String {
        var whole = String(cents / 100)
        var position = whole.count - 3
        while position > 0 {
            whole.insert(",", at: whole.index(whole.startIndex, offsetBy: position))
            position -= 3
        }
        return "$\(whole).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }
}
