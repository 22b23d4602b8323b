extension RequestContract {
    /// The request in its canonical form: members in one order, absent ones left out, `unknown` where a word is
    /// required.
    ///
    /// Two messages with the same content have the same canonical form, whatever their spacing and order.
    public static func json(_ request: Request) -> JSONValue {
        var root = Members()
        root.add("schema", schema)
        root.add("requestId", request.requestID)
        root.add("revision", request.revision == 1 ? nil : request.revision)
        var receivedBy = Members()
        receivedBy.add("agency", request.receivedBy.agency)
        receivedBy.add("station", request.receivedBy.station)
        root.add("receivedBy", receivedBy)
        root.add("receipt", receipt(request.receipt))
        root.add("form", form(request.form))
        root.add("subject", subject(request.subject))
        var custody = Members()
        custody.add("status", known(request.custody.status, .unknown))
        custody.add("bookingNumber", request.custody.bookingNumber)
        custody.add("eligibleForReleaseAt", request.custody.eligibleForReleaseAt?.text)
        root.add("custody", custody)
        if let attachments = request.attachments {
            root.list.append(JSONMember(name: "attachments", value: .array(attachments.map(attachment))))
        }
        if let findings = request.findings { root.add("findings", Self.findings(findings)) }
        return .object(root.list)
    }

    private static func findings(_ findings: Request.Findings) -> Members {
        var members = Members()
        members.add("foundBy", findings.foundBy)
        members.add("qualifyingConviction", known(findings.qualifyingConviction, .unknown))
        members.add("yearsSinceConviction", findings.yearsSinceConviction)
        members.add("qualifyingCharge", known(findings.qualifyingCharge, .unknown))
        members.add("watchListMatch", known(findings.watchListMatch, .unknown))
        members.add("removedBefore", known(findings.removedBefore, .unknown))
        members.add("releaseDatePublic", known(findings.releaseDatePublic, .unknown))
        members.add("costAgreement", known(findings.costAgreement, .unknown))
        members.add("criminalPurpose", known(findings.criminalPurpose, .unknown))
        return members
    }

    private static func receipt(_ receipt: Request.Receipt) -> Members {
        var members = Members()
        members.add("channel", receipt.channel.rawValue)
        members.add("receivedAt", receipt.receivedAt?.text)
        members.add("receivedAtSource", receipt.receivedAtSource?.rawValue)
        members.add("foundAt", receipt.foundAt?.text)
        members.add("pages", receipt.pages)
        members.add("imageDigest", receipt.imageDigest)
        members.add("senderReference", receipt.senderReference)
        return members
    }

    private static func form(_ form: Request.Form) -> Members {
        var members = Members()
        members.add("kind", form.kind.rawValue)
        members.add("formDate", form.formDate?.description)
        members.add("eventNumber", form.eventNumber)
        members.add("issuingOffice", form.issuingOffice)
        members.add("probableCause", form.probableCause?.map(\.rawValue))
        members.add("resumeCustody", known(form.resumeCustody, .unknown))
        var asks = Members()
        asks.add("hold", known(form.asks.hold, .unknown))
        asks.add("transfer", known(form.asks.transfer, .unknown))
        asks.add("notice", known(form.asks.notice, .unknown))
        members.add("asks", asks)
        members.add("defects", form.defects?.map(\.rawValue))
        return members
    }

    static func subject(_ subject: Request.Subject) -> Members {
        var members = Members()
        members.add("fileNumber", subject.fileNumber)
        members.add("subjectId", subject.subjectID)
        members.add("familyName", subject.familyName)
        members.add("givenNames", subject.givenNames)
        members.add("birthDate", subject.birthDate?.description)
        return members
    }

    private static func attachment(_ attachment: Request.Attachment) -> JSONValue {
        var members = Members()
        members.add("kind", attachment.kind.rawValue)
        members.add("issuer", known(attachment.issuer, .unknown))
        members.add("standing", known(attachment.standing, .unknown))
        members.add("namesSubject", known(attachment.namesSubject, .unknown))
        members.add("verifiedBy", attachment.verifiedBy)
        return .object(members.list)
    }

    private static func known<Word: RawRepresentable & Equatable>(
        _ word: Word, _ unknown: Word
    ) -> String? where Word.RawValue == String {
        word == unknown ? nil : word.rawValue
    }
}

/// Members of an object in the making; what is `nil` or empty is left out.
struct Members {
    var list: [JSONMember] = []

    mutating func add(_ name: String, _ text: String?) {
        if let text { list.append(JSONMember(name: name, value: .string(text))) }
    }

    mutating func add(_ name: String, _ number: Int?) {
        if let number { list.append(JSONMember(name: name, value: .number(String(number)))) }
    }

    mutating func add(_ name: String, _ words: [String]?) {
        if let words { list.append(JSONMember(name: name, value: .array(words.map(JSONValue.string)))) }
    }

    mutating func add(_ name: String, _ members: Members) {
        if !members.list.isEmpty { list.append(JSONMember(name: name, value: .object(members.list))) }
    }
}
