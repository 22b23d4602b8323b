/// One version of one record of a case: the key that these records are told apart by.
public struct RecordIdentity: Sendable, Hashable {
    public let recordID: String
    public let revision: Int

    public init(recordID: String, revision: Int) {
        self.recordID = recordID
        self.revision = revision
    }

    public var eventID: String { DerivedUUID.make("detainer.record-event/1", [recordID, String(revision)]) }
}

/// What the ledger keeps of one record of a case, and nothing that names a person.
public struct CaseRecord: Sendable, Equatable {
    public var identity: RecordIdentity
    public var agency: String
    public var recordedBy: String
    public var happenedAt: Moment?
    /// The day that chooses the period it is counted in: when it happened, else when it was recorded.
    public var date: CivilDate
    /// Of the request that it is about.
    public var requestID: String?
    public var formDate: CivilDate?
    public var pseudonyms: Pseudonyms
    public var correction: CaseMessage.Correction?
    public var detail: CaseDetail
    public var contentKey: String
    public var recordedAt: Moment
    public var traceparent: String?
    public var jurisdiction: String
    /// Whether a policy of ours serves the agency.
    public var isOurs: Bool

    public var kind: CaseKind { detail.kind }

    public init(
        message: CaseMessage, date: CivilDate, pseudonyms: Pseudonyms, contentKey: String, recordedAt: Moment,
        traceparent: String?, jurisdiction: String, isOurs: Bool
    ) {
        identity = RecordIdentity(recordID: message.recordID, revision: message.revision)
        agency = message.agency
        recordedBy = message.recordedBy
        happenedAt = message.happenedAt
        requestID = message.about.requestID
        formDate = message.about.formDate
        correction = message.correction
        detail = message.detail
        self.date = date
        self.pseudonyms = pseudonyms
        self.contentKey = contentKey
        self.recordedAt = recordedAt
        self.traceparent = traceparent
        self.jurisdiction = jurisdiction
        self.isOurs = isOurs
    }

    /// The record as the ledger writes it; `kind` is one of ``CaseKind``.
    public func json() -> JSONValue { LedgerEntry.record(self).json() }

    /// - Returns: where the members stand that the event has, too.
    func write(eventID: String, into members: inout JSONWriter) -> Range<Int> {
        members.add("kind", kind.rawValue)
        members.add("recordId", identity.recordID)
        members.add("revision", identity.revision)
        members.add("eventId", eventID)
        members.add("recordedAt", recordedAt.text)
        let shared = members.place { writeShared(into: &$0) }
        members.add("contentKey", contentKey)
        members.add("traceparent", traceparent)
        return shared
    }

    private func writeShared(into members: inout JSONWriter) {
        members.add("jurisdiction", jurisdiction)
        members.add("ours", isOurs ? nil : Request.Answer.no.rawValue)
        members.add("agency", agency)
        members.add("recordedBy", recordedBy)
        members.add("date", date)
        members.add("happenedAt", happenedAt?.text)
        members.object("about") { about in
            about.add("requestId", requestID)
            about.add("formDate", formDate)
        }
        if let correction { members.object("correction", correction.write) }
        members.object("detail", detail.write)
        members.object("pseudonyms") { pseudonyms.write(into: &$0) }
    }

    /// Reads a record back.
    ///
    /// - Returns: `nil` where it is none of these.
    public init?(json: JSONNode) throws(RecordError) {
        var record = RecordReader(json)
        guard let kind = record.optionalText("kind").flatMap(CaseKind.init) else { return nil }
        identity = RecordIdentity(recordID: try record.text("recordId"), revision: try record.number("revision"))
        recordedAt = try record.read("recordedAt", Moment.init(text:))
        jurisdiction = try record.text("jurisdiction")
        isOurs = record.optionalMember("ours") == nil
        agency = try record.text("agency")
        recordedBy = try record.text("recordedBy")
        date = try record.read("date", CivilDate.init)
        happenedAt = try record.optional("happenedAt", Moment.init(text:))
        var about = record.optionalMember("about").map(RecordReader.init)
        requestID = about?.optionalText("requestId")
        formDate = about?.optionalText("formDate").flatMap(CivilDate.init)
        if let correction = record.optionalMember("correction") {
            guard let reason = correction["reason"]?.stringValue.flatMap(CaseMessage.CorrectionReason.init) else {
                throw RecordError(member: "correction")
            }
            self.correction = CaseMessage.Correction(reason: reason, isWithdrawn: correction["withdrawn"] != nil)
        }
        let found = record.optionalMember("detail")
        pseudonyms = try Pseudonyms(of: &record)
        contentKey = try record.text("contentKey")
        traceparent = record.optionalText("traceparent")
        do throws(ContractError) {
            let object = try found.map { value throws(ContractError) in try ObjectReader(value, path: "") }
            detail = try CaseDetail(kind, object, path: "")
        } catch {
            throw RecordError(member: "detail")
        }
    }
}

/// What a worker records and announces of one message.
public enum LedgerEntry: Sendable, Equatable {
    case outcome(Outcome)
    case record(CaseRecord)

    /// What entries are told apart by.
    public enum Identity: Sendable, Hashable {
        case request(RequestIdentity)
        case record(RecordIdentity)
    }

    public var identity: Identity {
        switch self {
        case .outcome(let outcome): .request(outcome.identity)
        case .record(let record): .record(record.identity)
        }
    }

    public var contentKey: String {
        switch self {
        case .outcome(let outcome): outcome.contentKey
        case .record(let record): record.contentKey
        }
    }

    public var eventID: String {
        switch self {
        case .outcome(let outcome): outcome.identity.eventID
        case .record(let record): record.identity.eventID
        }
    }

    public var recordedAt: Moment {
        switch self {
        case .outcome(let outcome): outcome.recordedAt
        case .record(let record): record.recordedAt
        }
    }

    public var jurisdiction: String {
        switch self {
        case .outcome(let outcome): outcome.jurisdiction
        case .record(let record): record.jurisdiction
        }
    }

    public func json() -> JSONValue { JSONValue(written: PreparedEntry(self).record) }

    /// Reads a line of a ledger back.
    ///
    /// - Returns: `nil` where it is neither, such as a load of policies.
    public init?(json: JSONNode) throws(RecordError) {
        if json["kind"]?.isString(Outcome.kind) == true {
            self = .outcome(try Outcome(json: json))
        } else if let record = try CaseRecord(json: json) {
            self = .record(record)
        } else {
            return nil
        }
    }
}
