extension Contract {
    /// `detainer.record/1`.
    public static let record = Contract(
        name: CaseContract.schema, title: "A record of a case",
        summary: "What people did, or what happened, in a case that requests are about. What is left out is unknown; "
            + "what is there is read strictly.",
        shape: ObjectShape(
            [
                MemberShape("schema", .constant(CaseContract.schema), required: true, "the contract and its version"),
                MemberShape(
                    "recordId", .uuid, required: true,
                    "chosen by the sender, the same each time the record is sent again, and the AMQP property "
                        + "message_id; read in any case, kept in lower case"),
                MemberShape(
                    "revision", .number(1...RequestContract.maximumRevision),
                    "1, or absent, as it was first told; a correction has the next number"),
                MemberShape("kind", .word(CaseKind.self), required: true, "what is told"),
                MemberShape(
                    "agency", .name(atMost: RequestContract.Length.reference), required: true,
                    "the agency whose case it is, as its requests name it in receivedBy.agency"),
                MemberShape(
                    "recordedBy", .name(atMost: RequestContract.Length.identifier), required: true,
                    "the role that answers for it, such as shift-supervisor; never a person"),
                MemberShape("happenedAt", .moment, "when it happened; of a reimbursement, when it was received"),
                MemberShape("about", .object(about), "the request that it belongs to, as far as it is known"),
                MemberShape(
                    "correction",
                    .object(
                        ObjectShape([
                            MemberShape("reason", .word(CaseMessage.CorrectionReason.self), required: true, "why"),
                            MemberShape(
                                "withdrawn", .word(CaseMessage.Withdrawn.self),
                                "yes: it did not happen, and counts nowhere"),
                        ])), "what the revision mends"),
            ],
            rules: [
                .above(
                    "correction", number: "revision", smallest: 1,
                    required: "is required where the revision is above 1",
                    forbidden: "must not stand in a first revision: it has nothing to correct"),
                .variants(
                    "detail", by: "kind", CaseKind.allCases.map { ($0.rawValue, detail($0)) },
                    summary: "as the kind needs it"),
            ]), fileName: "detainer.record-1.schema.json")

    private static let about = ObjectShape([
        MemberShape("requestId", .uuid, "the request's id"),
        MemberShape("bookingNumber", .text(atMost: RequestContract.Length.identifier), "the agency's booking"),
        MemberShape("formDate", .date, "the date on the form"),
        MemberShape("eventNumber", .text(atMost: RequestContract.Length.identifier), "the event number on the form"),
        MemberShape("subject", .object(subject), "the person"),
    ])

    private static func detail(_ kind: CaseKind) -> ObjectShape {
        switch kind {
        case .cancellation:
            ObjectShape([MemberShape("reason", .word(CaseDetail.LiftReason.self), "why; absent: unknown")])
        case .referralDecision:
            ObjectShape(
                ["hold", "transfer", "notify"].map {
                    MemberShape($0, .word(CaseDetail.PersonsAnswer.self), "what the person did with what was asked")
                } + [MemberShape("basis", .word(CaseDetail.Paper.self), "the paper that a compliance rests on")],
                rules: [
                    .oneOf(["hold", "transfer", "notify"], says: "one of hold, transfer and notify is required"),
                    .required(
                        "basis", where: ["hold", "transfer", "notify"], is: CaseDetail.PersonsAnswer.complied.rawValue,
                        says: "is required where somebody complied: the paper that it rests on, or `none`"),
                ])
        case .detained:
            ObjectShape([
                MemberShape(
                    "reason", .word(CaseDetail.DetentionReason.self), required: true, "what supported the detention"),
                MemberShape("from", .moment, "its beginning"), MemberShape("until", .moment, "its end"),
            ])
        case .transferred:
            ObjectShape([
                MemberShape(
                    "authority", .word(CaseDetail.TransferAuthority.self), required: true, "what authorized it")
            ])
        case .reimbursement:
            ObjectShape([
                MemberShape("cents", .number(0...CaseContract.maximumCents), required: true, "cents of a US dollar")
            ])
        case .custodyOutcome:
            ObjectShape([
                MemberShape("outcome", .word(CaseDetail.CustodyEnd.self), required: true, "how custody ended"),
                MemberShape("bailPostedAt", .moment, "when bail was posted"),
                MemberShape(
                    "receivingAgency", .name(atMost: RequestContract.Length.reference), "who took custody, if anybody"),
            ])
        case .reentryArrest: ObjectShape([])
        }
    }
}
