/// What runs on a connection's thread, from opening to the end.
enum ConnectionThread {
    static func run(
        _ address: BrokerAddress, name: String, heartbeatSeconds: Int, maximumBodyBytes: Int, maximumHeldBytes: Int,
        mailbox: Mailbox, guardian: Guardian, onEvent: @escaping @Sendable (AMQPEvent) -> Void
    ) {
        var end: AMQPError
        do throws(AMQPError) {
            let handle = try ConnectionHandle.open(
                address, name: name, heartbeatSeconds: heartbeatSeconds, timeoutSeconds: max(2 * heartbeatSeconds, 5),
                guardian: guardian)
            // Answers are waited for here only, before there is a consumer.
            guardian.enter(until: SteadyClock.milliseconds() + Int64(2 * heartbeatSeconds) * 1000 + 1000)
            try handle.openChannel(ConnectionMachine.channel)
            try handle.selectConfirms(ConnectionMachine.channel)
            guardian.leave()
            onEvent(.opened(handle.server))
            var loop = ConnectionLoop(
                handle, maximumBodyBytes: maximumBodyBytes, maximumHeldBytes: maximumHeldBytes, mailbox: mailbox,
                guardian: guardian, onEvent: onEvent)
            end = loop.run()
        } catch {
            end = error
            if guardian.hasTripped { end = .silent }
            if mailbox.take().contains(.abort) { end = .localClose }
        }
        guardian.leave()
        guardian.release()
        onEvent(.closed(end))
    }
}

/// The loop of an open connection: commands, frames, publications, then a wait for more.
struct ConnectionLoop: ~Copyable {
    /// What one turn takes before events are handed over.
    private static let framesPerTurn = 2048
    private static let publicationsPerTurn = 256
    private static let closeMilliseconds: Int64 = 5000
    /// How long after the loop's own deadline the guardian steps in.
    private static let graceMilliseconds: Int64 = 250

    private let handle: ConnectionHandle
    private let mailbox: Mailbox
    private let guardian: Guardian
    private let onEvent: @Sendable (AMQPEvent) -> Void
    private let silenceMilliseconds: Int64
    private var machine: ConnectionMachine
    /// When something last came from the broker, on the steady clock.
    private var lastByte = SteadyClock.milliseconds()
    private var closeDeadline: Int64?
    private var waitsToWrite = false
    private var hasMoreFrames = false

    init(
        _ handle: consuming ConnectionHandle, maximumBodyBytes: Int, maximumHeldBytes: Int, mailbox: Mailbox,
        guardian: Guardian, onEvent: @escaping @Sendable (AMQPEvent) -> Void
    ) {
        silenceMilliseconds = Int64(max(handle.heartbeatSeconds, 1)) * 2000
        machine = ConnectionMachine(maximumBodyBytes: maximumBodyBytes, maximumHeldBytes: maximumHeldBytes)
        self.handle = handle
        self.mailbox = mailbox
        self.guardian = guardian
        self.onEvent = onEvent
    }

    /// Goes round until the end and returns its reason.
    mutating func run() -> AMQPError {
        while true {
            let end = turn()
            for event in machine.takeEvents() { onEvent(event) }
            if let end { return end }
            wait()
        }
    }

    private mutating func turn() -> AMQPError? {
        do throws(AMQPError) {
            for command in mailbox.take() {
                if let end = try perform(machine.handle(command)) { return end }
            }
            if let end = try drain(Self.framesPerTurn) { return end }
            if !machine.mayRead { try keepAlive() }
            if let end = try publish() { return end }
            if let end = try perform(machine.closing()) { return end }
            return late(SteadyClock.milliseconds())
        } catch {
            return reason(behind: error)
        }
    }

    private mutating func late(_ now: Int64) -> AMQPError? {
        if machine.isClosing {
            let deadline = closeDeadline ?? now + Self.closeMilliseconds
            closeDeadline = deadline
            if now >= deadline { return .localClose }
        }
        return now - lastByte >= silenceMilliseconds ? .silent : nil
    }

    private func guarded<Value>(
        _ body: (borrowing ConnectionHandle) throws(AMQPError) -> Value
    ) throws(AMQPError) -> Value {
        guardian.enter(until: lastByte + silenceMilliseconds + Self.graceMilliseconds)
        defer { guardian.leave() }
        return try body(handle)
    }

