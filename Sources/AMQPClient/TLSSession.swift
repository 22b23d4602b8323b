import CRabbitMQ
import Glibc

/// What TLS adds to one connection: whom it trusts, what it shows, and the words for what goes wrong.
///
/// The library's context points at its report, so it has to outlive the connection that it was made for.
@safe final class TLSSession {
    private let report: UnsafeMutablePointer<crabbitmq_tls_report>
    private let address: BrokerAddress

    /// Reads the files, anew for each connection, so that those that were exchanged count from the next one on.
    ///
    /// - Parameter socket: the connection's TLS socket, not yet open.
    init(_ socket: OpaquePointer, _ address: BrokerAddress) throws(AMQPError) {
        guard let report = unsafe crabbitmq_tls_report_new() else {
            throw AMQPError(code: .connectionFailed, message: "no memory for a connection")
        }
        unsafe self.report = report
        self.address = address
        guard unsafe crabbitmq_tls_verify(socket, report, address.host) == 1 else {
            throw refused("no certificate can be for the host \(address.host): correct it in broker.url")
        }
        try unsafe trust(socket)
        try unsafe revoke(socket)
        if let certificate = address.tls.certificateFile, let key = address.tls.keyFile {
            try unsafe identify(socket, certificate: certificate, key: key)
        }
    }

    deinit { unsafe crabbitmq_tls_report_free(report) }

    /// Before another handshake on the same socket.
    func begin() { unsafe crabbitmq_tls_reset(report) }

    // MARK: - files

    private func trust(_ socket: OpaquePointer) throws(AMQPError) {
        guard let file = address.tls.caFile else {
            if unsafe crabbitmq_tls_trust(socket, nil) == 1 { return }
            throw refused(
                "the CAs that the system trusts cannot be read: install ca-certificates, or set broker.ca-file")
        }
        _ = try Self.contents(file, setting: "broker.ca-file")
        guard unsafe crabbitmq_tls_trust(socket, file) == 1 else {
            throw refused("broker.ca-file \(file) holds no certificate in PEM: put the CA's own certificate there")
        }
    }

    private func revoke(_ socket: OpaquePointer) throws(AMQPError) {
        guard let file = address.tls.crlFile else { return }
        _ = try Self.contents(file, setting: "broker.crl-file")
        guard unsafe crabbitmq_tls_revoke(socket, file) == 1 else {
            throw refused("broker.crl-file \(file) holds no revocation list in PEM: put that of the broker's CA there")
        }
    }

