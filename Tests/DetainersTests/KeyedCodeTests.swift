import Testing

@testable import Detainers

struct KeyedCodeTests {
    /// RFC 4231, sections 4.2 to 4.5.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            Array(1...25), [UInt8](repeating: 0xcd, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
    ])
    func itIsTheStandardsCode(key: [UInt8], message: [UInt8], code: String) {
        let keyed = KeyedCode(key: key)
        // The second time from what the key left, which the first must not have changed.
        #expect(Hexadecimal.text(keyed.code(of: message)) == code)
        #expect(Hexadecimal.text(keyed.code(of: message)) == code)
        for cut in message.indices {
            #expect(Hexadecimal.text(keyed.code(of: Array(message[..<cut]), Array(message[cut...]))) == code)
        }
    }
}
