/// An intact line that is no record of ours.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    public var member: String
    public var description: String {
        "a record lacks a readable member `\(member)`: was it written by another version?"
    }
}

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
        var keys = Members()
        keys.add("keyId", pseudonyms.keyID)
        keys.add("normalization", pseudonyms.normalization)
        keys.add("fileNumber", pseudonyms.fileNumber)
        keys.add("nameAndBirthDate", pseudonyms.nameAndBirthDate)
        keys.add("eventNumber", pseudonyms.eventNumber)
        keys.add("booking", pseudonyms.booking)
        members.add("pseudonyms", keys)
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
        let form = try Self.member(json, "form")
        identity = RequestIdentity(
            requestID: try Self.text(json, "requestId"), revision: try Self.number(json, "revision"))
        agency = try Self.text(json, "agency")
        station = json["station"]?.stringValue
        channel = try Self.word(json, "channel")
        formKind = try Self.word(form, "kind")
        formDate = try Self.optional(form, "date", CivilDate.init)
        receivedAt = try Self.optional(json, "receivedAt", Moment.init(text:))
        foundAt = try Self.optional(json, "foundAt", Moment.init(text:))
        probableCause = try Self.words(form, "probableCause")
        resumeCustody = try Self.word(form, "resumeCustody")
        defects = try Self.words(form, "defects")
        custodyStatus = try Self.word(json, "custodyStatus")
        guard let day = CivilDate(try Self.text(json, "date")) else { throw RecordError(member: "date") }
        date = RequestDate(date: day, basis: try Self.word(json, "dateBasis"))
        decision = try json["answers"].map { answers throws(RecordError) in try Self.decision(json, answers) }
        let keys = try Self.member(json, "pseudonyms")
        pseudonyms = Pseudonyms(
            keyID: try Self.text(keys, "keyId"), fileNumber: keys["fileNumber"]?.stringValue,
            nameAndBirthDate: keys["nameAndBirthDate"]?.stringValue, eventNumber: keys["eventNumber"]?.stringValue,
            booking: keys["booking"]?.stringValue)
        pseudonyms.normalization = try Self.number(keys, "normalization")
        contentKey = try Self.text(json, "contentKey")
        guard let recorded = Moment(text: try Self.text(json, "recordedAt")) else {
            throw RecordError(member: "recordedAt")
        }
        recordedAt = recorded
        traceparent = json["traceparent"]?.stringValue
        jurisdiction = try Self.text(json, "jurisdiction")
    }

    private static func decision(_ json: JSONValue, _ answers: JSONValue) throws(RecordError) -> Decision {
        let report = try member(json, "report")
        let policy = try member(json, "policy")
        return Decision(
            hold: try answer(answers, "hold"), transfer: try answer(answers, "transfer"),
            notify: try answer(answers, "notify"), reportLine: try text(report, "line"),
            reportRule: try text(report, "rule"),
            facts: (json["facts"]?.objectValue ?? []).map { Fact(name: $0.name, value: $0.value.stringValue ?? "") },
            policyName: try text(policy, "name"), policyDigest: try text(policy, "digest"))
    }

    private static func answer(_ answers: JSONValue, _ name: String) throws(RecordError) -> GivenAnswer {
        let given = try member(answers, name)
        return GivenAnswer(
            answer: try word(given, "answer"), rule: try text(given, "rule"), to: given["to"]?.stringValue)
    }

    private static func member(_ json: JSONValue, _ name: String) throws(RecordError) -> JSONValue {
        guard let value = json[name] else { throw RecordError(member: name) }
        return value
    }

    private static func text(_ json: JSONValue, _ name: String) throws(RecordError) -> String {
        guard let text = json[name]?.stringValue else { throw RecordError(member: name) }
        return text
    }

    private static func number(_ json: JSONValue, _ name: String) throws(RecordError) -> Int {
        guard let number = json[name]?.intValue else { throw RecordError(member: name) }
        return number
    }

    private static func word<Word: RawRepresentable>(
        _ json: JSONValue, _ name: String
    ) throws(RecordError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try text(json, name)) else { throw RecordError(member: name) }
        return word
    }

    private static func words<Word: RawRepresentable>(
        _ json: JSONValue, _ name: String
    ) throws(RecordError) -> [Word]? where Word.RawValue == String {
        guard let values = json[name]?.arrayValue else { return nil }
        let words = values.compactMap { $0.stringValue.flatMap(Word.init(rawValue:)) }
        guard words.count == values.count else { throw RecordError(member: name) }
        return words
    }

    private static func optional<Value>(
        _ json: JSONValue, _ name: String, _ read: (String) -> Value?
    ) throws(RecordError) -> Value? {
        guard let text = json[name]?.stringValue else { return nil }
        guard let value = read(text) else { throw RecordError(member: name) }
        return value
    }
}
