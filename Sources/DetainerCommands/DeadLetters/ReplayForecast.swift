import AMQPClient
import DeadLetters
import Detainers
import Ledger
import Operations
import Policy
import Worker

/// What would become of a letter that is replayed now: judged as a worker would, by the policies on the disk, against
/// all that is recorded.
struct ReplayForecast {
    private let judge: Judge
    /// What is in the ledgers, and what the letters before would add.
    private var recorded: [RequestIdentity: String]
    private let intake: IntakeRoute
    let policies: [String]

    init(_ settings: Settings) throws {
        let set = try settings.policies()
        var keys: [String: PseudonymKey] = [:]
        for (jurisdiction, path) in try settings.pseudonymKeyFiles(set.jurisdictions) {
            keys[jurisdiction] = try KeyFile.readOrMake(path).key
        }
        judge = Judge(policies: set, keys: keys, worker: "plan")
        policies = set.documents.map(\.digest)
        intake = settings.intakeRoute
        var recorded: [RequestIdentity: String] = [:]
        for directory in try Self.workers(settings[.ledgerDirectory]) {
            try LedgerReader(directory: directory).records { record in
                guard record.value["kind"]?.stringValue == Outcome.kind else { return }
                let outcome = try Outcome(json: record.value)
                recorded[outcome.identity] = outcome.contentKey
            }
        }
        self.recorded = recorded
    }

    /// The ledgers of workers; there need not be one yet.
    private static func workers(_ ledger: String) throws -> [String] {
        do throws(LedgerError) {
            return try LedgerReader.workerDirectories(under: ledger).filter {
                !$0.hasSuffix("/" + LetterStore.folder)
            }
        } catch {
            if error.code == .missing { return [] }
            throw error
        }
    }

    /// - Parameter letter: with its body.
    mutating func fate(of letter: StoredLetter, at now: Moment) -> (fate: ReplayPlan.Fate, detail: String) {
        // This process would end as those workers did.
        if letter.letter.reason == .poison, letter.editOf == nil {
            return (.untried, "poison: it ended workers, and would end this command")
        }
        let publication = letter.replay(token: 0, at: now, intake: intake)
        let delivery = Delivery(
            deliveryTag: 0, redelivered: false, exchange: publication.exchange, routingKey: publication.routingKey,
            message: publication.message)
        switch judge.arrival(of: delivery, at: now).verdict {
        case .dead(let dead): return (.dies, "\(dead.reason.rawValue): \(dead.detail)")
        case .outcome(let outcome):
            switch recorded[outcome.identity] {
            case nil:
                recorded[outcome.identity] = outcome.contentKey
                return (.decided, outcome.disposition.rawValue)
            case outcome.contentKey: return (.recorded, "in the ledger already: a repeat, which changes nothing")
            default: return (.dies, "\(DeadLetterReason.conflictingDuplicate.rawValue): another content is on record")
            }
        }
    }
}
