import Crypto
import Foundation

// Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519 (RFC 8032, signature type 1).
//
//     <key name>/<log id>                                  the origin
//     514                                                  records covered, from the first on
//     <RFC 6962 root over them, base64>
//
//     — <key name>/<log id> <base64 of key id and signature>
//
// One key pair serves all ledgers of a jurisdiction. Each ledger signs under a name of its own, the origin, so that two
// workers' checkpoints are never mistaken for two versions of one log. The key files are one line each:
//
//     private  PRIVATE+KEY+<key name>+<key id>+<base64 of 0x01 and the 32-byte seed>
//     public   <key name>+<key id>+<base64 of 0x01 and the 32-byte public key>
//
// The key id is the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), in hexadecimal in the key files. To
// check one ledger's checkpoints with another tool, compute the key id again with the origin as the name.

/// What is wrong with a key, a note or a proof; never holds a secret.
public struct NoteError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// What a ledger was at some size.
public struct TreeHead: Sendable, Equatable {
    public var origin: String
    public var size: UInt64
    /// RFC 6962 root, 32 bytes.
    public var rootHash: [UInt8]

    var text: String { "\(origin)\n\(size)\n\(Data(rootHash).base64EncodedString())\n" }

    init(origin: String, size: UInt64, rootHash: [UInt8]) {
        self.origin = origin
        self.size = size
        self.rootHash = rootHash
    }

    /// What a signed note says, whoever signed it.
    public init(note: String) throws(NoteError) { self = try SignedNote.parts(note).head }

    /// Whether it is a checkpoint of the ledger with that id.
    public func isOf(logID: String) -> Bool { origin.hasSuffix("/" + logID) }

    init(text: Substring) throws(NoteError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", !lines[0].isEmpty, let size = UInt64(lines[1]),
            String(size) == lines[1], let root = Data(base64Encoded: String(lines[2])), root.count == 32,
            // Base64 has other ways to write the same bytes; a root has one.
            root.base64EncodedString() == lines[2]
        else { throw NoteError(description: "a checkpoint is an origin, a size and a root, one a line") }
        self.init(origin: String(lines[0]), size: size, rootHash: Array(root))
    }
}

/// The key that a jurisdiction's ledgers are signed with.
public struct LedgerSigningKey: Sendable {
    static let marker = "PRIVATE+KEY+"

    public let name: String
    private let key: Curve25519.Signing.PrivateKey

    /// A new key under that name: a URL without its scheme, such as `detainers.example.gov`.
    public init(newNamed name: String) throws(NoteError) {
        guard NoteKey.isName(name) else {
            throw NoteError(description: "a key's name is 1 to 128 printable characters without spaces and `+`")
        }
        self.name = name
        key = Curve25519.Signing.PrivateKey()
    }

    public init(file text: String) throws(NoteError) {
        guard text.hasPrefix(Self.marker) else { throw NoteError(description: "this is no private key of a ledger") }
        let (name, id, bytes) = try NoteKey.parse(text.dropFirst(Self.marker.count))
        do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes) } catch {
            throw NoteError(description: "this is no private key of a ledger")
        }
        self.name = name
        guard id == NoteKey.id(name, Array(key.publicKey.rawRepresentation)) else {
            throw NoteError(description: "the private key's id does not fit its name and bytes")
        }
    }

    public var publicKey: LedgerPublicKey { LedgerPublicKey(name: name, key: key.publicKey) }

    /// The line of the private key's file.
    public var fileText: String {
        let id = NoteKey.id(name, Array(key.publicKey.rawRepresentation))
        let bytes = Data([NoteKey.ed25519]) + key.rawRepresentation
        return "\(Self.marker)\(name)+\(NoteKey.hexadecimal(id))+\(bytes.base64EncodedString())\n"
    }

    func origin(logID: String) -> String { name + "/" + logID }

    /// The signed note of a tree head whose origin is this key's name for that log.
    func sign(_ head: TreeHead) throws(NoteError) -> String {
        let id = NoteKey.id(head.origin, Array(key.publicKey.rawRepresentation))
        let signature: Data
        do { signature = try key.signature(for: Data(head.text.utf8)) } catch {
            throw NoteError(description: "the checkpoint could not be signed: \(error)")
        }
        return head.text + "\n— \(head.origin) \((Data(id) + signature).base64EncodedString())\n"
    }
}

