import AMQPClient
import ArgumentParser
import Detainers
import Operations
import Policy

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Are this machine and this broker fit, and what mends them. Changes nothing.",
        discussion: """
            Run it as the worker's user. What AMQP does not tell is seen through the management API, where \
            broker.management-url names it; queues' arguments are seen through it or by a user who may configure. \
            Exit code 1: something is bad; 69: the broker does not answer, and the machine's findings are told.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Look at this machine only.")
    var offline = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let (policies, jurisdictions) = Self.policies(settings)
            let machine = MachineFacts(settings, policies: policies, jurisdictions: jurisdictions).findings()
            tell(machine)
            let broker = offline ? [] : try await Doctor(settings).look(try settings.address())
            tell(broker)
            let findings = machine + broker
            if format == .text { Output.print(Self.sum(findings)) }
            if findings.contains(where: { $0.verdict == .bad }) { throw Exit.no }
        }
    }

    private static func policies(_ settings: Settings) -> (MachineFacts.Policies, jurisdictions: [String]) {
        do {
            let set = try settings.policies(isQuiet: true)
            let policies = set.documents.map {
                MachineFacts.Policies.Policy(name: $0.name, isApproved: $0.isApproved, timeZone: $0.timeZone.name)
            }
            return (.loaded(policies), set.jurisdictions)
        } catch {
            return (.refused(Exit.sentence(error)), [])
        }
    }

    private func tell(_ findings: [Doctor.Finding]) {
        for finding in findings {
            switch format {
            case .json:
                Output.print([
                    "check": .string(finding.name), "verdict": .string(finding.verdict.rawValue),
                    "sentence": .string(finding.sentence),
                    "remedy": finding.remedy.map(JSONValue.string) ?? .null,
                    "forbidsStart": .bool(finding.forbidsStart),
                ])
            case .text: Output.print(finding.text)
            }
        }
    }

    private static func sum(_ findings: [Doctor.Finding]) -> String {
        func count(_ verdict: Doctor.Finding.Verdict) -> Int { findings.count { $0.verdict == verdict } }
        return "\(count(.good)) good, \(count(.unseen)) unseen, \(count(.warning)) warnings, \(count(.bad)) bad"
    }
}
