import Foundation

/// Where a broker's management API is and as whom to ask it; its description hides the password.
public struct ManagementAddress: Sendable, CustomStringConvertible {
    /// `http://host:15672`, without a user.
    let base: String
    let user: String
    let password: String

    /// - Parameters:
    ///   - url: `http://user:password@host:15672`, or `https://` and 15671; what is left out of the login is `guest`.
    ///   - password: where the URL has none.
    /// - Throws: where it cannot be used; never repeats it.
    public init(url: String, password: String? = nil) throws(ManagementError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            let usual = Self.usualPorts[scheme], let host = parts.host, !host.isEmpty
        else { throw Self.refused("it needs to be http://user@host:15672 or https://user@host:15671") }
        guard parts.query == nil, parts.fragment == nil, ["", "/"].contains(parts.path) else {
            throw Self.refused("nothing may stand behind the port")
        }
        let shown = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        base = "\(scheme)://\(shown):\(parts.port ?? usual)"
        user = parts.user ?? "guest"
        self.password = parts.password ?? password ?? "guest"
    }

    /// The address that the settings name; `nil` where they name none.
    ///
    /// - Throws: ``ManagementError``, or `KeyFile.Problem` where the password's file cannot be read, or may be by
    ///   others.
    public init?(_ settings: Settings) throws {
        guard let url = settings.managementURL else { return nil }
        let holdsPassword = URLComponents(string: url)?.password != nil
        let password = try settings.passwordFile.flatMap { path in
            holdsPassword ? nil : try KeyFile.text(path).trimmingCharacters(in: .newlines)
        }
        self = try ManagementAddress(url: url, password: password)
    }

    private static let usualPorts = ["http": 15672, "https": 15671]

    public var description: String { base }

    /// The value of the header `Authorization` (RFC 7617).
    var authorization: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }

    /// - Parameter path: each step as it is; what a path may not hold is encoded here, as the `/` of a virtual host.
    func url(_ path: [String]) throws(ManagementError) -> URL {
        let text = base + "/api/" + path.map(Self.encoded).joined(separator: "/")
        guard let url = URL(string: text) else { throw Self.refused("its host is none") }
        return url
    }

    private static func encoded(_ step: String) -> String {
        step.utf8.map { byte in
            let isPlain = Character(Unicode.Scalar(byte)).isASCII && "-._~".utf8.contains(byte)
            let isWord =
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            if isPlain || isWord && byte < 0x80 { return String(Unicode.Scalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    private static func refused(_ why: String) -> ManagementError {
        ManagementError(code: .invalidAddress, message: "setting `broker.management-url` cannot be used: \(why)")
    }
}

/// Why the management API told nothing; one sentence, never a secret.
public struct ManagementError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        case invalidAddress
        /// Nobody answers there, or not in time.
        case unreachable
        /// The user or the password is wrong, or the user may not ask this.
        case refused
        /// There is no such thing, or this version does not tell it.
        case notFound
        /// The answer is none of RabbitMQ's.
        case unreadable
    }

    public let code: Code
    public let message: String

    public var description: String { message }
}
