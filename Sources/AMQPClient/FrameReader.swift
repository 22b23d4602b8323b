import CRabbitMQ

/// Copies a frame of the library into a value.
enum FrameReader {
    static func read(_ frame: amqp_frame_t) -> InboundFrame? {
        let channel = unsafe frame.channel
        switch Int32(unsafe frame.frame_type) {
        case AMQP_FRAME_METHOD: return .method(channel: channel, unsafe method(frame.payload.method))
        case AMQP_FRAME_HEADER:
            guard unsafe frame.payload.properties.class_id == UInt16(AMQP_BASIC_CLASS) else { return nil }
            guard let decoded = unsafe frame.payload.properties.decoded else { return nil }
            return .header(
                channel: channel,
                unsafe header(
                    decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee,
                    bodySize: frame.payload.properties.body_size))
        case AMQP_FRAME_BODY: return .body(channel: channel, unsafe FieldReader.bytes(frame.payload.body_fragment))
        default: return nil
        }
    }

    static func method(_ method: amqp_method_t) -> InboundMethod {
        let id = unsafe method.id
        guard let decoded = unsafe method.decoded else { return .other(id: id) }
        switch id {
        case amqp_method_number_t(AMQP_BASIC_DELIVER_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee
            return unsafe .deliver(
                consumerTag: FieldReader.text(it.consumer_tag), deliveryTag: it.delivery_tag,
                redelivered: it.redelivered != 0, exchange: FieldReader.text(it.exchange),
                routingKey: FieldReader.text(it.routing_key))
        case amqp_method_number_t(AMQP_BASIC_RETURN_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_return_t.self).pointee
            return unsafe .returned(code: Int(it.reply_code), text: FieldReader.text(it.reply_text))
        case amqp_method_number_t(AMQP_BASIC_ACK_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            return .ack(deliveryTag: it.delivery_tag, multiple: it.multiple != 0)
        case amqp_method_number_t(AMQP_BASIC_NACK_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            return .nack(deliveryTag: it.delivery_tag, multiple: it.multiple != 0)
        case amqp_method_number_t(AMQP_BASIC_QOS_OK_METHOD): return .qosOk
        case amqp_method_number_t(AMQP_BASIC_CONSUME_OK_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_consume_ok_t.self).pointee
            return unsafe .consumeOk(consumerTag: FieldReader.text(it.consumer_tag))
        case amqp_method_number_t(AMQP_BASIC_CANCEL_OK_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_cancel_ok_t.self).pointee
            return unsafe .cancelOk(consumerTag: FieldReader.text(it.consumer_tag))
        case amqp_method_number_t(AMQP_BASIC_CANCEL_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_basic_cancel_t.self).pointee
            return unsafe .cancel(consumerTag: FieldReader.text(it.consumer_tag), noWait: it.nowait != 0)
        default: return unsafe lifecycle(id, decoded)
        }
    }

    private static func lifecycle(_ id: amqp_method_number_t, _ decoded: UnsafeMutableRawPointer) -> InboundMethod {
        switch id {
        case amqp_method_number_t(AMQP_CONNECTION_BLOCKED_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee
            return unsafe .blocked(reason: FieldReader.text(it.reason))
        case amqp_method_number_t(AMQP_CONNECTION_UNBLOCKED_METHOD): return .unblocked
        case amqp_method_number_t(AMQP_CHANNEL_CLOSE_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            return unsafe .channelClose(code: Int(it.reply_code), text: FieldReader.text(it.reply_text))
        case amqp_method_number_t(AMQP_CONNECTION_CLOSE_METHOD):
            let it = unsafe decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            return unsafe .connectionClose(code: Int(it.reply_code), text: FieldReader.text(it.reply_text))
        case amqp_method_number_t(AMQP_CONNECTION_CLOSE_OK_METHOD): return .connectionCloseOk
        default: return .other(id: id)
        }
    }

    private static func header(_ properties: amqp_basic_properties_t, bodySize: UInt64) -> ContentHeader {
        let flags = unsafe properties._flags
        func has(_ flag: Int32) -> Bool { flags & amqp_flags_t(flag) != 0 }
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? { has(flag) ? unsafe FieldReader.text(bytes) : nil }
        var copy = MessageProperties()
        copy.contentType = unsafe text(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type)
        copy.contentEncoding = unsafe text(AMQP_BASIC_CONTENT_ENCODING_FLAG, properties.content_encoding)
        copy.messageID = unsafe text(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id)
        copy.correlationID = unsafe text(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id)
        copy.type = unsafe text(AMQP_BASIC_TYPE_FLAG, properties.type)
        copy.appID = unsafe text(AMQP_BASIC_APP_ID_FLAG, properties.app_id)
        copy.userID = unsafe text(AMQP_BASIC_USER_ID_FLAG, properties.user_id)
        copy.replyTo = unsafe text(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to)
        copy.expiration = unsafe text(AMQP_BASIC_EXPIRATION_FLAG, properties.expiration)
        copy.timestamp = has(AMQP_BASIC_TIMESTAMP_FLAG) ? unsafe properties.timestamp : nil
        copy.deliveryMode = has(AMQP_BASIC_DELIVERY_MODE_FLAG) ? unsafe properties.delivery_mode : nil
        copy.priority = has(AMQP_BASIC_PRIORITY_FLAG) ? unsafe properties.priority : nil
        guard has(AMQP_BASIC_HEADERS_FLAG) else { return ContentHeader(bodySize: bodySize, properties: copy) }
        if let headers = unsafe FieldReader.fields(of: properties.headers) {
            copy.headers = headers
            return ContentHeader(bodySize: bodySize, properties: copy)
        }
        return ContentHeader(bodySize: bodySize, properties: copy, headersTooDeep: true)
    }
}
