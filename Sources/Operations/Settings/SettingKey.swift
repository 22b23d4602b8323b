extension Settings {
    /// One setting: its key in the file, its variable in the environment, its kind, its default.
    ///
    /// `config/worker.yaml` explains each in words.
    public enum Key: String, CaseIterable, Sendable {
        case brokerURL = "broker.url"
        case brokerPasswordFile = "broker.password-file"
        case brokerCAFile = "broker.ca-file"
        case brokerCRLFile = "broker.crl-file"
        case brokerCertificateFile = "broker.certificate-file"
        case brokerKeyFile = "broker.key-file"
        case managementURL = "broker.management-url"
        case ledgerDirectory = "ledger.directory"
        case signingKeyFile = "ledger.signing-key-file"
        case workerName = "worker.name"
        case workerPartition = "worker.partition"
        case prefetch = "worker.prefetch"
        case drainSeconds = "worker.drain-seconds"
        case replies = "worker.replies"
        case unsafeStart = "worker.unsafe-start"
        case publisherKeyFile = "intake.publisher-key-file"
        case intakeSigningKeyFile = "intake.signing-key-file"
        case policyDirectory = "policy.directory"
        case policyAllowUnapproved = "policy.allow-unapproved"
        case policyHome = "policy.home"
        case pseudonymKeyFile = "pseudonym.key-file"
        case countingRule = "report.counting-rule"
        case reportForms = "report.form-directory"
        case killSwitchWindow = "kill-switch.window"
        case killSwitchMinimum = "kill-switch.minimum"
        case killSwitchPercent = "kill-switch.percent"
        case healthHost = "health.host"
        case healthPort = "health.port"
        case logFormat = "log.format"
        case logLevel = "log.level"
        case intakeExchange = "topology.intake-exchange"
        case outcomeExchange = "topology.outcome-exchange"
        case deadExchange = "topology.dead-exchange"
        case requestQueue = "topology.request-queue"
        case deadLetterQueue = "topology.dead-letter-queue"
        case reportQueue = "topology.report-queue"
        case partitions = "topology.partitions"
        case partitionExchange = "topology.partition-exchange"

        /// `broker.url` is `DETAINER_BROKER_URL`, and so on for every key.
        public var variable: String {
            "DETAINER_"
                + rawValue.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        }

        /// What a value may be.
        public enum Kind: Sendable, Equatable {
            case text
            /// Text that must not be empty.
            case name
            case file
            case directory
            /// A URL that may hold a password, or nothing.
            case secretURL
            case number(ClosedRange<Int>)
            case flag
            case word([String])

            /// What a person reads: `whole number, 1 to 10000`.
            public var description: String {
                switch self {
                case .text: "text"
                case .name: "text, not empty"
                case .file: "path of a file, or empty"
                case .directory: "path of a directory"
                case .secretURL: "URL, or empty"
                case .number(let range): "whole number, \(range.lowerBound) to \(range.upperBound)"
                case .flag: "yes or no"
                case .word(let words): words.joined(separator: " or ")
                }
            }

            /// What a value has to be, where it is not; never repeats the value.
            func complaint(_ value: String) -> String? {
                switch self {
                case .text, .file: nil
                case .secretURL:
                    value.isEmpty || SecretURL(value).hasScheme
                        ? nil : "must begin with its scheme, such as amqp:// or https://"
                case .name, .directory: value.isEmpty ? "must not be empty" : nil
                case .number(let range):
                    Int(value).map(range.contains) == true
                        ? nil : "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
                case .flag: Self.flags[value] == nil ? "must be yes or no" : nil
                case .word(let words):
                    words.contains(value) ? nil : "must be " + words.joined(separator: " or ")
                }
            }

            static let flags = ["yes": true, "true": true, "no": false, "false": false]
        }

        public var kind: Kind {
            switch self {
            case .brokerURL, .managementURL: .secretURL
            case .brokerPasswordFile, .brokerCAFile, .brokerCRLFile, .brokerCertificateFile, .brokerKeyFile,
                .signingKeyFile,
                .pseudonymKeyFile, .publisherKeyFile, .intakeSigningKeyFile:
                .file
            case .ledgerDirectory, .policyDirectory, .reportForms: .directory
            case .policyHome: .text
            case .workerName, .healthHost, .intakeExchange, .outcomeExchange, .deadExchange, .requestQueue,
                .deadLetterQueue, .reportQueue, .partitionExchange:
                .name
            case .partitions, .workerPartition: .number(0...Partitions.maximum)
            case .prefetch: .number(1...10_000)
            // Above the 20 s that a disk and a broker may take to answer at all, and below what any service manager
            // waits.
            case .drainSeconds: .number(1...3_600)
            case .killSwitchWindow: .number(1...10_000)
            case .killSwitchMinimum: .number(1...10_000)
            case .killSwitchPercent: .number(1...101)
            case .healthPort: .number(0...65_535)
            case .policyAllowUnapproved, .replies, .unsafeStart: .flag
            case .countingRule: .word(["forms", "episodes"])
            case .logFormat: .word(["text", "json"])
            case .logLevel: .word(["debug", "info", "warning", "error"])
            }
        }

        public var fallback: String {
            switch self {
            case .brokerURL: "amqp://guest:guest@127.0.0.1:5672/"
            case .ledgerDirectory: "ledger"
            case .workerName: "worker-1"
            case .policyDirectory: "config/policies"
            case .policyAllowUnapproved, .replies, .unsafeStart: "no"
            case .healthHost: "127.0.0.1"
            case .healthPort: "0"
            case .policyHome, .pseudonymKeyFile, .signingKeyFile, .brokerPasswordFile, .brokerCAFile,
                .brokerCRLFile, .brokerCertificateFile, .brokerKeyFile, .managementURL, .publisherKeyFile,
                .intakeSigningKeyFile:
                ""
            case .prefetch: "512"
            case .drainSeconds: "30"
            case .countingRule: "forms"
            case .reportForms: "config/reports"
            case .killSwitchWindow: "100"
            case .killSwitchMinimum: "20"
            case .killSwitchPercent: "50"
            case .logFormat: "text"
            case .logLevel: "info"
            case .intakeExchange: "detainer.intake"
            case .outcomeExchange: "detainer.outcomes"
            case .deadExchange: "detainer.dead"
            case .requestQueue: "detainer.requests"
            case .deadLetterQueue: "detainer.dead-letters"
            case .reportQueue: "annual-report"
            case .partitions, .workerPartition: "0"
            case .partitionExchange: "detainer.partitions"
            }
        }

        /// Whether the value itself is to be hidden; of a file that holds a secret the path is none.
        public var isSecret: Bool { kind == .secretURL }
    }
}
