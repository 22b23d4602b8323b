/// The files of a TLS connection, in PEM; each is read anew whenever a connection is opened.
public struct TLSFiles: Sendable, Equatable {
    /// The CAs that may sign the broker's certificate; nil for those that the system trusts.
    public var caFile: String?
    /// Lists of the certificates that the CAs have revoked (CRLs), one of each CA that may sign the broker's; nil where
    /// revocation is not asked about.
    public var crlFile: String?
    /// This side's certificate, then what is between it and its CA.
    public var certificateFile: String?
    /// The certificate's key, not encrypted, in a file that others cannot read (``SecretMode``).
    public var keyFile: String?

    public init(
        caFile: String? = nil, crlFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil
    ) {
        self.caFile = caFile
        self.crlFile = crlFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Where a broker listens and as whom to log in; its description hides the password.
public struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
    /// What tells the broker who logs in.
    public enum Authentication: Sendable, Equatable {
        /// A user and a password: SASL's PLAIN.
        case password
        /// The certificate of the TLS connection: SASL's EXTERNAL.
        case certificate
    }

    public let host: String
    public let port: UInt16
    /// Empty where the certificate tells.
    public let user: String
    public let virtualHost: String
    public let authentication: Authentication
    /// Whether the URL begins with amqps://: the broker's certificate is verified then, and there is no way round it.
    public let usesTLS: Bool
    public let tls: TLSFiles
    let password: String

    /// - Parameters:
    ///   - url: `amqp://user:password@host:port/virtual-host`, or `amqps://` for TLS; what is left out is `guest`, 5672
    ///     (5671 with TLS) and `/`.
    ///   - password: goes over the one in the URL.
    ///   - tls: for `amqps://` only; with a certificate and no user in the URL, the certificate logs in.
    public init(url: String, password: String? = nil, tls: TLSFiles = TLSFiles()) throws(AMQPError) {
        var rest = Substring(url)
        let schemes = "it needs to begin with amqp:// or amqps://"
        guard let colon = url.range(of: "://") else { throw Self.refused(schemes) }
        let scheme = url[..<colon.lowerBound].lowercased()
        guard scheme == "amqp" || scheme == "amqps" else { throw Self.refused(schemes) }
        usesTLS = scheme == "amqps"
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
        if !usesTLS, tls != TLSFiles() {
            throw Self.refused(
                "a CA, revocation, certificate or key file is for amqps:// only: change the URL, or leave them out")
        }
        if (tls.certificateFile == nil) != (tls.keyFile == nil) {
            throw Self.refused("a certificate file and a key file go together: name both, or neither")
        }
        self.tls = tls
        authentication = login == nil && tls.certificateFile != nil ? .certificate : .password
        if authentication == .certificate {
            if password != nil { throw Self.refused("a password needs a user: write user@ before the host") }
            (user, self.password) = ("", "")
        } else {
            let (user, inURL) = try Self.login(login)
            self.user = user
            self.password = password ?? inURL
            if self.password.utf8.contains(0) { throw Self.refused("the password holds a zero byte") }
        }
        (host, port) = try Self.hostAndPort(rest, otherwise: usesTLS ? 5671 : 5672)
        virtualHost = path.isEmpty ? "/" : try Self.decoded(path)
    }

    public var description: String {
        let login = authentication == .password ? "\(user):***@" : ""
        let path = virtualHost == "/" ? "" : virtualHost
        return "\(usesTLS ? "amqps" : "amqp")://\(login)\(place)/\(path)"
    }

    /// Host and port, for sentences.
    var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func login(_ text: Substring?) throws(AMQPError) -> (String, String) {
        guard let text else { return ("guest", "guest") }
        guard let colon = text.firstIndex(of: ":") else { return (try decoded(text), "guest") }
        return (try decoded(text[..<colon]), try decoded(text[text.index(after: colon)...]))
    }

    private static func hostAndPort(
        _ text: Substring, otherwise standard: UInt16
    ) throws(AMQPError) -> (String, UInt16) {
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
        guard let port else { return (name, standard) }
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
