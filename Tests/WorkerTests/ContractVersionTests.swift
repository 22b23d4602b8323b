import AMQPClient
import Testing

@testable import Detainers
@testable import Worker

/// How a second version of a contract comes beside the first: a reader of its own, and nothing else changes.
struct ContractVersionTests {
    private static let second = "detainer.request/2"

    /// A version in which agency, channel and form are no objects any more, read into the same values.
    private static let both = IntakeContract.current.adding(second) { json throws(ContractError) in
        var root = try ObjectReader(json, path: "")
        try IntakeContract.checkSchema(&root, is: second)
        let request = Request(
            requestID: try root.requiredUUID("requestId"), revision: 1,
            receivedBy: .init(agency: try root.requiredName("agency", atMost: 128)),
            receipt: .init(channel: try root.requiredWord("channel"), receivedAt: try root.moment("receivedAt")),
            form: .init(kind: try root.requiredWord("form")))
        try root.finish()
        return .request(request)
    }

    private static let body = #"""
        {"schema":"detainer.request/2","requestId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44","agency":"boston-police",
        "channel":"fax","receivedAt":"2025-12-31T23:50:00-05:00","form":"I-247A"}
        """#

    /// The worker of before makes a letter of it, byte for byte; the one of after decides that very message, as
    /// if it had been written in the first version.
    @Test func aMessageOfALaterVersionIsALetterUntilTheUpgradeAndThenAnOutcome() throws {
        let (before, after) = (try IntakeFormTests.judge(), try IntakeFormTests.judge(contract: Self.both))
        let delivery = IntakeFormTests.delivery(Self.body)
        guard case .dead(let letter) = before.arrival(of: delivery, at: Moment(secondsSinceEpoch: 0)).verdict else {
            Issue.record("a version that is not known is a letter")
            return
        }
        #expect(letter.reason == .unsupportedVersion && letter.detail == "/schema: must be `detainer.request/1`")
        #expect(letter.body == Array(Self.body.utf8))
        let decided = IntakeFormTests.words(IntakeFormTests.delivery(letter.body), after)
        #expect(decided.hasPrefix("content "))
        #expect(decided == IntakeFormTests.words(IntakeFormTests.delivery(IntakeFormTests.body), before))
    }

    @Test func theFirstVersionIsReadAsBefore() throws {
        let (before, after) = (try IntakeFormTests.judge(), try IntakeFormTests.judge(contract: Self.both))
        let bodies =
            [IntakeFormTests.body, RequestContractTexts.recordOfCase, "{}", "[]", "{"]
            + ["detainer.request/x", "detainer.request/", "detainer.request", "other/1", "", "7"].map {
                IntakeFormTests.body.replacing("detainer.request/1", with: $0)
            }
        for body in bodies {
            let delivery = IntakeFormTests.delivery(body)
            let (old, new) = (IntakeFormTests.words(delivery, before), IntakeFormTests.words(delivery, after))
            // Who writes none of the versions is told one more.
            #expect(new.replacing(" or `\(Self.second)`", with: "") == old)
        }
        let third = IntakeFormTests.delivery(Self.body.replacing("request/2", with: "request/3"))
        #expect(
            IntakeFormTests.words(third, after)
                == "unsupported-version /schema: must be `detainer.request/1` or `detainer.request/2`")
        let wrong = IntakeFormTests.delivery(Self.body.replacing("\"agency\"", with: "\"station\""))
        #expect(IntakeFormTests.words(wrong, after) == "schema /agency: is required")
    }
}

private enum RequestContractTexts {
    static let recordOfCase = #"""
        {"schema":"detainer.record/1","recordId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44","kind":"cancellation",
        "agency":"boston-police","recordedBy":"records-clerk","about":{"bookingNumber":"B-1"}}
        """#
}
