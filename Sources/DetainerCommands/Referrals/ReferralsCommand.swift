import ArgumentParser
import Detainers
import Foundation
import Ledger
import Operations
import Reports
import Worker

struct ReferralsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "referrals", abstract: "What waits for a person, and what that person decided.",
        subcommands: [ReferralsList.self, ReferralsDecide.self])
}

struct ReferralsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The requests that were referred to a person, those that wait longest first.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var ledgers: LedgerOptions

    @Option(help: "Only what waits for this role.")
    var role: String?

    @Flag(help: "Those that were decided too.")
    var all = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let now = WallClock.now()
            let casebook = try Casebook(LedgerUnion.read(ledgers.resolved(try common.settings())))
            let referrals = casebook.referrals.filter { referral in
                (all || referral.decision == nil)
                    && (role == nil || referral.questions.contains { $0.role == role })
            }
            switch format {
            case .json: for referral in referrals { Output.print(referral.json(at: now)) }
            case .text:
                Output.table(
                    ["AGE", "REQUEST", "DATE", "STATION", "ASKED", "FOR", "DECIDED"],
                    referrals.map { referral in
                        [
                            Age.text(seconds: referral.ageSeconds(at: now)), referral.outcome.identity.requestID,
                            referral.outcome.date.date.description, referral.outcome.station ?? "-",
                            referral.questions.map(\.name).joined(separator: ", "),
                            Set(referral.questions.map(\.role)).sorted().joined(separator: ", "),
                            referral.decision.map { "\($0.detail.sentence), by \($0.recordedBy)" } ?? "waits",
                        ]
                    })
                if let first = referrals.first(where: { $0.decision == nil }) {
                    Output.print(
                        "next: `detainer referrals decide \(first.outcome.identity.requestID) --by ROLE --hold declined` "
                            + "records what a person decided")
                }
            }
        }
    }
}

extension Referral {
    func ageSeconds(at now: Moment) -> Int64 {
        let since = outcome.receivedAt?.secondsSinceEpoch ?? outcome.recordedAt.secondsSinceEpoch
        return max(0, (now.secondsSinceEpoch ?? 0) - (since ?? 0))
    }

    func json(at now: Moment) -> JSONValue {
        var members = [
            JSONMember(name: "requestId", value: .string(outcome.identity.requestID)),
            JSONMember(name: "date", value: .string(outcome.date.date.description)),
            JSONMember(name: "agency", value: .string(outcome.agency)),
            JSONMember(name: "station", value: outcome.station.map(JSONValue.string) ?? .null),
            JSONMember(name: "ageSeconds", value: .number(String(ageSeconds(at: now)))),
            JSONMember(
                name: "asked", value: .object(questions.map { JSONMember(name: $0.name, value: .string($0.role)) })),
        ]
        if let decision {
            members.append(
                JSONMember(
                    name: "decision",
                    value: [
                        "recordId": .string(decision.identity.recordID), "by": .string(decision.recordedBy),
                        "date": .string(decision.date.description), "what": .string(decision.detail.sentence),
                    ]))
        }
        return .object(members)
    }
}
