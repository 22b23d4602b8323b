import Detainers

/// Deliveries that are not settled yet, in the order of their arrival, and the dead letters among them.
///
/// Settling goes in that order, so that one acknowledgement covers a whole run of deliveries.
struct Flights {
    private struct Flight {
        var tag: UInt64
        var generation: Int
        var isDone = false
    }

    private struct Pending {
        var letter: DeadLetter
        var token: UInt64?
        var sentAt: Int64?
    }

    private var flights: [Flight] = []
    /// The number of the first flight; numbers are never used twice.
    private var first: UInt64 = 0
    private var letters: [UInt64: Pending] = [:]
    private var unsent: [UInt64] = []
    private var flightOfToken: [UInt64: UInt64] = [:]
    /// Of those whose senders asked for one; few do.
    private var replies: [UInt64: AddressedReply] = [:]

    var isEmpty: Bool { flights.isEmpty }
    var count: Int { flights.count }
    var holdsLetters: Bool { !letters.isEmpty }
    var lettersSentCount: Int { flightOfToken.count }
    var oldestLetterSent: Int64? { letters.values.compactMap(\.sentAt).min() }

    mutating func add(tag: UInt64, generation: Int) -> UInt64 {
        flights.append(Flight(tag: tag, generation: generation))
        return first + UInt64(flights.count) - 1
    }

    mutating func done(_ number: UInt64) {
        guard number >= first, number - first < UInt64(flights.count) else { return }
        flights[Int(number - first)].isDone = true
    }

    /// It is on record as this entry and announced.
    mutating func recorded(_ number: UInt64, _ announcement: Announcement) {
        replies[number]?.record = announcement
        done(number)
    }

    /// Tells the sender what became of it, once it is settled.
    mutating func reply(to address: ReturnAddress, _ verdict: Verdict, _ number: UInt64) {
        let reply: Reply =
            switch verdict {
            case .entry(let entry): .recorded(Reply.Recorded(entry.identity))
            case .dead(let letter): .refused(letter.reason, detail: letter.detail)
            }
        replies[number] = AddressedReply(address: address, reply: reply)
    }

    /// The last of the finished deliveries at the front, which are taken off, and what their senders are told.
    mutating func settle() -> (tag: UInt64, generation: Int, replies: [AddressedReply])? {
        let finished = flights.prefix { $0.isDone }
        guard let last = finished.last else { return nil }
        let count = finished.count
        flights.removeFirst(count)
        let numbers = first..<first + UInt64(count)
        first = numbers.upperBound
        let due = replies.isEmpty ? [] : numbers.compactMap { replies.removeValue(forKey: $0) }
        return (last.tag, last.generation, due)
    }

    /// Forgets all: the channel that their tags belong to is gone.
    mutating func removeAll() {
        first += UInt64(flights.count)
        flights = []
        letters = [:]
        unsent = []
        flightOfToken = [:]
        replies = [:]
    }

    mutating func awaitLetter(_ letter: DeadLetter, _ number: UInt64) {
        letters[number] = Pending(letter: letter)
        // What was to be recorded may turn out to contradict what is on record.
        replies[number]?.reply = .refused(letter.reason, detail: letter.detail)
        unsent.append(number)
    }

    mutating func sendLetters(
        atMost room: Int, at now: Int64, tokens: consuming TokenSource
    ) -> [(token: UInt64, letter: DeadLetter)] {
        var tokens = tokens
        var sent: [(token: UInt64, letter: DeadLetter)] = []
        for number in unsent.prefix(max(0, room)) {
            guard let pending = letters[number] else { continue }
            let token = tokens.take()
            letters[number]?.token = token
            letters[number]?.sentAt = now
            flightOfToken[token] = number
            sent.append((token, pending.letter))
        }
        unsent.removeFirst(min(unsent.count, max(0, room)))
        return sent
    }

    mutating func letterConfirmed(_ token: UInt64) {
        guard let number = flightOfToken.removeValue(forKey: token) else { return }
        letters[number] = nil
        done(number)
    }

    mutating func forgetSentLetter(_ token: UInt64) {
        guard let number = flightOfToken.removeValue(forKey: token) else { return }
        letters[number]?.token = nil
        letters[number]?.sentAt = nil
        unsent.append(number)
    }

    mutating func forgetSentLetters() {
        for token in flightOfToken.keys.sorted() { forgetSentLetter(token) }
    }
}
