import AMQPClient
public import Detainers

/// A letter whose message a person mended: a letter of its own, linked to the one that it came from, which stays.
public enum LetterEdit {
    /// Why there is nothing to record.
    public enum Problem: Error, CustomStringConvertible, Sendable {
        case unchanged
        /// Its content breaks the contract; names a path, never a value.
        case invalid(ContractError)
        /// Somebody mended it, replayed it or discarded it meanwhile.
        case notWaiting(LetterIndex.State)
        case known(LetterID)

        public var description: String {
            switch self {
            case .unchanged: "nothing was changed"
            case .invalid(let error): error.description
            case .notWaiting(let state): "the letter does not wait any more: it was \(state.rawValue)"
            case .known(let id):
                "this is letter \(id.text) already: where that one waits, the old one can be discarded"
            }
        }
    }

    /// The body as a person reads and mends it: unpacked, where it is a whole gzip of at most a message's size.
    public static func readableBody(of letter: DeadLetter) -> [UInt8] {
        guard letter.envelope["contentEncoding"]?.stringValue?.lowercased() == "gzip" else { return letter.body }
        // One that cannot be unpacked is shown as it is: that is why it died.
        return (try? Gzip.unpacked(letter.body, atMost: RequestContract.maximumBodyBytes)) ?? letter.body
    }

    /// The letter with another body, which must keep the contract in the form that the letter's content type says;
    /// properties that contradict it are mended with it, so that the same body may be given again.
    public static func mended(
        _ letter: StoredLetter, body: [UInt8], key: PseudonymKey, at now: Moment
    ) throws(Problem) -> StoredLetter {
        let message: IntakeMessage
        let form = form(of: letter.letter)
        do throws(ContractError) { message = try IntakeContract.read(body, as: form) } catch { throw .invalid(error) }
        var mended = letter.letter
        mended.body = body
        mended.envelope = envelope(letter.letter.envelope, id: message.id)
        if mended == letter.letter { throw .unchanged }
        // An id is of the body and the message's id: where other properties alone are mended, a line's end, which means
        // nothing in JSON, makes it a letter of its own.
        if LetterID(mended, key) == letter.id, body.count < RequestContract.maximumBodyBytes {
            mended.body.append(UInt8(ascii: "\n"))
        }
        return StoredLetter(id: LetterID(mended, key), arrivedAt: now.text, editOf: letter.id, letter: mended)
    }

    private static func form(of letter: DeadLetter) -> IntakeForm {
        let form = IntakeForm(contentType: letter.envelope["contentType"]?.stringValue)
        if case .unreadable = form { return .message }
        return form
    }

    /// The properties that must agree with the body: the id is the message's, and the body is plain UTF-8.
    private static func envelope(_ envelope: JSONValue, id: String) -> JSONValue {
        guard let members = envelope.objectValue else { return envelope }
        let kept = members.filter { member in
            if member.name == "contentType", case .unreadable = IntakeForm(contentType: member.value.stringValue) {
                return false
            }
            return member.name != "contentEncoding"
        }
        return .object(
            kept.map {
                $0.name == "messageId" && $0.value.stringValue?.lowercased() != id
                    ? JSONMember(name: $0.name, value: .string(id)) : $0
            })
    }

    /// Records the mended letter in place of the old one.
    ///
    /// - Throws: ``Problem`` where the old one does not wait any more, and `LedgerError`.
    public static func record(
        _ mended: StoredLetter, in store: LetterStore, by: String, now: Moment
    ) throws {
        guard let old = mended.editOf else { return }
        var writer = try store.open(now: now)
        let index = try store.index()
        if let state = index[old]?.state, state != .waiting { throw Problem.notWaiting(state) }
        if index[mended.id] != nil { throw Problem.known(mended.id) }
        let deed = LetterRecord.Deed(at: now.text, by: by)
        var made = mended
        made.arrivedAt = now.text
        // In this order: should the power go between the two lines, both wait, and none is lost.
        try writer.append([.letter(made), .edit(id: old, newID: mended.id, deed)], now: now)
        try writer.close()
    }
}
