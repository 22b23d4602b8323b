/// What was seen of this machine and of the settings; ``findings()`` judges it.
public struct MachineFacts: Sendable {
    /// A file that holds a secret.
    public struct SecretFile: Sendable, Equatable {
        public enum State: Sendable, Equatable {
            case closed
            case missing
            /// Others may read it.
            case open
            /// Why it is of no use.
            case unusable(String)
        }

        public var path: String
        public var state: State
        /// By which this user reads a file of root's; `nil`: the file is the user's own.
        var group: UInt32?

        public init(path: String, state: State) { (self.path, self.state) = (path, state) }
    }

    /// The policies that a worker here would decide by.
    public enum Policies: Sendable, Equatable {
        case loaded([Policy])
        /// Why they do not load.
        case refused(String)

        public struct Policy: Sendable, Equatable {
            public var name: String
            public var isApproved: Bool
            public var timeZone: String

            public init(name: String, isApproved: Bool, timeZone: String) {
                (self.name, self.isApproved, self.timeZone) = (name, isApproved, timeZone)
            }
        }
    }

    public struct Directory: Sendable, Equatable {
        public var mode: Int
        public var isWritable: Bool
        /// As /proc/mounts names it.
        public var fileSystem: String?
        public var freeBytes: Int?
        /// The median of some rounds; `nil` where it was not measured.
        public var syncMicroseconds: Int?
        /// Whether workers have written here before.
        public var holdsLedgers = false

        public init(mode: Int, isWritable: Bool) { (self.mode, self.isWritable) = (mode, isWritable) }
    }

    public struct SettingsFile: Sendable, Equatable {
        public var path: String
        /// Whether others may read it.
        public var isOpen: Bool
        /// One that not everybody knows.
        public var holdsPassword: Bool
        /// As a secret file's.
        var group: UInt32?

        public init(path: String, isOpen: Bool, holdsPassword: Bool) {
            (self.path, self.isOpen, self.holdsPassword) = (path, isOpen, holdsPassword)
        }
    }

    public var settingsFile: SettingsFile?
    public var ledgerPath: String
    /// `nil`: it is not there.
    public var ledger: Directory?
    /// Where it is not there: the nearest directory above it that is, on whose disk it would be made.
    public var nearest: (path: String, directory: Directory)?
    /// Soft limits of this process; `nil` where they are not known or there is none.
    public var openFiles: Int?
    public var coreBytes: Int?
    public var clockIsSynchronised: Bool?
    public var policies: Policies?
    /// Where they lie.
    public var policyDirectory = Settings.Key.policyDirectory.fallback
    public var pseudonymKeys: [SecretFile] = []
    public var signingKey: SecretFile?
    /// Password and TLS key, where the settings name files.
    public var otherSecrets: [SecretFile] = []
    /// Files that must be readable, such as certificates.
    public var missingFiles: [String] = []
    /// Who is reached without TLS beyond this machine: a host and what is sent there.
    public var plainHosts: [String] = []

    public init(ledgerPath: String) { self.ledgerPath = ledgerPath }

    typealias Finding = Doctor.Finding

    /// Below it a city's ledger could fill the disk within weeks.
    static let scarceBytes = 1 << 30
    /// Two segments' worth: the next days end it.
    static let exhaustedBytes = 64 << 20
    /// A batch waits for one sync: above this a worker is slower than its senders notice.
    static let slowSyncMicroseconds = 50_000
    /// Connections, segments and probes need some dozens; a command over many ledgers some hundreds.
    static let enoughFiles = 1_024

    public func findings() -> [Doctor.Finding] {
        [settingsFile.map(Self.judge)].compactMap { $0 } + ledgerFindings + [filesFinding, coreFinding, clockFinding]
            + policyFindings + pseudonymKeys.map(judgePseudonymKey)
            + [signingKey.map(judgeSigningKey)].compactMap { $0 }
            + otherSecrets.map(Self.judgeSecret) + missingFiles.map(Self.judgeMissing) + [encryptionFinding]
    }

    private static func judge(_ file: SettingsFile) -> Finding {
        guard file.holdsPassword else { return .good(.settingsFile, file.path, "it holds no password") }
        guard file.isOpen else { return .good(.settingsFile, file.path, "it is closed to others") }
        return .bad(
            .settingsFile, file.path, "it holds a password and others may read it",
            remedy: KeyFile.closing(file.path, group: file.group) + ", or put the password into broker.password-file")
    }

    // MARK: - the ledger's directory

