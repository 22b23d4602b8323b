import AMQPClient
import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "The story of one request, in order, from the flat files.",
        discussion:
            "Takes a request's id, a record's or a dead letter's. With the broker up it also says what waits there now."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Argument(help: "The id of a request, of a record of a case, or of a dead letter.")
    var id: String

    @Flag(help: "Ask no broker.")
    var offline = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let story = try RequestStory(of: id.lowercased(), in: ledgers.resolved(settings))
            let queues = offline ? [] : await Self.queues(settings)
            switch format {
            case .json:
                Output.print([
                    "id": .string(id.lowercased()),
                    "events": .array(
                        story.events.map {
                            ["at": .string($0.at), "event": .string($0.event), "what": .string($0.what)]
                        }),
                    "now": .string(story.now), "broker": .array(queues.map(JSONValue.string)),
                ])
            case .text:
                for event in story.events { Output.print("\(event.at)  \(event.what)") }
                Output.print("now: \(story.now)")
                for line in queues { Output.print("broker: \(line)") }
            }
            if story.events.isEmpty { throw Exit.no }
        }
    }

    /// A queue cannot be looked through without taking its messages; how many wait is all that it tells.
    private static func queues(_ settings: Settings) async -> [String] {
        let topology = Topology(settings)
        let names = (topology.requestQueues + [topology.deadLetterQueue]).map(\.name)
        do {
            let address = try settings.address()
            return try await AMQPAdministration.perform(address, name: "trace", timeoutSeconds: 5) { channel in
                try names.map { name in
                    let count = try channel.declareQueue(name: name, arguments: [], passive: true).messageCount
                    return "\(count) messages wait in \(name)"
                }
            }
        } catch { return ["not asked: \(Exit.sentence(error))"] }
    }
}

/// What is on file of one request, in the order in which it happened.
struct RequestStory {
    struct Event {
        var at: String
        /// `recorded`, `announced`, `died`, …: one word for programs.
        var event: String
        var what: String
    }

    private(set) var events: [Event] = []
    private(set) var now = "nothing of it is on file: it was never taken from the queue, or the id is another's"

    init(of id: String, in ledgers: [String]) throws {
        var isAnnounced: Bool?
        var aggregates: [String] = []
        for directory in try ledgers.flatMap({ try LedgerReader.directories(under: $0) }) {
            switch LedgerStore(named: directory) {
            case .deadLetters, .filings: continue
            case .aggregate: aggregates.append(directory)
            case nil: try outcomes(of: id, directory, &isAnnounced)
            }
        }
        // What was recorded at a moment comes before what was announced of it.
        for directory in aggregates { try taken(of: id, directory, &isAnnounced) }
        var waiting: [LetterID] = []
        var states: Set<LetterIndex.State> = []
        for ledger in ledgers { try letters(of: id, LetterStore(ledger: ledger), &waiting, &states) }
        // In the order of their times; what has the same one stays in the order of the records.
        events = events.enumerated().sorted {
            (Self.order($0.element), $0.offset) < (Self.order($1.element), $1.offset)
        }.map(\.element)
        if let letter = waiting.first {
            now =
                "it waits as dead letter \(letter.text): `detainer dead-letters plan --id \(letter.text)` says what a "
                + "replay would do"
        } else if let isAnnounced {
            now =
                isAnnounced
                ? "decided, recorded, announced and settled"
                : "decided and recorded; not known to be announced, which its worker does again when it starts"
        } else if states.contains(.replayed) {
            now = "replayed, and no outcome of it is on file yet: it is in the queue or with a worker"
        } else if states.contains(.discarded) {
            now = "discarded by a person"
        }
    }

    /// Hundredths of a second since 1970; what has no time comes first.
    private static func order(_ event: Event) -> Int64 {
        guard let seconds = Moment(text: event.at)?.secondsSinceEpoch else { return .min }
        let fraction = event.at.split(separator: ".").dropFirst().first?.prefix(2) ?? "0"
        return seconds * 100 + (Int64(fraction) ?? 0)
    }

