import CZlib

/// Unpacks a body that was sent with `content_encoding` gzip (RFC 1952).
public enum Gzip {
    /// Why nothing was unpacked.
    public enum Problem: Error, Sendable, Equatable {
        /// What is in it is larger than was allowed; no more than a byte beyond that was unpacked.
        case tooLarge
        case cutShort
        /// It is no gzip, or its checks do not hold.
        case damaged
        /// Something stands behind the first member, be it another one: a body is one member, so that all readers of it
        /// read the same.
        case followed
    }

    /// What is in the body, whole and checked.
    ///
    /// It takes memory for `maximum` bytes and zlib's 40 KiB, whatever the body says of itself.
    public static func unpacked(_ packed: [UInt8], atMost maximum: Int) throws(Problem) -> [UInt8] {
        var (code, taken) = (Z_OK, UInt32(0))
        // One more than is allowed, so that what fits exactly and what does not are told apart.
        let room = UInt32(clamping: maximum + 1)
        let unpacked = unsafe [UInt8](unsafeUninitializedCapacity: Int(room)) { bytes, count in
            var made: UInt32 = 0
            code = unsafe packed.withUnsafeBufferPointer { packed in
                unsafe czlib_unpack_gzip(
                    packed.baseAddress, UInt32(clamping: packed.count), bytes.baseAddress, room, &taken, &made)
            }
            count = Int(made)
        }
        if unpacked.count > maximum { throw .tooLarge }
        switch code {
        case Z_STREAM_END: break
        case Z_OK, Z_BUF_ERROR: throw .cutShort
        // As everywhere else in a program whose arrays end it where there is none.
        case Z_MEM_ERROR: preconditionFailure("no memory to unpack a body with")
        default: throw .damaged
        }
        if Int(taken) != packed.count { throw .followed }
        return unpacked
    }
}
