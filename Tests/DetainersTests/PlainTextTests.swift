import Testing

@testable import Detainers

struct PlainTextTests {
    /// Around one byte of each value, at each place of a text that is longer than two words, others of each kind.
    @Test(arguments: [UInt8(ascii: "x"), 0x20, 0x7f, 0x80, 0xff])
    func itEndsWhereOneByOneItWould(filler: UInt8) {
        for byte in UInt8.min ... .max {
            for place in 0..<20 {
                var bytes = [UInt8](repeating: filler, count: 20)
                bytes[place] = byte
                // What stands behind must not show through.
                if place + 1 < bytes.count { bytes[place + 1] = filler == 0x20 ? 0x1f : filler }
                for start in 0..<3 {
                    let expected = bytes.indices.first { $0 >= start && !PlainText.isPlain(bytes[$0]) } ?? bytes.count
                    let end = PlainText.end(bytes.span, from: start)
                    if end != expected { Issue.record("byte \(byte) at \(place), from \(start): \(end)") }
                }
            }
        }
    }

    @Test func plainIsWhatNeedsNoEscape() {
        for byte in UInt8.min...0x7f {
            let text = String(Unicode.Scalar(byte))
            let isWrittenAsItIs = JSONValue.string(text).serialized().count == 3
            #expect(PlainText.isPlain(byte) == isWrittenAsItIs, "byte \(byte)")
        }
    }
}
