import CRabbitMQ

/// Memory that lives until the next `recycle`, for what the library reads while it sends.
///
/// It owns an allocation of its own and lends out pointers only to this room's calls into the library.
@safe struct Arena: ~Copyable {
    private let pool: UnsafeMutablePointer<amqp_pool_t>

    init() {
        unsafe pool = .allocate(capacity: 1)
        unsafe init_amqp_pool(pool, 16_384)
    }

    deinit {
        unsafe empty_amqp_pool(pool)
        unsafe pool.deallocate()
    }

    func recycle() { unsafe recycle_amqp_pool(pool) }

    func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { unsafe copy(UnsafeRawBufferPointer($0)) }
    }

    func bytes(_ bytes: [UInt8]) -> amqp_bytes_t {
        unsafe bytes.withUnsafeBytes { unsafe copy($0) }
    }

    private func copy(_ source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard let from = source.baseAddress, source.count > 0 else { return unsafe amqp_bytes_t(len: 0, bytes: nil) }
        let memory = unsafe allocate(source.count)
        unsafe memory.copyMemory(from: from, byteCount: source.count)
        return unsafe amqp_bytes_t(len: source.count, bytes: memory)
    }

    private func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard let memory = unsafe amqp_pool_alloc(pool, count) else { preconditionFailure("no memory for a message") }
        return unsafe memory
    }

    /// The caller has seen to it that the nesting is bounded.
    func table(_ fields: [(String, FieldValue)]) -> amqp_table_t {
        if fields.isEmpty { return unsafe amqp_table_t(num_entries: 0, entries: nil) }
        let entries = unsafe allocate(fields.count * MemoryLayout<amqp_table_entry_t>.stride)
            .bindMemory(to: amqp_table_entry_t.self, capacity: fields.count)
        for (index, field) in fields.enumerated() {
            unsafe (entries + index).initialize(to: amqp_table_entry_t(key: bytes(field.0), value: value(field.1)))
        }
        return unsafe amqp_table_t(num_entries: Int32(fields.count), entries: entries)
    }

    private func array(_ values: [FieldValue]) -> amqp_array_t {
        if values.isEmpty { return unsafe amqp_array_t(num_entries: 0, entries: nil) }
        let entries = unsafe allocate(values.count * MemoryLayout<amqp_field_value_t>.stride)
            .bindMemory(to: amqp_field_value_t.self, capacity: values.count)
        for (index, element) in values.enumerated() { unsafe (entries + index).initialize(to: value(element)) }
        return unsafe amqp_array_t(num_entries: Int32(values.count), entries: entries)
    }

    private func value(_ value: FieldValue) -> amqp_field_value_t {
        var field = unsafe amqp_field_value_t()
        switch value {
        case .string(let text):
            unsafe field.kind = UInt8(ascii: "S")
            unsafe field.value.bytes = bytes(text)
        case .bytes(let content):
            unsafe field.kind = UInt8(ascii: "x")
            unsafe field.value.bytes = bytes(content)
        case .int(let number):
            unsafe field.kind = UInt8(ascii: "l")
            unsafe field.value.i64 = number
        case .bool(let flag):
            unsafe field.kind = UInt8(ascii: "t")
            unsafe field.value.boolean = flag ? 1 : 0
        case .double(let number):
            unsafe field.kind = UInt8(ascii: "d")
            unsafe field.value.f64 = number
        case .timestamp(let seconds):
            unsafe field.kind = UInt8(ascii: "T")
            unsafe field.value.u64 = seconds
        case .table(let fields):
            unsafe field.kind = UInt8(ascii: "F")
            unsafe field.value.table = table(fields)
        case .array(let values):
            unsafe field.kind = UInt8(ascii: "A")
            unsafe field.value.array = array(values)
        case .null: unsafe field.kind = UInt8(ascii: "V")
        }
        return unsafe field
    }
}

/// Copies the library's tables and bytes, which die at its next release of buffers, into values.
enum FieldReader {
    /// Nil where it is nested deeper than `HeaderDepth.maximum`.
    static func fields(of table: amqp_table_t, depth: Int = 1) -> [(String, FieldValue)]? {
        if depth > HeaderDepth.maximum { return nil }
        var fields: [(String, FieldValue)] = []
        for index in 0..<Int(unsafe max(table.num_entries, 0)) {
            let entry = unsafe table.entries[index]
            guard let value = unsafe value(of: entry.value, depth: depth) else { return nil }
            fields.append((unsafe text(entry.key), value))
        }
        return fields
    }

    private static func values(of array: amqp_array_t, depth: Int) -> [FieldValue]? {
        if depth > HeaderDepth.maximum { return nil }
        var values: [FieldValue] = []
        for index in 0..<Int(unsafe max(array.num_entries, 0)) {
            guard let value = unsafe value(of: array.entries[index], depth: depth) else { return nil }
            values.append(value)
        }
        return values
    }

    private static func value(of field: amqp_field_value_t, depth: Int) -> FieldValue? {
        switch unsafe field.kind {
        case UInt8(ascii: "t"): return .bool(unsafe field.value.boolean != 0)
        case UInt8(ascii: "b"): return .int(Int64(unsafe field.value.i8))
        case UInt8(ascii: "B"): return .int(Int64(unsafe field.value.u8))
        case UInt8(ascii: "s"): return .int(Int64(unsafe field.value.i16))
        case UInt8(ascii: "u"): return .int(Int64(unsafe field.value.u16))
        case UInt8(ascii: "I"): return .int(Int64(unsafe field.value.i32))
        case UInt8(ascii: "i"): return .int(Int64(unsafe field.value.u32))
        case UInt8(ascii: "l"): return .int(unsafe field.value.i64)
        case UInt8(ascii: "L"):
            let number = unsafe field.value.u64
            return Int64(exactly: number).map(FieldValue.int) ?? .double(Double(number))
        case UInt8(ascii: "f"): return .double(Double(unsafe field.value.f32))
        case UInt8(ascii: "d"): return .double(unsafe field.value.f64)
        case UInt8(ascii: "D"): return .double(unsafe decimal(field.value.decimal))
        case UInt8(ascii: "T"): return .timestamp(unsafe field.value.u64)
        case UInt8(ascii: "S"):
            let content = unsafe bytes(field.value.bytes)
            return String(validating: content, as: UTF8.self).map(FieldValue.string) ?? .bytes(content)
        case UInt8(ascii: "x"): return .bytes(unsafe bytes(field.value.bytes))
        case UInt8(ascii: "F"): return unsafe fields(of: field.value.table, depth: depth + 1).map(FieldValue.table)
        case UInt8(ascii: "A"): return unsafe values(of: field.value.array, depth: depth + 1).map(FieldValue.array)
        default: return .null
        }
    }

    private static func decimal(_ decimal: amqp_decimal_t) -> Double {
        // Signed in RabbitMQ, whatever the library's type says.
        var number = Double(Int32(bitPattern: decimal.value))
        for _ in 0..<decimal.decimals { number /= 10 }
        return number
    }

    static func bytes(_ bytes: amqp_bytes_t) -> [UInt8] {
        guard let start = unsafe bytes.bytes, unsafe bytes.len > 0 else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: bytes.len))
    }

    static func text(_ bytes: amqp_bytes_t) -> String {
        guard let start = unsafe bytes.bytes, unsafe bytes.len > 0 else { return "" }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: bytes.len), as: UTF8.self)
    }
}
