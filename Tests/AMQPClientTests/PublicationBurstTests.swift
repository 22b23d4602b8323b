import CRabbitMQ
import Glibc
import Testing

@testable import AMQPClient

/// What a burst puts on the wire, beside what the library itself would.
struct PublicationBurstTests {
    private struct NoSocket: Error {}

    /// A connection to nobody, and the other end of its socket.
    private struct Line: ~Copyable {
        let handle: ConnectionHandle
        /// The library's, which closes it with its connection.
        let descriptor: Int32
        let far: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &ends) == 0)
            let handle = try ConnectionHandle()
            guard let socket = unsafe amqp_tcp_socket_new(handle.state) else { throw NoSocket() }
            unsafe amqp_tcp_socket_set_sockfd(socket, ends[0])
            (descriptor, far) = (ends[0], ends[1])
            self.handle = handle
        }

        deinit { close(far) }

        /// All that was sent; nothing of it is still under way between two ends on one machine.
        func received() -> [UInt8] {
            var all: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 65_536)
            while case let count = unsafe recv(far, &part, part.count, Int32(MSG_DONTWAIT)), count > 0 {
                all += part.prefix(count)
            }
            return all
        }

        func sendByTheLibrary(_ publication: Publication) throws {
            handle.arena.recycle()
            var properties = unsafe handle.properties(publication.message.properties)
            let status = unsafe publication.message.body.withUnsafeBytes { body in
                unsafe amqp_basic_publish(
                    handle.state, 1, handle.arena.bytes(publication.exchange),
                    handle.arena.bytes(publication.routingKey), 1, 0, &properties,
                    amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)))
            }
            try #require(status == AMQP_STATUS_OK.rawValue)
        }
    }

    private static func publication(bytes: Int) -> Publication {
        Publication(
            token: 1, exchange: "detainer.outcomes", routingKey: "boston.declined",
            message: Message(body: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }))
    }

    private static var all: [Publication] {
        var full = publication(bytes: 1_700)
        full.message.properties.contentType = "application/json"
        full.message.properties.contentEncoding = "gzip"
        full.message.properties.messageID = "m-1"
        full.message.properties.correlationID = "c-1"
        full.message.properties.type = "detainer.decided"
        full.message.properties.appID = "w1"
        full.message.properties.userID = "guest"
        full.message.properties.replyTo = "replies"
        full.message.properties.expiration = "1000"
        full.message.properties.timestamp = 1_800_000_000
        full.message.properties.deliveryMode = 2
        full.message.properties.priority = 9
        full.message.properties.headers = [
            ("text", .string("a")), ("bytes", .bytes([0, 255])), ("int", .int(-1)), ("bool", .bool(true)),
            ("double", .double(0.5)), ("time", .timestamp(1)), ("none", .null),
            ("list", .array([.int(1), .string("b")])), ("table", .table([("x", .table([("y", .int(2))]))])),
        ]
        var nameless = publication(bytes: 1)
        (nameless.exchange, nameless.routingKey) = ("", String(repeating: "k", count: 255))
        // The longest whose body fits a frame of this connection, which fits no burst with its head, and one more.
        let longest = (64 << 10) - 8
        return [0, 1, 700, longest - 2_000, longest, longest + 1].map(publication) + [full, nameless]
    }

    @Test func eachIsWhatTheLibrarySends() throws {
        let line = try Line()
        for publication in Self.all {
            try line.handle.publish(publication, channel: 1)
            try line.handle.sendBurst()
            let ours = line.received()
            try line.sendByTheLibrary(publication)
            #expect(ours == line.received(), "a body of \(publication.message.body.count) bytes")
            #expect(ours.count > publication.message.body.count)
        }
    }

    @Test func manyAreOneBurstInTheirOrder() throws {
        let line = try Line()
        let few = (1...20).map { Self.publication(bytes: 100 * $0) }
        for publication in few {
            try line.handle.publish(publication, channel: 1)
            #expect(line.received().isEmpty)
        }
        try line.handle.sendBurst()
        let ours = line.received()
        for publication in few { try line.sendByTheLibrary(publication) }
        #expect(ours == line.received())
        try line.handle.sendBurst()
        #expect(line.received().isEmpty)
    }

    @Test func whatFitsNoBurstGoesBehindWhatCameBefore() throws {
        let line = try Line()
        let mixed = [10, 60_000, 60_000, 70_000, 10].map(Self.publication)
        var ours: [UInt8] = []
        for publication in mixed {
            try line.handle.publish(publication, channel: 1)
            ours += line.received()
        }
        try line.handle.sendBurst()
        ours += line.received()
        var theirs: [UInt8] = []
        for publication in mixed {
            try line.sendByTheLibrary(publication)
            theirs += line.received()
        }
        #expect(ours == theirs)
    }

    /// A socket takes a part; the rest goes when there is room.
    @Test func aFullSocketIsWaitedFor() async throws {
        let line = try Line()
        var bytes: Int32 = 4_096
        _ = unsafe setsockopt(line.descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        let far = line.far
        let (totals, continuation) = AsyncStream.makeStream(of: Int.self)
        // A thread of its own: the test's is in the way of a task while it sends.
        DedicatedThread.start {
            var part = [UInt8](repeating: 0, count: 1_000)
            var total = 0
            while case let count = unsafe recv(far, &part, part.count, 0), count > 0 { total += count }
            continuation.yield(total)
            continuation.finish()
        }
        let guardian = Guardian()
        guardian.watch(line.descriptor)
        defer { guardian.release() }
        guardian.enter(until: SteadyClock.milliseconds() + 60_000)
        for _ in 1...30 { try line.handle.publish(Self.publication(bytes: 2_000), channel: 1) }
        try line.handle.sendBurst()
        _ = shutdown(line.descriptor, Int32(SHUT_WR))
        let total = await totals.first { _ in true }
        #expect(try #require(total) > 30 * 2_000)
    }

    @Test func whoNeverReadsIsLeftByTheGuardian() throws {
        let line = try Line()
        var bytes: Int32 = 4_096
        _ = unsafe setsockopt(line.descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        let guardian = Guardian()
        guardian.watch(line.descriptor)
        defer { guardian.release() }
        for _ in 1...30 { try line.handle.publish(Self.publication(bytes: 2_000), channel: 1) }
        guardian.enter(until: SteadyClock.milliseconds() + 100)
        let error = #expect(throws: AMQPError.self) { try line.handle.sendBurst() }
        #expect(error?.code == .connectionFailed && guardian.hasTripped)
        // What was left of a burst is no beginning of the next.
        #expect(line.handle.burst.isEmpty)
    }

    @Test func aClosedSocketIsAnError() throws {
        let line = try Line()
        _ = shutdown(line.far, Int32(SHUT_RDWR))
        try line.handle.publish(Self.publication(bytes: 10), channel: 1)
        let error = #expect(throws: AMQPError.self) { try line.handle.sendBurst() }
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.hasPrefix("the connection to the broker broke: ") == true)
    }
}
