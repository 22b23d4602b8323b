import Crypto
import Foundation

/// Keyed pseudonyms of what records are linked by; absent where a piece is missing, for nothing links on a missing key.
public struct Pseudonyms: Sendable, Equatable {
    public var keyID: String
    /// How values were normalised before they were keyed; see ``PseudonymKey``.
    public var normalization = 1
    public var fileNumber: String?
    /// Family name, given names and birth date together; never a name alone.
    public var nameAndBirthDate: String?
    public var eventNumber: String?
    /// Agency and booking number together.
    public var booking: String?

    public init(
        keyID: String, fileNumber: String? = nil, nameAndBirthDate: String? = nil, eventNumber: String? = nil,
        booking: String? = nil
    ) {
        self.keyID = keyID
        self.fileNumber = fileNumber
        self.nameAndBirthDate = nameAndBirthDate
        self.eventNumber = eventNumber
        self.booking = booking
    }

    /// What a person is known by: never a name alone.
    public var personKeys: [String] { [fileNumberLink, nameLink].compactMap { $0?.text } }

    /// What a booking is known by.
    public var bookingKey: String? { bookingLink?.text }

    public var fileNumberLink: LinkKey? { fileNumber.map { link("file ", $0) } }
    public var nameLink: LinkKey? { nameAndBirthDate.map { link("name ", $0) } }
    public var bookingLink: LinkKey? { booking.map { link("", $0) } }

    private func link(_ kind: String, _ pseudonym: String) -> LinkKey {
        LinkKey(keyID: keyID, normalization: String(normalization), kind: kind, pseudonym: pseudonym)
    }

    /// A pseudonym with all that it takes to compare it: those of different keys or normalisations say nothing about
    /// each other.
    public struct LinkKey: Sendable {
        fileprivate var keyID: String
        fileprivate var normalization: String
        fileprivate var kind: String
        fileprivate var pseudonym: String

        public var text: String {
            var text = ""
            forEachPiece { text += $0 }
            return text
        }

        /// The text in pieces, for who hashes it.
        public func forEachPiece(_ body: (String) -> Void) {
            body(keyID)
            body(" ")
            body(normalization)
            body(" ")
            body(kind)
            body(pseudonym)
        }
    }
}

