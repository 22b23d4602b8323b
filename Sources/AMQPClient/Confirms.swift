/// First in, first out, without moving what is behind.
struct FirstInFirstOut<Element: Sendable>: Sendable {
    private var items: [Element?] = []
    private var head = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { head == items.count }

    mutating func append(_ element: Element) { items.append(element) }

    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        defer {
            items[head] = nil
            head += 1
            if head == items.count {
                items.removeAll(keepingCapacity: head <= 4096)
                head = 0
            } else if head > 1024 && head > items.count / 2 {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }
}

/// Publications the broker has not answered yet, by the sequence numbers that a confirming channel counts.
///
/// The broker returns what reached no queue before it confirms it. A return does not say which publication it was; the
/// header `x-publication`, which carries the sequence number, does.
struct Confirms: Sendable {
    private struct Entry: Sendable {
        var token: UInt64
        var returned: PublishResult.Outcome?
    }

    /// By delivery tag from the first one on; `nil`: answered out of its turn.
    private var entries: [Entry?] = []
    /// Entries before it are answered.
    private var head = 0
    /// The sequence number of `entries[0]`.
    private var base: UInt64 = 1
    private(set) var count = 0

    var nextSequence: UInt64 { base + UInt64(entries.count) }

    /// Counts one more publication and returns its sequence number.
    mutating func add(token: UInt64) -> UInt64 {
        let sequence = nextSequence
        entries.append(Entry(token: token))
        count += 1
        return sequence
    }

    mutating func returned(sequence: UInt64, code: Int, text: String) throws(AMQPError) {
        guard let index = index(of: sequence), entries[index] != nil else {
            throw .violation("a return of a message that was not waiting for its confirm")
        }
        entries[index]?.returned = .returned(code: code, text: text)
    }

    /// Answers one publication, or all up to it, where 0 means all there are.
    mutating func settle(
        upTo tag: UInt64, multiple: Bool, as outcome: PublishResult.Outcome
    ) throws(AMQPError) -> [PublishResult] {
        var results: [PublishResult] = []
        if multiple {
            let last = tag == 0 ? nextSequence - 1 : tag
            guard last < nextSequence else { throw .violation("a confirm of a message that was never sent") }
            // The broker may confirm up to a number it has confirmed past already.
            guard last >= base else { return [] }
            let end = Int(last - base) + 1
            for index in head..<max(end, head) { settle(index, as: outcome, &results) }
        } else {
            guard let index = index(of: tag), entries[index] != nil else {
                throw .violation("a confirm of a message that was not waiting for one")
            }
            settle(index, as: outcome, &results)
        }
        forgetAnswered()
        return results
    }

    private func index(of sequence: UInt64) -> Int? {
        guard sequence >= base, sequence < nextSequence else { return nil }
        return Int(sequence - base)
    }

    private mutating func settle(_ index: Int, as outcome: PublishResult.Outcome, _ results: inout [PublishResult]) {
        guard let entry = entries[index] else { return }
        let result = outcome == .confirmed ? entry.returned ?? .confirmed : outcome
        results.append(PublishResult(token: entry.token, result: result))
        entries[index] = nil
        count -= 1
    }

    private mutating func forgetAnswered() {
        while head < entries.count && entries[head] == nil { head += 1 }
        if head == entries.count || (head > 1024 && head > entries.count / 2) {
            entries.removeFirst(head)
            base += UInt64(head)
            head = 0
        }
    }
}