    private var ledgerFindings: [Finding] {
        guard let ledger else {
            let missing = Finding.warning(
                .ledgerDirectory, ledgerPath, "it is not there yet: the first worker makes it",
                remedy: "install -d -m 700 \(ledgerPath), as the worker's user")
            guard let nearest else { return [missing] }
            let seen = " (seen of \(nearest.path), the nearest directory that is there)"
            return [missing] + Self.diskFindings(nearest.directory, nearest.path, seen)
        }
        return [judgeDirectory(ledger)] + Self.diskFindings(ledger, ledgerPath, "")
    }

    /// - Parameter seen: is added to each sentence.
    private static func diskFindings(_ directory: Directory, _ path: String, _ seen: String) -> [Finding] {
        [judgeFileSystem(directory, path, seen), judgeSpace(directory, path, seen), judgeSync(directory, seen)]
    }

    private func judgeDirectory(_ ledger: Directory) -> Finding {
        if !ledger.isWritable {
            return .bad(
                .ledgerDirectory, ledgerPath, "this user may not write there: no worker of this user can record",
                remedy: "chown the directory to the worker's user, or run this as that user")
        }
        if ledger.mode & 0o077 != 0 {
            return .warning(
                .ledgerDirectory, ledgerPath, "others may look into it (mode \(String(ledger.mode, radix: 8)))",
                remedy: "chmod 700 \(ledgerPath)")
        }
        return .good(.ledgerDirectory, ledgerPath, "writable, and closed to others")
    }

    /// What each kind of file system does to a ledger; what is not listed keeps what it synced.
    private static let unfit: [String: String] = [
        "tmpfs": "it lives in memory: all is gone when the machine stops",
        "ramfs": "it lives in memory: all is gone when the machine stops",
        "overlay": "it is a container's own layer: all is gone with the container",
        "nfs": "it is a network's: locks and syncs depend on a server and its options",
        "nfs4": "it is a network's: locks and syncs depend on a server and its options",
        "cifs": "it is a network's: locks and syncs depend on a server and its options",
        "smb3": "it is a network's: locks and syncs depend on a server and its options",
        "9p": "it is a virtual machine's host's: syncs depend on how that is set",
        "fuse": "a program stands between: syncs depend on it",
    ]

    private static func judgeFileSystem(_ directory: Directory, _ path: String, _ seen: String) -> Finding {
        guard let kind = directory.fileSystem else {
            return .unseen(
                .fileSystem, nil, "this machine does not tell its kind" + seen, remedy: "findmnt -T \(path)")
        }
        let family = kind.hasPrefix("fuse.") ? "fuse" : kind
        guard let why = unfit[family] else { return .good(.fileSystem, nil, "the ledger lies on \(kind)" + seen) }
        return .warning(
            .fileSystem, nil, "the ledger lies on \(kind): \(why)" + seen,
            remedy: "set ledger.directory to a disk of this machine or a volume, with ext4 or xfs")
    }

    private static func judgeSpace(_ directory: Directory, _ path: String, _ seen: String) -> Finding {
        guard let free = directory.freeBytes else {
            return .unseen(.freeSpace, nil, "this machine does not tell" + seen, remedy: "df -h \(path)")
        }
        let text = "\(free >> 20) MiB are free for the ledger"
        let remedy = "free some room, or move the ledger to a larger disk"
        if free < exhaustedBytes {
            return .bad(.freeSpace, nil, text + ": workers will pause" + seen, remedy: remedy)
        }
        return free < scarceBytes
            ? .warning(.freeSpace, nil, text + seen, remedy: remedy) : .good(.freeSpace, nil, text + seen)
    }

    private static func judgeSync(_ directory: Directory, _ seen: String) -> Finding {
        guard let time = directory.syncMicroseconds else {
            return .unseen(.diskSync, nil, "it was not measured" + seen, remedy: "run this as the worker's user")
        }
        let milliseconds = "\(time / 1_000).\(time / 100 % 10) ms"
        if time > slowSyncMicroseconds {
            return .warning(
                .diskSync, nil, "4 KiB take \(milliseconds) to be on the disk: every batch waits so long" + seen,
                remedy: "look what else writes there (iostat -x 1), or give the ledger a disk of its own")
        }
        return .good(.diskSync, nil, "4 KiB are on the disk after \(milliseconds)" + seen)
    }

    // MARK: - the machine

