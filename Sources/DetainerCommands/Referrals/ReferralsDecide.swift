import AMQPClient
import ArgumentParser
import Detainers
import Foundation
import Ledger
import Operations
import Reports
import Worker

struct ReferralsDecide: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Record what a person decided on a referred request.",
        discussion: """
            It decides nothing: it publishes a record of the kind `referral-decision` to the intake, as any booking \
            system may, and a worker records it. A decision to comply names the paper that it rests on.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Argument(help: "The request's id.")
    var id: String

    @Option(help: "The human role that decided, such as shift-supervisor; never a name.")
    var by: String

    @Option(help: "declined or complied.")
    var hold: String?

    @Option(help: "declined or complied.")
    var transfer: String?

    @Option(help: "declined or complied.")
    var notify: String?

    @Option(help: "What a compliance rests on: criminal-warrant, judicial-order or none.")
    var basis: String?

    @Option(help: "When it was decided (RFC 3339). Default: now.")
    var at: String?

    @Flag(help: "Record another decision where one is on file already; the latest counts.")
    var again = false

    @Flag(help: "Print the record instead of publishing it.")
    var dryRun = false

    private static let patienceSeconds = 30

    func validate() throws {
        if hold == nil, transfer == nil, notify == nil {
            throw ValidationError("say what was decided: --hold, --transfer or --notify, each declined or complied")
        }
    }

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let referral = try referral(ledgers.resolved(settings))
            let message = try message(about: referral)
            let body = CaseContract.json(message).serialized()
            if dryRun { return Output.print(String(decoding: body, as: UTF8.self)) }
            let publication = Publisher.intake(
                body, .record(message), exchange: settings[.intakeExchange], token: 0,
                signing: try settings.intakeSigningKey())
            let tally = try await Publisher.publish(
                [publication], to: try settings.address(), window: 1, patienceSeconds: Self.patienceSeconds)
            guard tally.confirmed == 1 else {
                Log.error("the record was not taken: is the topology there? `detainer topology check` tells")
                throw Exit.brokerUnavailable
            }
            Output.print("record \(message.recordID) is published; a worker records it")
        }
    }

    private func referral(_ directories: [String]) throws -> Referral {
        let referrals = try Casebook(LedgerUnion.read(directories)).referrals
        guard let referral = referrals.first(where: { $0.outcome.identity.requestID == id.lowercased() }) else {
            Log.error("no referred request of that id is on file: `detainer referrals list --all` shows them")
            throw Exit.no
        }
        if let decision = referral.decision, !again {
            Log.error(
                "it was decided by \(decision.recordedBy) on \(decision.date): \(decision.detail.sentence); --again "
                    + "records another decision")
            throw Exit.no
        }
        return referral
    }

    /// Read back by the contract itself, so that what is published is what workers take.
    private func message(about referral: Referral) throws -> CaseMessage {
        let detail = [("hold", hold), ("transfer", transfer), ("notify", notify), ("basis", basis)]
            .compactMap { name, word in word.map { JSONMember(name: name, value: .string($0)) } }
        let json: JSONValue = [
            "schema": .string(CaseContract.schema), "recordId": .string(UUID().uuidString.lowercased()),
            "kind": .string(CaseKind.referralDecision.rawValue), "agency": .string(referral.outcome.agency),
            "recordedBy": .string(by), "happenedAt": .string(at ?? WallClock.now().text),
            "about": ["requestId": .string(referral.outcome.identity.requestID)], "detail": .object(detail),
        ]
        return try CaseContract.read(json.serialized())
    }
}
