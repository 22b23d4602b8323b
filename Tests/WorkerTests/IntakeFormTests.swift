import AMQPClient
import Foundation
import Policy
import Testing

@testable import Detainers
@testable import Worker

/// The same message in every form that it may be sent in is the same outcome; what is in no such form is refused with
/// its reason and place.
struct IntakeFormTests {
    static let body =
        #"{"schema":"detainer.request/1","requestId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44","#
        + #""receivedBy":{"agency":"boston-police"},"receipt":{"channel":"fax","#
        + #""receivedAt":"2025-12-31T23:50:00-05:00"},"form":{"kind":"I-247A"}}"#
    /// The same by another program.
    static let gzipped: [UInt8] = {
        let base64 =
            "H4sIAAAAAAACA02OQQ6CMBBF7zJrR9uhFWGHO/ZeoLRTIUpBQKMh3N1iWLiZ/OS//zIzjLbm1kAOjifTBB72Az+ePE"
            + "4HCTvYcukicPTSktGEp0owKpdYzIxOkbyoUitdxkr9JpabF7vzB/IZzJWDjQmqbpy6gH13byzDsnH9tEK2NiHwPVLe"
            + "vP8URWyBBGmUhIm8UJJrkQuBQse7Snw3tKvh1oT1xRJJpQUsyxdTN9Qu2AAAAA=="
        guard let data = Data(base64Encoded: base64) else { fatalError("the bytes are written in base64") }
        return Array(data)
    }()
    static let attributes = #""specversion":"1.0","id":"e-1","source":"/desk","type":"detainer.request","#
    static let event = "{" + attributes + #""time":"2026-01-01T00:00:00Z","urgent":true,"data":"# + body + "}"

    static func judge(
        publishers: PublisherKeys? = nil, contract: IntakeContract = .current
    ) throws -> Judge {
        let file =
            #filePath.prefix(upTo: try #require(#filePath.range(of: "/Tests/")).lowerBound)
            + "/config/policies/boston-2019.yaml"
        let policy = try PolicyDocument.parse(
            text: String(contentsOfFile: String(file), encoding: .utf8), file: String(file))
        let key = try PseudonymKey(file: Array("detainer-key/1 0 \(Data(count: 32).base64EncodedString())".utf8))
        return Judge(
            policies: try PolicySet([policy], allowDrafts: true, home: "boston"), keys: ["boston": key], worker: "w",
            publishers: publishers, contract: contract)
    }

    static func delivery(
        _ body: [UInt8], _ change: (inout MessageProperties) -> Void = { _ in }
    ) -> Delivery {
        var properties = MessageProperties()
        change(&properties)
        return Delivery(
            deliveryTag: 1, redelivered: false, exchange: "e", routingKey: "request",
            message: Message(body: body, properties: properties))
    }

    static func delivery(
        _ body: String, _ change: (inout MessageProperties) -> Void = { _ in }
    ) -> Delivery { delivery(Array(body.utf8), change) }

    private static let now = Moment(secondsSinceEpoch: 1_767_225_600)

    /// The content key of what it becomes, or why it is refused.
    static func words(_ delivery: Delivery, _ judge: Judge) -> String {
        switch judge.arrival(of: delivery, at: now).verdict {
        case .entry(let entry): "content " + entry.contentKey
        case .dead(let letter): letter.reason.rawValue + " " + letter.detail
        }
    }

    private func binary(_ prefix: String, _ change: (inout MessageProperties) -> Void = { _ in }) -> Delivery {
        Self.delivery(Self.body) {
            $0.contentType = "application/json"
            $0.headers = [
                (prefix + "specversion", .string("1.0")), (prefix + "id", .string("e-1")),
                (prefix + "source", .string("/desk")), (prefix + "type", .string("detainer.request")),
                (prefix + "time", .timestamp(1_767_225_600)), ("other", .table([])),
            ]
            change(&$0)
        }
    }

