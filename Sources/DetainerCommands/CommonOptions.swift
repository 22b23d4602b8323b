import AMQPClient
import ArgumentParser
import Detainers
import Foundation
import Ledger
import Operations
import Policy

/// Options that every command takes, and the settings they lead to.
struct CommonOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "The settings file.")
    var settingsFile: String?

    @Option(help: "Where the broker is: amqp://user:password@host:port/vhost. Better set DETAINER_BROKER_URL.")
    var brokerURL: String?

    func settings(_ more: [Settings.Key: String] = [:]) throws -> Settings {
        var flags = more
        if let brokerURL { flags[.brokerURL] = brokerURL }
        return try Settings(flags: flags, environment: ProcessInfo.processInfo.environment, file: settingsFile)
    }
}

/// `--format`: tables for people on a terminal, JSON where a program reads.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

extension Settings {
    func address() throws -> BrokerAddress {
        try BrokerAddress(url: self[.brokerURL])
    }

    /// The policies of the directory; loud when unapproved ones load because the settings say so.
    func policies() throws -> PolicySet {
        let directory = self[.policyDirectory]
        let files = try PolicyFiles.names(in: directory)
            .map { (name: $0, text: try PolicyFiles.text(directory + "/" + $0)) }
        let set = try PolicySet.load(files: files, allowDrafts: try allowsUnapprovedPolicies(), home: policyHome)
        for policy in set.documents where !policy.isApproved {
            Log.warning(
                "policy \(policy.name) is not approved by anyone; loaded because policy.allow-unapproved is yes")
        }
        return set
    }
}

/// Lines for people, on stderr. Nothing personal ever goes here.
enum Log {
    static func line(_ level: String, _ text: String) {
        FileHandle.standardError.write(Data("\(level): \(text)\n".utf8))
    }

    static func info(_ text: String) { line("info", text) }
    static func warning(_ text: String) { line("warning", text) }
    static func error(_ text: String) { line("error", text) }
}

/// Results, on stdout.
enum Output {
    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func print(_ json: JSONValue) {
        FileHandle.standardOutput.write(Data(json.serialized() + [UInt8(ascii: "\n")]))
    }

    /// A table: columns padded to their widest cell.
    static func table(_ header: [String], _ rows: [[String]]) {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            Output.print(cells.joined(separator: "  ").trimmingSuffix())
        }
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
