import Foundation
import Yams

/// The settings of every command, each with where it came from: flag, environment, file, default, in that order.
public struct Settings: Sendable {
    /// One setting: its key in the file, its variable in the environment, its default.
    public enum Key: String, CaseIterable, Sendable {
        case brokerURL = "broker.url"
        case ledgerDirectory = "ledger.directory"
        case workerName = "worker.name"
        case policyDirectory = "policy.directory"
        case policyAllowUnapproved = "policy.allow-unapproved"
        case policyHome = "policy.home"
        case healthHost = "health.host"
        case healthPort = "health.port"
        case pseudonymKeyFile = "pseudonym.key-file"
        case signingKeyFile = "ledger.signing-key-file"
        case prefetch = "worker.prefetch"
        case countingRule = "report.counting-rule"
        case reportForms = "report.form-directory"
        case killSwitchWindow = "kill-switch.window"
        case killSwitchMinimum = "kill-switch.minimum"
        case killSwitchPercent = "kill-switch.percent"
        case intakeExchange = "topology.intake-exchange"
        case outcomeExchange = "topology.outcome-exchange"
        case deadExchange = "topology.dead-exchange"
        case requestQueue = "topology.request-queue"
        case deadLetterQueue = "topology.dead-letter-queue"
        case reportQueue = "topology.report-queue"

        /// `broker.url` is `DETAINER_BROKER_URL`, and so on for every key.
        public var variable: String {
            "DETAINER_"
                + rawValue.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        }

        var fallback: String {
            switch self {
            case .brokerURL: "amqp://guest:guest@127.0.0.1:5672/"
            case .ledgerDirectory: "ledger"
            case .workerName: "worker-1"
            case .policyDirectory: "config/policies"
            case .policyAllowUnapproved: "no"
            case .healthHost: "127.0.0.1"
            case .healthPort: "0"
            case .policyHome, .pseudonymKeyFile, .signingKeyFile: ""
            case .prefetch: "512"
            case .countingRule: "forms"
            case .reportForms: "config/reports"
            case .killSwitchWindow: "100"
            case .killSwitchMinimum: "20"
            case .killSwitchPercent: "50"
            case .intakeExchange: "detainer.intake"
            case .outcomeExchange: "detainer.outcomes"
            case .deadExchange: "detainer.dead"
            case .requestQueue: "detainer.requests"
            case .deadLetterQueue: "detainer.dead-letters"
            case .reportQueue: "annual-report"
            }
        }
    }

    /// A setting that is wrong or a file that cannot be read; names the key and the file, never a secret.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String

