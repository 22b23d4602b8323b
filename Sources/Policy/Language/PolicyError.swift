/// One thing that is wrong with a policy: where, and what to do about it.
public struct PolicyProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// Counted from 1.
    public var line: Int?
    public var column: Int?
    /// The name of the row, duty or example that it is in.
    public var row: String?
    public var explanation: String

    public init(file: String, line: Int? = nil, column: Int? = nil, row: String? = nil, explanation: String) {
        self.file = file
        self.line = line
        self.column = column
        self.row = row
        self.explanation = explanation
    }

    public var description: String {
        let place = [file, line.map(String.init), line == nil ? nil : column.map(String.init)].compactMap { $0 }
        return place.joined(separator: ":") + ": " + (row.map { $0 + ": " } ?? "") + explanation
    }
}

/// Why a policy does not load or does not decide: all that is wrong with it, in the order of its lines.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    public private(set) var problems: [PolicyProblem]

    /// Nobody mends more at once; a wrong file (a book, a picture) has no end of them.
    static let mostProblems = 100

    public init(_ problems: [PolicyProblem]) {
        let sorted = problems.sorted {
            ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0)
        }
        self.problems = Array(sorted.prefix(Self.mostProblems))
        if let last = self.problems.last, sorted.count > Self.mostProblems {
            let more = "there are \(sorted.count - Self.mostProblems) more: mend these first"
            self.problems.append(PolicyProblem(file: last.file, explanation: more))
        }
    }

    public init(file: String, explanation: String) {
        self.init([PolicyProblem(file: file, explanation: explanation)])
    }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
