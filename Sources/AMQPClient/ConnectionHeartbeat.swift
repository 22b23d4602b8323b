import CRabbitMQ

extension ConnectionHandle {
    /// For while nothing is read, with which the library sends heartbeats otherwise.
    func sendHeartbeat() throws(AMQPError) {
        var frame = unsafe amqp_frame_t()
        unsafe frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
        try Self.check(unsafe amqp_send_frame(state, &frame))
    }
}
