import Glibc
import Synchronization

/// A TCP socket of a test's own; its calls wait.
package final class TestSocket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    package static func make() -> TestSocket { TestSocket(socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)) }

    /// Listens on a free port of this machine only.
    package static func listening() -> (socket: TestSocket, port: UInt16) {
        let socket = make()
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let size = length
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = unsafe bind(socket.descriptor, address, size)
                _ = listen(socket.descriptor, 8)
                _ = unsafe getsockname(socket.descriptor, address, &length)
            }
        }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// A port where nobody listened just now.
    package static func freePort() -> UInt16? {
        let port = listening().port
        return port == 0 ? nil : port
    }

    package static func connected(to port: UInt16) -> TestSocket? {
        let socket = make()
        var address = loopback(port)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(socket.descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? socket : nil
    }

    package func accept() -> TestSocket? {
        let accepted = Glibc.accept(descriptor, nil, nil)
        if accepted < 0 { return nil }
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        return TestSocket(accepted)
    }

    package func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(descriptor, buffer.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Some bytes, or none at the end.
    package func read(atMost limit: Int = 65_536) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(descriptor, &buffer, limit, 0)
        return Array(buffer.prefix(max(count, 0)))
    }

    package func shutDown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// Stands between a client and a broker and, when told, passes nothing on any more: a network gone silent without a
/// reset.
package final class SilentProxy: Sendable {
    package let port: UInt16
    private let listener: TestSocket
    private let isSilent = Atomic<Bool>(false)

    package init(to broker: UInt16) {
        (listener, port) = TestSocket.listening()
        inBackground { [self] in
            guard let client = listener.accept(), let server = TestSocket.connected(to: broker) else { return }
            inBackground { [self] in pass(from: server, to: client) }
            pass(from: client, to: server)
        }
    }

    package func fallSilent() { isSilent.store(true, ordering: .releasing) }

    private func pass(from source: TestSocket, to target: TestSocket) {
        while true {
            // Silent it does not read either, so that the client's socket fills.
            while isSilent.load(ordering: .acquiring) { usleep(50_000) }
            let bytes = source.read()
            if isSilent.load(ordering: .acquiring) { continue }
            if bytes.isEmpty || !target.write(bytes) { break }
        }
        source.shutDown()
        target.shutDown()
    }
}

/// Stands between many clients and whichever broker answers, and can cut all of its connections or pass nothing on.
package final class Relay: Sendable {
    package let port: UInt16
    private let listener: TestSocket
    private let targets: [UInt16]
    private let watch: @Sendable ([UInt8]) -> Void
    private let isStalled = Atomic<Bool>(false)
    private let open = Mutex<[(TestSocket, TestSocket)]>([])

    /// - Parameters:
    ///   - targets: ports of this machine, tried in their order.
    ///   - connections: so many clients are let through; later ones are turned away.
    ///   - watch: called with what a broker says before the client has it, on the thread of that connection.
    package init(
        to targets: [UInt16], atMost connections: Int = .max, watch: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) {
        self.targets = targets
        self.watch = watch
        (listener, port) = TestSocket.listening()
        inBackground { [self] in
            var left = connections
            while let client = listener.accept() {
                if left > 0 { connect(client) } else { client.shutDown() }
                left -= 1
            }
        }
    }

    package func stall() { isStalled.store(true, ordering: .releasing) }
    package func resume() { isStalled.store(false, ordering: .releasing) }

    /// Ends every connection at once.
    package func cut() {
        for (client, server) in open.withLock({ $0 }) {
            client.shutDown()
            server.shutDown()
        }
        open.withLock { $0 = [] }
    }

    private func connect(_ client: TestSocket) {
        for target in targets {
            guard let server = TestSocket.connected(to: target) else { continue }
            open.withLock { $0.append((client, server)) }
            inBackground { [self] in pass(from: server, to: client, watch: watch) }
            inBackground { [self] in pass(from: client, to: server) }
            return
        }
        client.shutDown()
    }

    private func pass(
        from source: TestSocket, to target: TestSocket, watch: @Sendable ([UInt8]) -> Void = { _ in }
    ) {
        while true {
            let bytes = source.read()
            watch(bytes)
            // What was read goes on later; nothing more is read meanwhile, so that the sender's socket fills.
            while isStalled.load(ordering: .acquiring) { usleep(20_000) }
            if bytes.isEmpty || !target.write(bytes) { break }
        }
        source.shutDown()
        target.shutDown()
    }
}

private func inBackground(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = unsafe Unmanaged.passRetained(Box(body))
    _ = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    _ = pthread_detach(thread)
}

/// Writes AMQP by hand, for what no library would send.
package struct HandwrittenPublisher {
    private let socket: TestSocket

    /// Logs in and opens channel 1; the broker's answers are read and not looked at.
    package init?(port: UInt16, user: String, password: String) {
        guard let socket = TestSocket.connected(to: port) else { return nil }
        self.socket = socket
        guard socket.write(Array("AMQP".utf8) + [0, 0, 9, 1]), readFrame() else { return nil }
        let login = [0] + Array(user.utf8) + [0] + Array(password.utf8)
        let startOk = Self.long(0) + Self.short("PLAIN") + Self.long(login.count) + login + Self.short("en_US")
        guard method(0, 10, 11, startOk), readFrame() else { return nil }
        guard method(0, 10, 31, [0, 1] + Self.long(131_072) + [0, 0]) else { return nil }
        guard method(0, 10, 40, Self.short("/") + [0, 0]), readFrame() else { return nil }
        guard method(1, 20, 10, [0]), readFrame() else { return nil }
    }

    /// Publishes an empty message with tables nested so deep in its header, and waits for the broker's confirm.
    package func publish(nested levels: Int, to queue: String) -> Bool {
        guard method(1, 85, 10, [0]), readFrame() else { return false }
        guard method(1, 60, 40, [0, 0] + Self.short("") + Self.short(queue) + [0]) else { return false }
        // Each level is a field "t" of kind F around the level below it: seven bytes with its length.
        var table: [UInt8] = []
        for level in stride(from: levels - 1, through: 0, by: -1) {
            table += [1, UInt8(ascii: "t"), UInt8(ascii: "F")] + Self.long(level * 7)
        }
        let header: [UInt8] = [0, 60, 0, 0] + [UInt8](repeating: 0, count: 8) + [0x20, 0]
        guard frame(2, 1, header + Self.long(table.count) + table) else { return false }
        return readFrame()
    }

    private static func long(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    private static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    private func method(_ channel: UInt8, _ classID: UInt8, _ methodID: UInt8, _ arguments: [UInt8]) -> Bool {
        frame(1, channel, [0, classID, 0, methodID] + arguments)
    }

    private func frame(_ type: UInt8, _ channel: UInt8, _ payload: [UInt8]) -> Bool {
        socket.write([type, 0, channel] + Self.long(payload.count) + payload + [0xce])
    }

    private func readFrame() -> Bool {
        func exactly(_ count: Int) -> [UInt8]? {
            var bytes: [UInt8] = []
            while bytes.count < count {
                let more = socket.read(atMost: count - bytes.count)
                if more.isEmpty { return nil }
                bytes += more
            }
            return bytes
        }
        guard let head = exactly(7) else { return false }
        let size = head[3...6].reduce(0) { $0 << 8 | Int($1) }
        return exactly(size + 1) != nil
    }
}
