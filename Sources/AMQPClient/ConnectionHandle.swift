import CRabbitMQ
import Glibc

/// The library's connection: made, used and freed on one thread, which the compiler sees to, for it can be neither
/// copied nor sent.
///
/// It is safe to use because every pointer that the library gives is read before the next call into it, and none
/// leaves this file and its readers.
@safe struct ConnectionHandle: ~Copyable {
    let state: OpaquePointer
    let arena = Arena()
    let burst = PublicationBurst()
    /// Let go of after the library's connection, which points into it.
    private(set) var tls: TLSSession?
    private(set) var server = ServerProperties(product: "", version: "")

    init() throws(AMQPError) {
        guard let state = unsafe amqp_new_connection() else {
            throw AMQPError(code: .connectionFailed, message: "no memory for a connection")
        }
        unsafe self.state = state
    }

    deinit { unsafe amqp_destroy_connection(state) }

    // MARK: - what the connection is

    var heartbeatSeconds: Int { Int(unsafe amqp_get_heartbeat(state)) }
    var frameBytes: Int { Int(unsafe amqp_get_frame_max(state)) }
    /// Whether frames or parts of them were read from the socket and wait in the library.
    var hasBuffered: Bool {
        unsafe amqp_frames_enqueued(state) != 0 || amqp_data_in_buffer(state) != 0
    }

    /// What may be done with the socket.
    struct Readiness {
        var isReadable: Bool
        var isWritable: Bool
    }

