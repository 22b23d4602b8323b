import CRabbitMQ
import Detainers

@testable import AMQPClient
@testable import DeadLetters

/// The properties of a message as the broker sends them, from the wire through the library to what a letter keeps of
/// them.
enum HeadersFuzz {
    static func run(_ bytes: [UInt8]) {
        withHeader(bytes) { header, pool in
            let properties = header.properties
            if header.headersTooDeep { check(properties.headers.isEmpty, "of headers too deep none is kept") }
            written(properties.headers, &pool)
            kept(properties, header.headersTooDeep)
        }
    }

    /// Reads the bytes as the properties in a header frame; `nil` where the library takes them for none.
    static func withHeader<Value>(_ bytes: [UInt8], _ body: (ContentHeader, inout amqp_pool_t) -> Value) -> Value? {
        var pool = amqp_pool_t()
        init_amqp_pool(&pool, 16_384)
        defer { empty_amqp_pool(&pool) }
        // A copy that ends where the input ends, so that a read beyond it is seen.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        var decoded: UnsafeMutableRawPointer?
        let encoded = amqp_bytes_t(len: bytes.count, bytes: memory.baseAddress)
        guard amqp_decode_properties(UInt16(AMQP_BASIC_CLASS), &pool, encoded, &decoded) >= 0 else { return nil }
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_HEADER)
        frame.channel = 1
        frame.payload.properties.class_id = UInt16(AMQP_BASIC_CLASS)
        frame.payload.properties.body_size = 7
        frame.payload.properties.decoded = decoded
        guard case .header(1, let header)? = FrameReader.read(frame) else { broken("a header frame is a header") }
        check(
            describe(header.properties) == FrameReader.read(frame).flatMap(properties(of:)).map(describe),
            "reading is deterministic")
        return body(header, &pool)
    }

    private static func properties(of frame: InboundFrame) -> MessageProperties? {
        if case .header(_, let header) = frame { header.properties } else { nil }
    }

    private static func describe(_ properties: MessageProperties) -> String { String(describing: properties) }

    /// What is sent again is read as the same, once it was read: numbers of all widths are one kind then.
    private static func written(_ fields: [(String, FieldValue)], _ pool: inout amqp_pool_t) {
        guard let size = WireSize.size(ofTable: fields, depth: 1) else { return }
        let arena = Arena()
        var table = arena.table(fields)
        var buffer = [UInt8](repeating: 0, count: size)
        var length = 0
        let again = buffer.withUnsafeMutableBytes { buffer -> [(String, FieldValue)]? in
            let room = amqp_bytes_t(len: buffer.count, bytes: buffer.baseAddress)
            guard amqp_encode_table(room, &table, &length) == 0, length == size else {
                broken("a table takes \(length) bytes and not \(size)")
            }
            var (read, offset) = (amqp_table_t(), 0)
            guard amqp_decode_table(room, &pool, &read, &offset) == 0, offset == size else {
                broken("a table that was written is read")
            }
            return FieldReader.fields(of: read)
        }
        check(
            again.map { String(describing: $0) } == String(describing: fields), "a table that was written is the same")
    }

    /// A letter of our own and one of the broker, each through its record in the store.
    private static func kept(_ properties: MessageProperties, _ headersTooDeep: Bool) {
        let envelope = Envelope.json(properties, headersLost: headersTooDeep)
        guard let read = try? JSONValue.parse(envelope.serialized()) else { broken("an envelope is JSON") }
        check(read.serialized() == envelope.serialized(), "an envelope is read as it was written")
        let replayed = Envelope.replayed(read)
        let again = Envelope.replayed(Envelope.json(replayed, headersLost: false))
        check(describe(again) == describe(replayed), "what is replayed once is replayed the same for ever")
        check(replayed.userID == nil && replayed.expiration == nil, "what would change its fate stays behind")
        for routingKey in ["worker", "broker"] {
            let delivery = Delivery(
                deliveryTag: 1, redelivered: false, exchange: "e", routingKey: routingKey,
                message: Message(body: [0x7b], properties: properties), headersTooDeep: headersTooDeep)
            let now = Moment(secondsSinceEpoch: 1_700_000_000)
            let letter = BrokerLetter.letter(from: delivery, queues: ["q"], at: now)
            let stored = StoredLetter(id: LetterID(letter, MessageFuzz.key), arrivedAt: now.text, letter: letter)
            let line = LetterRecord.letter(stored).json.serialized()
            guard let value = try? JSONValue.parse(line), case .letter(let back)? = try? LetterRecord(json: value),
                let whole = try? back.decoded()
            else { broken("a letter's record is read") }
            check(whole.letter.headers.map(\.value) == letter.headers.map(\.value), "a letter is kept as it is")
            check(whole.letter.body == letter.body, "a body is kept as it is")
            // A line of the store holds no more than a mebibyte.
            check(line.count < 1 << 20, "a letter fits a line: \(line.count)")
        }
    }
}
