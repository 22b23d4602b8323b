import Detainers

/// What an outcome has in common with others that a report counts alike: everything that decides in which figures it
/// counts while nothing else on file has to do with it, and nothing that is its own.
///
/// By reference: each record is held against some, and a value would be copied each time.
final class OutcomeTraits: Sendable, Equatable {
    /// What they are looked for by.
    let hash: Int
    private let jurisdiction: String
    private let station: String?
    private let channel: Request.Channel
    private let formKind: Request.FormKind
    private let probableCause: [Request.ProbableCause]?
    private let resumeCustody: Request.Answer
    private let dateBasis: DateBasis
    private let decision: Decided?

    /// The same for all outcomes with the same traits, of what differs within a segment: the rest tells only the places
    /// apart.
    ///
    /// A text may be written in two ways that Swift takes for one (composed and decomposed), and its own hash does too.
    static func hash(_ outcome: Outcome) -> Int {
        var hasher = Hasher()
        hasher.combine(outcome.station)
        // Of few words each, of which a number tells as much as the text that they would be hashed by.
        hasher.combine(number(of: outcome.channel) << 16 | number(of: outcome.formKind) << 8
            | number(of: outcome.resumeCustody))
        hasher.combine(outcome.decision?.reportLine)
        return hasher.finalize()
    }

    private static func number<Word: CaseIterable & Equatable>(of word: Word) -> Int {
        var number = 0
        for other in Word.allCases {
            if other == word { break }
            number += 1
        }
        return number
    }

    /// Whether an outcome has these traits: looked at where it stands, for each record is asked about.
    func areOf(_ outcome: Outcome) -> Bool {
        guard outcome.foundAt == nil, jurisdiction == outcome.jurisdiction, station == outcome.station,
            channel == outcome.channel, formKind == outcome.formKind, probableCause == outcome.probableCause,
            resumeCustody == outcome.resumeCustody, dateBasis == outcome.date.basis
        else { return false }
        guard let decision, let theirs = outcome.decision else { return decision == nil && outcome.decision == nil }
        return decision.hold == theirs.hold.answer && decision.transfer == theirs.transfer.answer
            && decision.notify == theirs.notify.answer && decision.reportLine == theirs.reportLine
            && decision.policyName == theirs.policyName && decision.policyDigest == theirs.policyDigest
    }

    static func == (one: OutcomeTraits, other: OutcomeTraits) -> Bool {
        one === other
            || one.hash == other.hash && one.jurisdiction == other.jurisdiction && one.station == other.station
                && one.channel == other.channel && one.formKind == other.formKind
                && one.probableCause == other.probableCause && one.resumeCustody == other.resumeCustody
                && one.dateBasis == other.dateBasis && one.decision == other.decision
    }

    private struct Decided: Equatable {
        let hold: AnswerKind
        let transfer: AnswerKind
        let notify: AnswerKind
        let reportLine: String
        let policyName: String
        let policyDigest: String
    }

    /// - Returns: `nil` where that is not enough to count it: it was found later than it came, and by how much takes
    ///   its own moments.
    init?(_ outcome: Outcome) {
        guard outcome.foundAt == nil else { return nil }
        hash = Self.hash(outcome)
        jurisdiction = outcome.jurisdiction
        station = outcome.station
        channel = outcome.channel
        formKind = outcome.formKind
        probableCause = outcome.probableCause
        resumeCustody = outcome.resumeCustody
        dateBasis = outcome.date.basis
        decision = outcome.decision.map {
            Decided(
                hold: $0.hold.answer, transfer: $0.transfer.answer, notify: $0.notify.answer,
                reportLine: $0.reportLine, policyName: $0.policyName, policyDigest: $0.policyDigest)
        }
    }

    /// An outcome with these traits and nothing of its own.
    var outcome: Outcome {
        let request = Request(
            requestID: "", receivedBy: .init(agency: "", station: station), receipt: .init(channel: channel),
            form: .init(kind: formKind, probableCause: probableCause, resumeCustody: resumeCustody))
        func given(_ answer: AnswerKind) -> GivenAnswer { GivenAnswer(answer: answer, rule: "") }
        return Outcome(
            request: request,
            decision: decision.map {
                Decision(
                    hold: given($0.hold), transfer: given($0.transfer), notify: given($0.notify),
                    reportLine: $0.reportLine, reportRule: "", facts: [], policyName: $0.policyName,
                    policyDigest: $0.policyDigest)
            }, date: RequestDate(date: CivilDate(daysSinceEpoch: 0), basis: dateBasis),
            pseudonyms: Pseudonyms(keyID: ""), contentKey: "", recordedAt: Moment(secondsSinceEpoch: 0),
            traceparent: nil, jurisdiction: jurisdiction)
    }
}

extension LedgerEntry {
    /// What ties an entry to others: two that share none of these have nothing to do with each other in any report.
    ///
    /// Its own id without the revision; the request that it names; the booking; the person by each of the keys.
    var ties: [UInt64] {
        var ties: [UInt64] = []
        // Its own, a request, a booking and two of a person.
        ties.reserveCapacity(5)
        let pseudonyms: Pseudonyms
        switch self {
        case .outcome(let outcome):
            ties.append(TieHash.hash("request ", outcome.identity.requestID))
            pseudonyms = outcome.pseudonyms
        case .record(let record):
            ties.append(TieHash.hash("record ", record.identity.recordID))
            if let request = record.requestID { ties.append(TieHash.hash("request ", request)) }
            pseudonyms = record.pseudonyms
        }
        func add(_ kind: String, _ link: Pseudonyms.LinkKey?) {
            guard let link else { return }
            var hash = TieHash()
            hash.add(kind)
            link.forEachPiece { hash.add($0) }
            ties.append(hash.value)
        }
        add("booking ", pseudonyms.bookingLink)
        add("", pseudonyms.fileNumberLink)
        add("", pseudonyms.nameLink)
        return ties
    }
}

/// A 64-bit hash of a tie. Two that come out the same by chance only make two entries be read that could have been
/// counted unread; nothing is ever taken for the same because of it.
///
/// FNV-1a, then the finalizer of splitmix64, so that the upper bits are as good as the lower ones.
struct TieHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Goes on with a text, as if it stood behind what came before.
    mutating func add(_ text: String) {
        let bytes = text.utf8.span
        var state = state
        for position in bytes.indices { state = (state ^ UInt64(bytes[position])) &* 0x100_0000_01b3 }
        self.state = state
    }

    var value: UInt64 {
        var hash = state
        hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
        return hash ^ hash >> 31
    }

    /// - Parameter kind: what the name is of, as if it stood before it.
    static func hash(_ kind: String, _ name: String) -> UInt64 {
        var hash = TieHash()
        hash.add(kind)
        hash.add(name)
        return hash.value
    }
}
