extension Outcome {
    /// The record of the outcome as the ledger writes it.
    public func json() -> JSONValue { LedgerEntry.outcome(self).json() }

    /// - Returns: where the members stand that the event has, too.
    func write(eventID: String, into members: inout JSONWriter) -> Range<Int> {
        members.add("kind", Self.kind)
        members.add("requestId", identity.requestID)
        members.add("revision", identity.revision)
        members.add("eventId", eventID)
        members.add("recordedAt", recordedAt.text)
        let shared = members.place { writeShared(into: &$0) }
        members.add("contentKey", contentKey)
        members.add("traceparent", traceparent)
        return shared
    }

    private func writeShared(into members: inout JSONWriter) {
        members.add("jurisdiction", jurisdiction)
        members.add("agency", agency)
        members.add("station", station)
        members.add("channel", channel.rawValue)
        members.add("date", date.date)
        members.add("dateBasis", date.basis.rawValue)
        members.add("receivedAt", receivedAt?.text)
        members.add("foundAt", foundAt?.text)
        members.object("form") { form in
            form.add("kind", formKind.rawValue)
            form.add("date", formDate)
            form.add("probableCause", probableCause?.map(\.rawValue))
            form.add("resumeCustody", resumeCustody.rawValue)
            form.add("defects", defects?.map(\.rawValue))
        }
        members.add("custodyStatus", custodyStatus.rawValue)
        members.add("disposition", disposition.rawValue)
        if let decision { Self.add(decision, to: &members) }
        members.object("pseudonyms") { pseudonyms.write(into: &$0) }
    }

    private static func add(_ decision: Decision, to members: inout JSONWriter) {
        members.object("answers") { answers in
            add(decision.hold, "hold", to: &answers)
            add(decision.transfer, "transfer", to: &answers)
            add(decision.notify, "notify", to: &answers)
        }
        members.object("report") { line in
            line.add("line", decision.reportLine)
            line.add("rule", decision.reportRule)
        }
        members.object("facts") { facts in
            for fact in decision.facts { facts.add(escaping: fact.name, fact.value) }
        }
        members.object("policy") { policy in
            policy.add("name", decision.policyName)
            policy.add("digest", decision.policyDigest)
        }
    }

    private static func add(_ given: GivenAnswer, _ name: String, to answers: inout JSONWriter) {
        answers.object(name) { answer in
            answer.add("answer", given.answer.rawValue)
            answer.add("rule", given.rule)
            answer.add("to", given.to)
        }
    }

    /// Reads a record back, in the order in which it is written.
    public init(json: JSONNode) throws(RecordError) {
        var record = RecordReader(json)
        identity = RequestIdentity(requestID: try record.text("requestId"), revision: try record.number("revision"))
        recordedAt = try record.read("recordedAt", Moment.init(text:))
        jurisdiction = try record.text("jurisdiction")
        agency = try record.text("agency")
        station = record.optionalText("station")
        channel = try record.word("channel")
        date = RequestDate(date: try record.read("date", CivilDate.init), basis: try record.word("dateBasis"))
        receivedAt = try record.optional("receivedAt", Moment.init(text:))
        foundAt = try record.optional("foundAt", Moment.init(text:))
        var form = try record.object("form")
        formKind = try form.word("kind")
        formDate = try form.optional("date", CivilDate.init)
        probableCause = try form.words("probableCause")
        resumeCustody = try form.word("resumeCustody")
        defects = try form.words("defects")
        custodyStatus = try record.word("custodyStatus")
        decision = try record.optionalMember("answers").map { answers throws(RecordError) in
            try Self.decision(&record, RecordReader(answers))
        }
        pseudonyms = try Pseudonyms(of: &record)
        contentKey = try record.text("contentKey")
        traceparent = record.optionalText("traceparent")
    }

    private static func decision(
        _ record: inout RecordReader, _ answers: RecordReader
    ) throws(RecordError) -> Decision {
        var answers = answers
        let (hold, transfer, notify) =
            (try answer(&answers, "hold"), try answer(&answers, "transfer"), try answer(&answers, "notify"))
        var report = try record.object("report")
        let (reportLine, reportRule) = (try report.text("line"), try report.text("rule"))
        let facts = (record.optionalMember("facts")?.objectValue ?? []).map {
            Fact(name: $0.name, value: $0.value.stringValue ?? "")
        }
        var policy = try record.object("policy")
        return Decision(
            hold: hold, transfer: transfer, notify: notify, reportLine: reportLine, reportRule: reportRule,
            facts: facts, policyName: try policy.text("name"), policyDigest: try policy.text("digest"))
    }

    private static func answer(_ answers: inout RecordReader, _ name: String) throws(RecordError) -> GivenAnswer {
        var given = try answers.object(name)
        return GivenAnswer(
            answer: try given.word("answer"), rule: try given.text("rule"), to: given.optionalText("to"))
    }
}

extension Pseudonyms {
    func write(into keys: inout JSONWriter) {
        keys.add("keyId", keyID)
        keys.add("normalization", normalization)
        keys.add("fileNumber", fileNumber)
        keys.add("nameAndBirthDate", nameAndBirthDate)
        keys.add("eventNumber", eventNumber)
        keys.add("booking", booking)
    }

    /// Out of a record's member `pseudonyms`.
    init(of record: inout RecordReader) throws(RecordError) {
        var keys = try record.object("pseudonyms")
        self.init(keyID: try keys.text("keyId"))
        normalization = try keys.number("normalization")
        fileNumber = keys.optionalText("fileNumber")
        nameAndBirthDate = keys.optionalText("nameAndBirthDate")
        eventNumber = keys.optionalText("eventNumber")
        booking = keys.optionalText("booking")
    }
}