        public init(description: String) { self.description = description }
    }

    private var values: [Key: String] = [:]

    /// - Parameters:
    ///   - flags: what the command line says.
    ///   - environment: the process's environment.
    ///   - file: the settings file that the command line names; otherwise `DETAINER_CONFIG`, `config/worker.yaml` here,
    ///     or `worker.yaml` beside the policy directory, whichever is found first.
    public init(flags: [Key: String], environment: [String: String], file: String?) throws(Problem) {
        for key in Key.allCases { values[key] = key.fallback }
        let named = file ?? environment["DETAINER_CONFIG"]
        let policies = flags[.policyDirectory] ?? environment[Key.policyDirectory.variable]
        let candidates = ["config/worker.yaml"] + (policies.map { [$0 + "/../worker.yaml"] } ?? [])
        if let path = named ?? candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) {
            values.merge(try Self.read(path)) { $1 }
        }
        for key in Key.allCases {
            if let value = environment[key.variable] { values[key] = value }
            if let value = flags[key] { values[key] = value }
        }
    }

    public subscript(_ key: Key) -> String { values[key] ?? key.fallback }

    /// Deliveries in hand at once, 1 to 10 000.
    public func prefetch() throws(Problem) -> UInt16 {
        guard let number = UInt16(self[.prefetch]), (1...10_000).contains(number) else {
            throw Problem(description: "setting `\(Key.prefetch.rawValue)` must be a whole number from 1 to 10000")
        }
        return number
    }

    /// When a worker stops turning messages into dead letters by a fault of its own.
    public func killSwitch() throws(Problem) -> (window: Int, minimum: Int, percent: Int) {
        let window = try number(.killSwitchWindow, 1...10_000)
        return (window, try number(.killSwitchMinimum, 1...window), try number(.killSwitchPercent, 1...101))
    }

    private func number(_ key: Key, _ range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let number = Int(self[key]), range.contains(number) else {
            throw Problem(
                description: "setting `\(key.rawValue)` must be a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return number
    }

    public func allowsUnapprovedPolicies() throws(Problem) -> Bool {
        switch self[.policyAllowUnapproved] {
        case "yes", "true": return true
        case "no", "false": return false
        default:
            throw Problem(description: "setting `\(Key.policyAllowUnapproved.rawValue)` must be yes or no")
        }
    }

    /// Where health and metrics are told; `nil`: nowhere.
    public func healthAddress() throws(Problem) -> (host: String, port: Int)? {
        guard let port = UInt16(self[.healthPort]) else {
            throw Problem(description: "setting `\(Key.healthPort.rawValue)` must be a port, or 0 for none")
        }
        return port == 0 ? nil : (self[.healthHost], Int(port))
    }

    /// The jurisdiction whose workers these are; `nil`: that of the policies, where it is but one.
    public var policyHome: String? { self[.policyHome].isEmpty ? nil : self[.policyHome] }

    /// The pseudonym key's file of each jurisdiction; by default they lie in the ledger's directory, where all its
    /// workers find them.
    public func pseudonymKeyFiles(_ jurisdictions: [String]) throws(Problem) -> [String: String] {
        let pattern =
            self[.pseudonymKeyFile].isEmpty ? self[.ledgerDirectory] + "/pseudonym-*.key" : self[.pseudonymKeyFile]
        guard pattern.contains("*") || jurisdictions.count == 1 else {
            throw Problem(
                description: "setting `\(Key.pseudonymKeyFile.rawValue)` names one file for several jurisdictions: "
                    + "put a `*` where the jurisdiction's name goes")
        }
        return Dictionary(uniqueKeysWithValues: jurisdictions.map { ($0, pattern.replacing("*", with: $0)) })
    }

    /// The key that checkpoints are signed with; by default it lies in the ledger's directory too.
    public var signingKeyPath: String {
        self[.signingKeyFile].isEmpty ? self[.ledgerDirectory] + "/signing.key" : self[.signingKeyFile]
    }

    private static func read(_ path: String) throws(Problem) -> [Key: String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            // The reason is in the errno that Foundation hides; the path is what one needs to look.
            throw Problem(description: "settings file `\(path)` cannot be read")
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            throw Problem(description: "settings file `\(path)` is not YAML: \(error)")
        }
        guard let node else { return [:] }
        var values: [Key: String] = [:]
        try collect(node, prefix: "", path: path, into: &values)
        return values
    }

    private static func collect(
        _ node: Node, prefix: String, path: String, into values: inout [Key: String]
    ) throws(Problem) {
        guard case .mapping(let mapping) = node else {
            let key = String(prefix.dropLast())
            guard let known = Key(rawValue: key), let scalar = node.scalar else {
                throw Problem(description: "settings file `\(path)`: unknown key `\(key)`\(nearest(key))")
            }
            values[known] = scalar.string
            return
        }
        for (name, value) in mapping {
            try collect(value, prefix: prefix + (name.string ?? "?") + ".", path: path, into: &values)
        }
    }

    private static func nearest(_ key: String) -> String {
        let near = Key.allCases.map(\.rawValue).min { distance($0, key) < distance($1, key) }
        return near.map { "; did you mean `\($0)`?" } ?? ""
    }

    /// Letters that one has and the other lacks; enough to find a typing error among a dozen keys.
    private static func distance(_ one: String, _ other: String) -> Int {
        one.difference(from: other).count
    }
}

extension String {
    fileprivate func difference(from other: String) -> CollectionDifference<Character> {
        Array(self).difference(from: Array(other))
    }
}
