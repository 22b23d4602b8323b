import AMQPClient
import ArgumentParser
import Detainers
import Foundation
import Ledger
import Logging
import Operations
import Policy
import Worker

/// Options that every command takes, and the settings they lead to.
struct CommonOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "The settings file.")
    var settingsFile: String?

    @Option(help: "Where the broker is: amqp://user@host:port/vhost. With a password, set DETAINER_BROKER_URL.")
    var brokerURL: String?

    func settings(_ more: [Settings.Key: String] = [:]) throws -> Settings {
        let settings = try readSettings(more)
        Log.configure(settings, isService: false)
        return settings
    }

    /// The same, and log lines stay as they are: a service that reads its settings again is one still.
    func readSettings(_ more: [Settings.Key: String] = [:]) throws -> Settings {
        var flags = more
        if let brokerURL {
            // Every user of the machine sees the arguments of its processes.
            guard !SecretURL(brokerURL).holdsPassword else {
                throw ValidationError(
                    "--broker-url must not hold a password: set DETAINER_BROKER_URL, or broker.password-file")
            }
            flags[.brokerURL] = brokerURL
        }
        return try Settings(flags: flags, environment: ProcessInfo.processInfo.environment, file: settingsFile)
    }
}

/// `--format`: tables for people on a terminal, JSON where a program reads.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

extension Settings {
    func address() throws -> BrokerAddress {
        // A file ends in a newline, and a password in none.
        let password = try passwordFile.map { try KeyFile.text($0).trimmingCharacters(in: .newlines) }
        return try BrokerAddress(
            url: self[.brokerURL], password: password,
            tls: TLSFiles(caFile: caFile, crlFile: crlFile, certificateFile: certificateFile, keyFile: keyFile))
    }

    /// Whose signatures are demanded; `nil`: nobody's.
    func publisherKeys() throws -> PublisherKeys? {
        guard let path = publisherKeyFile else { return nil }
        guard let text = FileManager.default.contents(atPath: path) else {
            throw Problem(description: "the publishers' keys cannot be read from `\(path)`")
        }
        return try PublisherKeys(file: String(decoding: text, as: UTF8.self))
    }

    /// What this program signs messages with that it publishes itself; `nil`: it does not.
    func intakeSigningKey() throws -> PublisherSigningKey? {
        guard let path = signingKeyFileOfIntake else { return nil }
        return try PublisherSigningKey(file: KeyFile.text(path))
    }

    /// The policies of the directory; loud when unapproved ones load because the settings say so.
    func policies(isQuiet: Bool = false) throws -> PolicySet {
        let directory = self[.policyDirectory]
        let files = try PolicyFiles.names(in: directory)
            .map { (name: $0, text: try PolicyFiles.text(directory + "/" + $0)) }
        let set = try PolicySet.load(files: files, allowDrafts: allowsUnapprovedPolicies, home: policyHome)
        for policy in set.documents where !policy.isApproved && !isQuiet {
            Log.warning(
                "policy \(policy.name) is not approved by anyone; loaded because policy.allow-unapproved is yes")
        }
        return set
    }
}

/// Lines for people, on stderr. Nothing personal ever goes here.
enum Log {
    /// Lines for people and for whoever collects them.
    static let logger = Logger(label: "detainer") { _ in LogLines() }

    /// - Parameter isService: whether it runs on by itself, so that its lines carry the time.
    static func configure(_ settings: Settings, isService: Bool, metadata: [(name: String, value: String)] = []) {
        LogLines.configure(
            format: LogLines.Format(rawValue: settings[.logFormat]) ?? .text,
            level: Logger.Level(rawValue: settings[.logLevel]) ?? .info, isService: isService, metadata: metadata)
    }

    static func info(_ text: String) { logger.info("\(text)") }
    static func warning(_ text: String) { logger.warning("\(text)") }
    static func error(_ text: String) { logger.error("\(text)") }

    static func notice(_ notice: WorkerNotice) {
        let metadata = Logger.Metadata(uniqueKeysWithValues: notice.metadata.map { ($0.name, "\($0.value)") })
        let level: Logger.Level =
            switch notice.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        logger.log(level: level, "\(notice.text)", metadata: metadata)
    }
}

/// Results, on stdout.
enum Output {
    static func print(_ text: String) { write(text + "\n") }

    /// As it is, without a newline of ours.
    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    static func print(_ json: JSONValue) {
        FileHandle.standardOutput.write(Data(json.serialized() + [UInt8(ascii: "\n")]))
    }

    /// So much is written at once where there are many lines: one system call for each would take a fourth of the time.
    private static let linesBytes = 64 << 10

    /// Many lines, without holding them: each is written when there are some more, and when the last one was given.
    static func lines(_ body: (_ add: ([UInt8]) -> Void) throws -> Void) rethrows {
        var bytes: [UInt8] = []
        func flush() {
            if bytes.isEmpty { return }
            FileHandle.standardOutput.write(Data(bytes))
            bytes.removeAll(keepingCapacity: true)
        }
        // What came before an error is told, too.
        defer { flush() }
        try body { line in
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
            if bytes.count >= linesBytes { flush() }
        }
    }

    /// A table: columns padded to their widest cell.
    static func table(_ header: [String], _ rows: [[String]]) {
        table(header) { add in rows.forEach(add) }
    }

    /// The same without holding the rows.
    ///
    /// - Parameter rows: hands over each row; called twice, to measure the columns and to print them.
    static func table(_ header: [String], each rows: (_ add: ([String]) -> Void) throws -> Void) rethrows {
        var widths = header.map(\.count)
        try rows { row in for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) } }
        func show(_ row: [String]) {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            Output.print(cells.joined(separator: "  ").trimmingSuffix())
        }
        show(header)
        try rows(show)
    }
}

extension String {
    fileprivate func trimmingSuffix() -> String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}

/// How long ago, in the largest unit that fits.
enum Age {
    static func text(seconds: Int64) -> String {
        switch max(0, seconds) {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3_600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