    /// Waits until the socket or the other descriptor can be read, or the socket written where that is wanted.
    func poll(wakeup: Int32?, forWriting: Bool, milliseconds: Int64) -> Readiness {
        let wanted = Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0)
        var descriptors = [pollfd(fd: unsafe amqp_get_sockfd(state), events: wanted, revents: 0)]
        if let wakeup { descriptors.append(pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)) }
        let timeout = Int32(min(max(milliseconds, 0), 600_000))
        guard unsafe Glibc.poll(&descriptors, nfds_t(descriptors.count), timeout) > 0 else {
            return Readiness(isReadable: false, isWritable: false)
        }
        let happened = descriptors[0].revents
        return Readiness(
            isReadable: happened & ~Int16(POLLOUT) != 0, isWritable: happened & Int16(POLLOUT) != 0)
    }

    // MARK: - frames

    /// The next frame that has arrived, or nil; also sends heartbeats, so it is called often enough.
    func nextFrame() throws(AMQPError) -> InboundFrame? {
        var frame = unsafe amqp_frame_t()
        var immediately = timeval(tv_sec: 0, tv_usec: 0)
        let status = unsafe amqp_simple_wait_frame_noblock(state, &frame, &immediately)
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        try Self.check(status)
        let copy = unsafe FrameReader.read(frame)
        unsafe amqp_maybe_release_buffers(state)
        guard let copy else { throw .violation("a frame of an unknown kind") }
        return copy
    }

    func send(_ method: OutboundMethod, channel: UInt16) throws(AMQPError) {
        arena.recycle()
        let status: Int32
        switch method {
        case .qos(let prefetch):
            var qos = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0)
            status = unsafe amqp_send_method(state, channel, amqp_method_number_t(AMQP_BASIC_QOS_METHOD), &qos)
        case .consume(let queue, let tag, let exclusive):
            var consume = unsafe amqp_basic_consume_t(
                ticket: 0, queue: arena.bytes(queue), consumer_tag: arena.bytes(tag), no_local: 0, no_ack: 0,
                exclusive: exclusive ? 1 : 0, nowait: 0, arguments: arena.table([]))
            status = unsafe amqp_send_method(state, channel, amqp_method_number_t(AMQP_BASIC_CONSUME_METHOD), &consume)
        case .cancel(let tag):
            var cancel = unsafe amqp_basic_cancel_t(consumer_tag: arena.bytes(tag), nowait: 0)
            status = unsafe amqp_send_method(state, channel, amqp_method_number_t(AMQP_BASIC_CANCEL_METHOD), &cancel)
        case .cancelOk(let tag):
            var ok = unsafe amqp_basic_cancel_ok_t(consumer_tag: arena.bytes(tag))
            status = unsafe amqp_send_method(state, channel, amqp_method_number_t(AMQP_BASIC_CANCEL_OK_METHOD), &ok)
        case .ack(let tag, let multiple): status = unsafe amqp_basic_ack(state, channel, tag, multiple ? 1 : 0)
        case .reject(let tag, let requeue): status = unsafe amqp_basic_reject(state, channel, tag, requeue ? 1 : 0)
        case .channelCloseOk:
            var ok = amqp_channel_close_ok_t()
            status = unsafe amqp_send_method(state, channel, amqp_method_number_t(AMQP_CHANNEL_CLOSE_OK_METHOD), &ok)
        case .connectionClose:
            var close = unsafe amqp_connection_close_t(
                reply_code: UInt16(AMQP_REPLY_SUCCESS), reply_text: arena.bytes("goodbye"), class_id: 0, method_id: 0)
            status = unsafe amqp_send_method(state, 0, amqp_method_number_t(AMQP_CONNECTION_CLOSE_METHOD), &close)
        case .connectionCloseOk:
            var ok = amqp_connection_close_ok_t()
            status = unsafe amqp_send_method(state, 0, amqp_method_number_t(AMQP_CONNECTION_CLOSE_OK_METHOD), &ok)
        }
        try Self.check(status)
    }

    // MARK: - opening

    static func open(
        _ address: BrokerAddress, name: String, heartbeatSeconds: Int, timeoutSeconds: Int, guardian: Guardian
    ) throws(AMQPError) -> ConnectionHandle {
        var handle = try ConnectionHandle()
        guardian.watch(try handle.connect(address, timeoutSeconds: timeoutSeconds))
        // A second more than the library's own timeout: the guardian is for what the library forgets.
        guardian.enter(until: SteadyClock.milliseconds() + Int64(timeoutSeconds + 1) * 1000)
        do throws(AMQPError) {
            defer { guardian.leave() }
            try handle.logIn(address, name: name, heartbeatSeconds: heartbeatSeconds, timeoutSeconds: timeoutSeconds)
        } catch {
            throw handle.refusal(behind: error, at: address, guardian) ?? error
        }
        return handle
    }

    /// The library stops at the first address of a host that does not answer, so each is tried by itself.
    private mutating func connect(_ address: BrokerAddress, timeoutSeconds: Int) throws(AMQPError) -> Int32 {
        guard let socket = unsafe address.usesTLS ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state) else {
            throw AMQPError(code: .connectionFailed, message: "no memory for a connection")
        }
        if address.usesTLS { tls = try unsafe TLSSession(socket, address) }
        let candidates = try Resolver.addresses(of: address.host)
        var timeout = timeval(tv_sec: max(timeoutSeconds / candidates.count, 1), tv_usec: 0)
        var status = AMQP_STATUS_SOCKET_ERROR.rawValue
        var refusal: AMQPError?
        for candidate in candidates {
            tls?.begin()
            status = unsafe amqp_socket_open_noblock(socket, candidate, Int32(address.port), &timeout)
            if status == AMQP_STATUS_OK.rawValue { return unsafe amqp_get_sockfd(state) }
            refusal = refusal ?? tls?.refusal(ofStatus: status)
        }
        if let refusal { throw refusal }
        throw AMQPError(
            code: status == AMQP_STATUS_TIMEOUT.rawValue ? .timeout : .connectionFailed,
            message: "no broker answers at \(address.place): check that it runs, and the address")
    }

    private mutating func logIn(
        _ address: BrokerAddress, name: String, heartbeatSeconds: Int, timeoutSeconds: Int
    ) throws(AMQPError) {
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        unsafe amqp_set_handshake_timeout(state, &timeout)
        unsafe amqp_set_rpc_timeout(state, &timeout)
        // Without these the broker tells neither of a deleted queue nor of its alarms.
        let capabilities = [
            "consumer_cancel_notify", "connection.blocked", "publisher_confirms", "basic.nack",
            "authentication_failure_close", "exchange_exchange_bindings",
        ]
        var properties = unsafe arena.table([
            ("connection_name", .string(name)), ("capabilities", .table(capabilities.map { ($0, .bool(true)) })),
        ])
        let heartbeat = Int32(heartbeatSeconds)
        let reply =
            switch address.authentication {
            case .password:
                unsafe crabbitmq_login_plain(
                    state, address.virtualHost, 0, AMQP_DEFAULT_FRAME_SIZE, heartbeat, &properties, address.user,
                    address.password)
            case .certificate:
                unsafe crabbitmq_login_external(
                    state, address.virtualHost, 0, AMQP_DEFAULT_FRAME_SIZE, heartbeat, &properties)
            }
        try unsafe check(reply)
        if let table = unsafe amqp_get_server_properties(state) {
            let fields = unsafe FieldReader.fields(of: table.pointee) ?? []
            func text(_ name: String) -> String {
                if case .string(let text)? = fields.first(where: { $0.0 == name })?.1 { text } else { "" }
            }
            server = ServerProperties(product: text("product"), version: text("version"))
        }
    }

    /// What a login failed of, where it was TLS: with TLS 1.3 a broker refuses this side's certificate after the
    /// handshake, in place of its first answer or after a write that failed.
    private func refusal(behind error: AMQPError, at address: BrokerAddress, _ guardian: Guardian) -> AMQPError? {
        let isUnclear = error.code == .connectionFailed || error.code == .protocolViolation
        guard isUnclear, !guardian.hasTripped else { return nil }
        if let tls { return guardian.withDescriptor { tls.refusal(readFrom: $0) } }
        return Self.answersInTLS(address) ? TLSSession.wanted(at: address) : nil
    }

    /// Asks once more, for what the library has read it does not show: to AMQP's own beginning a TLS port answers with
    /// an alert.
    private static func answersInTLS(_ address: BrokerAddress) -> Bool {
        do throws(AMQPError) {
            var probe = try ConnectionHandle()
            let descriptor = try probe.connect(address, timeoutSeconds: 1)
            let beginning: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]
            _ = unsafe Glibc.send(descriptor, beginning, beginning.count, Int32(MSG_NOSIGNAL))
            _ = probe.poll(wakeup: nil, forWriting: false, milliseconds: 1000)
            var answer: [UInt8] = [0, 0]
            return unsafe recv(descriptor, &answer, 2, Int32(MSG_DONTWAIT)) == 2 && answer == [0x15, 3]
        } catch {
            return false
        }
    }

    // MARK: - calls that wait for an answer, never made while consuming

    func openChannel(_ channel: UInt16) throws(AMQPError) {
        unsafe amqp_channel_open(state, channel)
        try answered(channel)
    }

    func selectConfirms(_ channel: UInt16) throws(AMQPError) {
        unsafe amqp_confirm_select(state, channel)
        try answered(channel)
    }

    func declareExchange(
        _ channel: UInt16, name: String, type: String, durable: Bool, passive: Bool,
        arguments: [(String, FieldValue)] = []
    ) throws(AMQPError) {
        try Self.checkNesting(arguments)
        arena.recycle()
        unsafe amqp_exchange_declare(
            state, channel, arena.bytes(name), arena.bytes(type), passive ? 1 : 0, durable ? 1 : 0, 0, 0,
            arena.table(arguments))
        try answered(channel)
    }

    private static func checkNesting(_ arguments: [(String, FieldValue)]) throws(AMQPError) {
        guard WireSize.size(ofTable: arguments, depth: 1) != nil else {
            throw AMQPError(code: .preconditionFailed, message: "the arguments are nested too deeply")
        }
    }

    func declareQueue(
        _ channel: UInt16, name: String, arguments: [(String, FieldValue)], passive: Bool
    ) throws(AMQPError) -> AdministrationChannel.QueueCount {
        try Self.checkNesting(arguments)
        arena.recycle()
        let declared = unsafe amqp_queue_declare(
            state, channel, arena.bytes(name), passive ? 1 : 0, 1, 0, 0, arena.table(arguments))
        try answered(channel)
        guard let counts = unsafe declared?.pointee else { throw .violation("an answer without what was asked for") }
        return unsafe AdministrationChannel.QueueCount(
            messageCount: Int(counts.message_count), consumerCount: Int(counts.consumer_count))
    }

    /// - Parameter away: takes the binding away; one that is not there is no error.
    func bind(
        _ channel: UInt16, _ kind: BindingKind, _ destination: String, to exchange: String, routingKey: String,
        away: Bool
    ) throws(AMQPError) {
        arena.recycle()
        let to = unsafe arena.bytes(destination)
        let (from, key, none) = unsafe (arena.bytes(exchange), arena.bytes(routingKey), arena.table([]))
        switch (kind, away) {
        case (.queue, false): unsafe amqp_queue_bind(state, channel, to, from, key, none)
        case (.queue, true): unsafe amqp_queue_unbind(state, channel, to, from, key, none)
        case (.exchange, false): unsafe amqp_exchange_bind(state, channel, to, from, key, none)
        case (.exchange, true): unsafe amqp_exchange_unbind(state, channel, to, from, key, none)
        }
        try answered(channel)
    }

    func deleteQueue(_ channel: UInt16, name: String) throws(AMQPError) {
        arena.recycle()
        unsafe amqp_queue_delete(state, channel, arena.bytes(name), 0, 0)
        try answered(channel)
    }

    func deleteExchange(_ channel: UInt16, name: String) throws(AMQPError) {
        arena.recycle()
        unsafe amqp_exchange_delete(state, channel, arena.bytes(name), 0)
        try answered(channel)
    }

    func purgeQueue(_ channel: UInt16, name: String) throws(AMQPError) -> Int {
        arena.recycle()
        let purged = unsafe amqp_queue_purge(state, channel, arena.bytes(name))
        try answered(channel)
        return unsafe Int(purged?.pointee.message_count ?? 0)
    }

    func closeInOrder() { unsafe amqp_connection_close(state, AMQP_REPLY_SUCCESS) }

    // MARK: - errors

    private func answered(_ channel: UInt16) throws(AMQPError) {
        defer { unsafe amqp_maybe_release_buffers(state) }
        try unsafe check(amqp_get_rpc_reply(state), channel: channel)
    }

    private func check(_ reply: amqp_rpc_reply_t, channel: UInt16 = 0) throws(AMQPError) {
        switch unsafe reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            switch unsafe FrameReader.method(reply.reply) {
            case .channelClose(let code, let text):
                // The error to tell is the broker's, whatever becomes of the courtesy.
                try? send(.channelCloseOk, channel: channel)
                throw AMQPError.closed(replyCode: code, text: text, wholeConnection: false)
            case .connectionClose(let code, let text):
                // As above: the error to tell is the broker's.
                try? send(.connectionCloseOk, channel: 0)
                throw AMQPError.closed(replyCode: code, text: text, wholeConnection: true)
            default: throw .violation("an answer that was not asked for")
            }
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: try Self.check(unsafe reply.library_error)
        default: throw AMQPError(code: .connectionFailed, message: "the broker ended the connection")
        }
    }

    static func check(_ status: Int32) throws(AMQPError) {
        switch status {
        case AMQP_STATUS_OK.rawValue: return
        case AMQP_STATUS_TIMEOUT.rawValue:
            throw AMQPError(
                code: .timeout, message: "the broker did not answer in time: check what listens at that address")
        case AMQP_STATUS_HEARTBEAT_TIMEOUT.rawValue: throw .silent
        case AMQP_STATUS_BAD_AMQP_DATA.rawValue, AMQP_STATUS_UNKNOWN_CLASS.rawValue,
            AMQP_STATUS_UNKNOWN_METHOD.rawValue, AMQP_STATUS_WRONG_METHOD.rawValue,
            AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION.rawValue:
            throw .violation("what is not AMQP 0-9-1")
        case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD.rawValue:
            throw AMQPError(
                code: .accessRefused,
                message: "the broker takes no logins of this kind: allow PLAIN for passwords, EXTERNAL for certificates"
            )
        case AMQP_STATUS_SSL_ERROR.rawValue:
            throw AMQPError(
                code: .connectionFailed,
                message: "the broker ended the TLS connection without a word: it went away, or the network between did")
        default:
            let text = unsafe amqp_error_string2(status).map { unsafe String(cString: $0) } ?? "unknown error"
            throw AMQPError(code: .connectionFailed, message: "the connection to the broker broke: \(text)")
        }
    }
}

@available(*, unavailable)
extension ConnectionHandle: Sendable {}
