import AMQPClient
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations
import Policy
import Worker

/// What would become of a letter that is replayed now: judged as a worker would, by the policies on the disk, against
/// all that is recorded.
///
/// Letters are judged first, then the ledgers are read once for those requests alone, then fates are told: what is in
/// memory grows with the letters and not with the ledgers.
struct ReplayForecast {
    /// What a worker would make of a letter, before anyone looked into the ledgers.
    enum Judgement {
        case settled(ReplayPlan.Fate, detail: String)
        case decided(LedgerEntry.Identity, content: String, what: String)
    }

    private let judge: Judge
    private let signing: PublisherSigningKey?
    private let ledger: String
    /// The requests that are asked for.
    private var asked: Set<LedgerEntry.Identity> = []
    /// The content of those that are in the ledgers, and of what the letters before would add.
    private var recorded: [LedgerEntry.Identity: String] = [:]
    private let intake: IntakeRoute
    let policies: [String]

    init(_ settings: Settings) throws {
        let set = try settings.policies()
        let hasRecordings = try !Self.workers(settings[.ledgerDirectory]).isEmpty
        let keys = try settings.pseudonymKeyFiles(set.jurisdictions).mapValues { path in
            // Where nothing is recorded letters are compared with one another alone, which any key does; a worker makes
            // the one that lasts.
            if !hasRecordings, !FileManager.default.fileExists(atPath: path) {
                return try PseudonymKey(file: Array(PseudonymKey.generate().utf8))
            }
            return try KeyFile.read(path, of: .records)
        }
        judge = Judge(
            policies: set, keys: keys, worker: "plan", publishers: try settings.publisherKeys())
        signing = try settings.intakeSigningKey()
        policies = set.documents.map(\.digest)
        intake = settings.intakeRoute
        ledger = settings[.ledgerDirectory]
    }

    /// Looks for the requests of all letters that were judged.
    mutating func readLedgers() throws {
        for directory in try Self.workers(ledger) {
            try LedgerReader(directory: directory).records { record in
                guard let entry = try LedgerEntry(json: record.json) else { return }
                if asked.contains(entry.identity) { recorded[entry.identity] = entry.contentKey }
            }
        }
    }

    /// The ledgers of workers, and what an aggregator follows; there need not be one yet.
    private static func workers(_ ledger: String) throws -> [String] {
        do throws(LedgerError) {
            return try LedgerReader.directories(under: ledger).filter {
                LedgerStore($0, below: ledger)?.holdsOutcomes != false
            }
        } catch {
            if error.code == .missing { return [] }
            throw error
        }
    }

    /// - Parameter letter: with its body.
    mutating func judge(_ letter: StoredLetter, at now: Moment) -> Judgement {
        // This process would end as those workers did.
        if letter.letter.reason == .poison, letter.editOf == nil {
            return .settled(.untried, detail: "poison: it ended workers, and would end this command")
        }
        let publication = letter.replay(token: 0, at: now, intake: intake, signing: signing)
        let delivery = Delivery(
            deliveryTag: 0, redelivered: false, exchange: publication.exchange, routingKey: publication.routingKey,
            message: publication.message)
        switch judge.arrival(of: delivery, at: now).verdict {
        case .dead(let dead): return .settled(.dies, detail: "\(dead.reason.rawValue): \(dead.detail)")
        case .entry(let entry):
            asked.insert(entry.identity)
            return .decided(entry.identity, content: entry.contentKey, what: Self.word(entry.prepared))
        }
    }

    private static func word(_ entry: PreparedEntry) -> String {
        entry.disposition?.rawValue ?? entry.caseKind?.rawValue ?? ""
    }

    /// Takes judgements in the order in which the letters would be replayed: the first of two alike is decided.
    mutating func fate(_ judgement: Judgement) -> (fate: ReplayPlan.Fate, detail: String) {
        switch judgement {
        case .settled(let fate, let detail): return (fate, detail)
        case .decided(let identity, let content, let what):
            switch recorded[identity] {
            case nil:
                recorded[identity] = content
                return (.decided, what)
            case content: return (.recorded, "in the ledger already: a repeat, which changes nothing")
            default: return (.dies, "\(DeadLetterReason.conflictingDuplicate.rawValue): another content is on record")
            }
        }
    }
}
