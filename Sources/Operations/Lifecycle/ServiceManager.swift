import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Tells the service manager how the service is (sd_notify(3)): a datagram of lines to the socket that `NOTIFY_SOCKET`
/// names.
///
/// Safe from any thread. Where no manager asks, nothing is done. What cannot be sent is told once: the manager then
/// ends the service for want of a sign, which is its own safeguard.
public final class ServiceManager: Sendable {
    private struct State {
        var isReady = false
        var isStopping = false
        var lastSign: Date?
        var lastStatus = ""
        var toldFailure = false
    }

    private let connection: (channel: any Channel, address: SocketAddress)?
    private let state = Mutex(State())
    /// How often the manager wants a sign; `nil`: it does not watch.
    private let interval: TimeInterval?
    private let tell: @Sendable (String) -> Void

    /// - Parameters:
    ///   - environment: the process's own; `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are read.
    ///   - tell: what keeps the manager from being told.
    public init(environment: [String: String], tell: @escaping @Sendable (String) -> Void) async {
        self.tell = tell
        let isMeant = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        // Twice as often as asked for, as sd_watchdog_enabled(3) advises.
        interval =
            isMeant
            ? environment["WATCHDOG_USEC"].flatMap(Double.init).map { $0 / 2_000_000 } : nil
        guard let path = environment["NOTIFY_SOCKET"], !path.isEmpty else {
            connection = nil
            return
        }
        do {
            // An abstract socket begins with @, which stands for a zero byte.
            let socket = path.hasPrefix("@") ? "\0" + path.dropFirst() : path
            let address = try SocketAddress(unixDomainSocketPath: socket)
            let channel = try await DatagramBootstrap(group: NIOSingletons.posixEventLoopGroup)
                .connect(to: address).get()
            connection = (channel, address)
        } catch {
            connection = nil
            tell("the service manager cannot be told that this service is ready: \(error)")
        }
    }

    /// The service makes progress: ready the first time, and alive as often as the manager wants to know.
    ///
    /// - Parameter status: one line for people.
    public func alive(_ status: String) {
        guard connection != nil else { return }
        let now = Date()
        let lines: [String] = state.withLock { state in
            var lines: [String] = []
            if !state.isReady { lines.append("READY=1") }
            state.isReady = true
            if let interval, state.lastSign.map({ now.timeIntervalSince($0) >= interval }) ?? true {
                lines.append("WATCHDOG=1")
                state.lastSign = now
            }
            if state.lastStatus != status { lines.append("STATUS=" + status) }
            state.lastStatus = status
            return lines
        }
        send(lines)
    }

    public func reloading() {
        send(["RELOADING=1"])
        // Ready again with the next sign of life: policies take over between two batches.
        state.withLock { $0.isReady = false }
    }

    /// Told once, however often it is asked to stop.
    public func stopping() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        if isFirst { send(["STOPPING=1", "STATUS=stopping"]) }
    }

    private func send(_ lines: [String]) {
        guard let (channel, address) = connection, !lines.isEmpty else { return }
        let envelope = AddressedEnvelope(
            remoteAddress: address, data: ByteBuffer(string: lines.joined(separator: "\n")))
        channel.writeAndFlush(envelope).whenFailure { [weak self] error in
            guard let self else { return }
            if self.state.withLock({ state in
                defer { state.toldFailure = true }
                return !state.toldFailure
            }) {
                self.tell("the service manager cannot be told how this service is: \(error)")
            }
        }
    }
}
