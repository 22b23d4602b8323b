import Crypto

/// One version of one request: the key that records are told apart by.
///
/// The ids of its outcome and of its event are pure functions of it, so that workers that know nothing of each other
/// give the same request the same ids, and ledgers merge by union.
public struct RequestIdentity: Sendable, Hashable {
    public let requestID: String
    public let revision: Int

    public init(requestID: String, revision: Int) {
        self.requestID = requestID
        self.revision = revision
    }

    public var outcomeID: String { DerivedUUID.make("detainer.outcome/1", [requestID, String(revision)]) }
    public var eventID: String { DerivedUUID.make("detainer.event/1", [requestID, String(revision)]) }
}

/// UUIDs of version 8 (RFC 9562, section 5.8) made from SHA-256 of a domain and some fields.
enum DerivedUUID {
    /// Fields are separated by the unit separator, which no field may hold, so that no two lists run together.
    static func make(_ domain: String, _ fields: [String]) -> String {
        let text = ([domain] + fields).joined(separator: "\u{1f}")
        var bytes = Array(SHA256.hash(data: Array(text.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = hexadecimal(bytes)
        var parts: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}

/// Lower-case hexadecimal.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
