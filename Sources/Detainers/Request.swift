/// A civil immigration detainer request as an intake system reported it (contract `detainer.request/1`).
///
/// A value of this type passed every check of the contract. What the sender did not know is `nil` or `unknown`;
/// nothing is ever filled in.
public struct Request: Sendable, Equatable {
    /// Chosen upstream and the same each time the request is sent again: a UUID in lower case.
    public var requestID: String
    /// 1 for the first version; a fuller version of the same request is the next number.
    public var revision: Int
    public var receivedBy: ReceivedBy
    public var receipt: Receipt
    public var form: Form
    public var subject: Subject
    public var custody: Custody
    /// `nil`: nobody looked whether papers came along; empty: somebody looked and there are none.
    public var attachments: [Attachment]?
    /// `nil`: nobody looked anything up.
    public var findings: Findings?

    public init(
        requestID: String, revision: Int = 1, receivedBy: ReceivedBy, receipt: Receipt, form: Form,
        subject: Subject = Subject(), custody: Custody = Custody(), attachments: [Attachment]? = nil,
        findings: Findings? = nil
    ) {
        self.requestID = requestID
        self.revision = revision
        self.receivedBy = receivedBy
        self.receipt = receipt
        self.form = form
        self.subject = subject
        self.custody = custody
        self.attachments = attachments
        self.findings = findings
    }

    /// Who the request was lodged with.
    public struct ReceivedBy: Sendable, Equatable {
        /// A short name such as `boston-police`: lower-case letters, digits and hyphens.
        public var agency: String
        public var station: String?

        public init(agency: String, station: String? = nil) {
            self.agency = agency
            self.station = station
        }
    }

    /// How, when and where the request came in.
    public struct Receipt: Sendable, Equatable {
        public var channel: Channel
        public var receivedAt: Moment?
        public var receivedAtSource: ReceivedAtSource?
        /// When somebody found it, where that was later than its arrival (a fax tray in January).
        public var foundAt: Moment?
        public var pages: Int?
        public var imageDigest: String?
        public var senderReference: String?

        public init(
            channel: Channel, receivedAt: Moment? = nil, receivedAtSource: ReceivedAtSource? = nil,
            foundAt: Moment? = nil, pages: Int? = nil, imageDigest: String? = nil, senderReference: String? = nil
        ) {
            self.channel = channel
            self.receivedAt = receivedAt
            self.receivedAtSource = receivedAtSource
            self.foundAt = foundAt
            self.pages = pages
            self.imageDigest = imageDigest
            self.senderReference = senderReference
        }
    }

    public enum Channel: String, Sendable, CaseIterable {
        case fax, email, mail, phone
        case inPerson = "in-person"
        case electronic, unknown
    }

    public enum ReceivedAtSource: String, Sendable, CaseIterable {
        case faxHeader = "fax-header"
        case mailHeader = "mail-header"
        case stamp, person, system, unknown
    }

    /// The form itself: what is printed on it and ticked.
    public struct Form: Sendable, Equatable {
        public var kind: FormKind
        public var formDate: CivilDate?
        public var eventNumber: String?
        public var issuingOffice: String?
        /// Box 1 of Form I-247A. `nil`: not known; empty: no box is ticked.
        public var probableCause: [ProbableCause]?
        /// Box 2 of Form I-247A.
        public var resumeCustody: Answer
        public var asks: Asks
        public var defects: [Defect]?

        public init(
            kind: FormKind, formDate: CivilDate? = nil, eventNumber: String? = nil, issuingOffice: String? = nil,
            probableCause: [ProbableCause]? = nil, resumeCustody: Answer = .unknown, asks: Asks = Asks(),
            defects: [Defect]? = nil
        ) {
            self.kind = kind
            self.formDate = formDate
            self.eventNumber = eventNumber
            self.issuingOffice = issuingOffice
            self.probableCause = probableCause
            self.resumeCustody = resumeCustody
            self.asks = asks
            self.defects = defects
        }
    }

    public enum FormKind: String, Sendable, CaseIterable {
        case i247A = "I-247A"
        case i247 = "I-247"
        case i247D = "I-247D"
        case i247X = "I-247X"
        case i247N = "I-247N"
        case i247G = "I-247G"
        case unknown
    }

    public enum ProbableCause: String, Sendable, CaseIterable {
        case finalOrder = "final-order"
        case pendingProceedings = "pending-proceedings"
        case biometricMatch = "biometric-match"
        case statementsOrEvidence = "statements-or-evidence"
    }

