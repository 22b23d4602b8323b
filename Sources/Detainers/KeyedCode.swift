import Crypto

/// HMAC-SHA-256 (RFC 2104) under one key, which is hashed once: each code goes on from copies of what it left (section
/// 4).
///
/// Over `SHA256` and not `HMAC`, whose generic code costs several times what it hashes where messages are short.
struct KeyedCode: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    /// - Precondition: the key is no longer than a block of 64 bytes; RFC 2104 hashes longer ones first.
    init(key: [UInt8]) {
        precondition(key.count <= SHA256.blockByteCount, "a key is one block at most")
        let block = key + [UInt8](repeating: 0, count: SHA256.blockByteCount - key.count)
        func begun(_ pad: UInt8) -> SHA256 {
            var hash = SHA256()
            hash.update(data: block.map { $0 ^ pad })
            return hash
        }
        (inner, outer) = (begun(0x36), begun(0x5c))
    }

    /// - Parameter rest: what the message goes on with, so that nobody has to copy a long one behind a short one.
    func code(of message: [UInt8], _ rest: [UInt8] = []) -> SHA256.Digest {
        var inner = inner
        inner.update(data: message)
        if !rest.isEmpty { inner.update(data: rest) }
        var outer = outer
        outer.update(data: inner.finalize().array)
        return outer.finalize()
    }
}

extension SHA256.Digest {
    fileprivate var array: [UInt8] {
        var bytes = ByteWriter(reserving: SHA256.byteCount)
        bytes.append(SHA256.byteCount) { room, place in
            var place = place
            for byte in self {
                room[place] = byte
                place += 1
            }
        }
        return bytes.finish()
    }
}

extension Hexadecimal {
    static func text(_ digest: SHA256.Digest) -> String {
        var text = InlineArray<64, UInt8>(repeating: 0)
        var position = 0
        for byte in digest {
            text[position] = digit(byte >> 4)
            text[position + 1] = digit(byte & 15)
            position += 2
        }
        return String(ascii: text.span)
    }
}

extension String {
    /// - Precondition: each byte is below 128.
    init(ascii bytes: Span<UInt8>) {
        do { self.init(copying: try UTF8Span(validating: bytes)) } catch { preconditionFailure("it is no ASCII") }
    }
}
