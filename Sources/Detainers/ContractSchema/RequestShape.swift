extension Contract {
    /// `detainer.request/1`.
    public static let request = Contract(
        name: RequestContract.schema, title: "A civil immigration detainer request",
        summary: "One form of the family I-247 as an agency received it. What is left out is unknown; what is there is "
            + "read strictly.",
        shape: ObjectShape([
            MemberShape("schema", .constant(RequestContract.schema), required: true, "the contract and its version"),
            MemberShape(
                "requestId", .uuid, required: true,
                "chosen by the sender, the same each time the request is sent again, and the AMQP property message_id; "
                    + "read in any case, kept in lower case"),
            MemberShape(
                "revision", .number(1...RequestContract.maximumRevision),
                "1, or absent, as it was first told; a later and fuller version of the same request has the next number"
            ),
            MemberShape("receivedBy", .object(receivedBy), required: true, "whom the request was lodged with"),
            MemberShape("receipt", .object(receipt), required: true, "how, when and where it came in"),
            MemberShape("form", .object(form), required: true, "what is printed on the form and ticked"),
            MemberShape("subject", .object(subject), "the person; leaves a worker only as keyed pseudonyms"),
            MemberShape("custody", .object(custody), "where the person is"),
            MemberShape(
                "attachments", .list(.object(attachment), atMost: RequestContract.maximumAttachments),
                "the papers that came with the form; absent: nobody looked; empty: there are none"),
            MemberShape("findings", .object(findings), "what a named role of the agency looked up; absent: nobody did"),
        ]), fileName: "detainer.request-1.schema.json")

    private static let receivedBy = ObjectShape([
        MemberShape(
            "agency", .name(atMost: RequestContract.Length.reference), required: true,
            "the agency's short name, as its policy has it among the receivers, such as boston-police"),
        MemberShape(
            "station", .text(atMost: RequestContract.Length.identifier),
            "the station or district, such as C-11; never a person: records, events and reports show it as it is"),
    ])

    private static let receipt = ObjectShape([
        MemberShape("channel", .word(Request.Channel.self), required: true, "how it came in"),
        MemberShape("receivedAt", .moment, "when it arrived: chooses the policy and the year"),
        MemberShape("receivedAtSource", .word(Request.ReceivedAtSource.self), "what says when it arrived"),
        MemberShape("foundAt", .moment, "when somebody found it, where that was later than its arrival"),
        MemberShape("pages", .number(1...10_000), "how many pages came"),
        MemberShape("imageDigest", .digest, "SHA-256 of the scanned image"),
        MemberShape(
            "senderReference", .text(atMost: RequestContract.Length.reference), "the sending system's own reference"),
    ])

    private static let form = ObjectShape([
        MemberShape("kind", .word(Request.FormKind.self), required: true, "the form's number, as printed on it"),
        MemberShape("formDate", .date, "the date on the form"),
        MemberShape("eventNumber", .text(atMost: RequestContract.Length.identifier), "the event number on the form"),
        MemberShape("issuingOffice", .text(atMost: RequestContract.Length.text), "the office that issued it"),
        MemberShape(
            "probableCause", .words(Request.ProbableCause.self),
            "the ticked boxes that probable cause rests on; absent: not known; empty: none is ticked"),
        MemberShape(
            "resumeCustody", .word(Request.Answer.self),
            "whether the box is ticked that the person is returned to "
                + "custody after court"),
        MemberShape(
            "asks",
            .object(
                ObjectShape([
                    MemberShape("hold", .word(Request.Answer.self), "to hold past release"),
                    MemberShape("transfer", .word(Request.Answer.self), "to hand the person over"),
                    MemberShape("notice", .word(Request.Answer.self), "to tell before release"),
                ])), "what the form asks for"),
        MemberShape("defects", .words(Request.Defect.self), "what is wrong with the form; absent: nobody looked"),
    ])

    static let subject = ObjectShape([
        MemberShape("fileNumber", .text(atMost: RequestContract.Length.identifier), "the A-number"),
        MemberShape("subjectId", .text(atMost: RequestContract.Length.identifier), "the subject id on the form"),
        MemberShape("familyName", .text(atMost: RequestContract.Length.name), "as the form has it"),
        MemberShape("givenNames", .text(atMost: RequestContract.Length.name), "as the form has them"),
        MemberShape("birthDate", .date, "as the form has it"),
    ])

    private static let custody = ObjectShape([
        MemberShape("status", .word(Request.CustodyStatus.self), "whether the agency holds the person"),
        MemberShape("bookingNumber", .text(atMost: RequestContract.Length.identifier), "the agency's booking"),
        MemberShape("eligibleForReleaseAt", .moment, "when the person is or was to be released"),
    ])

    private static let attachment = ObjectShape(
        [
            MemberShape("kind", .word(Request.AttachmentKind.self), required: true, "what paper it is"),
            MemberShape("issuer", .word(Request.Issuer.self), "who signed it"),
            MemberShape(
                "standing", .word(Request.Standing.self),
                "claimed: somebody says it exists; produced: it is here, unread; verified: a named role confirmed it"),
            MemberShape("namesSubject", .word(Request.Answer.self), "whether it is about this person"),
            MemberShape(
                "verifiedBy", .text(atMost: RequestContract.Length.reference),
                "the human role that read and confirmed it, such as shift-supervisor; never a person"),
        ],
        rules: [
            .required(
                "verifiedBy", where: ["standing"], is: Request.Standing.verified.rawValue,
                says: "must name the role that verified the paper")
        ])

    private static let findings = ObjectShape([
        MemberShape(
            "foundBy", .text(atMost: RequestContract.Length.reference),
            "the human role that looked it up; without it none of it counts"),
        MemberShape("qualifyingConviction", .word(Request.Answer.self), "one that the jurisdiction's law names"),
        MemberShape(
            "yearsSinceConviction", .number(0...RequestContract.maximumYears),
            "years, rounded up: five years and a day are 6; since which conviction, the policy says"),
        MemberShape("qualifyingCharge", .word(Request.Answer.self), "one that the jurisdiction's law names"),
        MemberShape("watchListMatch", .word(Request.Answer.self), "a match in the terrorist screening database"),
        MemberShape("removedBefore", .word(Request.Answer.self), "whether the person was removed before"),
        MemberShape("releaseDatePublic", .word(Request.Answer.self), "whether anybody can look the date up"),
        MemberShape("costAgreement", .word(Request.Answer.self), "a written federal agreement to pay all costs"),
        MemberShape("criminalPurpose", .word(Request.Answer.self), "whether the request serves a criminal case"),
    ])
}
