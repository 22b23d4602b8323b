/// Where a broker listens and as whom to log in; its description hides the password.
public struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    public let port: UInt16
    public let user: String
    public let virtualHost: String
    let password: String

    /// - Parameter url: `amqp://user:password@host:port/virtual-host`; what is left out is `guest`, 5672 and `/`.
    public init(url: String) throws(AMQPError) {
        var rest = Substring(url)
        guard let colon = url.range(of: "://") else { throw Self.refused("it needs to begin with amqp://") }
        let scheme = url[..<colon.lowerBound].lowercased()
        if scheme == "amqps" { throw Self.refused("amqps:// is not spoken: use amqp:// through a TLS tunnel") }
        guard scheme == "amqp" else { throw Self.refused("it needs to begin with amqp://") }
        rest = url[colon.upperBound...]
        if rest.contains("?") || rest.contains("#") {
            throw Self.refused("options after ? or # are not known: remove them, and write # in a password as %23")
        }
        var path = Substring()
        if let slash = rest.firstIndex(of: "/") {
            path = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
        }
        if path.contains("/") { throw Self.refused("write / within a virtual host as %2F") }
        var login: Substring?
        if let at = rest.lastIndex(of: "@") {
            login = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        (user, password) = try Self.login(login)
        (host, port) = try Self.hostAndPort(rest)
        virtualHost = path.isEmpty ? "/" : try Self.decoded(path)
    }

    public var description: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return "amqp://\(user):***@\(shown):\(port)/\(virtualHost == "/" ? "" : virtualHost)"
    }

    private static func login(_ text: Substring?) throws(AMQPError) -> (String, String) {
        guard let text else { return ("guest", "guest") }
        guard let colon = text.firstIndex(of: ":") else { return (try decoded(text), "guest") }
        return (try decoded(text[..<colon]), try decoded(text[text.index(after: colon)...]))
    }

    private static func hostAndPort(_ text: Substring) throws(AMQPError) -> (String, UInt16) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw refused("[ in the host needs a ]") }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            if !after.isEmpty {
                guard after.first == ":" else { throw refused("after ] only a port may follow") }
                port = after.dropFirst()
            }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        let name = try decoded(host)
        if name.isEmpty { throw refused("it needs a host") }
        guard let port else { return (name, 5672) }
        guard let number = UInt16(port), number > 0 else { throw refused("the port is no number from 1 to 65535") }
        return (name, number)
    }

    private static func decoded(_ text: Substring) throws(AMQPError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
                throw refused("a % needs two hexadecimal digits after it; write % itself as %25")
            }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw refused("it holds what is not text after decoding its % signs")
        }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func refused(_ why: String) -> AMQPError {
        AMQPError(code: .invalidAddress, message: "the broker's URL cannot be used: \(why)")
    }
}

extension String {
    /// The first place of a short pattern; the standard library's own search needs a library this room does without.
    fileprivate func range(of pattern: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(pattern) { return start..<index(start, offsetBy: pattern.count) }
            start = index(after: start)
        }
        return nil
    }
}
