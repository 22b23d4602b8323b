import ArgumentParser
import Detainers

struct IntakeValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check messages against the contract; no broker needed.",
        discussion: """
            Tells everything that is wrong with a message, first what a worker's dead letter would say: \
            file:line:column, reason, path, what is expected, and below it what to do. Exit code 1 where a message is \
            invalid.
            """)

    @Argument(help: "JSON or JSON Lines files; - is standard input.")
    var files: [String]

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            for file in files { try MessageFiles.refuseUnlessThere(file) }
            let progress = Progress("checking bytes")
            defer { progress.end() }
            let total = MessageFiles.size(files)
            var (done, count, invalid) = (0, 0, 0)
            for file in files {
                let reader = try MessageReader(file)
                while let message = try reader.next() {
                    count += 1
                    if try !check(message) { invalid += 1 }
                    progress.tell(min(total, done + reader.bytesRead), of: total)
                }
                done += reader.bytesRead
            }
            if format == .text { Output.print("\(count - invalid) valid, \(invalid) invalid") }
            if invalid > 0 { throw Exit.no }
        }
    }

    private func check(_ message: MessageFiles.Message) throws -> Bool {
        let read: IntakeMessage
        do throws(ContractError) { read = try IntakeContract.read(message.body) } catch {
            let problems = IntakeDiagnosis.problems(in: message.body)
            switch format {
            case .text: for problem in problems { tell(problem, of: message) }
            case .json: Output.print(json(message, problems))
            }
            return false
        }
        if format == .json {
            Output.print(json(message, valid: true, [JSONMember(name: read.idMember, value: .string(read.id))]))
        }
        return true
    }

    private func tell(_ problem: ContractProblem, of message: MessageFiles.Message) {
        let place = TextPlace(problem.offset, in: message)
        let column = place.map { ":\($0.line):\($0.column)" } ?? message.line.map { ":\($0)" } ?? ""
        Output.print(
            "\(message.file)\(column): \(problem.reason.rawValue): \(problem.error.description)\n    \(problem.remedy)")
    }

    private func json(_ message: MessageFiles.Message, valid: Bool, _ more: [JSONMember]) -> JSONValue {
        .object(
            [
                JSONMember(name: "file", value: .string(message.file)),
                JSONMember(name: "line", value: message.line.map { .number(String($0)) } ?? .null),
                JSONMember(name: "valid", value: .bool(valid)),
            ] + more)
    }

    private func json(_ message: MessageFiles.Message, _ problems: [ContractProblem]) -> JSONValue {
        var members: [JSONMember] = []
        if let first = problems.first {
            members += [
                JSONMember(name: "reason", value: .string(first.reason.rawValue)),
                JSONMember(name: "path", value: .string(first.path)),
                JSONMember(name: "explanation", value: .string(first.expected)),
            ]
        }
        let errors = problems.map { problem -> JSONValue in
            let place = TextPlace(problem.offset, in: message)
            return [
                "reason": .string(problem.reason.rawValue), "path": .string(problem.path),
                "expected": .string(problem.expected), "remedy": .string(problem.remedy),
                "line": place.map { .number(String($0.line)) } ?? .null,
                "column": place.map { .number(String($0.column)) } ?? .null,
            ]
        }
        members.append(JSONMember(name: "errors", value: .array(errors)))
        return json(message, valid: false, members)
    }
}

/// Line and column in a file, both from 1, the column in characters.
private struct TextPlace {
    var line: Int
    var column: Int

    init?(_ offset: Int?, in message: MessageFiles.Message) {
        guard let offset else { return nil }
        let before = message.body.prefix(offset)
        let newline = UInt8(ascii: "\n")
        line = (message.line ?? 1) + before.count { $0 == newline }
        let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        // Bytes that go on with a character begin with the bits 10.
        column = 1 + before[start...].count { $0 & 0xc0 != 0x80 }
    }
}
