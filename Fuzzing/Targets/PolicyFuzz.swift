@testable import Policy

/// The reader of policy files: it ends, says the same each time, and what it takes it can prove or refute.
enum PolicyFuzz {
    /// Proving more takes longer than an input may.
    private static let mostRows = 4

    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let (first, second) = (read(text), read(text))
        switch (first, second) {
        case (.failure(let error), .failure(let again)):
            check(error == again, "errors are deterministic")
            check(!error.problems.isEmpty, "a refusal says what is wrong")
        case (.success(let document), .success(let again)):
            check(document.digest == again.digest, "reading is deterministic")
            check(document.text == text, "the text is kept as it is")
            check(!document.receivers.isEmpty && !document.name.isEmpty, "what is required is there")
            if document.counts.rows <= mostRows { check(document.proof() == again.proof(), "proofs are deterministic") }
        default: broken("reading is deterministic")
        }
    }

    private static func read(_ text: String) -> Result<PolicyDocument, PolicyError> {
        Result { () throws(PolicyError) in try PolicyDocument.read(text: text, file: "fuzz.yaml") }
    }
}
