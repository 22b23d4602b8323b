@testable import Detainers

/// The intake contracts: what is read comes back from its canonical form, and an error names places and no values.
enum MessageFuzz {
    /// The longest sentence lists the members of an object.
    static let longestExplanation = 600

    /// A key of nobody.
    static let key: PseudonymKey = {
        let text = "detainer-key/1 fuzz " + String(repeating: "A", count: 43) + "="
        guard let key = try? PseudonymKey(file: Array(text.utf8)) else { broken("the key file is one") }
        return key
    }()

    static func run(_ bytes: [UInt8]) {
        for body in Marking.bodies(of: bytes) {
            do throws(ContractError) { _ = try IntakeContract.read(body) } catch {
                check(!error.description.contains(Marking.word), "a refusal holds no value: \(error)")
            }
        }
        let message: IntakeMessage
        do throws(ContractError) { message = try IntakeContract.read(bytes) } catch {
            refused(error, bytes)
            return
        }
        let canonical = json(message).serialized()
        guard let again = try? IntakeContract.read(canonical) else { broken("the canonical form is read") }
        check(json(again).serialized() == canonical, "the canonical form is a fixed point")
        check(again == message, "the canonical form is the same message")
        check(canonical.count <= RequestContract.maximumBodyBytes, "the canonical form keeps the bound")
        check(message.id == message.id.lowercased() && message.id.utf8.count == 36, "ids are UUIDs in lower case")
        // Signatures, digests and ledger lines are made of it.
        switch (message, again) {
        case (.request(let one), .request(let other)):
            check(key.content(of: one) == key.content(of: other), "the same content has one digest")
        case (.record(let one), .record(let other)):
            check(key.content(of: one) == key.content(of: other), "the same content has one digest")
        default: broken("the canonical form is of the same kind")
        }
    }

    static func json(_ message: IntakeMessage) -> JSONValue {
        switch message {
        case .request(let request): RequestContract.json(request)
        case .record(let record): CaseContract.json(record)
        }
    }

    private static func refused(_ error: ContractError, _ bytes: [UInt8]) {
        guard case .failure(error) = Result(catching: { () throws(ContractError) in try IntakeContract.read(bytes) })
        else { broken("errors are deterministic") }
        check(error.path == RequestMembers.pointer(error.path), "a path holds only names of the contract: \(error)")
        check(error.explanation.utf8.count <= longestExplanation, "an explanation is a sentence")
        check(error.explanation.utf8.allSatisfy { (0x20..<0x7f).contains($0) }, "an explanation is ours alone")
        if bytes.count > RequestContract.maximumBodyBytes { check(error.reason == .tooLarge, "size is told first") }
    }
}
