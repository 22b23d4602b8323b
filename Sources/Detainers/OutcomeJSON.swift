extension Outcome {
    /// The record of the outcome as the ledger writes it.
    public func json() -> JSONValue {
        var members = Members()
        members.add("kind", Self.kind)
        members.add("requestId", identity.requestID)
        members.add("revision", identity.revision)
        members.add("eventId", identity.eventID)
        members.add("recordedAt", recordedAt.text)
        members.list += content().list
        members.add("contentKey", contentKey)
        members.add("traceparent", traceparent)
        return .object(members.list)
    }

    /// What the record and the event have in common.
    func content() -> Members {
        var members = Members()
        members.add("jurisdiction", jurisdiction)
        members.add("agency", agency)
        members.add("station", station)
        members.add("channel", channel.rawValue)
        members.add("date", date.date.description)
        members.add("dateBasis", date.basis.rawValue)
        members.add("receivedAt", receivedAt?.text)
        members.add("foundAt", foundAt?.text)
        var form = Members()
        form.add("kind", formKind.rawValue)
        form.add("date", formDate?.description)
        form.add("probableCause", probableCause?.map(\.rawValue))
        form.add("resumeCustody", resumeCustody.rawValue)
        form.add("defects", defects?.map(\.rawValue))
        members.add("form", form)
        members.add("custodyStatus", custodyStatus.rawValue)
        members.add("disposition", disposition.rawValue)
        if let decision { Self.add(decision, to: &members) }
        members.add("pseudonyms", pseudonyms.members)
        return members
    }

    private static func add(_ decision: Decision, to members: inout Members) {
        var answers = Members()
        for (name, given) in [("hold", decision.hold), ("transfer", decision.transfer), ("notify", decision.notify)] {
            var answer = Members()
            answer.add("answer", given.answer.rawValue)
            answer.add("rule", given.rule)
            answer.add("to", given.to)
            answers.add(name, answer)
        }
        members.add("answers", answers)
        var line = Members()
        line.add("line", decision.reportLine)
        line.add("rule", decision.reportRule)
        members.add("report", line)
        var facts = Members()
        for fact in decision.facts { facts.add(fact.name, fact.value) }
        members.add("facts", facts)
        var policy = Members()
        policy.add("name", decision.policyName)
        policy.add("digest", decision.policyDigest)
        members.add("policy", policy)
    }

    /// Reads a record back.
    public init(json: JSONValue) throws(RecordError) {
        let record = RecordReader(json)
        let form = try record.object("form")
        identity = RequestIdentity(requestID: try record.text("requestId"), revision: try record.number("revision"))
        agency = try record.text("agency")
        station = record.optionalText("station")
        channel = try record.word("channel")
        formKind = try form.word("kind")
        formDate = try form.optional("date", CivilDate.init)
        receivedAt = try record.optional("receivedAt", Moment.init(text:))
        foundAt = try record.optional("foundAt", Moment.init(text:))
        probableCause = try form.words("probableCause")
        resumeCustody = try form.word("resumeCustody")
        defects = try form.words("defects")
        custodyStatus = try record.word("custodyStatus")
        date = RequestDate(date: try record.read("date", CivilDate.init), basis: try record.word("dateBasis"))
        decision = try json["answers"].map { answers throws(RecordError) in
            try Self.decision(record, RecordReader(answers))
        }
        pseudonyms = try Pseudonyms(json: json)
        contentKey = try record.text("contentKey")
        recordedAt = try record.read("recordedAt", Moment.init(text:))
        traceparent = record.optionalText("traceparent")
        jurisdiction = try record.text("jurisdiction")
    }

    private static func decision(_ record: RecordReader, _ answers: RecordReader) throws(RecordError) -> Decision {
        let report = try record.object("report")
        let policy = try record.object("policy")
        return Decision(
            hold: try answer(answers, "hold"), transfer: try answer(answers, "transfer"),
            notify: try answer(answers, "notify"), reportLine: try report.text("line"),
            reportRule: try report.text("rule"),
            facts: (record.json["facts"]?.objectValue ?? []).map {
                Fact(name: $0.name, value: $0.value.stringValue ?? "")
            },
            policyName: try policy.text("name"), policyDigest: try policy.text("digest"))
    }

    private static func answer(_ answers: RecordReader, _ name: String) throws(RecordError) -> GivenAnswer {
        let given = try answers.object(name)
        return GivenAnswer(
            answer: try given.word("answer"), rule: try given.text("rule"), to: given.optionalText("to"))
    }
}

extension Pseudonyms {
    var members: Members {
        var keys = Members()
        keys.add("keyId", keyID)
        keys.add("normalization", normalization)
        keys.add("fileNumber", fileNumber)
        keys.add("nameAndBirthDate", nameAndBirthDate)
        keys.add("eventNumber", eventNumber)
        keys.add("booking", booking)
        return keys
    }

    /// Out of a record's member `pseudonyms`.
    init(json record: JSONValue) throws(RecordError) {
        let keys = try RecordReader(record).object("pseudonyms")
        self.init(
            keyID: try keys.text("keyId"), fileNumber: keys.optionalText("fileNumber"),
            nameAndBirthDate: keys.optionalText("nameAndBirthDate"), eventNumber: keys.optionalText("eventNumber"),
            booking: keys.optionalText("booking"))
        normalization = try keys.number("normalization")
    }
}