    public enum Defect: String, Sendable, CaseIterable {
        case notServed = "not-served"
        case unsigned, undated, illegible
        case noBox = "no-box"
        case bothBoxes = "both-boxes"
        case wrongAddressee = "wrong-addressee"
        case incomplete
    }

    public struct Asks: Sendable, Equatable {
        public var hold: Answer
        public var transfer: Answer
        public var notice: Answer

        public init(hold: Answer = .unknown, transfer: Answer = .unknown, notice: Answer = .unknown) {
            self.hold = hold
            self.transfer = transfer
            self.notice = notice
        }
    }

    /// `yes`, `no`, or nobody said.
    public enum Answer: String, Sendable, CaseIterable {
        case yes, no, unknown
    }

    /// The person. None of this leaves the process but as a keyed pseudonym.
    public struct Subject: Sendable, Equatable {
        public var fileNumber: String?
        public var subjectID: String?
        public var familyName: String?
        public var givenNames: String?
        public var birthDate: CivilDate?

        public init(
            fileNumber: String? = nil, subjectID: String? = nil, familyName: String? = nil,
            givenNames: String? = nil, birthDate: CivilDate? = nil
        ) {
            self.fileNumber = fileNumber
            self.subjectID = subjectID
            self.familyName = familyName
            self.givenNames = givenNames
            self.birthDate = birthDate
        }
    }

    public struct Custody: Sendable, Equatable {
        public var status: CustodyStatus
        public var bookingNumber: String?
        public var eligibleForReleaseAt: Moment?

        public init(
            status: CustodyStatus = .unknown, bookingNumber: String? = nil, eligibleForReleaseAt: Moment? = nil
        ) {
            self.status = status
            self.bookingNumber = bookingNumber
            self.eligibleForReleaseAt = eligibleForReleaseAt
        }
    }

    public enum CustodyStatus: String, Sendable, CaseIterable {
        case inCustody = "in-custody"
        case notInCustody = "not-in-custody"
        case released
        case toCourt = "to-court"
        case unknown
    }

    /// A paper that came with the form.
    public struct Attachment: Sendable, Equatable {
        public var kind: AttachmentKind
        public var issuer: Issuer
        public var standing: Standing
        public var namesSubject: Answer
        /// The human role that read and confirmed the paper; `verified` needs one.
        public var verifiedBy: String?

        public init(
            kind: AttachmentKind, issuer: Issuer = .unknown, standing: Standing = .unknown,
            namesSubject: Answer = .unknown, verifiedBy: String? = nil
        ) {
            self.kind = kind
            self.issuer = issuer
            self.standing = standing
            self.namesSubject = namesSubject
            self.verifiedBy = verifiedBy
        }
    }

    public enum AttachmentKind: String, Sendable, CaseIterable {
        case i200 = "I-200"
        case i205 = "I-205"
        case criminalWarrant = "criminal-warrant"
        case judicialOrder = "judicial-order"
        case ncicHit = "ncic-hit"
        case other, unknown
    }

    public enum Issuer: String, Sendable, CaseIterable {
        case immigrationOfficer = "immigration-officer"
        case judge
        case other, unknown
    }

    /// How far the paper was seen: somebody says it exists; it is here but unread; a named role read and confirmed it.
    public enum Standing: String, Sendable, CaseIterable {
        case claimed, produced, verified, unknown
    }

    /// What a named human role at the agency has looked up; without that role none of it counts.
    ///
    /// Which convictions and charges qualify is said by the law of the jurisdiction.
    public struct Findings: Sendable, Equatable {
        public var foundBy: String?
        public var qualifyingConviction: Answer
        public var yearsSinceConviction: Int?
        public var qualifyingCharge: Answer
        public var watchListMatch: Answer
        public var removedBefore: Answer
        public var releaseDatePublic: Answer
        public var costAgreement: Answer
        public var criminalPurpose: Answer

        public init(
            foundBy: String?, qualifyingConviction: Answer = .unknown, yearsSinceConviction: Int? = nil,
            qualifyingCharge: Answer = .unknown, watchListMatch: Answer = .unknown, removedBefore: Answer = .unknown,
            releaseDatePublic: Answer = .unknown, costAgreement: Answer = .unknown, criminalPurpose: Answer = .unknown
        ) {
            self.foundBy = foundBy
            self.qualifyingConviction = qualifyingConviction
            self.yearsSinceConviction = yearsSinceConviction
            self.qualifyingCharge = qualifyingCharge
            self.watchListMatch = watchListMatch
            self.removedBefore = removedBefore
            self.releaseDatePublic = releaseDatePublic
            self.costAgreement = costAgreement
            self.criminalPurpose = criminalPurpose
        }
    }
}
