extension Doctor {
    /// What is looked at; `docs/operations.md` has a row for each.
    public enum Check: String, CaseIterable, Sendable {
        case settingsFile = "settings file"
        case ledgerDirectory = "ledger directory"
        case fileSystem = "file system"
        case freeSpace = "free space"
        case diskSync = "disk sync"
        case fileDescriptors = "file descriptors"
        case coreFiles = "core files"
        case clock
        case policies
        case pseudonymKey = "pseudonym key"
        case signingKey = "signing key"
        case passwordFile = "password file"
        case encryption
        case broker
        case exchange
        case queue
        case bindings
        case partitions
        case brokerPolicies = "policies of the broker"
        case deliveryLimit = "delivery limit"
        case deadLettering = "dead-lettering"
        case brokerResources = "resources of the broker"
        case ackTimeout = "ack timeout"
        case permissions

        /// What it asks, for people.
        public var question: String {
            switch self {
            case .settingsFile: "May nobody else read a settings file that holds a password?"
            case .ledgerDirectory: "Is it there, writable for this user, and closed to others (0700)?"
            case .fileSystem:
                "Is it of a kind that keeps what was synced and locks for real: not NFS, tmpfs or overlay?"
            case .freeSpace: "Is there room for the next months?"
            case .diskSync: "How long until 4 KiB are on the disk? Every batch waits for that once."
            case .fileDescriptors: "May a process open as many files as it needs?"
            case .coreFiles: "Would a crash write memory, which holds persons, to the disk?"
            case .clock: "Does something keep the clock in step? Records carry its time."
            case .policies: "Do the policies load, and has counsel approved each?"
            case .pseudonymKey: "Is the key there, above all where workers have recorded, and closed to others?"
            case .signingKey: "Is there a key that checkpoints are signed with, closed to others?"
            case .passwordFile: "Are the files of password and TLS key there, and closed to others?"
            case .encryption: "Does what leaves this machine go through TLS?"
            case .broker: "Which RabbitMQ is it, and what does its version change?"
            case .exchange: "Are the exchanges there, with no alternate exchange that hides lost events?"
            case .queue: "Are the queues there, quorum queues with the right arguments and a majority of nodes?"
            case .bindings: "Are all bindings there, and is nothing else bound to the outcome exchange?"
            case .partitions: "Can the broker spread requests over partitions, and do some wait in queues of others?"
            case .brokerPolicies: "Does a policy set a limit, an age or an overflow that destroys messages?"
            case .deliveryLimit: "Would RabbitMQ 4 drop letters or events after 20 deliveries?"
            case .deadLettering: "Is everything there that at-least-once dead-lettering needs?"
            case .brokerResources: "Have the nodes disk, memory and files left, and do they see one another?"
            case .ackTimeout: "Is it longer than the longest that a worker holds a message?"
            case .permissions: "Has this user the rights of a worker, and no more?"
            }
        }
    }

    /// One thing that was looked at.
    public struct Finding: Sendable, Equatable {
        public enum Verdict: String, Sendable {
            case good
            /// It cannot be seen from here.
            case unseen
            /// It works, and should be otherwise.
            case warning
            case bad
        }

        public var check: Check
        /// Which of several, as the name of a queue.
        public var subject: String?
        public var verdict: Verdict
        public var sentence: String
        /// A command, or what to do, that mends it.
        public var remedy: String?
        /// Whether messages or secrets would be lost for good if a worker started now.
        public var forbidsStart = false

        /// The check and its subject.
        public var name: String { subject.map { "\(check.rawValue) \($0)" } ?? check.rawValue }

        /// Verdict, name and sentence in one line, and the remedy below it.
        public var text: String {
            "\(verdict.rawValue)  \(name): \(sentence)" + (remedy.map { "\n    \($0)" } ?? "")
        }

        static func good(_ check: Check, _ subject: String? = nil, _ sentence: String) -> Finding {
            Finding(check: check, subject: subject, verdict: .good, sentence: sentence)
        }

        static func unseen(_ check: Check, _ subject: String? = nil, _ sentence: String, remedy: String?) -> Finding {
            Finding(check: check, subject: subject, verdict: .unseen, sentence: sentence, remedy: remedy)
        }

        static func warning(_ check: Check, _ subject: String? = nil, _ sentence: String, remedy: String?) -> Finding {
            Finding(check: check, subject: subject, verdict: .warning, sentence: sentence, remedy: remedy)
        }

        static func bad(
            _ check: Check, _ subject: String? = nil, _ sentence: String, remedy: String?, forbidsStart: Bool = false
        ) -> Finding {
            Finding(
                check: check, subject: subject, verdict: .bad, sentence: sentence, remedy: remedy,
                forbidsStart: forbidsStart)
        }
    }

    /// What a worker must not start with: messages would be lost, or a secret is open.
    ///
    /// A queue or an exchange that is missing is none of these: workers wait for the topology.
    public static func unsafeToStart(_ findings: [Finding]) -> [Finding] { findings.filter(\.forbidsStart) }
}
