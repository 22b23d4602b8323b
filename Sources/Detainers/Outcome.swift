/// What the ledger keeps of one request: what was decided and the facts it rests on, and nothing that names a person.
public struct Outcome: Sendable, Equatable {
    public static let kind = "outcome"

    public var identity: RequestIdentity
    public var agency: String
    public var station: String?
    public var channel: Request.Channel
    public var formKind: Request.FormKind
    public var formDate: CivilDate?
    public var receivedAt: Moment?
    public var foundAt: Moment?
    public var probableCause: [Request.ProbableCause]?
    public var resumeCustody: Request.Answer
    public var defects: [Request.Defect]?
    public var custodyStatus: Request.CustodyStatus
    public var date: RequestDate
    /// `nil`: no policy of ours serves the agency.
    public var decision: Decision?
    public var pseudonyms: Pseudonyms
    public var contentKey: String
    public var recordedAt: Moment
    public var traceparent: String?
    public var jurisdiction: String

    public init(
        request: Request, decision: Decision?, date: RequestDate, pseudonyms: Pseudonyms, contentKey: String,
        recordedAt: Moment, traceparent: String?, jurisdiction: String
    ) {
        identity = RequestIdentity(requestID: request.requestID, revision: request.revision)
        agency = request.receivedBy.agency
        station = request.receivedBy.station
        channel = request.receipt.channel
        formKind = request.form.kind
        formDate = request.form.formDate
        receivedAt = request.receipt.receivedAt
        foundAt = request.receipt.foundAt
        probableCause = request.form.probableCause
        resumeCustody = request.form.resumeCustody
        defects = request.form.defects
        custodyStatus = request.custody.status
        self.date = date
        self.decision = decision
        self.pseudonyms = pseudonyms
        self.contentKey = contentKey
        self.recordedAt = recordedAt
        self.traceparent = traceparent
        self.jurisdiction = jurisdiction
    }

    public var disposition: Disposition { decision?.disposition ?? .notOurs }
}
