import Yams

extension PolicyProblem {
    /// What the YAML reader found, told as all other problems are.
    static func ofYAML(_ error: any Error, in text: String, file: String) -> PolicyProblem {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            PolicyProblem(
                file: file, line: mark.line, column: mark.column, explanation: "this is not YAML here: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            PolicyProblem(
                file: file, line: second(names, from: context.mark, in: text) ?? context.mark.line,
                column: context.mark.column,
                explanation: "the same name stands twice here: \(names.joined(separator: ", "))")
        default: PolicyProblem(file: file, explanation: "is not YAML")
        }
    }

    /// The line where one of the names stands for the second time, as far as it begins a line.
    private static func second(_ names: [String], from mark: Yams.Mark, in text: String) -> Int? {
        let indent = String(repeating: " ", count: max(0, mark.column - 1))
        var seen: Set<String> = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (position, line) in lines.enumerated().dropFirst(mark.line - 1) {
            for name in names where line.hasPrefix(indent + name + ":") {
                if !seen.insert(name).inserted { return position + 1 }
            }
        }
        return nil
    }
}
