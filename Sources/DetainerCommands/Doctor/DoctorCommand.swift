import ArgumentParser
import Detainers
import Operations

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Is this broker fit, and what mends it. Changes nothing.",
        discussion: "Needs a user who may configure. Exit code 1: something is not as it must be.")

    @OptionGroup var common: CommonOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let doctor = Doctor(settings)
            let findings = try await doctor.look(try settings.address()) + doctor.unseen
            switch format {
            case .json:
                for finding in findings {
                    Output.print([
                        "check": .string(finding.check), "verdict": .string(finding.verdict.rawValue),
                        "sentence": .string(finding.sentence),
                    ])
                }
            case .text:
                for finding in findings {
                    Output.print("\(finding.verdict.rawValue)  \(finding.check): \(finding.sentence)")
                }
            }
            if findings.contains(where: { $0.verdict == .bad }) { throw Exit.no }
        }
    }
}
