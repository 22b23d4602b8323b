import Glibc
import Synchronization

@testable import AMQPClient

/// The broker that the environment names, or none.
enum AMQPTestBroker {
    static let url: String? = unsafe getenv("DETAINER_TEST_BROKER_URL").map { unsafe String(cString: $0) }

    static let isThere: Bool = {
        if url == nil { print("broker tests are skipped: set DETAINER_TEST_BROKER_URL to a broker's URL to run them") }
        return url != nil
    }()

    static func address() throws -> BrokerAddress { try BrokerAddress(url: url ?? "amqp://127.0.0.1") }

    /// The same user at another port of this machine, as of a proxy.
    static func address(port: UInt16) throws -> BrokerAddress {
        let address = try address()
        return try BrokerAddress(url: "amqp://\(address.user):\(address.password)@127.0.0.1:\(port)")
    }

    /// A name no other test uses.
    static func name(_ what: String) -> String { "test-\(what)-\(UInt64.random(in: 0...UInt64.max))" }

    static func declare(_ queue: String) async throws {
        try await AMQPAdministration.perform(address(), name: "test", timeoutSeconds: 20) { channel in
            _ = try channel.declareQueue(name: queue, arguments: [("x-expires", .int(120_000))])
        }
    }

    static func delete(_ queue: String) async throws {
        try await AMQPAdministration.perform(address(), name: "test", timeoutSeconds: 20) { channel in
            try channel.deleteQueue(name: queue)
        }
    }
}

/// A connection whose events are awaited one by one.
final class EventedConnection: Sendable {
    let connection: AMQPConnection
    private let events: AsyncStream<AMQPEvent>
    private let end = End()

    /// When the connection told its end, by its own thread; `nil`: it did not yet.
    var closedAt: ContinuousClock.Instant? { end.instant.withLock { $0 } }

    private final class End: Sendable {
        let instant = Mutex(ContinuousClock.Instant?.none)
    }

    init(_ address: BrokerAddress, heartbeatSeconds: Int = 10, maximumHeldBytes: Int = .max) {
        let (events, continuation) = AsyncStream.makeStream(of: AMQPEvent.self)
        self.events = events
        connection = AMQPConnection.open(
            address, name: "test", heartbeatSeconds: heartbeatSeconds, maximumHeldBytes: maximumHeldBytes
        ) { [end] event in
            if case .closed = event { end.instant.withLock { $0 = .now } }
            continuation.yield(event)
            if case .closed = event { continuation.finish() }
        }
    }

    /// Waits for the first event of which `pick` makes something; other events pass by.
    func first<Value>(_ pick: (AMQPEvent) -> Value?) async -> Value? {
        for await event in events {
            if let value = pick(event) { return value }
        }
        return nil
    }

    func opened() async -> Bool {
        await first { event in
            switch event {
            case .opened: true
            case .closed: false
            default: nil
            }
        } ?? false
    }

    func closed() async -> AMQPError? {
        await first { if case .closed(let error) = $0 { error } else { nil } }
    }

    func deliveries(_ count: Int) async -> [Delivery] {
        var all: [Delivery] = []
        while all.count < count {
            guard let more = await first({ if case .deliveries(let some) = $0 { some } else { nil } }) else { break }
            all += more
        }
        return all
    }

    func results(_ count: Int) async -> [PublishResult] {
        var all: [PublishResult] = []
        while all.count < count {
            guard let more = await first({ if case .published(let some) = $0 { some } else { nil } }) else { break }
            all += more
        }
        return all
    }
}