    private func identify(_ socket: OpaquePointer, certificate: String, key: String) throws(AMQPError) {
        _ = try Self.contents(certificate, setting: "broker.certificate-file")
        guard unsafe crabbitmq_tls_use_certificate(socket, certificate) == 1 else {
            throw refused("broker.certificate-file \(certificate) cannot be used: \(reasonText)")
        }
        var secret = try Self.contents(key, setting: "broker.key-file", isSecret: true)
        let status = unsafe secret.withUnsafeMutableBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -1 }
            defer { unsafe explicit_bzero(start, bytes.count) }
            return unsafe crabbitmq_tls_use_key(socket, report, start, Int32(bytes.count))
        }
        if status == 1 { return }
        if unsafe report.pointee.key_is_encrypted != 0 {
            throw refused(
                "broker.key-file \(key) is encrypted: store the key without a passphrase, readable by its owner only")
        }
        throw refused(
            status == 0
                ? "broker.key-file \(key) does not belong to the certificate in \(certificate): name the two that were made together"
                : "broker.key-file \(key) holds no private key in PEM: put it there")
    }

    /// A file's bytes; of one that is secret only where its mode keeps it so.
    private static func contents(
        _ path: String, setting: String, isSecret: Bool = false
    ) throws(AMQPError) -> [UInt8] {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, setting) }
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path, setting) }
        // Looked at after it was opened, so that it is this very file that is read.
        if isSecret, SecretMode.isOpenToOthers(status.st_mode, owner: status.st_uid, user: geteuid()) {
            throw refused("\(setting) \(path) can be read by others: chmod 600 it")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= maximumFileBytes {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw unreadable(path, setting) }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        throw refused("\(setting) \(path) is too large to be a file of certificates: correct the path")
    }

    private static let maximumFileBytes = 16 << 20

    private static func unreadable(_ path: String, _ setting: String) -> AMQPError {
        let why = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "unknown error"
        return refused("\(setting) \(path) cannot be read: \(why)")
    }

    // MARK: - errors

    /// Why the socket did not open, or nil where TLS has no part in it.
    func refusal(ofStatus status: Int32) -> AMQPError? {
        if status == AMQP_STATUS_OK.rawValue { return nil }
        if unsafe report.pointee.ssl == nil { return nil }
        if status == AMQP_STATUS_TIMEOUT.rawValue {
            return AMQPError(
                code: .timeout,
                message: "\(address.place) takes connections and does not answer TLS in time: check what listens there")
        }
        if unsafe report.pointee.verify_error != 0 { return unverified() }
        if let refusal = refusalByAlert() { return refusal }
        switch crabbitmq_tls_reason() {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_RECORD_TYPE,
            SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_UNEXPECTED_MESSAGE:
            return refused(
                "\(address.place) does not speak TLS: use the broker's TLS port (5671 as a rule), or amqp:// in broker.url"
            )
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_WRONG_SSL_VERSION: return tooOld
        case 0, SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return AMQPError(
                code: .connectionFailed,
                message: "\(address.place) ended the connection within the TLS handshake: look at the broker's log")
        default: return refused("TLS with \(address.place) failed: \(reasonText)")
        }
    }

    /// Why the broker ended the connection after the handshake, or nil where it did not say: with TLS 1.3 that is
    /// where a client's certificate is refused.
    ///
    /// - Parameter descriptor: a duplicate of the socket's, which the library has closed.
    func refusal(readFrom descriptor: Int32) -> AMQPError? {
        if unsafe report.pointee.alert < 0 { unsafe crabbitmq_tls_read_alert(report, descriptor) }
        return refusalByAlert()
    }

    private func refusalByAlert() -> AMQPError? {
        let alert = unsafe report.pointee.alert
        guard alert >= 0 else { return nil }
        // Before TLS 1.3 a broker has no alert of its own for it.
        if unsafe report.pointee.certificate_missed != 0 { return certificateMissed }
        let text = unsafe crabbitmq_tls_alert_text(alert).map { unsafe String(cString: $0) } ?? "unknown"
        switch alert {
        case SSL_AD_PROTOCOL_VERSION: return tooOld
        case TLS13_AD_CERTIFICATE_REQUIRED: return certificateMissed
        case SSL_AD_CERTIFICATE_EXPIRED where address.hasCertificate:
            return certificateRefused("it has expired, or is not valid yet")
        case SSL_AD_UNKNOWN_CA where address.hasCertificate:
            return certificateRefused("the broker does not know the CA that signed it")
        case SSL_AD_CERTIFICATE_REVOKED where address.hasCertificate: return certificateRefused("it was revoked")
        case SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_ACCESS_DENIED,
            SSL_AD_DECRYPT_ERROR:
            if address.hasCertificate { return certificateRefused("it says \"\(text)\"") }
        case SSL_AD_UNRECOGNIZED_NAME:
            return refused("\(address.place) does not know the name \(address.host): correct the host in broker.url")
        case SSL_AD_HANDSHAKE_FAILURE, SSL_AD_INSUFFICIENT_SECURITY:
            return refused(
                "\(address.place) takes none of this client's ciphers and keys: look at the broker's log for its TLS errors"
            )
        default: break
        }
        return refused("\(address.place) ended TLS with \"\(text)\": look at the broker's log")
    }

    private func unverified() -> AMQPError {
        let depth = unsafe report.pointee.verify_depth
        let whose = depth == 0 ? "the broker's certificate" : "a CA's certificate above the broker's own"
        let trusted = address.tls.caFile.map { "a CA in \($0)" } ?? "a CA that the system trusts"
        let error = unsafe report.pointee.verify_error
        switch error {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return refused(
                "the broker's certificate is not for the host \(address.host): write a host in broker.url that is among its subject alternative names, or have it made anew"
            )
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return refused("\(whose) has expired: renew it at \(address.place), and check this machine's clock")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return refused(
                "\(whose) is not valid yet: check this machine's clock, and the certificate at \(address.place)")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_UNTRUSTED,
            X509_V_ERR_INVALID_CA:
            return refused("the broker's certificate is not signed by \(trusted): check broker.ca-file")
        case X509_V_ERR_CERT_REVOKED:
            return refused("\(whose) was revoked: have it made anew at \(address.place), with another key")
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID,
            X509_V_ERR_CRL_SIGNATURE_FAILURE:
            let why = unsafe String(cString: X509_verify_cert_error_string(Int(error)))
            return refused(
                "broker.crl-file \(address.tls.crlFile ?? "") does not tell whether \(whose) was revoked (\(why)): put "
                    + "the newest list of its CA there")
        case X509_V_ERR_INVALID_PURPOSE:
            return refused("\(whose) is not one for servers: have it made anew with the usage serverAuth")
        default:
            let text = unsafe String(cString: X509_verify_cert_error_string(Int(error)))
            return refused("\(whose) cannot be trusted: \(text)")
        }
    }

    /// For one who spoke plain AMQP there.
    static func wanted(at address: BrokerAddress) -> AMQPError {
        refused(
            "\(address.place) speaks TLS: write amqps:// in broker.url, or use the broker's port without it (5672 as a rule)"
        )
    }

    private var tooOld: AMQPError {
        refused(
            "\(address.place) speaks neither TLS 1.2 nor 1.3: allow one of them in the broker's ssl_options.versions")
    }

    private var certificateMissed: AMQPError {
        refused(
            "\(address.place) demands a client certificate and none is set: set broker.certificate-file and broker.key-file"
        )
    }

    private func certificateRefused(_ why: String) -> AMQPError {
        let file = address.tls.certificateFile ?? ""
        return refused(
            "\(address.place) refuses the certificate in \(file): \(why): check broker.certificate-file, and the CAs that the broker trusts"
        )
    }

    private var reasonText: String {
        unsafe crabbitmq_tls_reason_text().map { unsafe String(cString: $0) } ?? "no reason is known"
    }

    private func refused(_ message: String) -> AMQPError { Self.refused(message) }

    static func refused(_ message: String) -> AMQPError { AMQPError(code: .tlsRefused, message: message) }
}

@available(*, unavailable)
extension TLSSession: Sendable {}

extension BrokerAddress {
    fileprivate var hasCertificate: Bool { tls.certificateFile != nil }
}