    private var filesFinding: Finding {
        guard let openFiles else {
            return .unseen(.fileDescriptors, nil, "the limit of this process is not known", remedy: "ulimit -n")
        }
        guard openFiles < Self.enoughFiles else {
            return .good(.fileDescriptors, nil, "a process of this user may open \(openFiles)")
        }
        return .warning(
            .fileDescriptors, nil, "a process of this user may open only \(openFiles)",
            remedy: "ulimit -n \(Self.enoughFiles), or LimitNOFILE=\(Self.enoughFiles) for systemd")
    }

    private var coreFinding: Finding {
        guard let coreBytes else {
            return .warning(
                .coreFiles, nil, "a crash may write the process's memory, which can hold persons, to the disk",
                remedy: "ulimit -c 0, or LimitCORE=0 for systemd")
        }
        return coreBytes == 0
            ? .good(.coreFiles, nil, "a crash writes none")
            : .warning(
                .coreFiles, nil, "a crash may write \(coreBytes) bytes of memory, which can hold persons, to the disk",
                remedy: "ulimit -c 0, or LimitCORE=0 for systemd")
    }

    private var clockFinding: Finding {
        switch clockIsSynchronised {
        case true?: .good(.clock, nil, "something keeps it in step")
        case false?:
            .warning(
                .clock, nil, "nothing keeps it in step, as the kernel says: the times in records may be wrong",
                remedy: "timedatectl set-ntp true, or look at chronyc tracking")
        case nil: .unseen(.clock, nil, "this machine does not tell", remedy: "timedatectl")
        }
    }

    private var policyFindings: [Finding] {
        switch policies {
        case nil: return []
        case .refused(let why)?:
            return [
                .bad(.policies, nil, "they do not load: \(why)", remedy: "detainer policy check \(policyDirectory)")
            ]
        case .loaded(let policies)?:
            let zones = Set(policies.map(\.timeZone)).sorted().joined(separator: ", ")
            let drafts = policies.filter { !$0.isApproved }.map(\.name)
            guard drafts.isEmpty else {
                return [
                    .warning(
                        .policies, nil,
                        "\(policies.count) load (\(zones)), and nobody has approved \(drafts.joined(separator: ", "))",
                        remedy: "have counsel approve them, then set policy.allow-unapproved to no")
                ]
            }
            return [.good(.policies, nil, "\(policies.count) load (\(zones)), all approved")]
        }
    }

    // MARK: - secrets

    private func judgePseudonymKey(_ file: SecretFile) -> Finding {
        guard case .missing = file.state else { return Self.judge(file, .pseudonymKey) }
        if ledger?.holdsLedgers == true {
            return .bad(.pseudonymKey, file.path, KeyFile.Use.records.sentence, remedy: KeyFile.Use.remedy)
        }
        return .warning(
            .pseudonymKey, file.path, "it is not there yet: the first worker makes it",
            remedy: "keep a copy of it once it is made")
    }

    private func judgeSigningKey(_ file: SecretFile) -> Finding {
        guard case .missing = file.state else { return Self.judge(file, .signingKey) }
        return .warning(
            .signingKey, file.path, "there is none: nobody can prove later that the ledger was not written anew",
            remedy: "detainer ledger keygen --name NAME")
    }

    private static func judgeSecret(_ file: SecretFile) -> Finding {
        guard case .missing = file.state else { return judge(file, .passwordFile) }
        return .bad(.passwordFile, file.path, "it is not there", remedy: "write it, mode 0600, or change the setting")
    }

    private static func judge(_ file: SecretFile, _ check: Doctor.Check) -> Finding {
        switch file.state {
        case .closed: .good(check, file.path, "it is closed to others")
        case .open:
            .bad(
                check, file.path, "others may read it",
                remedy: KeyFile.closing(file.path, group: file.group) + ", and think of making another",
                forbidsStart: true)
        case .missing: .bad(check, file.path, "it is not there", remedy: nil)
        case .unusable(let why): .bad(check, file.path, why, remedy: "bring back the right file")
        }
    }

    private static func judgeMissing(_ path: String) -> Finding {
        .bad(.encryption, path, "it cannot be read", remedy: "put the PEM file there, or change the setting")
    }

    private var encryptionFinding: Finding {
        guard !plainHosts.isEmpty else {
            return .good(.encryption, nil, "nothing leaves this machine without TLS")
        }
        return .warning(
            .encryption, nil,
            "persons' data and a password go to \(plainHosts.joined(separator: " and ")) without TLS",
            remedy: "use amqps:// and https://, or a tunnel that ends on this machine")
    }
}