/// A jurisdiction's secret key for pseudonyms (HMAC-SHA-256, RFC 2104), kept over the years and shared by its workers.
///
/// The key file is one line: `detainer-key/1 <key id> <base64 of 32 bytes>`.
///
/// Normalisation, version 1: a file number is its digits without the zeros before them, filled with zeros to nine, and
/// none where there is nothing but zeros; a name is its letters in upper case without diacritics; an event or booking
/// number is its letters and digits in upper case.
public struct PseudonymKey: Sendable {
    /// The text is no key file; never says what it holds.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description = "the key file must be one line: `detainer-key/1`, a key id, 32 bytes in base64"
    }

    static let format = "detainer-key/1"
    private static let prefix = "detainer.pseudonym/1"
    private static let separator: UInt8 = 0x1f

    public let keyID: String
    private let key: KeyedCode

    public init(file text: [UInt8]) throws(Problem) {
        let parts = String(decoding: text, as: UTF8.self).split { $0.isWhitespace }
        guard parts.count == 3, parts[0] == Self.format, let bytes = Data(base64Encoded: String(parts[2])),
            bytes.count == 32, parts[1].utf8.count <= 32
        else { throw Problem() }
        keyID = String(parts[1])
        key = KeyedCode(key: Array(bytes))
    }

    /// The text of a new key file.
    public static func generate() -> String {
        // The system's generator is cryptographically secure (getrandom(2)).
        var generator = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let id = hexadecimal(SHA256.hash(data: Array("detainer-key-id/1".utf8) + key).prefix(4))
        return "\(format) \(id) \(Data(key).base64EncodedString())\n"
    }

    /// The pseudonyms of the person, form and booking of a request.
    public func pseudonyms(of request: Request) -> Pseudonyms {
        pseudonyms(
            request.subject, eventNumber: request.form.eventNumber, booking: request.custody.bookingNumber,
            agency: request.receivedBy.agency)
    }

    /// The pseudonyms of the person, form and booking that a record of a case is about.
    public func pseudonyms(of message: CaseMessage) -> Pseudonyms {
        pseudonyms(
            message.about.subject, eventNumber: message.about.eventNumber, booking: message.about.bookingNumber,
            agency: message.agency)
    }

    private func pseudonyms(
        _ subject: Request.Subject, eventNumber: String?, booking: String?, agency: String
    ) -> Pseudonyms {
        var pseudonyms = Pseudonyms(keyID: keyID)
        pseudonyms.fileNumber = subject.fileNumber.flatMap(fileNumber)
        if let family = subject.familyName, let given = subject.givenNames, let birth = subject.birthDate {
            pseudonyms.nameAndBirthDate = keyed(
                "name-and-birth-date", [Self.name(family), Self.name(given), birth.description])
        }
        pseudonyms.eventNumber = eventNumber.flatMap { keyed("event-number", [Self.reference($0)]) }
        pseudonyms.booking = booking.flatMap { keyed("booking", [agency, Self.reference($0)]) }
        return pseudonyms
    }

    /// The pseudonym of an A-number alone; `nil` where there is no digit in it but zeros, which fill an empty column.
    public func fileNumber(_ text: String) -> String? { keyed("file-number", [Self.fileNumber(text)]) }

    /// A key for the whole content: two messages have the same one exactly when they say the same.
    public func content(of request: Request) -> String {
        code("content", RequestContract.bytes(request))
    }

    public func content(of message: CaseMessage) -> String {
        code("content", CaseContract.bytes(message))
    }

    /// A letter's id: the same for the same message, however often it dies.
    public func letterID(of letter: DeadLetter) -> String {
        let origin = [letter.exchange, letter.routingKey, letter.envelope["messageId"]?.stringValue ?? ""]
        // Each with its length before it, so that no part can be taken for the beginning of the next.
        let parts = origin.map { "\($0.utf8.count):\($0)" }.joined()
        let digest = code("letter", Array(parts.utf8) + letter.body)
        return String(digest.prefix(24))
    }

    /// What a message is known by before it is read: the same for the same body.
    public func messageID(ofBody body: [UInt8]) -> String { String(code("message", body).prefix(32)) }

    private func keyed(_ domain: String, _ fields: [String]) -> String? {
        if fields.contains(where: \.isEmpty) { return nil }
        var message = beginning(domain, reserving: fields.reduce(fields.count - 1) { $0 + $1.utf8.count })
        for (position, field) in fields.enumerated() {
            if position > 0 { message.append(Self.separator) }
            message.append(field)
        }
        return Hexadecimal.text(key.code(of: message.finish()))
    }

    private func code(_ domain: String, _ bytes: [UInt8]) -> String {
        Hexadecimal.text(key.code(of: beginning(domain, reserving: 0).finish(), bytes))
    }

    /// Domains keep a number that is the same in two fields from having the same pseudonym.
    private func beginning(_ domain: String, reserving count: Int) -> ByteWriter {
        var message = ByteWriter(reserving: Self.prefix.utf8.count + domain.utf8.count + 2 + count)
        message.append(Self.prefix)
        message.append(Self.separator)
        message.append(domain)
        message.append(Self.separator)
        return message
    }

    static func fileNumber(_ text: String) -> String {
        let digits = plain(text, keeps: isDigit) ?? text.filter { $0.isASCII && $0.isNumber }
        let number = digits.drop { $0 == "0" }
        if number.isEmpty { return "" }
        return String(repeating: "0", count: max(0, 9 - number.count)) + number
    }

    static func name(_ text: String) -> String {
        if let plain = plain(text, keeps: isLetter) { return plain }
        let folded = text.folding(options: [.diacriticInsensitive, .widthInsensitive], locale: nil)
        return folded.uppercased().filter(\.isLetter)
    }

    static func reference(_ text: String) -> String {
        plain(text, keeps: { isLetter($0) || isDigit($0) }) ?? text.uppercased().filter { $0.isLetter || $0.isNumber }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// The same for a text of ASCII alone, in which no character is more than its byte; `nil` for any other text.
    @inline(__always)
    private static func plain(_ text: String, keeps: (UInt8) -> Bool) -> String? {
        let bytes = text.utf8.span
        var isASCII = true
        var count = 0
        var kept = ByteWriter(reserving: bytes.count)
        kept.append(bytes.count) { kept, _ in
            for position in bytes.indices {
                let byte = bytes[position]
                if byte >= 0x80 { isASCII = false }
                let upper = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 0x20 : byte
                if keeps(upper) {
                    kept[count] = upper
                    count += 1
                }
            }
        }
        kept.cut(to: count)
        return isASCII ? String(decoding: kept.finish(), as: UTF8.self) : nil
    }
}
