/// How much of an ordered run of publications is confirmed without a gap; confirms may come in any order.
public struct ConfirmedPrefix: Sendable {
    private var waiting: [(token: UInt64, place: SubmissionPlace, isConfirmed: Bool)] = []
    /// Behind the last one of which, and of all before which, it is known that the broker has it.
    public private(set) var place: SubmissionPlace

    public init(_ place: SubmissionPlace) { self.place = place }

    /// - Parameter place: behind the message; tokens grow from call to call.
    public mutating func sent(_ token: UInt64, _ place: SubmissionPlace) { waiting.append((token, place, false)) }

    public mutating func confirmed(_ token: UInt64) {
        guard let position = waiting.firstIndex(where: { $0.token == token }) else { return }
        waiting[position].isConfirmed = true
        let done = waiting.prefix { $0.isConfirmed }
        if let last = done.last { place = last.place }
        waiting.removeFirst(done.count)
    }
}
