extension RequestContract {
    /// The request in its canonical form: members in one order, absent ones left out, `unknown` where a word is
    /// required.
    ///
    /// Two messages with the same content have the same canonical form, whatever their spacing and order.
    public static func json(_ request: Request) -> JSONValue { JSONValue(written: bytes(request)) }

    /// ``json(_:)``, serialized.
    static func bytes(_ request: Request) -> [UInt8] {
        JSONWriter.object { root in
            root.add("schema", schema)
            root.add("requestId", request.requestID)
            root.add("revision", request.revision == 1 ? nil : request.revision)
            root.object("receivedBy") { receivedBy in
                receivedBy.add("agency", request.receivedBy.agency)
                receivedBy.add("station", request.receivedBy.station)
            }
            root.object("receipt") { write(request.receipt, into: &$0) }
            root.object("form") { write(request.form, into: &$0) }
            root.object("subject") { write(request.subject, into: &$0) }
            root.object("custody") { custody in
                custody.add("status", known(request.custody.status, .unknown))
                custody.add("bookingNumber", request.custody.bookingNumber)
                custody.add("eligibleForReleaseAt", request.custody.eligibleForReleaseAt?.text)
            }
            if let attachments = request.attachments { root.add("attachments", objects: attachments, write) }
            if let findings = request.findings { root.object("findings") { write(findings, into: &$0) } }
        }
    }

    private static func write(_ findings: Request.Findings, into members: inout JSONWriter) {
        members.add("foundBy", findings.foundBy)
        members.add("qualifyingConviction", known(findings.qualifyingConviction, .unknown))
        members.add("yearsSinceConviction", findings.yearsSinceConviction)
        members.add("qualifyingCharge", known(findings.qualifyingCharge, .unknown))
        members.add("watchListMatch", known(findings.watchListMatch, .unknown))
        members.add("removedBefore", known(findings.removedBefore, .unknown))
        members.add("releaseDatePublic", known(findings.releaseDatePublic, .unknown))
        members.add("costAgreement", known(findings.costAgreement, .unknown))
        members.add("criminalPurpose", known(findings.criminalPurpose, .unknown))
    }

    private static func write(_ receipt: Request.Receipt, into members: inout JSONWriter) {
        members.add("channel", receipt.channel.rawValue)
        members.add("receivedAt", receipt.receivedAt?.text)
        members.add("receivedAtSource", receipt.receivedAtSource?.rawValue)
        members.add("foundAt", receipt.foundAt?.text)
        members.add("pages", receipt.pages)
        members.add("imageDigest", receipt.imageDigest)
        members.add("senderReference", receipt.senderReference)
    }

    private static func write(_ form: Request.Form, into members: inout JSONWriter) {
        members.add("kind", form.kind.rawValue)
        members.add("formDate", form.formDate)
        members.add("eventNumber", form.eventNumber)
        members.add("issuingOffice", form.issuingOffice)
        members.add("probableCause", form.probableCause?.map(\.rawValue))
        members.add("resumeCustody", known(form.resumeCustody, .unknown))
        members.object("asks") { asks in
            asks.add("hold", known(form.asks.hold, .unknown))
            asks.add("transfer", known(form.asks.transfer, .unknown))
            asks.add("notice", known(form.asks.notice, .unknown))
        }
        members.add("defects", form.defects?.map(\.rawValue))
    }

    static func write(_ subject: Request.Subject, into members: inout JSONWriter) {
        members.add("fileNumber", subject.fileNumber)
        members.add("subjectId", subject.subjectID)
        members.add("familyName", subject.familyName)
        members.add("givenNames", subject.givenNames)
        members.add("birthDate", subject.birthDate)
    }

    private static func write(_ attachment: Request.Attachment, into members: inout JSONWriter) {
        members.add("kind", attachment.kind.rawValue)
        members.add("issuer", known(attachment.issuer, .unknown))
        members.add("standing", known(attachment.standing, .unknown))
        members.add("namesSubject", known(attachment.namesSubject, .unknown))
        members.add("verifiedBy", attachment.verifiedBy)
    }

    private static func known<Word: RawRepresentable & Equatable>(
        _ word: Word, _ unknown: Word
    ) -> String? where Word.RawValue == String {
        word == unknown ? nil : word.rawValue
    }
}