    private mutating func outcomes(of id: String, _ directory: String, _ isAnnounced: inout Bool?) throws {
        let worker = URL(fileURLWithPath: directory).lastPathComponent
        var found: [(index: UInt64, outcome: Outcome)] = []
        var records: [(index: UInt64, record: CaseRecord)] = []
        let announced = try LedgerReader(directory: directory).records { record in
            switch try LedgerEntry(json: record.json) {
            case .outcome(let outcome) where outcome.identity.requestID == id: found.append((record.index, outcome))
            case .record(let told) where told.identity.recordID == id || told.requestID == id:
                records.append((record.index, told))
            default: break
            }
        }
        for (index, told) in records {
            let withdrawn = told.correction?.isWithdrawn == true ? ", withdrawn" : ""
            events.append(
                Event(
                    at: told.recordedAt.text, event: "told",
                    what: "\(told.kind.rawValue) (\(told.detail.sentence)) told by \(told.recordedBy), record "
                        + "\(told.identity.recordID), revision \(told.identity.revision)\(withdrawn), to \(worker)"))
            if told.identity.recordID == id { isAnnounced = (isAnnounced ?? false) || index < announced }
        }
        for (index, outcome) in found {
            let revision = outcome.identity.revision
            if let received = outcome.receivedAt {
                events.append(
                    Event(
                        at: received.text, event: "received", what: "received by \(outcome.agency), as its sender says")
                )
            }
            let rules = outcome.decision.map { decision in
                " by \([decision.hold, decision.transfer, decision.notify].map(\.rule).joined(separator: ", ")) of "
                    + decision.policyName
            }
            let at = outcome.recordedAt.text
            events.append(
                Event(
                    at: at, event: "decided",
                    what: "revision \(revision) delivered to \(worker) and decided: \(outcome.disposition.rawValue)"
                        + (rules ?? "")))
            events.append(Event(at: at, event: "recorded", what: "recorded in \(directory), record \(index)"))
            if index < announced {
                events.append(
                    Event(
                        at: at, event: "announced",
                        what: "announced as \(outcome.identity.eventID), confirmed by the broker, then settled"))
            }
            isAnnounced = (isAnnounced ?? false) || index < announced
        }
    }

    /// An aggregator has what workers announced; what it was delivered and recorded as is theirs to tell.
    private mutating func taken(of id: String, _ directory: String, _ isAnnounced: inout Bool?) throws {
        var seen: Set<String> = []
        var found: [Event] = []
        var isOfIt = false
        try LedgerReader(directory: directory).records { record in
            guard let entry = try LedgerEntry(json: record.json) else { return }
            let what: String
            switch entry {
            case .outcome(let outcome) where outcome.identity.requestID == id:
                what = "revision \(outcome.identity.revision), \(outcome.disposition.rawValue)"
                isOfIt = true
            case .record(let told) where told.identity.recordID == id || told.requestID == id:
                what =
                    "\(told.kind.rawValue), record \(told.identity.recordID), revision \(told.identity.revision)"
                if told.identity.recordID == id { isOfIt = true }
            default: return
            }
            // The same event twice is a repeat.
            guard seen.insert(entry.eventID + " " + entry.contentKey).inserted else { return }
            found.append(
                Event(
                    at: entry.recordedAt.text, event: "announced", what: "announced: the aggregator took it: \(what)"))
        }
        events += found
        if isOfIt { isAnnounced = true }
    }

    private mutating func letters(
        of id: String, _ store: LetterStore, _ waiting: inout [LetterID], _ states: inout Set<LetterIndex.State>
    ) throws {
        var ids: Set<LetterID> = []
        var mended: [(old: LetterID, new: LetterID)] = []
        try store.records { record, _ in
            switch record {
            case .letter(let letter):
                if try letter.id.text == id || Self.isOf(letter, id, store) { ids.insert(letter.id) }
            case .edit(let old, let new, _): mended.append((old, new))
            default: break
            }
        }
        // What a letter was before it was mended, and what it became, is the same request; edits come in their order.
        for link in mended where ids.contains(link.old) { ids.insert(link.new) }
        for link in mended.reversed() where ids.contains(link.new) { ids.insert(link.old) }
        if ids.isEmpty { return }
        let index = try store.index()
        let histories = try LetterHistory.histories(of: ids, in: store)
        var found: [(letter: LetterID, event: LetterHistory.Event)] = []
        for letter in ids.sorted(by: { $0.text < $1.text }) {
            found += (histories[letter]?.events ?? []).map { (letter, $0) }
            guard let state = index[letter]?.state else { continue }
            states.insert(state)
            if state == .waiting { waiting.append(letter) }
        }
        for (letter, event) in found.sorted(by: { $0.event.record < $1.event.record }) {
            let verb = event.what.split { !$0.isLetter }.first.map(String.init) ?? ""
            events.append(Event(at: event.at, event: verb, what: "letter \(letter.text) \(event.what)"))
        }
    }

    private static func isOf(_ letter: StoredLetter, _ id: String, _ store: LetterStore) throws -> Bool {
        if letter.letter.envelope["messageId"]?.stringValue?.lowercased() == id { return true }
        // Only what is short enough to be a request can be one; a body that is no JSON has no id.
        guard letter.bodyFile == nil,
            let body = try? JSONValue.parse(LetterEdit.readableBody(of: store.whole(letter).letter))
        else { return false }
        return ["requestId", "recordId"].contains { body[$0]?.stringValue?.lowercased() == id }
    }
}