    @Test func theSameMessageInEveryFormHasTheSameContentKey() throws {
        let judge = try Self.judge()
        let plain = Self.words(Self.delivery(Self.body), judge)
        try #require(plain.hasPrefix("content "))
        let types = [
            "", "application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\"",
            "text/plain",
            "application/octet-stream", "application/json; charset=us-ascii; x=y",
        ]
        for type in types {
            #expect(Self.words(Self.delivery(Self.body) { $0.contentType = type }, judge) == plain, "\(type)")
        }
        for encoding in ["gzip", "GZIP"] {
            #expect(Self.words(Self.delivery(Self.gzipped) { $0.contentEncoding = encoding }, judge) == plain)
        }
        for type in [IntakeForm.eventType, "application/cloudevents+json; charset=UTF-8"] {
            #expect(Self.words(Self.delivery(Self.event) { $0.contentType = type }, judge) == plain)
        }
        #expect(Self.words(binary("cloudEvents:"), judge) == plain)
        #expect(Self.words(binary("cloudEvents_"), judge) == plain)
    }

    /// What of a good event is replaced by what, and the refusal. Whatever could be a person's holds MARKED.
    static let refusals: [(String, String, String)] = [
        (#""specversion":"1.0","#, "", "schema /specversion: is required"),
        (#""specversion":"1.0""#, #""specversion":"0.3""#, "schema /specversion: must be `1.0`"),
        (#""specversion":"1.0""#, #""specversion":1.0"#, "schema /specversion: must be text"),
        (#""id":"e-1","#, "", "schema /id: is required"),
        (#""id":"e-1""#, #""id":"""#, "schema /id: must be text, and not empty"),
        (#""source":"/desk","#, "", "schema /source: is required"),
        (#""type":"detainer.request","#, "", "schema /type: is required"),
        (#""type":"detainer.request""#, #""type":null"#, "schema message: has a member beside `data`"),
        (#""time":"2026-01-01T00:00:00Z""#, #""time":"MARKED""#, "schema /time: must be a date and time"),
        (#""urgent":true"#, #""urgent":{"MARKED":1}"#, "schema message: has a member beside `data`"),
        (#""urgent":true"#, #""MARKED":true"#, "schema message: the name of an attribute"),
        (#""urgent":true"#, #""datacontenttype":"text/MARKED""#, "schema /datacontenttype: must be"),
        (#""data":"#, #""date":"#, "schema message: has a member beside `data`"),
        (#""data":"#, #""data_base64":"MARKED","data":"#, "schema /data_base64: is not read"),
        (#""data":"#, #""data":"MARKED","more":"#, "schema message: has a member beside"),
        (#""data":"# + body, #""data":"MARKED""#, "schema /data: must be an object"),
        (#","data":"# + body, "", "schema /data: is required"),
        (#""I-247A""#, #""MARKED""#, "schema /data/form/kind: must be one of"),
        (#""form":{"kind":"I-247A"}"#, #""form":{"kind":"I-247A"},"MARKED":1"#, "schema /data: has a member"),
        ("detainer.request/1", "detainer.request/9", "unsupported-version /data/schema: must be"),
    ]

    @Test(arguments: refusals.indices)
    func anEventThatIsNoneIsRefusedByItsPlaceAndNeverByValue(_ number: Int) throws {
        let (old, new, refusal) = Self.refusals[number]
        let event = Self.event.replacing(old, with: new)
        try #require(event != Self.event)
        let words = Self.words(Self.delivery(event) { $0.contentType = IntakeForm.eventType }, try Self.judge())
        #expect(words.hasPrefix(refusal), "\(words)")
        #expect(!words.contains("MARKED"))
    }

    @Test func headersThatSayEventHaveAllThatAnEventHas() throws {
        let judge = try Self.judge()
        for name in ["specversion", "id", "source", "type"] {
            let incomplete = binary("cloudEvents:") { $0.headers.removeAll { $0.0 == "cloudEvents:" + name } }
            #expect(Self.words(incomplete, judge) == "schema headers/cloudEvents:\(name): is required")
        }
        let old = binary("cloudEvents_") { $0.headers[0].1 = .string("0.3") }
        #expect(Self.words(old, judge) == "schema headers/cloudEvents_specversion: must be `1.0`")
        let bytes = binary("cloudEvents:") { $0.headers[1].1 = .bytes([0xff]) }
        #expect(Self.words(bytes, judge) == "schema headers/cloudEvents:id: must be text, and not empty")
        let twice = binary("cloudEvents:") { $0.headers.append(("cloudEvents_id", .string("e-2"))) }
        #expect(Self.words(twice, judge) == "schema headers: an attribute of CloudEvents stands there twice")
    }

    @Test func anIdentityIsToldWhereItStands() throws {
        let judge = try Self.judge()
        let other = Self.delivery(Self.event) {
            ($0.contentType, $0.messageID) = (IntakeForm.eventType, "99999999-0000-4000-8000-000000000001")
        }
        #expect(
            Self.words(other, judge) == "identity-mismatch /data/requestId: differs from the property message_id")
        #expect(
            judge.arrival(of: other, at: Self.now).conflictLetter().detail.hasPrefix("/data/requestId: another content")
        )
        // The id of the event is not that of the message.
        let same = Self.delivery(Self.event) {
            ($0.contentType, $0.messageID) = (IntakeForm.eventType, "6F1C2A52-8B0E-4D3C-9A57-2F0B7C1D9E44")
        }
        #expect(Self.words(same, judge).hasPrefix("content "))
    }

    @Test func typesAndEncodingsThatAreNotReadAreRefused() throws {
        let judge = try Self.judge()
        let types = [
            ("application/json; charset=iso-8859-1", "the charset must be utf-8"),
            ("text/plain;charset=", "the charset must be utf-8"),
            ("application/cloudevents-batch+json", "of CloudEvents only"),
            ("application/cloudevents+avro", "of CloudEvents only"),
        ]
        for (type, why) in types {
            let words = Self.words(Self.delivery(Self.body) { $0.contentType = type }, judge)
            #expect(words.hasPrefix("wrong-encoding properties/content_type: " + why), "\(words)")
        }
        func packed(_ bytes: [UInt8], _ encoding: String = "gzip") -> String {
            Self.words(Self.delivery(bytes) { $0.contentEncoding = encoding }, judge)
        }
        let place = "wrong-encoding properties/content_encoding: "
        #expect(packed(Self.gzipped, "br") == place + "send plain UTF-8, or gzip")
        #expect(packed(Self.gzipped.dropLast()) == place + "the body is cut short: it is no whole gzip")
        #expect(packed(Array(Self.body.utf8)) == place + "the body is no gzip, or is damaged")
        #expect(packed(Self.gzipped + [0]) == place + "something stands behind the first gzip member: send one")
        // Packed and not said so.
        #expect(Self.words(Self.delivery(Self.gzipped), judge).hasPrefix("wrong-encoding message"))
        // What is too large as it came is not unpacked.
        #expect(packed([UInt8](repeating: 0, count: 65_537)) == "too-large message: is larger than 65536 bytes")
    }

    /// The signature is over what went over the wire, and nothing is unpacked for who has none.
    @Test func aSignatureIsOverTheBodyAsItWasSent() throws {
        let key = try PublisherSigningKey(newNamed: "desk")
        let judge = try Self.judge(publishers: try PublisherKeys(file: key.publicLine + "\n"))
        func signed(_ over: [UInt8]) -> Delivery {
            Self.delivery(Self.gzipped) {
                $0.contentEncoding = "gzip"
                $0.headers = key.headers(signing: over).map { ($0.name, .string($0.value)) }
            }
        }
        #expect(Self.words(signed(Self.gzipped), judge).hasPrefix("content "))
        #expect(Self.words(signed(Array(Self.body.utf8)), judge).hasPrefix("wrong-signature "))
        #expect(Self.words(Self.delivery([0]) { $0.contentEncoding = "gzip" }, judge).hasPrefix("unsigned "))
    }
}
