import CRabbitMQ
import Glibc

extension ConnectionHandle {
    /// So much is sent without waiting to a socket that can be written to (poll(2)), before it is looked at again.
    ///
    /// Such a socket takes a third of its buffer, of which each message may take twice its length; the last one may
    /// begin just before the end. Linux gives 45 KiB to begin with over Ethernet, a megabyte and more through loopback,
    /// and more as a connection turns out to be fast. With less than that it is looked at for each message.
    var bytesPerLook: Int {
        var bytes: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // One that does not say is taken for the smallest.
        _ = unsafe getsockopt(amqp_get_sockfd(state), SOL_SOCKET, SO_SNDBUF, &bytes, &length)
        return min(max(Int(bytes) / 6 - Self.usualMessageBytes, 1), PublicationBurst.capacity)
    }

    private static var usualMessageBytes: Int { 3 << 10 }

    /// Holds back what is sent until it fills a segment or is released, for 200 ms at most (tcp(7), `TCP_CORK`): what
    /// the library sends in three parts or more is then one packet, and its last part never waits for an answer.
    ///
    /// Only spares work: a socket that knows no such thing sends each at once.
    func holdBack(_ isHeldBack: Bool) {
        var flag: Int32 = isHeldBack ? 1 : 0
        _ = unsafe setsockopt(
            amqp_get_sockfd(state), Int32(IPPROTO_TCP), TCP_CORK, &flag, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends a publication, or keeps it until ``sendBurst()`` or until enough came together.
    func publish(_ publication: Publication, channel: UInt16) throws(AMQPError) {
        arena.recycle()
        let exchange = unsafe arena.bytes(publication.exchange)
        let routingKey = unsafe arena.bytes(publication.routingKey)
        var properties = unsafe properties(publication.message.properties)
        let body = publication.message.body
        if tls == nil, body.count + PublicationBurst.frameOverheadBytes <= frameBytes {
            var method = unsafe amqp_basic_publish_t(
                ticket: 0, exchange: exchange, routing_key: routingKey, mandatory: 1, immediate: 0)
            if unsafe burst.append(&method, &properties, body, channel: channel) { return }
            try sendBurst()
            if unsafe burst.append(&method, &properties, body, channel: channel) { return }
        }
        // Behind what came before it.
        try sendBurst()
        let status = unsafe body.withUnsafeBytes { body in
            // The library only reads through this pointer.
            let bytes = unsafe amqp_bytes_t(
                len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
            return unsafe amqp_basic_publish(state, channel, exchange, routingKey, 1, 0, &properties, bytes)
        }
        try Self.check(status)
    }

    /// Sends what was kept; waits while the socket takes no more.
    func sendBurst() throws(AMQPError) {
        if !burst.isEmpty { try burst.send(to: unsafe amqp_get_sockfd(state)) }
    }

    func properties(_ source: MessageProperties) -> amqp_basic_properties_t {
        var copy = unsafe amqp_basic_properties_t()
        var flags: Int32 = 0
        func text(_ text: String?, _ flag: Int32) -> amqp_bytes_t {
            guard let text else { return unsafe amqp_bytes_t(len: 0, bytes: nil) }
            flags |= flag
            return unsafe arena.bytes(text)
        }
        unsafe copy.content_type = text(source.contentType, AMQP_BASIC_CONTENT_TYPE_FLAG)
        unsafe copy.content_encoding = text(source.contentEncoding, AMQP_BASIC_CONTENT_ENCODING_FLAG)
        unsafe copy.message_id = text(source.messageID, AMQP_BASIC_MESSAGE_ID_FLAG)
        unsafe copy.correlation_id = text(source.correlationID, AMQP_BASIC_CORRELATION_ID_FLAG)
        unsafe copy.type = text(source.type, AMQP_BASIC_TYPE_FLAG)
        unsafe copy.app_id = text(source.appID, AMQP_BASIC_APP_ID_FLAG)
        unsafe copy.user_id = text(source.userID, AMQP_BASIC_USER_ID_FLAG)
        unsafe copy.reply_to = text(source.replyTo, AMQP_BASIC_REPLY_TO_FLAG)
        unsafe copy.expiration = text(source.expiration, AMQP_BASIC_EXPIRATION_FLAG)
        if let timestamp = source.timestamp {
            unsafe copy.timestamp = timestamp
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
        }
        if let mode = source.deliveryMode {
            unsafe copy.delivery_mode = mode
            flags |= AMQP_BASIC_DELIVERY_MODE_FLAG
        }
        if let priority = source.priority {
            unsafe copy.priority = priority
            flags |= AMQP_BASIC_PRIORITY_FLAG
        }
        unsafe copy.headers = arena.table(source.headers)
        unsafe copy._flags = amqp_flags_t(flags | AMQP_BASIC_HEADERS_FLAG)
        return unsafe copy
    }
}
