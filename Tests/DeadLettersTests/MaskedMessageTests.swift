import Detainers
import Testing

@testable import DeadLetters

/// What of a message is shown to somebody who only looks: nothing that could be about a person. Whatever is personal in
/// these messages holds MARKED.
struct MaskedMessageTests {
    static let marked = #"""
        {"schema":"detainer.request/1","requestId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44","revision":2,
        "receivedBy":{"agency":"boston-police","station":"MARKED C-11"},
        "receipt":{"channel":"fax","receivedAt":"2025-12-31T23:50:00-05:00","receivedAtSource":"MARKED stamp",
        "foundAt":"2026-01-02","pages":4,"imageDigest":"sha-256:MARKED","senderReference":"MARKED-1"},
        "form":{"kind":"I-247A","formDate":"2025-12-30","eventNumber":"MARKED-2","issuingOffice":"MARKED Office",
        "probableCause":["final-order","MARKED cause"],"resumeCustody":"no",
        "asks":{"hold":"yes","transfer":"unknown","notice":"MARKED"},"defects":["not-served","MARKED defect"]},
        "subject":{"fileNumber":"MARKED A000000001","subjectId":424242,"familyName":"MARKED",
        "givenNames":"MARKED Sample","birthDate":"1990-01-01 MARKED"},
        "custody":{"status":"in-custody","bookingNumber":"MARKED-3",
        "eligibleForReleaseAt":"2026-01-01T01:10:00-05:00"},
        "attachments":[{"kind":"I-200","issuer":"immigration-officer","standing":"produced","namesSubject":"yes",
        "verifiedBy":"MARKED Clerk"},"MARKED"],
        "findings":{"foundBy":"MARKED Sergeant","yearsSinceConviction":424242},
        "MARKED Person":"MARKED","notes":["MARKED",{"of MARKED":["MARKED"]}],"remark":{"MARKED, born 1990":true},
        "formKindWithALongNameMARKED":null}
        """#

    /// Every member that stays, with a hole for its value.
    static let template = #"""
        {"schema":?,"requestId":?,"revision":?,"receivedBy":{"agency":?},
        "receipt":{"channel":?,"receivedAt":?,"foundAt":?,"pages":?},
        "form":{"kind":?,"formDate":?,"probableCause":?,"resumeCustody":?,
        "asks":{"hold":?,"transfer":?,"notice":?},"defects":?},
        "custody":{"status":?,"eligibleForReleaseAt":?},
        "attachments":[{"kind":?,"issuer":?,"standing":?,"namesSubject":?}]}
        """#

    private static func shown(_ body: String) throws -> String {
        try #require(MaskedMessage.body(Array(body.utf8))).joined(separator: "\n")
    }

    @Test func nothingThatCouldBeAboutAPersonIsShown() throws {
        let shown = try Self.shown(Self.marked)
        for personal in ["MARKED", "1990", "424242", "C-11", "Sample", "A000000001"] {
            #expect(!shown.contains(personal))
        }
        #expect(shown.contains(#""familyName": "▒▒▒""#))
    }

    @Test func closedWordsIdsAndDatesStay() throws {
        let shown = try Self.shown(Self.marked)
        for line in [
            #""schema": "detainer.request/1""#, #""requestId": "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44""#,
            #""revision": 2"#, #""agency": "boston-police""#, #""channel": "fax""#,
            #""receivedAt": "2025-12-31T23:50:00-05:00""#, #""foundAt": "2026-01-02""#, #""pages": 4"#,
            #""kind": "I-247A""#, #""formDate": "2025-12-30""#, #""final-order""#, #""resumeCustody": "no""#,
            #""hold": "yes""#, #""transfer": "unknown""#, #""not-served""#, #""status": "in-custody""#,
            #""eligibleForReleaseAt": "2026-01-01T01:10:00-05:00""#, #""kind": "I-200""#,
            #""issuer": "immigration-officer""#, #""standing": "produced""#, #""namesSubject": "yes""#,
        ] {
            #expect(shown.contains(line))
        }
    }

    @Test(arguments: [
        #""MARKED Person""#, #""MARKED""#, #"["MARKED Person",["MARKED Person"]]"#,
        #"{"MARKED Person":"MARKED Person"}"#, #"[{"of MARKED":["MARKED Person"]}]"#, #""I-247A MARKED""#,
        #""yes MARKED""#, #""2025-12-31 MARKED""#, #""2025-12-31T23:50:00-05:00MARKED""#, #""4 MARKED""#,
        #""6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44 MARKED""#, #""boston-police\nMARKED""#,
    ])
    func aValueOfTheWrongKindIsCoveredWhereARightOneStays(_ value: String) throws {
        let shown = try Self.shown(Self.template.replacing("?", with: value))
        #expect(!shown.contains("MARKED"))
    }

    @Test(arguments: [#""MARKED""#, #"["MARKED",["MARKED"]]"#, #"[{"of MARKED":"MARKED"}]"#])
    func aBodyThatIsNoObjectIsCoveredToo(_ body: String) throws {
        #expect(try !Self.shown(body).contains("MARKED"))
    }

    @Test func aMemberNameOfLettersAloneThatIsNoneOfOursIsCovered() throws {
        let shown = try Self.shown(#"{"MARKED":1,"subject":{"PersonMARKED":"x"},"form":{"MARKED":{"MARKED":true}}}"#)
        #expect(!shown.contains("MARKED"))
        let envelope = MaskedMessage.envelope(["headers": ["MARKED": "x"]])
        #expect(!String(decoding: envelope.serialized(), as: UTF8.self).contains("MARKED"))
    }

    @Test func aTextBehindAnIdAndAZeroByteIsCovered() throws {
        let id = #"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44\u0000MARKED"#
        #expect(try !Self.shown(#"{"requestId":"\#(id)"}"#).contains("MARKED"))
    }

    @Test(arguments: ["", "MARKED", #"{"familyName":"MARKED""#, "{'a':1}", "<familyName>MARKED</familyName>"])
    func ofABodyThatIsNoJSONNothingIsShown(_ body: String) {
        #expect(MaskedMessage.body(Array(body.utf8)) == nil)
        #expect(MaskedMessage.body(Array(body.utf8) + [0xff]) == nil)
    }

    // MARK: - properties and headers

    static let envelope: JSONValue = [
        "contentType": "application/json", "contentEncoding": "gzip",
        "messageId": "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44", "type": "detainer.request/1",
        "correlationId": "MARKED", "appId": "MARKED", "userId": "MARKED", "replyTo": "MARKED",
        "expiration": "60000", "timestamp": 1_767_300_000, "deliveryMode": 2, "priority": 4,
        "headers": [
            "MARKED Person": "MARKED", "x-MARKED": true, "x-name": "MARKED", "tenant": "MARKED", "count": 424_242,
            "x-list": ["MARKED", ["MARKED": "MARKED"]], "x-table": ["MARKED": ["MARKED": 424_242]],
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "x-detainer-replayed": "0123456789abcdef00000001/2026-03-04T10:00:00.00Z/2026-03-05T10:00:00.00Z",
        ],
    ]

    @Test func propertiesShowKindsAndIdsAndNothingThatASenderChose() {
        let shown = MaskedMessage.envelope(Self.envelope)
        let text = String(decoding: shown.serialized(), as: UTF8.self)
        #expect(!text.contains("MARKED") && !text.contains("424242"))
        for name in [
            "contentType", "contentEncoding", "messageId", "type", "expiration", "timestamp", "deliveryMode",
            "priority",
        ] {
            #expect(shown[name] == Self.envelope[name])
        }
        for name in ["correlationId", "appId", "userId", "replyTo"] { #expect(shown[name] == .string("▒▒▒")) }
        for name in ["traceparent", ReplayHistory.header] {
            #expect(shown["headers"]?[name] == Self.envelope["headers"]?[name])
        }
        #expect(shown["headers"]?.objectValue?.count == 9)
    }

    @Test func propertiesOfTheWrongKindAreCovered() {
        let envelopes: [JSONValue] = [
            [
                "contentType": "MARKED Type", "contentEncoding": "MARKED", "messageId": "MARKED", "type": "MARKED",
                "expiration": "MARKED", "timestamp": "MARKED", "deliveryMode": ["MARKED": "MARKED"],
                "priority": ["MARKED"], "headers": "MARKED",
            ],
            ["headers": ["traceparent": "MARKED", "x-detainer-replayed": "MARKED"]],
            ["headers": ["traceparent": ["MARKED"], "x-detainer-replayed": ["MARKED": "MARKED"]]],
            ["headers": ["MARKED"]], ["MARKED"], "MARKED",
        ]
        for envelope in envelopes {
            let text = String(decoding: MaskedMessage.envelope(envelope).serialized(), as: UTF8.self)
            #expect(!text.contains("MARKED"))
        }
    }

    // MARK: - unmasked

    @Test func revealedShowsTheMessageAsItIs() throws {
        let lines = MaskedMessage.revealed(Array(Self.marked.utf8))
        let shown = try JSONValue.parse(Array(lines.joined(separator: "\n").utf8))
        let sent = try JSONValue.parse(Array(Self.marked.utf8))
        #expect(shown == sent)
        #expect(lines.count > 40)
    }

    @Test func revealedShowsTextThatIsNoJSONAsItIsAndBytesInBase64() {
        #expect(MaskedMessage.revealed(Array("MARKED is no JSON".utf8)) == ["MARKED is no JSON"])
        #expect(MaskedMessage.revealed([0xff, 0xfe]) == ["base64: //4="])
    }
}
