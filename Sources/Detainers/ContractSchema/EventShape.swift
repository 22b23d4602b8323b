// What workers publish. These shapes are open: a later version may add members, which a reader leaves alone. No reader
// of ours judges by them: tests hold every event that a worker publishes against them.
extension Contract {
    /// `detainer.outcome.1`: what was decided on a request.
    public static let outcomeEvent = Contract(
        name: LedgerEvent.outcomeType, title: "The event of an outcome",
        summary: "What was decided on one revision of one request, as a CloudEvents 1.0 object in structured JSON. It "
            + "holds no personal data but keyed pseudonyms.",
        shape: envelope(
            LedgerEvent.outcomeType, subject: "the request's id",
            [
                MemberShape("requestId", .uuid, required: true, "in lower case"),
                MemberShape("revision", .number(1...RequestContract.maximumRevision), required: true, "of the request"),
            ] + place + [
                MemberShape("station", .text(atMost: RequestContract.Length.identifier), "as the request has it"),
                MemberShape("channel", .word(Request.Channel.self), required: true, "as the request has it"),
                MemberShape("dateBasis", .word(DateBasis.self), required: true, "which of its dates `date` is"),
                MemberShape("receivedAt", .moment, "as the request has it"),
                MemberShape("foundAt", .moment, "as the request has it"),
                MemberShape(
                    "form",
                    .object(
                        open([
                            MemberShape("kind", .word(Request.FormKind.self), required: true, "the form's number"),
                            MemberShape("date", .date, "the date on the form"),
                            MemberShape("probableCause", .words(Request.ProbableCause.self), "the ticked boxes"),
                            MemberShape("resumeCustody", .word(Request.Answer.self), required: true, "box 2"),
                            MemberShape("defects", .words(Request.Defect.self), "what is wrong with the form"),
                        ])), required: true, "the form"),
                MemberShape(
                    "custodyStatus", .word(Request.CustodyStatus.self), required: true, "as the request has it"),
                MemberShape("disposition", .word(Disposition.self), required: true, "what became of it, in one word"),
                MemberShape(
                    "answers",
                    .object(
                        open(
                            ["hold", "transfer", "notify"].map {
                                MemberShape($0, .object(answer), required: true, "what the policy answers to it")
                            })), "absent where no policy serves the agency"),
                MemberShape(
                    "report",
                    .object(
                        open([
                            MemberShape("line", .text(atMost: 200), required: true, "the line that it counts under"),
                            MemberShape("rule", .text(atMost: 200), required: true, "the rule that chose the line"),
                        ])), "where it counts in the annual report"),
                MemberShape("facts", .object(open([])), "what the policy was told, in the policy's own words"),
                MemberShape(
                    "policy",
                    .object(
                        open([
                            MemberShape("name", .text(atMost: 200), required: true, "the policy's name"),
                            MemberShape("digest", .digest, required: true, "of the policy's text"),
                        ])), "the policy that decided"),
            ] + keys), fileName: "detainer.outcome-event-1.schema.json")

    /// `detainer.record.1`: a record of a case, as it was taken.
    public static let recordEvent = Contract(
        name: LedgerEvent.recordType, title: "The event of a record of a case",
        summary: "One revision of one record of a case, as a CloudEvents 1.0 object in structured JSON. It holds no "
            + "personal data but keyed pseudonyms.",
        shape: envelope(
            LedgerEvent.recordType, subject: "the record's id",
            [
                MemberShape("recordId", .uuid, required: true, "in lower case"),
                MemberShape("revision", .number(1...RequestContract.maximumRevision), required: true, "of the record"),
                MemberShape("kind", .word(CaseKind.self), required: true, "what is told"),
            ] + place + [
                MemberShape(
                    "ours", .word([Request.Answer.no.rawValue]), "stands there where no policy serves the agency"),
                MemberShape(
                    "recordedBy", .name(atMost: RequestContract.Length.identifier), required: true, "the role"),
                MemberShape("happenedAt", .moment, "as the record has it"),
                MemberShape(
                    "about",
                    .object(
                        open([
                            MemberShape("requestId", .uuid, "of the request"),
                            MemberShape("formDate", .date, "the date on the form"),
                        ])), "what names nobody of what it is about"),
                MemberShape("correction", .object(open([])), "as the record has it"),
                MemberShape("detail", .object(open([])), "as the record has it"),
            ] + keys), fileName: "detainer.record-event-1.schema.json")

    private static func open(_ members: [MemberShape]) -> ObjectShape { ObjectShape(members, isOpen: true) }

    private static func envelope(_ type: String, subject: String, _ data: [MemberShape]) -> ObjectShape {
        open([
            MemberShape("specversion", .constant("1.0"), required: true, "of CloudEvents"),
            MemberShape(
                "id", .uuid, required: true, "the same however often the event is sent: drop repeats by it"),
            MemberShape(
                "source", .pattern("^/detainer-worker/[^/]+$", "`/detainer-worker/` and the jurisdiction"),
                required: true, "the jurisdiction"),
            MemberShape("type", .constant(type), required: true, "the contract and its version"),
            MemberShape("subject", .uuid, required: true, subject),
            MemberShape("time", .moment, required: true, "when it was recorded"),
            MemberShape("datacontenttype", .constant("application/json"), required: true, "of `data`"),
            MemberShape(
                "traceparent", .pattern("^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", "W3C Trace Context"),
                "carried on from the message"),
            MemberShape("data", .object(open(data)), required: true, "what the ledger holds"),
        ])
    }

    private static let place = [
        MemberShape("jurisdiction", .text(atMost: 200), required: true, "whose law was asked"),
        MemberShape("agency", .name(atMost: RequestContract.Length.reference), required: true, "whose case it is"),
        MemberShape("date", .date, required: true, "the day that chooses the year it counts in"),
    ]

    private static let answer = open([
        MemberShape("answer", .word(AnswerKind.self), required: true, "nothing else exists"),
        MemberShape("rule", .text(atMost: 200), required: true, "the row of the policy"),
        MemberShape("to", .text(atMost: 200), "the human role that a referral goes to"),
    ])

    private static let keyed = Shape.pattern("^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")

    private static let keys = [
        MemberShape(
            "pseudonyms",
            .object(
                open([
                    MemberShape("keyId", .text(atMost: 32), required: true, "of the jurisdiction's key"),
                    MemberShape(
                        "normalization", .number(1...RequestContract.maximumRevision), required: true,
                        "how values were written before they were keyed"),
                    MemberShape("fileNumber", keyed, "HMAC-SHA-256 of the A-number"),
                    MemberShape("nameAndBirthDate", keyed, "of name and birth date together"),
                    MemberShape("eventNumber", keyed, "of the event number"),
                    MemberShape("booking", keyed, "of agency and booking number together"),
                ])), required: true, "what records are linked by"),
        MemberShape("contentKey", keyed, required: true, "the same exactly where the content is the same"),
        ledger("where the record stands", required: true),
    ]

    static func ledger(_ meaning: String, required: Bool) -> MemberShape {
        MemberShape(
            "ledger",
            .object(
                open([
                    MemberShape("logId", .text(atMost: 64), required: true, "the ledger's random id"),
                    MemberShape("index", .number(0...Int.max), required: true, "the record's, from 0"),
                    MemberShape(
                        "root", .pattern("^[A-Za-z0-9+/]{43}=$", "32 bytes in base64"), required: true,
                        "the Merkle root when the event was sent, or the reply"),
                ])), required: required, meaning)
    }
}
