import ArgumentParser
import Detainers

struct IntakeValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check messages against the contract; no broker needed.")

    @Argument(help: "JSON or JSON Lines files; - is standard input.")
    var files: [String]

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            var invalid = 0
            let messages = try MessageFiles.read(files)
            for message in messages {
                do throws(ContractError) {
                    report(message, read: try IntakeContract.read(message.body), error: nil)
                } catch {
                    invalid += 1
                    report(message, read: nil, error: error)
                }
            }
            if format == .text { Output.print("\(messages.count - invalid) valid, \(invalid) invalid") }
            if invalid > 0 { throw Exit.no }
        }
    }

    private func report(_ message: MessageFiles.Message, read: IntakeMessage?, error: ContractError?) {
        switch format {
        case .text:
            if let error { Output.print("\(message.place): \(error.reason.rawValue): \(error.description)") }
        case .json:
            var members = [
                JSONMember(name: "file", value: .string(message.file)),
                JSONMember(name: "line", value: message.line.map { .number(String($0)) } ?? .null),
                JSONMember(name: "valid", value: .bool(error == nil)),
            ]
            if let read { members.append(JSONMember(name: read.idMember, value: .string(read.id))) }
            if let error {
                members += [
                    JSONMember(name: "reason", value: .string(error.reason.rawValue)),
                    JSONMember(name: "path", value: .string(error.path)),
                    JSONMember(name: "explanation", value: .string(error.explanation)),
                ]
            }
            Output.print(.object(members))
        }
    }
}
