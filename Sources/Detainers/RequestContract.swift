/// The contract `detainer.request/1`: how a request is written in JSON.
///
/// Required are `schema`, `requestId`, `receivedBy.agency`, `receipt.channel` and `form.kind`. What is absent is
/// unknown; what is there is read strictly. `config/schemas/detainer.request-1.schema.json` says the same for other
/// languages.
public enum RequestContract {
    public static let schema = "detainer.request/1"
    /// A form has a few hundred bytes; a hundred times that is no form.
    public static let maximumBodyBytes = 65_536
    public static let maximumRevision = 1_000
    /// A fax with more papers than this is more than one request.
    public static let maximumAttachments = 50
    /// Nobody was convicted longer ago than that.
    public static let maximumYears = 150

    /// The longest values, in bytes of UTF-8.
    enum Length {
        static let name = 200
        static let identifier = 64
        static let reference = 128
        static let text = 200
        /// `sha-256:` and 64 hexadecimal digits.
        static let digest = 72
    }

    /// Reads one message body.
    public static func read(_ body: [UInt8]) throws(ContractError) -> Request { try read(IntakeContract.parse(body)) }

    static func read(_ json: JSONNode) throws(ContractError) -> Request {
        try ObjectReader.reading(json) { root throws(ContractError) in
            try IntakeContract.checkSchema(&root, is: schema)
            return try request(&root)
        }
    }

    private static func request(_ root: inout ObjectReader) throws(ContractError) -> Request {
        let id = try root.requiredUUID("requestId")
        let revision = try root.number("revision", 1...maximumRevision) ?? 1
        var receivedBy = try root.requiredObject("receivedBy")
        var receipt = try root.requiredObject("receipt")
        var form = try root.requiredObject("form")
        let subject = try root.object("subject")
        let custody = try root.object("custody")
        let request = Request(
            requestID: id, revision: revision, receivedBy: try readReceivedBy(&receivedBy),
            receipt: try readReceipt(&receipt), form: try readForm(&form), subject: try readSubject(subject),
            custody: try readCustody(custody), attachments: try readAttachments(&root),
            findings: try readFindings(root.object("findings")))
        try root.finish()
        return request
    }

    private static func readReceivedBy(_ object: inout ObjectReader) throws(ContractError) -> Request.ReceivedBy {
        let agency = try object.requiredName("agency", atMost: Length.reference)
        let station = try object.text("station", atMost: Length.identifier)
        try object.finish()
        return Request.ReceivedBy(agency: agency, station: station)
    }

    private static func readReceipt(_ object: inout ObjectReader) throws(ContractError) -> Request.Receipt {
        let receipt = Request.Receipt(
            channel: try object.requiredWord("channel"), receivedAt: try object.moment("receivedAt"),
            receivedAtSource: try object.word("receivedAtSource"), foundAt: try object.moment("foundAt"),
            pages: try object.number("pages", 1...10_000),
            imageDigest: try object.text("imageDigest", atMost: Length.digest),
            senderReference: try object.text("senderReference", atMost: Length.reference))
        if let digest = receipt.imageDigest {
            guard isDigest(digest) else {
                throw object.error("imageDigest", "must be `sha-256:` and 64 lower-case hexadecimal digits")
            }
        }
        try object.finish()
        return receipt
    }

    static func isDigest(_ text: String) -> Bool {
        guard text.hasPrefix("sha-256:") else { return false }
        let bytes = text.utf8.span
        guard bytes.count == Length.digest else { return false }
        for position in "sha-256:".utf8.count..<bytes.count where !Hexadecimal.isDigit(bytes[position]) {
            return false
        }
        return true
    }

    private static func readForm(_ object: inout ObjectReader) throws(ContractError) -> Request.Form {
        let kind: Request.FormKind = try object.requiredWord("kind")
        let formDate = try object.date("formDate")
        let eventNumber = try object.text("eventNumber", atMost: Length.identifier)
        let issuingOffice = try object.text("issuingOffice", atMost: Length.text)
        let probableCause: [Request.ProbableCause]? = try object.words("probableCause")
        let resumeCustody: Request.Answer = try object.word("resumeCustody") ?? .unknown
        var asks = Request.Asks()
        if var inner = try object.object("asks") {
            asks = Request.Asks(
                hold: try inner.word("hold") ?? .unknown, transfer: try inner.word("transfer") ?? .unknown,
                notice: try inner.word("notice") ?? .unknown)
            try inner.finish()
        }
        let defects: [Request.Defect]? = try object.words("defects")
        try object.finish()
        return Request.Form(
            kind: kind, formDate: formDate, eventNumber: eventNumber, issuingOffice: issuingOffice,
            probableCause: probableCause, resumeCustody: resumeCustody, asks: asks, defects: defects)
    }

    static func readSubject(_ object: consuming ObjectReader?) throws(ContractError) -> Request.Subject {
        guard var object else { return Request.Subject() }
        let subject = Request.Subject(
            fileNumber: try object.text("fileNumber", atMost: Length.identifier),
            subjectID: try object.text("subjectId", atMost: Length.identifier),
            familyName: try object.text("familyName", atMost: Length.name),
            givenNames: try object.text("givenNames", atMost: Length.name),
            birthDate: try object.date("birthDate"))
        try object.finish()
        return subject
    }

    private static func readCustody(_ object: consuming ObjectReader?) throws(ContractError) -> Request.Custody {
        guard var object else { return Request.Custody() }
        let custody = Request.Custody(
            status: try object.word("status") ?? .unknown,
            bookingNumber: try object.text("bookingNumber", atMost: Length.identifier),
            eligibleForReleaseAt: try object.moment("eligibleForReleaseAt"))
        try object.finish()
        return custody
    }

    private static func readAttachments(
        _ root: inout ObjectReader
    ) throws(ContractError) -> [Request.Attachment]? {
        guard let values = try root.array("attachments", atMost: maximumAttachments) else { return nil }
        var attachments: [Request.Attachment] = []
        for (position, value) in values.enumerated() {
            var object = try root.inner(value, path: "/attachments", member: String(position))
            let attachment = Request.Attachment(
                kind: try object.requiredWord("kind"), issuer: try object.word("issuer") ?? .unknown,
                standing: try object.word("standing") ?? .unknown,
                namesSubject: try object.word("namesSubject") ?? .unknown,
                verifiedBy: try object.text("verifiedBy", atMost: Length.reference))
            if attachment.standing == .verified, attachment.verifiedBy == nil {
                throw object.error("verifiedBy", "must name the role that verified the paper")
            }
            try object.finish()
            attachments.append(attachment)
        }
        return attachments
    }

    /// An object that says nothing is none, as in the canonical form.
    private static func readFindings(_ object: consuming ObjectReader?) throws(ContractError) -> Request.Findings? {
        guard var object else { return nil }
        let findings = Request.Findings(
            foundBy: try object.text("foundBy", atMost: Length.reference),
            qualifyingConviction: try object.word("qualifyingConviction") ?? .unknown,
            yearsSinceConviction: try object.number("yearsSinceConviction", 0...maximumYears),
            qualifyingCharge: try object.word("qualifyingCharge") ?? .unknown,
            watchListMatch: try object.word("watchListMatch") ?? .unknown,
            removedBefore: try object.word("removedBefore") ?? .unknown,
            releaseDatePublic: try object.word("releaseDatePublic") ?? .unknown,
            costAgreement: try object.word("costAgreement") ?? .unknown,
            criminalPurpose: try object.word("criminalPurpose") ?? .unknown)
        try object.finish()
        return findings == Request.Findings(foundBy: nil) ? nil : findings
    }
}
