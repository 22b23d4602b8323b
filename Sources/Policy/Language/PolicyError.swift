/// Why a policy does not load or does not decide: the file, the line, and a sentence.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var line: Int?
    public var explanation: String

    public init(file: String, line: Int? = nil, explanation: String) {
        self.file = file
        self.line = line
        self.explanation = explanation
    }

    public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(explanation)" }
}
