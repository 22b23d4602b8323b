/// A URL that may hold a password, read as text: where it was mistyped its password is to be hidden all the same.
public struct SecretURL: Sendable {
    /// Such as `amqp://`; empty where the text begins otherwise.
    private let scheme: Substring
    /// What stands before the last `@`; `nil` where there is none.
    private let login: Substring?
    /// The last `@` and what follows it; without one, all behind the scheme.
    private let rest: Substring

    public init(_ text: String) {
        let mark = text.firstRange(of: "://").flatMap { Self.isScheme(text[..<$0.lowerBound]) ? $0 : nil }
        let start = mark?.upperBound ?? text.startIndex
        let behind = text[start...]
        let at = behind.lastIndex(of: "@")
        scheme = text[..<start]
        login = at.map { behind[..<$0] }
        rest = at.map { behind[$0...] } ?? behind
    }

    private static func isScheme(_ text: Substring) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    var hasScheme: Bool { !scheme.isEmpty }

    public var holdsPassword: Bool { login?.contains(":") ?? false }

    /// All but the password; of a text that begins with no scheme all but the place, for nobody knows what is what in
    /// it.
    public var masked: String {
        guard let login else { return String(scheme) + String(rest) }
        let user = hasScheme ? String(login.prefix { $0 != ":" }) + ":" : ""
        return String(scheme) + user + "***" + String(rest)
    }
}
