import CRabbitMQ
import Glibc

/// Publications as they go over the wire, gathered so that many leave with one send(2): the library makes three system
/// calls of each.
///
///     publication = method frame, header frame, body frame where there is a body        AMQP 0-9-1, 4.2.6
///     frame       = type (1) channel (2) length (4) payload (length) end 0xCE            4.2.3, numbers big-endian
///     method      = class and method (4), arguments                                      4.2.4
///     header      = class (2), weight 0 (2), the body's length (8), properties           4.2.6.1
///
/// Arguments and properties are encoded by the library. It belongs to its connection's thread, and to connections
/// without TLS: of the others the library alone can write to the session.
@safe final class PublicationBurst {
    /// Some thirty events, beside which one more system call is little. How much a socket takes at once, its buffer
    /// says (`ConnectionHandle.bytesPerLook`).
    static let capacity = 64 << 10

    /// What a frame has beside its payload.
    static let frameOverheadBytes = headBytes + endBytes
    /// Type, channel and length.
    private static let headBytes = 7
    private static let endBytes = 1
    /// How long one look at a full socket takes; the guardian ends what takes longer than it may.
    private static let lookMilliseconds: Int32 = 1_000

    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    init() { unsafe memory = .allocate(byteCount: Self.capacity, alignment: 8) }

    deinit { unsafe memory.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// Adds a publication whose body fits a frame, or says that there is no room for it.
    func append(
        _ publish: inout amqp_basic_publish_t, _ properties: inout amqp_basic_properties_t, _ body: [UInt8],
        channel: UInt16
    ) -> Bool {
        let start = count
        let isWhole =
            unsafe add(&publish, channel) && add(&properties, bodyBytes: body.count, channel)
            && (body.isEmpty || add(body, channel))
        if !isWhole { count = start }
        return isWhole
    }

    private func add(_ publish: inout amqp_basic_publish_t, _ channel: UInt16) -> Bool {
        unsafe frame(AMQP_FRAME_METHOD, channel) { room in
            guard let memory = room.baseAddress, room.count > 4 else { return nil }
            unsafe Self.write(UInt32(AMQP_BASIC_PUBLISH_METHOD), to: room, at: 0)
            let rest = unsafe amqp_bytes_t(len: room.count - 4, bytes: memory + 4)
            let length = unsafe amqp_encode_method(amqp_method_number_t(AMQP_BASIC_PUBLISH_METHOD), &publish, rest)
            return length < 0 ? nil : 4 + Int(length)
        }
    }

    private func add(_ properties: inout amqp_basic_properties_t, bodyBytes: Int, _ channel: UInt16) -> Bool {
        unsafe frame(AMQP_FRAME_HEADER, channel) { room in
            guard let memory = room.baseAddress, room.count > 12 else { return nil }
            unsafe Self.write(UInt32(AMQP_BASIC_CLASS) << 16, to: room, at: 0)
            unsafe Self.write(UInt64(bodyBytes), to: room, at: 4)
            let rest = unsafe amqp_bytes_t(len: room.count - 12, bytes: memory + 12)
            let length = unsafe amqp_encode_properties(UInt16(AMQP_BASIC_CLASS), &properties, rest)
            return length < 0 ? nil : 12 + Int(length)
        }
    }

    private func add(_ body: [UInt8], _ channel: UInt16) -> Bool {
        unsafe frame(AMQP_FRAME_BODY, channel) { room in
            guard room.count >= body.count else { return nil }
            unsafe body.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
            return body.count
        }
    }

    /// - Parameter payload: writes into the room and returns how much, or nil where that is too little.
    private func frame(
        _ type: Int32, _ channel: UInt16, _ payload: (UnsafeMutableRawBufferPointer) -> Int?
    ) -> Bool {
        let left = Self.capacity - count - Self.headBytes - Self.endBytes
        guard left > 0 else { return false }
        let begin = count + Self.headBytes
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[begin..<begin + left])
        guard let length = unsafe payload(room) else { return false }
        unsafe memory[count] = UInt8(truncatingIfNeeded: type)
        unsafe Self.write(channel, to: memory, at: count + 1)
        unsafe Self.write(UInt32(length), to: memory, at: count + 3)
        unsafe memory[begin + length] = UInt8(AMQP_FRAME_END)
        count += Self.headBytes + length + Self.endBytes
        return true
    }

    private static func write<Number: FixedWidthInteger>(
        _ number: Number, to memory: UnsafeMutableRawBufferPointer, at position: Int
    ) {
        unsafe memory.storeBytes(of: number.bigEndian, toByteOffset: position, as: Number.self)
    }

    /// Sends all of it and is empty. Waits where the socket takes no more, which the guardian bounds.
    func send(to descriptor: Int32) throws(AMQPError) {
        defer { count = 0 }
        var sent = 0
        while sent < count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: memory[sent..<count])
            let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            let part = unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, flags)
            if part >= 0 {
                sent += part
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var socket = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                // Whether it can be written to, or is broken, the next call tells.
                _ = unsafe poll(&socket, 1, Self.lookMilliseconds)
            case let number:
                throw AMQPError(
                    code: .connectionFailed,
                    message: "the connection to the broker broke: \(unsafe String(cString: strerror(number)))")
            }
        }
    }
}

@available(*, unavailable)
extension PublicationBurst: Sendable {}
