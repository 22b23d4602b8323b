/// One connection to a broker, on a thread of its own, with one channel for consuming and for confirmed publishing.
///
/// - It never reconnects: after `.closed` open another.
/// - Every function may be called from any thread and never blocks; each only leaves a command for the connection's
///   thread, which takes them in order. After the end they do nothing.
/// - Events come on the connection's thread: the callback must only hand them over, for a callback that waits stops
///   heartbeats.
/// - A published message carries one more header, `x-publication`, by which a message that the broker returns is
///   joined to its confirm. Deliveries are shown without it.
public final class AMQPConnection: Sendable {
    private let mailbox: Mailbox
    private let guardian: Guardian

    private init(mailbox: Mailbox, guardian: Guardian) {
        self.mailbox = mailbox
        self.guardian = guardian
    }

    /// Letting go of a connection closes it.
    deinit { close() }

    /// Begins to open a connection and returns at once; the first event is `.opened` or `.closed`.
    ///
    /// - Parameters:
    ///   - name: what the broker's own tools show for it.
    ///   - heartbeatSeconds: at least 1; the broker may ask for less. A silent broker is noticed within two of them.
    ///   - maximumBodyBytes: what is kept of one body; of a longer one nothing is, and its delivery says so.
    ///   - maximumHeldBytes: of messages that were delivered and neither acknowledged nor rejected, together; the
    ///     delivery that reaches it is the last one until some are. Nothing else is read or published meanwhile.
    public static func open(
        _ address: BrokerAddress, name: String, heartbeatSeconds: Int = 10,
        maximumBodyBytes: Int = AMQPConnection.maximumBodyBytes, maximumHeldBytes: Int = .max,
        onEvent: @escaping @Sendable (AMQPEvent) -> Void
    ) -> AMQPConnection {
        let mailbox = Mailbox()
        let guardian = Guardian()
        DedicatedThread.start {
            ConnectionThread.run(
                address, name: name, heartbeatSeconds: min(max(heartbeatSeconds, 1), 600),
                maximumBodyBytes: maximumBodyBytes, maximumHeldBytes: maximumHeldBytes, mailbox: mailbox,
                guardian: guardian, onEvent: onEvent)
        }
        return AMQPConnection(mailbox: mailbox, guardian: guardian)
    }

    /// Starts the consumer: `.consuming` follows, or `.closed` where there is no such queue; there is one consumer at
    /// a time, a call while there is one does nothing.
    ///
    /// - Parameters:
    ///   - prefetch: how many deliveries may be unacknowledged; 0 would be without bound.
    ///   - tag: what the broker's own tools show for the consumer, at most 255 bytes; another one each time on one
    ///     connection. Without one it is `consumer-` and a number.
    public func consume(queue: String, prefetch: UInt16, exclusive: Bool = false, tag: String? = nil) {
        mailbox.post(.consume(queue: queue, prefetch: prefetch, exclusive: exclusive, tag: tag))
    }

    /// Ends the consumer: `.cancelled` follows after the last delivery; what is in hand can still be acknowledged.
    /// Without a consumer it does nothing.
    public func stopConsuming() { mailbox.post(.stopConsuming) }

    /// - Parameter multiple: also every delivery before it.
    public func acknowledge(deliveryTag: UInt64, multiple: Bool) {
        mailbox.post(.acknowledge(deliveryTag: deliveryTag, multiple: multiple))
    }

    public func reject(deliveryTag: UInt64, requeue: Bool) {
        mailbox.post(.reject(deliveryTag: deliveryTag, requeue: requeue))
    }

    /// What was delivered and is not answered, and whatever is delivered from now on, is kept by nobody: it goes back
    /// to its queue with this connection, and no longer counts among what is held.
    public func letGo() { mailbox.post(.letGo) }

    /// Publishes messages in this order; each has its result in a `.published`, unless the connection ends before.
    ///
    /// While the broker is short of memory or disk they wait. Handing over more than `maximumPublications` without a
    /// result ends the connection.
    public func publish(_ publications: [Publication]) { mailbox.post(.publish(publications)) }

    /// Of one body, where nothing else is said: far more than any message of ours has. Brokers take 128 MiB and more,
    /// and a prefetch of such bodies would be memory without bound.
    public static let maximumBodyBytes = 2 << 20

    /// Publications handed over and not yet answered, at most.
    public static let maximumPublications = 65_536

    /// Sends what was handed over, then closes in order; does not wait for confirms.
    public func close() { mailbox.post(.close) }

    /// Ends the connection at once, also out of a call that hangs; what was not acknowledged goes back to its queue.
    public func abort() {
        mailbox.post(.abort)
        guardian.shutDown()
    }
}
