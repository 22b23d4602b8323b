/// AMQP's short strings: a length of one byte.
enum ShortString {
    static let maximumBytes = 255
}

/// How deep header tables may be nested; deeper ones are not read and not sent.
enum HeaderDepth {
    static let maximum = 32
}

/// What a publication takes on the wire, to be known before the first byte of it is written.
enum WireSize {
    /// Frame head and end, class, weight, body size, flags and the two numbers of a byte, generously.
    private static let frameOverhead = 64

    /// Why a publication cannot be sent, as a sentence.
    struct Problem: Error, Equatable {
        let sentence: String
    }

    /// What a publication takes beside its body, at most.
    ///
    /// - Throws: why it cannot be sent.
    static func head(of publication: Publication, frameBytes: Int) throws(Problem) -> Int {
        let properties = publication.message.properties
        var total = frameOverhead
        var isShort = true
        func add(_ text: String) {
            let count = text.utf8.count
            if count > ShortString.maximumBytes { isShort = false }
            total += 1 + count
        }
        add(publication.exchange)
        add(publication.routingKey)
        let texts = properties.texts
        for position in texts.indices { texts[position].map(add) }
        if !isShort {
            throw Problem(sentence: "not sent: the exchange, the routing key or a property has more than 255 bytes")
        }
        guard let headers = size(ofTable: properties.headers, depth: 1) else {
            throw Problem(
                sentence: "not sent: a header's name has more than 255 bytes, or headers are nested deeper than 32 levels"
            )
        }
        if total + headers > frameBytes { throw Problem(sentence: "not sent: the headers do not fit a frame") }
        return total + headers
    }

    static func size(ofTable fields: [(String, FieldValue)], depth: Int) -> Int? {
        if depth > HeaderDepth.maximum { return nil }
        var total = 4
        for (name, value) in fields {
            guard name.utf8.count <= ShortString.maximumBytes, let size = size(of: value, depth: depth) else {
                return nil
            }
            total += 1 + name.utf8.count + size
        }
        return total
    }

    private static func size(of value: FieldValue, depth: Int) -> Int? {
        switch value {
        case .string(let text): return 5 + text.utf8.count
        case .bytes(let bytes): return 5 + bytes.count
        case .int, .double, .timestamp: return 9
        case .bool: return 2
        case .null: return 1
        case .table(let fields): return size(ofTable: fields, depth: depth + 1).map { $0 + 1 }
        case .array(let values):
            if depth + 1 > HeaderDepth.maximum { return nil }
            var total = 5
            for value in values {
                guard let size = size(of: value, depth: depth + 1) else { return nil }
                total += size
            }
            return total
        }
    }
}