/// The public half: all that an auditor needs.
public struct LedgerPublicKey: Sendable {
    /// A note of ours is a few hundred bytes; witnesses may add their signatures.
    static let maximumNoteBytes = 1 << 20

    public let name: String
    private let key: Curve25519.Signing.PublicKey

    init(name: String, key: Curve25519.Signing.PublicKey) {
        self.name = name
        self.key = key
    }

    public init(file text: String) throws(NoteError) {
        let (name, id, bytes) = try NoteKey.parse(text[...])
        do { key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes) } catch {
            throw NoteError(description: "this is no public key of a ledger")
        }
        self.name = name
        guard id == NoteKey.id(name, Array(key.rawRepresentation)) else {
            throw NoteError(description: "the public key's id does not fit its name and bytes")
        }
    }

    /// The line of the public key's file.
    public var fileText: String {
        let id = NoteKey.id(name, Array(key.rawRepresentation))
        let bytes = Data([NoteKey.ed25519]) + key.rawRepresentation
        return "\(name)+\(NoteKey.hexadecimal(id))+\(bytes.base64EncodedString())\n"
    }

    /// The tree head of a note that one of this key's ledgers signed.
    ///
    /// - Throws: where the note is not signed by it, or its signature is wrong.
    public func open(_ note: String) throws(NoteError) -> TreeHead {
        let (head, text, signatures) = try SignedNote.parts(note)
        guard head.origin.hasPrefix(name + "/") else {
            throw NoteError(description: "the checkpoint's origin is not a ledger of the key `\(name)`")
        }
        let id = NoteKey.id(head.origin, Array(key.rawRepresentation))
        for line in signatures where line.name == head.origin && Array(line.bytes.prefix(4)) == id {
            guard key.isValidSignature(line.bytes.dropFirst(4), for: Data(text.utf8)) else { break }
            return head
        }
        throw NoteError(description: "the checkpoint is not signed by the key `\(name)`, or its signature is wrong")
    }
}

/// A note taken apart.
enum SignedNote {
    typealias Signature = (name: String, bytes: Data)

    static func parts(_ note: String) throws(NoteError) -> (head: TreeHead, text: String, signatures: [Signature]) {
        guard note.utf8.count <= LedgerPublicKey.maximumNoteBytes, note.hasSuffix("\n"),
            let blank = note.range(of: "\n\n", options: .backwards)
        else { throw NoteError(description: "this is no signed note: a text, an empty line, signatures") }
        let text = note[..<note.index(after: blank.lowerBound)]
        var signatures: [Signature] = []
        for line in note[blank.upperBound...].split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 3, words[0] == "—", let bytes = Data(base64Encoded: String(words[2])), bytes.count > 4
            else { throw NoteError(description: "a signature line of the note cannot be read") }
            signatures.append((String(words[1]), bytes))
        }
        return (try TreeHead(text: text), String(text), signatures)
    }
}

private enum NoteKey {
    static let ed25519: UInt8 = 1
    static let malformed = NoteError(description: "a key is one line: name, key id and base64, joined by `+`")

    static func isName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x2b }
    }

    static func id(_ name: String, _ publicKey: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array(name.utf8) + [0x0a, ed25519] + publicKey).prefix(4))
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    static func parse(_ text: Substring) throws(NoteError) -> (name: String, id: [UInt8], bytes: Data) {
        let line = text.hasSuffix("\n") ? text.dropLast() : text
        let parts = line.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, isName(String(parts[0])), parts[1].count == 8, let id = UInt32(parts[1], radix: 16),
            let bytes = Data(base64Encoded: String(parts[2])), bytes.count == 33, bytes.first == ed25519
        else { throw malformed }
        let big = (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * UInt32($0))) }
        return (String(parts[0]), big, bytes.dropFirst())
    }
}
