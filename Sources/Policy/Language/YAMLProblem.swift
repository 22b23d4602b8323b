import Yams

extension PolicyProblem {
    /// What the YAML reader found, told as all other problems are.
    static func ofYAML(_ error: any Error, file: String) -> PolicyProblem {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            PolicyProblem(
                file: file, line: mark.line, column: mark.column, explanation: "this is not YAML here: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            PolicyProblem(
                file: file, line: context.mark.line, column: context.mark.column,
                explanation: "the same name stands twice in what begins here: \(names.joined(separator: ", "))")
        default: PolicyProblem(file: file, explanation: "is not YAML")
        }
    }
}
