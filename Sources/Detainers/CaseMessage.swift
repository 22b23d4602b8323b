/// What people did, or what happened, in a case that requests are about: told by the agency's own systems (contract
/// `detainer.record/1`).
///
/// The report counts these: no software detains, transfers or is paid. A value of this type passed every check of the
/// contract.
public struct CaseMessage: Sendable, Equatable {
    /// Chosen by the sender and the same each time the record is sent again: a UUID in lower case.
    public var recordID: String
    /// 1 for the record as it was first told; a correction is the next number.
    public var revision: Int
    /// A short name such as `boston-police`: lower-case letters, digits and hyphens.
    public var agency: String
    /// The human role that answers for it, such as `shift-supervisor`; never a person's name.
    public var recordedBy: String
    /// When it happened; a reimbursement, when it was received.
    public var happenedAt: Moment?
    public var about: About
    /// What a later revision mends; `nil` in the first one.
    public var correction: Correction?
    public var detail: CaseDetail

    public var kind: CaseKind { detail.kind }

    public init(
        recordID: String, revision: Int = 1, agency: String, recordedBy: String, happenedAt: Moment? = nil,
        about: About = About(), correction: Correction? = nil, detail: CaseDetail
    ) {
        self.recordID = recordID
        self.revision = revision
        self.agency = agency
        self.recordedBy = recordedBy
        self.happenedAt = happenedAt
        self.about = about
        self.correction = correction
        self.detail = detail
    }

    /// The request that it belongs to, as far as the sender knows: its id, or the booking, or what stands on the form.
    /// Booking systems know no request's id.
    public struct About: Sendable, Equatable {
        public var requestID: String?
        public var bookingNumber: String?
        public var formDate: CivilDate?
        public var eventNumber: String?
        public var subject: Request.Subject

        public init(
            requestID: String? = nil, bookingNumber: String? = nil, formDate: CivilDate? = nil,
            eventNumber: String? = nil, subject: Request.Subject = Request.Subject()
        ) {
            self.requestID = requestID
            self.bookingNumber = bookingNumber
            self.formDate = formDate
            self.eventNumber = eventNumber
            self.subject = subject
        }
    }

    public struct Correction: Sendable, Equatable {
        public var reason: CorrectionReason
        /// It did not happen: the record stays on file and counts nowhere.
        public var isWithdrawn: Bool

        public init(reason: CorrectionReason, isWithdrawn: Bool = false) {
            self.reason = reason
            self.isWithdrawn = isWithdrawn
        }
    }

    /// Nobody corrects without knowing whether it happened.
    public enum Withdrawn: String, Sendable, CaseIterable {
        case yes, no
    }

    public enum CorrectionReason: String, Sendable, CaseIterable {
        case entryError = "entry-error"
        case laterInformation = "later-information"
        case wrongCase = "wrong-case"
        case duplicate
    }
}

/// The kinds of records, in the order in which a report tells them.
public enum CaseKind: String, Sendable, CaseIterable {
    case cancellation
    case referralDecision = "referral-decision"
    case detained, transferred, reimbursement
    case custodyOutcome = "custody-outcome"
    case reentryArrest = "reentry-arrest"
}

/// What a record tells.
public enum CaseDetail: Sendable, Equatable {
    /// The sender of a request takes it back; the request was lodged all the same.
    case cancellation(LiftReason)
    /// What a person decided on a request that was referred.
    case referralDecision(ReferralDecision)
    /// An individual was detained on a request, whatever for.
    case detained(DetentionReason, from: Moment?, until: Moment?)
    /// An individual was transferred to the custody of immigration authorities.
    case transferred(TransferAuthority)
    /// The federal government paid costs of one case, in cents of a dollar.
    case reimbursement(cents: Int)
    /// How custody ended, at the time of the record.
    case custodyOutcome(CustodyEnd, bailPostedAt: Moment?, receivingAgency: String?)
    /// An arrest for criminal re-entry, 8 U.S.C. 1326: a criminal matter, counted apart.
    case reentryArrest

    public var kind: CaseKind {
        switch self {
        case .cancellation: .cancellation
        case .referralDecision: .referralDecision
        case .detained: .detained
        case .transferred: .transferred
        case .reimbursement: .reimbursement
        case .custodyOutcome: .custodyOutcome
        case .reentryArrest: .reentryArrest
        }
    }

    /// Why a detainer is lifted; the codes of NIEM 5.2, `im:DetentionDetainerLiftCodeSimpleType`, in words.
    public enum LiftReason: String, Sendable, CaseIterable {
        case bookedIntoDetention = "booked-into-detention"
        case caseClosed = "case-closed"
        case died, lifted
        case lackOfFunds = "lack-of-funds"
        case lackOfSpace = "lack-of-space"
        case notDeportable = "not-deportable"
        case transferred
        case unitedStatesCitizen = "united-states-citizen"
        case unknown
    }

    public struct ReferralDecision: Sendable, Equatable {
        /// `nil`: this was not decided, or not asked.
        public var hold: PersonsAnswer?
        public var transfer: PersonsAnswer?
        public var notify: PersonsAnswer?
        /// The paper that a compliance rests on.
        public var basis: Paper?

        public init(
            hold: PersonsAnswer? = nil, transfer: PersonsAnswer? = nil, notify: PersonsAnswer? = nil,
            basis: Paper? = nil
        ) {
            self.hold = hold
            self.transfer = transfer
            self.notify = notify
            self.basis = basis
        }
    }

    /// What a person did with what was asked.
    public enum PersonsAnswer: String, Sendable, CaseIterable {
        case declined, complied
    }

    public enum Paper: String, Sendable, CaseIterable {
        case criminalWarrant = "criminal-warrant"
        case judicialOrder = "judicial-order"
        /// None was seen: what was done is recorded all the same, and the report says so.
        case none
    }

    /// The reason supporting a detention.
    public enum DetentionReason: String, Sendable, CaseIterable {
        case criminalWarrant = "criminal-warrant"
        case judicialOrder = "judicial-order"
        case criminalReentry = "criminal-reentry"
        case other
        /// Nothing but the detainer itself.
        case detainerAlone = "detainer-alone"
        case unknown
    }

    public enum TransferAuthority: String, Sendable, CaseIterable {
        case judicialWarrant = "judicial-warrant"
        case judicialOrder = "judicial-order"
        case none, unknown
    }

    public enum CustodyEnd: String, Sendable, CaseIterable {
        case bailed
        case toCourt = "to-court"
        case released, transferred, other
    }
}
