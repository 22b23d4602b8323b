/// Bytes that are written one behind the other, into room that is made before.
///
/// Through spans: a text that is appended to an array takes two hundred instructions, however short it is.
struct ByteWriter {
    /// INVARIANT: no shorter than what is written; what stands behind that is not looked at.
    private var room: [UInt8]
    private(set) var count = 0

    init(reserving capacity: Int) {
        room = []
        extend(capacity)
    }

    /// What `Array(repeating:count:)` would do in twice the time, for it asks the runtime for the type of its storage.
    private mutating func extend(_ more: Int) {
        room.append(addingCapacity: more) { $0.append(repeating: 0, count: more) }
    }

    /// What is written.
    consuming func finish() -> [UInt8] {
        // Most room is made as large as what is written into it.
        if count < room.count { room.removeLast(room.count - count) }
        return room
    }

    var last: UInt8? { count == 0 ? nil : room[count - 1] }

    /// Takes back what stands behind so many bytes.
    mutating func cut(to count: Int) {
        precondition(count <= self.count, "only what is written is taken back")
        self.count = count
    }

    /// - Parameter fill: writes so many bytes into the room, from the place that it is told.
    @inline(__always)
    mutating func append(_ more: Int, _ fill: (inout MutableSpan<UInt8>, Int) -> Void) {
        if room.count - count < more { extend(max(more, room.count)) }
        let place = count
        var room = room.mutableSpan
        fill(&room, place)
        count = place + more
    }

    mutating func append(_ byte: UInt8) { append(1) { room, place in room[place] = byte } }

    mutating func append(_ bytes: Span<UInt8>) {
        append(bytes.count) { room, place in room.write(bytes, to: place) }
    }

    mutating func append(_ text: String) { append(text.utf8.span) }

    /// The last digits of a number, as many as are asked for.
    ///
    /// - Parameter number: not negative.
    mutating func append(_ number: Int, digits: Int) {
        append(digits) { room, place in
            var rest = number
            for position in stride(from: place + digits - 1, through: place, by: -1) {
                room[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
    }
}

extension MutableSpan<UInt8> {
    /// Writes bytes, the first of them to a place.
    @inline(__always)
    mutating func write(_ bytes: Span<UInt8>, to place: Int) {
        // Bounds are looked at here, once, for both are as long as the loop. (Swift 6.3 has no name for it without the
        // underscore.)
        var room = _mutatingExtracting(place..<place + bytes.count)
        for position in bytes.indices { room[position] = bytes[position] }
    }
}
