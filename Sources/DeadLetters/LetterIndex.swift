import Detainers

/// Where each letter stands, from the records of the store in their order; some hundred bytes a letter, no body.
public struct LetterIndex: Sendable {
    public enum State: String, Sendable, CaseIterable {
        /// Somebody has to do something about it.
        case waiting
        case replayed, edited, discarded
    }

    public struct Standing: Sendable, Equatable {
        public var state: State
        /// The record of its latest death.
        public var record: UInt64
        /// How often it died, each death once, however often it was collected.
        public var deaths: UInt32
        public var replays: UInt32
        /// Tells one death from another: when it was, in a hash that no two processes share.
        var death: Int
        /// Those before; most letters die once.
        var earlierDeaths: [Int] = []
    }

    /// What one collector had in hand when it was ended holds fewer deaths of one letter.
    private static let mostDeaths = 16

    public private(set) var standings: [LetterID: Standing] = [:]
    public private(set) var counts: [State: Int] = [:]

    public init() {}

    /// Takes a record as it stands in the store, without reading more of a letter than where it stands needs.
    ///
    /// - Returns: the record, where it is no letter.
    @discardableResult
    mutating func take(_ json: JSONValue, at index: UInt64) throws(UnreadableLetter) -> LetterRecord? {
        if json["kind"]?.stringValue == StoredLetter.kind {
            guard let id = json["id"]?.stringValue.flatMap(LetterID.init),
                let diedAt = json[DeadLetter.deadAtHeader]?.stringValue
            else { throw UnreadableLetter() }
            arrived(id, diedAt: diedAt, at: index)
            return nil
        }
        let record = try LetterRecord(json: json)
        if let record { take(record, at: index) }
        return record
    }

    public mutating func take(_ record: LetterRecord, at index: UInt64) {
        switch record {
        case .letter(let letter): arrived(letter.id, diedAt: letter.letter.deadAt, at: index)
        case .replay(let id, _, _):
            standings[id]?.replays += 1
            change(id, .replayed)
        case .edit(let id, let newID, _):
            change(id, .edited)
            // Mended or not, it is the same message that went round: the loop guard goes on counting.
            if let replays = standings[id]?.replays { standings[newID]?.replays += replays }
        case .discard(let id, _, _, _): change(id, .discarded)
        case .restore(let id, _): change(id, .waiting)
        case .reveal, .export, .applyBegun, .apply: break
        }
    }

    private mutating func arrived(_ id: LetterID, diedAt: String, at index: UInt64) {
        let death = diedAt.hashValue
        guard let known = standings[id] else {
            standings[id] = Standing(state: .waiting, record: index, deaths: 1, replays: 0, death: death)
            counts[.waiting, default: 0] += 1
            return
        }
        // The same death, recorded again: its collector was ended between record and acknowledgement.
        if known.death == death || known.earlierDeaths.contains(death) { return }
        standings[id]?.earlierDeaths = (known.earlierDeaths + [known.death]).suffix(Self.mostDeaths)
        standings[id]?.record = index
        standings[id]?.death = death
        standings[id]?.deaths += 1
        change(id, .waiting)
    }

    private mutating func change(_ id: LetterID, _ state: State) {
        guard let old = standings[id]?.state else { return }
        standings[id]?.state = state
        counts[old, default: 0] -= 1
        counts[state, default: 0] += 1
    }

    public subscript(_ id: LetterID) -> Standing? { standings[id] }

    /// Letters that nobody has dealt with.
    public var waiting: Int { counts[.waiting] ?? 0 }
}
