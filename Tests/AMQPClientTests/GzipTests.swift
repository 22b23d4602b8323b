import AMQPClient
import Foundation
import Testing

/// A body that was packed by another program is unpacked whole, within its bound, or not at all.
struct GzipTests {
    static let text = Array("What is sent is what is read.".utf8)
    private static let packed = bytes("H4sIAAAAAAACAwvPSCxRyCxWKE7NA9PlUH5RamKKHgAThlBWHQAAAA==")
    /// 65,536 and 65,537 times the letter a.
    private static let asMuchAsMaybe = bytes(
        "H4sIAAAAAAACA+3BgQAAAACAINb9JRapCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AGr/kSDDAAABAA==")
    private static let oneMore = bytes(
        "H4sIAAAAAAACA+3BgQAAAADDINb5S/wgVQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AMANX3F2xQEAAQA=")

    private static func bytes(_ base64: String) -> [UInt8] {
        guard let data = Data(base64Encoded: base64) else { fatalError("the bytes are written in base64") }
        return Array(data)
    }

    private func problem(_ packed: [UInt8], atMost maximum: Int = 1_000) -> Gzip.Problem? {
        do { _ = try Gzip.unpacked(packed, atMost: maximum) } catch { return error }
        return nil
    }

    @Test func whatIsWholeIsUnpacked() throws {
        #expect(try Gzip.unpacked(Self.packed, atMost: Self.text.count) == Self.text)
    }

    @Test func theBoundIsKeptToTheByte() throws {
        #expect(try Gzip.unpacked(Self.asMuchAsMaybe, atMost: 65_536) == [UInt8](repeating: 0x61, count: 65_536))
        #expect(problem(Self.oneMore, atMost: 65_536) == .tooLarge)
        #expect(problem(Self.packed, atMost: 0) == .tooLarge)
    }

    @Test(arguments: 0..<packed.count)
    func whatIsCutShortIsRefused(_ length: Int) {
        #expect(problem(Array(Self.packed.prefix(length))) == .cutShort)
    }

    /// A changed byte is either found, or was of what a gzip says besides, such as when it was packed.
    @Test(arguments: packed.indices)
    func aChangedByteNeverGivesOtherContent(_ position: Int) {
        var changed = Self.packed
        for bit in 0..<8 {
            changed[position] ^= 1 << UInt8(bit)
            do { #expect(try Gzip.unpacked(changed, atMost: 1_000) == Self.text) } catch {
                #expect([.damaged, .cutShort, .tooLarge, .followed].contains(error))
                #expect(position != 9, "the system that packed it says nothing of the content")
            }
            changed[position] ^= 1 << UInt8(bit)
        }
    }

    @Test func whatIsNoGzipIsRefused() {
        #expect(problem(Self.text) == .damaged)
        // zlib's own wrapping of the same method.
        #expect(problem(Self.bytes("eJwLz0gsUcgsVihOzQPT5VB+UWpiih4AmgwKIQ==")) == .damaged)
    }

    @Test func whatStandsBehindTheMemberIsRefused() {
        #expect(problem(Self.packed + [0]) == .followed)
        #expect(problem(Self.packed + Self.packed) == .followed)
    }
}
