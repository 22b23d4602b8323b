import Detainers
import Testing

struct PublisherKeysTests {
    @Test func onlyASignatureOfAKnownKeyForThisBodyIsGood() throws {
        let (key, other) = (try PublisherSigningKey(newNamed: "desk"), try PublisherSigningKey(newNamed: "other"))
        let keys = try PublisherKeys(file: "# who may publish\n\n\(key.publicLine)\n")
        let body = Array("body".utf8)
        func judge(_ headers: [(name: String, value: String)], _ body: [UInt8]) -> PublisherKeys.Judgement {
            func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
            return keys.judge(
                keyID: header(MessageSignature.keyHeader), signature: header(MessageSignature.header), body: body)
        }
        let signed = try PublisherSigningKey(file: key.fileText).headers(signing: body)
        #expect(judge(signed, body) == .good)
        #expect(judge([], body) == .unsigned && judge([signed[0]], body) == .unsigned)
        #expect(judge(signed, Array("bodY".utf8)) == .wrong("the signature is not that key's for this body"))
        #expect(judge([signed[0], ("detainer-signature", "!")], body) != .good)
        #expect(judge([signed[0]] + [other.headers(signing: body)[1]], body) != .good)
        #expect(
            judge(other.headers(signing: body), body)
                == .wrong("the key is not one of intake.publisher-key-file"))
    }

    @Test func aFileThatIsNoneIsRefusedByItsLine() throws {
        let line = try PublisherSigningKey(newNamed: "desk").publicLine
        func problem(_ text: String) -> String? {
            do { _ = try PublisherKeys(file: text) } catch { return error.description }
            return nil
        }
        #expect(problem("\(line)\nnonsense") == "line 2 of the publishers' keys must be an id and 32 bytes in base64")
        #expect(problem("\(line)\n\(line)")?.contains("second time") == true)
        #expect(problem("# nobody\n")?.contains("holds none") == true)
        #expect(throws: PublisherSigningKey.Problem.self) { _ = try PublisherSigningKey(newNamed: "two words") }
        #expect(throws: PublisherSigningKey.Problem.self) { _ = try PublisherSigningKey(file: "desk") }
    }
}
