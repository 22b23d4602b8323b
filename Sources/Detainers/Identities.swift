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
public enum DerivedUUID {
    /// Fields are separated by the unit separator, which no field may hold, so that no two lists run together.
    public static func make(_ domain: String, _ fields: [String]) -> String {
        var text = ByteWriter(reserving: fields.reduce(domain.utf8.count) { $0 + 1 + $1.utf8.count })
        text.append(domain)
        for field in fields {
            text.append(0x1f)
            text.append(field)
        }
        var version8 = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        var position = 0
        var place = 0
        for byte in SHA256.hash(data: text.finish()) {
            if place == 36 { break }
            // Where the hyphens stand that are there already.
            if place == 8 || place == 13 || place == 18 || place == 23 { place += 1 }
            let byte = position == 6 ? byte & 0x0f | 0x80 : position == 8 ? byte & 0x3f | 0x80 : byte
            version8[place] = Hexadecimal.digit(byte >> 4)
            version8[place + 1] = Hexadecimal.digit(byte & 15)
            place += 2
            position += 1
        }
        return String(ascii: version8.span)
    }
}
