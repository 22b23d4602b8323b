import CZlib
import Detainers

@testable import AMQPClient
@testable import Worker

/// Bodies that were packed: what is unpacked is what zlib unpacks piece by piece, never more than is allowed, and the
/// message in it is the same as if it had been sent plain.
enum GzipFuzz {
    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        let kind = instructions.byte()
        let maximum = instructions.word()
        switch kind % 3 {
        case 0: unpack(Array(instructions.rest), atMost: maximum)
        case 1: pack(Array(instructions.rest), level: Int32(kind / 3 % 10))
        default:
            let content = instructions.take(instructions.word())
            unpack(instructions.damage(packed(content, level: Int32(kind / 3 % 10))), atMost: maximum)
        }
    }

    private static func unpack(_ packed: [UInt8], atMost maximum: Int) {
        let found = Result { () throws(Gzip.Problem) in try Gzip.unpacked(packed, atMost: maximum) }
        check(found == piecewise(packed, atMost: maximum), "it is what zlib unpacks piece by piece")
        if case .success(let content) = found { check(content.count <= maximum, "no more than is allowed") }
        read(packed)
    }

    private static func pack(_ content: [UInt8], level: Int32) {
        let packed = packed(content, level: level)
        func unpacked(_ maximum: Int) -> Result<[UInt8], Gzip.Problem> {
            Result { () throws(Gzip.Problem) in try Gzip.unpacked(packed, atMost: maximum) }
        }
        check(unpacked(content.count) == .success(content), "what was packed is unpacked")
        if !content.isEmpty { check(unpacked(content.count - 1) == .failure(.tooLarge), "a byte more is too large") }
        check(read(packed) == EventFuzz.read(Message(body: content)), "a message is the same however it was sent")
    }

    /// As a worker reads it.
    @discardableResult
    private static func read(_ packed: [UInt8]) -> Result<IntakeMessage, ContractError> {
        var properties = MessageProperties()
        properties.contentEncoding = "gzip"
        return EventFuzz.read(Message(body: packed, properties: properties))
    }

    // MARK: - zlib, a second time

    /// Calls zlib's functions, whose state holds the address of its stream.
    private static func withStream<Value>(_ body: (UnsafeMutablePointer<z_stream>) -> Value) -> Value {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        return body(stream)
    }

    private static let streamBytes = Int32(MemoryLayout<z_stream>.size)
    /// 16: gzip and no other wrapping.
    private static let windowBits = 16 + MAX_WBITS

    /// One byte in and seven out at a time.
    private static func piecewise(_ packed: [UInt8], atMost maximum: Int) -> Result<[UInt8], Gzip.Problem> {
        withStream { stream in
            guard inflateInit2_(stream, windowBits, ZLIB_VERSION, streamBytes) == Z_OK else { broken("zlib begins") }
            defer { inflateEnd(stream) }
            let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
            let output = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 7)
            defer {
                byte.deallocate()
                output.deallocate()
            }
            var (position, content) = (0, [UInt8]())
            while true {
                let isLeft = position < packed.count
                if isLeft { byte.initialize(to: packed[position]) }
                stream.pointee.next_in = byte
                stream.pointee.avail_in = isLeft ? 1 : 0
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                let code = inflate(stream, Z_NO_FLUSH)
                if isLeft, stream.pointee.avail_in == 0 { position += 1 }
                content += output.prefix(output.count - Int(stream.pointee.avail_out))
                if content.count > maximum { return .failure(.tooLarge) }
                switch code {
                case Z_STREAM_END: return position == packed.count ? .success(content) : .failure(.followed)
                case Z_OK: continue
                // Nothing more comes in, and nothing out.
                case Z_BUF_ERROR: return .failure(.cutShort)
                default: return .failure(.damaged)
                }
            }
        }
    }

    private static func packed(_ content: [UInt8], level: Int32) -> [UInt8] {
        withStream { stream in
            guard
                deflateInit2_(
                    stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, streamBytes) == Z_OK
            else { broken("zlib begins") }
            defer { deflateEnd(stream) }
            let room = Int(deflateBound(stream, uLong(content.count)))
            let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: content.count)
            defer { input.deallocate() }
            _ = input.initialize(from: content)
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(content.count)
            return [UInt8](unsafeUninitializedCapacity: room) { output, count in
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(room)
                guard deflate(stream, Z_FINISH) == Z_STREAM_END else { broken("zlib packs") }
                count = room - Int(stream.pointee.avail_out)
            }
        }
    }
}