    private func perform(_ steps: [ConnectionMachine.Step]) throws(AMQPError) -> AMQPError? {
        let end = steps.lazy.compactMap { if case .finish(let error) = $0 { error } else { nil } }.first
        for case .send(let method) in steps {
            do throws(AMQPError) {
                try guarded { handle throws(AMQPError) in
                    try handle.send(method, channel: ConnectionMachine.channel)
                }
            } catch {
                // At the end the reason matters, not whether the broker still hears the last courtesy.
                if end == nil { throw error }
            }
        }
        return end
    }

    private mutating func drain(_ limit: Int) throws(AMQPError) -> AMQPError? {
        hasMoreFrames = false
        for _ in 0..<limit {
            if !machine.mayRead { return nil }
            if !handle.hasBuffered { look() }
            guard let frame = try guarded({ handle throws(AMQPError) in try handle.nextFrame() }) else { return nil }
            if let end = try perform(machine.receive(frame)) { return end }
        }
        hasMoreFrames = true
        return nil
    }

    @discardableResult
    private mutating func look() -> ConnectionHandle.Readiness {
        let readiness = handle.poll(wakeup: nil, forWriting: true, milliseconds: 0)
        if readiness.isReadable { lastByte = SteadyClock.milliseconds() }
        return readiness
    }

    /// Sends publications while the socket takes them without waiting.
    ///
    /// What has arrived is read before them, again and again: in 0.11 a publish waits for ever once the heartbeat's
    /// deadline has passed unread, and a broker that blocks publishers says so in a frame.
    private mutating func publish() throws(AMQPError) -> AMQPError? {
        waitsToWrite = false
        if !machine.mayPublish || !machine.mayRead { return nil }
        handle.holdBack(true)
        defer { handle.holdBack(false) }
        let end = try publishWhileItTakesThem()
        if end == nil { try sendBurst() }
        return end
    }

    private mutating func publishWhileItTakesThem() throws(AMQPError) -> AMQPError? {
        var bytesUntilLook = 0
        for _ in 0..<Self.publicationsPerTurn {
            if !machine.mayPublish || !machine.mayRead { return nil }
            if bytesUntilLook <= 0 {
                try sendBurst()
                let readiness = look()
                if readiness.isReadable || handle.hasBuffered {
                    if let end = try drain(64) { return end }
                }
                if !readiness.isWritable {
                    waitsToWrite = true
                    return nil
                }
                if let end = late(SteadyClock.milliseconds()) { return end }
                bytesUntilLook = handle.bytesPerLook
                // By what was read just now.
                if !machine.mayRead { return nil }
            }
            guard let next = machine.nextPublication(frameBytes: handle.frameBytes) else { return nil }
            try guarded { handle throws(AMQPError) in
                try handle.publish(next.publication, channel: ConnectionMachine.channel)
            }
            bytesUntilLook -= next.bytes
        }
        return nil
    }

    private func sendBurst() throws(AMQPError) {
        try guarded { handle throws(AMQPError) in try handle.sendBurst() }
    }

    /// Whoever reads nothing hears nothing and sends no heartbeats: the broker is told that this side is there.
    private func keepAlive() throws(AMQPError) {
        if !handle.poll(wakeup: nil, forWriting: true, milliseconds: 0).isWritable { return }
        try guarded { handle throws(AMQPError) in try handle.sendHeartbeat() }
    }

    private mutating func wait() {
        if !machine.mayRead {
            mailbox.wait(milliseconds: silenceMilliseconds / 6)
            // Its own pause is no silence of the broker's, which is noticed when there is something to read again.
            lastByte = SteadyClock.milliseconds()
            return
        }
        if hasMoreFrames || handle.hasBuffered || (machine.mayPublish && !waitsToWrite) { return }
        let now = SteadyClock.milliseconds()
        var until = min(lastByte + silenceMilliseconds, now + silenceMilliseconds / 6)
        if let closeDeadline { until = min(until, closeDeadline) }
        let readiness = handle.poll(wakeup: mailbox.wakeup, forWriting: waitsToWrite, milliseconds: until - now)
        if readiness.isReadable { lastByte = SteadyClock.milliseconds() }
    }

    /// A broker that closes the connection says why before it does; a failed write would hide that.
    private mutating func reason(behind error: AMQPError) -> AMQPError {
        if guardian.hasTripped { return .silent }
        if mailbox.take().contains(.abort) { return .localClose }
        // After bad data nothing more may be read.
        guard error.code == .connectionFailed else { return error }
        // What cannot be read either says nothing better than the error that is here.
        let end = try? drain(Self.framesPerTurn)
        return (end ?? nil) ?? (machine.isClosing ? .localClose : error)
    }
}
