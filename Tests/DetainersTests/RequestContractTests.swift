import Testing

@testable import Detainers

struct RequestContractTests {
    static let minimal = #"""
        {"schema":"detainer.request/1","requestId":"6F1C2A52-8B0E-4D3C-9A57-2F0B7C1D9E44",
        "receivedBy":{"agency":"boston-police"},"receipt":{"channel":"unknown"},"form":{"kind":"unknown"}}
        """#

    static let full = #"""
        {"schema":"detainer.request/1","requestId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44","revision":2,
        "receivedBy":{"agency":"boston-police","station":"C-11"},
        "receipt":{"channel":"fax","receivedAt":"2025-12-31T23:50:00-05:00","receivedAtSource":"fax-header",
        "foundAt":"2026-01-02","pages":4,
        "imageDigest":"sha-256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "senderReference":"RMS-1"},
        "form":{"kind":"I-247A","formDate":"2025-12-31","eventNumber":"EV-1","issuingOffice":"Office",
        "probableCause":["final-order","biometric-match"],"resumeCustody":"no",
        "asks":{"hold":"yes","transfer":"yes","notice":"yes"},"defects":["not-served"]},
        "subject":{"fileNumber":"A000000001","subjectId":"S-1","familyName":"Example","givenNames":"Person",
        "birthDate":"1990-01-01"},
        "custody":{"status":"in-custody","bookingNumber":"B-1","eligibleForReleaseAt":"2026-01-01T01:10:00-05:00"},
        "attachments":[{"kind":"I-200","issuer":"immigration-officer","standing":"produced","namesSubject":"yes"}]}
        """#

    @Test func aMinimalRequestIsReadAndTheRestIsUnknown() throws {
        let request = try RequestContract.read(Array(Self.minimal.utf8))
        #expect(request.requestID == "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44")
        #expect(request.revision == 1)
        #expect(request.attachments == nil)
        #expect(request.form.asks == Request.Asks())
    }

    @Test func theCanonicalFormIsReadAsTheSameRequest() throws {
        for text in [Self.minimal, Self.full] {
            let request = try RequestContract.read(Array(text.utf8))
            #expect(try RequestContract.read(RequestContract.json(request).serialized()) == request)
        }
    }

    @Test func absentAndEmptyAttachmentsAreNotTheSame() throws {
        let looked = Self.minimal.replacing(#""form":"#, with: #""attachments":[],"form":"#)
        #expect(try RequestContract.read(Array(looked.utf8)).attachments == [])
    }

    /// What is replaced by what, and the reason and path that this must give. Every bad value holds MARKED.
    static let refusals: [(String, String, DeadLetterReason, String)] = [
        ("detainer.request/1", "detainer.request/2", .unsupportedVersion, "/schema"),
        // No version of ours: garbage of a sender.
        ("detainer.request/1", "MARKED/2", .schema, "/schema"),
        ("detainer.request/1", "detainer.request/MARKED", .schema, "/schema"),
        (#""pages":4"#, #""MARKED":4"#, .schema, "/receipt"),
        (#""pages":4"#, #""pages":"MARKED""#, .schema, "/receipt/pages"),
        (#""pages":4"#, #""pages":4.5"#, .schema, "/receipt/pages"),
        (#""pages":4"#, #""channel":"fax""#, .malformedJSON, "/receipt"),
        (#""2026-01-02""#, #""2026-02-30MARKED""#, .schema, "/receipt/foundAt"),
        (#""formDate":"2025-12-31""#, #""formDate":"2025-12-31T00:00:00Z""#, .schema, "/form/formDate"),
        (#""fax","receivedAt""#, #""MARKED","receivedAt""#, .schema, "/receipt/channel"),
        ("6f1c2a52-8b0e", "MARKED-8b0e", .schema, "/requestId"),
        ("boston-police", "MARKED Police", .schema, "/receivedBy/agency"),
        (#""produced""#, #""verified""#, .schema, "/attachments/0/verifiedBy"),
        (#""final-order","biometric-match""#, #""final-order","final-order""#, .schema, "/form/probableCause/1"),
        (#""Example""#, "\"" + String(repeating: "MARKED", count: 50) + "\"", .schema, "/subject/familyName"),
        (#""revision":2"#, #""revision":0"#, .schema, "/revision"),
        (#""custody":{"#, #""custody":[{"#, .malformedJSON, "/custody"),
        (#""asks":{"hold":"yes""#, #""asks":{"hold":true"#, .schema, "/form/asks/hold"),
        (#""receivedBy":{"agency":"boston-police","station":"C-11"},"#, "", .schema, "/receivedBy"),
    ]

    @Test(arguments: refusals.indices)
    func whatBreaksTheContractIsRefusedByPathAndNeverByValue(_ number: Int) throws {
        let (old, new, reason, path) = Self.refusals[number]
        let text = Self.full.replacing(old, with: new)
        try #require(text != Self.full)
        let error = try #require(throws: ContractError.self) { try RequestContract.read(Array(text.utf8)) }
        #expect(error.reason == reason)
        #expect(error.path.hasPrefix(path) || reason != .malformedJSON && error.path == path)
        #expect(!error.description.contains("MARKED"))
    }

    /// Two messages of the same content are the same request, as their one digest says.
    @Test(arguments: [#"{}"#, #"{"watchListMatch":"unknown"}"#])
    func findingsThatSayNothingAreNone(_ findings: String) throws {
        let text = Self.full.dropLast() + #","findings":\#(findings)}"#
        let request = try RequestContract.read(Array(text.utf8))
        #expect(try request == RequestContract.read(Array(Self.full.utf8)))
        #expect(try RequestContract.read(RequestContract.json(request).serialized()) == request)
    }

    @Test func encodingAndSizeHaveReasonsOfTheirOwn() throws {
        let latin = Array(Self.full.utf8).map { $0 == UInt8(ascii: "E") ? 0xe9 : $0 }
        #expect(try #require(throws: ContractError.self) { try RequestContract.read(latin) }.reason == .wrongEncoding)
        let long = [UInt8](repeating: 0x20, count: RequestContract.maximumBodyBytes + 1)
        #expect(try #require(throws: ContractError.self) { try RequestContract.read(long) }.reason == .tooLarge)
    }
}

struct JSONTests {
    @Test(arguments: [
        "", "{", "[1,]", #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, "01", "1.", "1e", "nul", "\"\u{1}\"", #""\ud800""#,
        #""\udc00\ud800""#, "1 2", "{'a':1}", #"["\x"]"#, "-", "+1", "[1", #"{"a"}"#,
    ])
    func whatIsNoJSONIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(text.utf8)) }
    }

    @Test(arguments: [
        "null", "true", "-0.5e+10", "[]", "{}", #"{"b":[1,{"a":"x\"\\\n"}],"a":false}"#, #""é😀""#,
    ])
    func whatIsCompactJSONComesOutAsItWentIn(_ text: String) throws {
        #expect(String(decoding: try JSONValue.parse(Array(text.utf8)).serialized(), as: UTF8.self) == text)
    }

    @Test func escapesAreRead() throws {
        #expect(try JSONValue.parse(Array(#""\u00e9\ud83d\ude00\/\t""#.utf8)) == .string("é😀/\t"))
    }

    @Test func nestingIsBounded() throws {
        let deep = String(repeating: "[", count: 100_000)
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(Array(deep.utf8)) }
        #expect(error.explanation.contains("nested deeper than 64"))
    }
}
