import Configuration
import Foundation

/// The settings of every command, each with where it came from: flag, environment, file, default, in that order.
public struct Settings: Sendable {
    /// A setting that is wrong or a file that cannot be read; names the key and the file, never a secret.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// Where a value came from.
    public enum Source: Sendable, Equatable {
        case flag
        case environment(variable: String)
        case file(String)
        case fallback

        public var description: String {
            switch self {
            case .flag: "flag"
            case .environment(let variable): "environment, \(variable)"
            case .file(let path): "file, \(path)"
            case .fallback: "default"
            }
        }
    }

    /// First come the sources that go over the others.
    private let reader: ConfigReader
    private var sources: [Key: Source] = [:]

    /// - Parameters:
    ///   - flags: what the command line says.
    ///   - environment: the process's environment.
    ///   - file: the settings file that the command line names; otherwise `DETAINER_CONFIG`, `config/worker.yaml` here,
    ///     `worker.yaml` beside the policy directory, or `/etc/detainer/worker.yaml`, whichever is found first.
    /// - Throws: where a key is not known or a value is not what it may be, whatever goes over it.
    public init(flags: [Key: String], environment: [String: String], file: String?) throws(Problem) {
        try Self.check(environment)
        let named = file ?? environment["DETAINER_CONFIG"]
        let policies = flags[.policyDirectory] ?? environment[Key.policyDirectory.variable]
        let candidates =
            ["config/worker.yaml"] + (policies.map { [$0 + "/../worker.yaml"] } ?? []) + ["/etc/detainer/worker.yaml"]
        let path = named ?? candidates.first { FileManager.default.fileExists(atPath: $0) }
        let settingsFile = try path.map { path throws(Problem) in try SettingsFile(path) }
        for key in Key.allCases {
            if flags[key] != nil {
                sources[key] = .flag
            } else if environment[key.variable] != nil {
                sources[key] = .environment(variable: key.variable)
            } else if let settingsFile, settingsFile.values[key] != nil {
                sources[key] = .file(settingsFile.path)
            }
        }
        reader = ConfigReader(providers: [
            Self.provider("flags", flags),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "detainer"),
            Self.provider("file", settingsFile?.values ?? [:]),
            Self.provider("defaults", Dictionary(uniqueKeysWithValues: Key.allCases.map { ($0, $0.fallback) })),
        ])
        for key in Key.allCases {
            guard let complaint = key.kind.complaint(self[key]) else { continue }
            throw Problem(description: "setting `\(key.rawValue)` (\(source(of: key).description)) \(complaint)")
        }
        guard self[number: .killSwitchMinimum] <= self[number: .killSwitchWindow] else {
            throw Problem(
                description: "setting `\(Key.killSwitchMinimum.rawValue)` must not be more than "
                    + "`\(Key.killSwitchWindow.rawValue)`, which is \(self[.killSwitchWindow])")
        }
        guard self[number: .partitions] != 1 else {
            throw Problem(
                description: "setting `\(Key.partitions.rawValue)` must be 0 for one queue, or 2 and more")
        }
    }

    private static func provider(_ name: String, _ values: [Key: String]) -> InMemoryProvider {
        InMemoryProvider(
            name: name,
            values: Dictionary(
                uniqueKeysWithValues: values.map { key, value in
                    (AbsoluteConfigKey(ConfigKey(key.rawValue)), ConfigValue(.string(value), isSecret: key.isSecret))
                }))
    }

    /// Our variables that no key has and that look like one which was mistyped.
    private static func check(_ environment: [String: String]) throws(Problem) {
        let known = Set(Key.allCases.map(\.variable)).union(["DETAINER_CONFIG"])
        for name in environment.keys.sorted() where name.hasPrefix("DETAINER_") && !known.contains(name) {
            let near = known.min { Spelling.distance($0, name) < Spelling.distance($1, name) }
            guard let near, Spelling.distance(near, name) <= 2 else { continue }
            throw Problem(description: "environment variable `\(name)` is not known; did you mean `\(near)`?")
        }
    }

    static func nearest(_ key: String) -> String {
        let near = Key.allCases.map(\.rawValue).min { Spelling.distance($0, key) < Spelling.distance($1, key) }
        return near.map { "; did you mean `\($0)`?" } ?? ""
    }

    public subscript(_ key: Key) -> String {
        reader.string(forKey: ConfigKey(key.rawValue), isSecret: key.isSecret, default: key.fallback)
    }

    public func source(of key: Key) -> Source { sources[key] ?? .fallback }

    /// - Parameter key: of a number, which every value was checked to be.
    private subscript(number key: Key) -> Int { Int(self[key]) ?? 0 }

    private subscript(flag key: Key) -> Bool { Key.Kind.flags[self[key]] ?? false }

    private func optional(_ key: Key) -> String? { self[key].isEmpty ? nil : self[key] }

    /// Deliveries in hand at once.
    public var prefetch: UInt16 { UInt16(self[number: .prefetch]) }

    /// How long a stop may take to finish what is in hand.
    public var drainSeconds: Int { self[number: .drainSeconds] }

    /// When a worker stops turning messages into dead letters by a fault of its own.
    public var killSwitch: (window: Int, minimum: Int, percent: Int) {
        (self[number: .killSwitchWindow], self[number: .killSwitchMinimum], self[number: .killSwitchPercent])
    }

    public var allowsUnapprovedPolicies: Bool { self[flag: .policyAllowUnapproved] }

    /// Whether senders that ask for it are told what became of their messages.
    public var repliesToSenders: Bool { self[flag: .replies] }

    /// Whether a worker starts although this machine or this broker is not fit.
    public var startsUnsafely: Bool { self[flag: .unsafeStart] }

    /// Where health and metrics are told; `nil`: nowhere.
    public var healthAddress: (host: String, port: Int)? {
        self[number: .healthPort] == 0 ? nil : (self[.healthHost], self[number: .healthPort])
    }

    /// How requests are spread over several queues; `nil`: there is one.
    public var partitions: Partitions? {
        let count = self[number: .partitions]
        return count == 0
            ? nil : Partitions(count: count, exchange: self[.partitionExchange], base: self[.requestQueue])
    }

    /// All queues that requests may have come from: those of partitions and the one, for what died before a change of
    /// settings came from the other.
    public var requestQueueNames: Set<String> {
        let base = self[.requestQueue]
        return Set((1...Partitions.maximum).map { Partitions.queue($0, of: base) } + [base])
    }

    /// The queue that a worker of these settings consumes from: the one, or its partition.
    public func workerQueue() throws(Problem) -> String {
        guard let partitions else { return self[.requestQueue] }
        let own = self[number: .workerPartition]
        guard own <= partitions.count else {
            throw Problem(
                description: "setting `\(Key.workerPartition.rawValue)` is \(own), and "
                    + "`\(Key.partitions.rawValue)` is \(partitions.count)")
        }
        guard let number = own > 0 ? own : partitions.number(ofWorker: self[.workerName]) else {
            throw Problem(
                description: "the worker's name ends in no number that would tell its partition: set "
                    + "`\(Key.workerPartition.rawValue)`, 1 to \(partitions.count)")
        }
        return partitions.queue(number)
    }

    public var passwordFile: String? { optional(.brokerPasswordFile) }
    public var caFile: String? { optional(.brokerCAFile) }
    public var crlFile: String? { optional(.brokerCRLFile) }
    public var certificateFile: String? { optional(.brokerCertificateFile) }
    public var keyFile: String? { optional(.brokerKeyFile) }
    public var managementURL: String? { optional(.managementURL) }
    /// The keys of publishers whose signatures are demanded; `nil`: none is.
    public var publisherKeyFile: String? { optional(.publisherKeyFile) }

    /// What this program signs messages with that it publishes itself.
    public var signingKeyFileOfIntake: String? { optional(.intakeSigningKeyFile) }

    /// The jurisdiction whose workers these are; `nil`: that of the policies, where it is but one.
    public var policyHome: String? { optional(.policyHome) }

    /// The pseudonym key's file of each jurisdiction; by default they lie in the ledger's directory, where all its
    /// workers find them.
    public func pseudonymKeyFiles(_ jurisdictions: [String]) throws(Problem) -> [String: String] {
        let pattern = optional(.pseudonymKeyFile) ?? self[.ledgerDirectory] + "/pseudonym-*.key"
        guard pattern.contains("*") || jurisdictions.count == 1 else {
            throw Problem(
                description: "setting `\(Key.pseudonymKeyFile.rawValue)` names one file for several jurisdictions: "
                    + "put a `*` where the jurisdiction's name goes")
        }
        return Dictionary(uniqueKeysWithValues: jurisdictions.map { ($0, pattern.replacing("*", with: $0)) })
    }

    /// The key that checkpoints are signed with; by default it lies in the ledger's directory too.
    public var signingKeyPath: String { optional(.signingKeyFile) ?? self[.ledgerDirectory] + "/signing.key" }
}

/// How far two words are apart.
enum Spelling {
    /// Letters to put in, take out or change (Levenshtein).
    static func distance(_ one: String, _ other: String) -> Int {
        let other = Array(other.utf8)
        var row = Array(0...other.count)
        for (position, letter) in one.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for column in other.indices {
                let next = min(
                    row[column] + 1, row[column + 1] + 1, diagonal + (letter == other[column] ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[other.count]
    }
}
