import Crypto
import Foundation

// Signed messages. A publisher signs the body, byte for byte, with Ed25519 (RFC 8032), and puts two headers beside it:
//
//     detainer-signature-key   the id of its key, as the workers' file names it
//     detainer-signature       the 64 bytes of the signature in base64
//
// The workers' file of publishers' keys has one a line, and lines that begin with # are comments:
//
//     <id> <base64 of the public key's 32 bytes>
//
// A publisher's own key file is one line: `detainer-publisher-key/1 <id> <base64 of the private key's 32 bytes>`.

/// Names of the headers that a signed message carries.
public enum MessageSignature {
    public static let header = "detainer-signature"
    public static let keyHeader = "detainer-signature-key"
}

/// The public keys of publishers, by their ids.
public struct PublisherKeys: Sendable {
    /// The file is not one of publishers' keys; names the line.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String
    }

    /// What a signature says of a body.
    public enum Judgement: Sendable, Equatable {
        case good
        /// A header is missing.
        case unsigned
        /// The key is not known, or the signature is not its for this body.
        case wrong(String)
    }

    private var keys: [String: Curve25519.Signing.PublicKey] = [:]

    public init(file text: String) throws(Problem) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0.isWhitespace }
            if words.isEmpty || words[0].hasPrefix("#") { continue }
            guard words.count == 2, let bytes = Data(base64Encoded: String(words[1])), bytes.count == 32,
                let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
            else {
                // Why the bytes are no key says nothing that the form does not.
                throw Problem(
                    description: "line \(number + 1) of the publishers' keys must be an id and 32 bytes in base64")
            }
            if keys[String(words[0])] != nil {
                throw Problem(description: "line \(number + 1) of the publishers' keys names an id for the second time")
            }
            keys[String(words[0])] = key
        }
        if keys.isEmpty { throw Problem(description: "the file of publishers' keys holds none: nobody could publish") }
    }

    /// - Parameters:
    ///   - keyID: what the header ``MessageSignature/keyHeader`` says.
    ///   - signature: what the header ``MessageSignature/header`` says.
    public func judge(keyID: String?, signature: String?, body: [UInt8]) -> Judgement {
        guard let keyID, let signature else { return .unsigned }
        // Neither is repeated: any sender can write anything there.
        guard let key = keys[keyID] else { return .wrong("the key is not one of intake.publisher-key-file") }
        guard let bytes = Data(base64Encoded: signature), key.isValidSignature(bytes, for: body) else {
            return .wrong("the signature is not that key's for this body")
        }
        return .good
    }
}

/// A publisher's own key.
public struct PublisherSigningKey: Sendable {
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String
    }

    static let format = "detainer-publisher-key/1"

    public let id: String
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    public init(newNamed id: String) throws(Problem) {
        guard !id.isEmpty, id.utf8.count <= 64, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !id.hasPrefix("#")
        else {
            throw Problem(description: "a key's id is 1 to 64 printable characters without a space")
        }
        self.id = id
        key = Curve25519.Signing.PrivateKey()
    }

    public init(file text: String) throws(Problem) {
        let words = text.split { $0.isWhitespace }
        guard words.count == 3, words[0] == Self.format, let bytes = Data(base64Encoded: String(words[2])),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else {
            // Why the bytes are no key is not told: they are a secret.
            throw Problem(description: "the key file must be one line: `\(Self.format)`, an id, 32 bytes in base64")
        }
        (id, self.key) = (String(words[1]), key)
    }

    public var fileText: String { "\(Self.format) \(id) \(key.rawRepresentation.base64EncodedString())\n" }

    /// The line for the workers' file.
    public var publicLine: String { "\(id) \(key.publicKey.rawRepresentation.base64EncodedString())" }

    /// The headers that a message with this body carries.
    public func headers(signing body: [UInt8]) -> [(name: String, value: String)] {
        // Signing with a key in memory cannot fail; without a signature the message is refused, not taken.
        let signature = (try? key.signature(for: body))?.base64EncodedString() ?? ""
        return [(MessageSignature.keyHeader, id), (MessageSignature.header, signature)]
    }
}
