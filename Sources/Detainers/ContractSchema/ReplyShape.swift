extension Contract {
    /// `detainer.reply/1`: what a sender is told that asked for an answer.
    public static let reply = Contract(
        name: Reply.schema, title: "The reply to a sender",
        summary:
            "What became of a message, for the sender that named a queue and a correlation id. It holds nothing of "
            + "a person. The reply to a repeat of what was announced before has neither disposition nor ledger.",
        shape: ObjectShape(
            [
                MemberShape("schema", .constant(Reply.schema), required: true, "the contract and its version"),
                MemberShape("result", .word(Reply.Result.self), required: true, "what became of the message"),
                MemberShape("id", .uuid, "the member requestId or recordId, in lower case"),
                MemberShape("revision", .number(1...RequestContract.maximumRevision), "of the request or record"),
                MemberShape("eventId", .uuid, "the id of the event that tells what was recorded"),
                MemberShape("disposition", .word(Disposition.self), "what became of a request"),
                ledger("where the record stands", required: false),
                MemberShape("reason", .word(DeadLetterReason.self), "why it became a dead letter"),
                MemberShape(
                    "detail", .text(atMost: Reply.maximumDetailBytes),
                    "a path, which begins at the body, and a sentence, never a value of the message"),
            ],
            rules: [(Reply.Result.recorded, ["id", "revision", "eventId"]), (.refused, ["reason", "detail"])].flatMap {
                result, names in
                names.map {
                    .required(
                        $0, where: ["result"], is: result.rawValue, says: "must stand there where it is \(result)")
                }
            }, isOpen: true), fileName: "detainer.reply-1.schema.json")
}
