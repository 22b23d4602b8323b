import AMQPClient
import Foundation
import Ledger

extension MachineFacts {
    /// Looks at this machine; changes nothing that stays.
    ///
    /// - Parameters:
    ///   - policies: what came of loading them, and the jurisdictions that keys are needed for.
    ///   - measuring: whether the disk's syncs are timed, which takes some seconds on a slow one.
    public init(
        _ settings: Settings, policies: Policies? = nil, jurisdictions: [String] = [], measuring: Bool = true
    ) {
        self.init(ledgerPath: settings[.ledgerDirectory])
        self.policies = policies
        policyDirectory = settings[.policyDirectory]
        settingsFile = Self.settingsFile(settings)
        ledger = Self.directory(ledgerPath, measuring: measuring)
        if ledger == nil { nearest = Self.nearest(above: ledgerPath, measuring: measuring) }
        let limits = Self.text("/proc/self/limits")
        openFiles = Self.limit("Max open files", in: limits)
        coreBytes = Self.limit("Max core file size", in: limits)
        clockIsSynchronised = DiskProbe.isClockSynchronised()
        pseudonymKeys = Self.pseudonymKeys(settings, jurisdictions)
        signingKey = Self.secret(settings.signingKeyPath)
        otherSecrets = [settings.passwordFile, settings.keyFile].compactMap { $0 }.map { Self.secret($0) }
        missingFiles = [settings.caFile, settings.crlFile, settings.certificateFile].compactMap { $0 }
            .filter { !FileManager.default.isReadableFile(atPath: $0) }
        plainHosts = Self.plainHosts([settings[.brokerURL], settings.managementURL ?? ""])
    }

    private static func pseudonymKeys(_ settings: Settings, _ jurisdictions: [String]) -> [SecretFile] {
        // Policies that do not load name no jurisdiction.
        if jurisdictions.isEmpty { return [] }
        do {
            return try settings.pseudonymKeyFiles(jurisdictions).sorted { $0.key < $1.key }
                .map { secret($0.value) { _ = try KeyFile.read($0) } }
        } catch {
            return [SecretFile(path: settings[.pseudonymKeyFile], state: .unusable("\(error)"))]
        }
    }

    /// - Parameter read: throws where it is none of its kind.
    private static func secret(_ path: String, read: (String) throws -> Void = { _ = try KeyFile.text($0) })
        -> SecretFile
    {
        guard FileManager.default.fileExists(atPath: path) else { return SecretFile(path: path, state: .missing) }
        if KeyFile.isOpenToOthers(path) {
            var file = SecretFile(path: path, state: .open)
            file.group = KeyFile.readingGroup(path)
            return file
        }
        do {
            try read(path)
            return SecretFile(path: path, state: .closed)
        } catch {
            return SecretFile(path: path, state: .unusable("\(error)"))
        }
    }

    private static func mode(_ path: String) -> Int? {
        do { return try FileTarget.attributes(path)[.posixPermissions] as? Int } catch {
            // Not there, or not for this user to see.
            return nil
        }
    }

    /// The file that settings came from, where any did.
    private static func settingsFile(_ settings: Settings) -> SettingsFile? {
        var paths: [String: Bool] = [:]
        for key in Settings.Key.allCases {
            guard case .file(let path) = settings.source(of: key) else { continue }
            paths[path, default: false] = paths[path, default: false] || key.isSecret && holdsPassword(settings[key])
        }
        guard let (path, holds) = paths.first, mode(path) != nil else { return nil }
        var file = SettingsFile(path: path, isOpen: KeyFile.isOpenToOthers(path), holdsPassword: holds)
        file.group = KeyFile.readingGroup(path)
        return file
    }

    /// Whether a URL holds a password that not everybody knows: that of `guest` is, and works on this machine only.
    static func holdsPassword(_ url: String) -> Bool {
        guard let password = URLComponents(string: url)?.password else { return false }
        return !password.isEmpty && password != "guest"
    }

    /// The hosts beyond this machine that are spoken to in the clear.
    static func plainHosts(_ urls: [String]) -> [String] {
        var hosts: [String] = []
        for url in urls {
            guard let parts = URLComponents(string: url), ["amqp", "http"].contains(parts.scheme?.lowercased() ?? ""),
                let host = parts.host, !host.isEmpty
            else { continue }
            let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).lowercased()
            let isHere = name == "localhost" || name == "::1" || name.hasPrefix("127.")
            if !isHere, !hosts.contains(name) { hosts.append(name) }
        }
        return hosts
    }

    private static func nearest(above path: String, measuring: Bool) -> (path: String, directory: Directory)? {
        var path = path
        while path != "/", path != "." {
            path = (path as NSString).deletingLastPathComponent
            if path.isEmpty { path = "." }
            if let directory = directory(path, measuring: measuring) { return (path, directory) }
        }
        return nil
    }

    private static func directory(_ path: String, measuring: Bool) -> Directory? {
        guard let mode = mode(path) else { return nil }
        var directory = Directory(mode: mode, isWritable: DiskProbe.isWritable(path))
        directory.fileSystem = fileSystem(
            of: URL(fileURLWithPath: path).resolvingSymlinksInPath().path, mounts: text("/proc/self/mounts"))
        directory.freeBytes = DiskProbe.freeBytes(path)
        if measuring, directory.isWritable {
            // A disk that cannot be written is told by the finding about the directory or its room.
            directory.syncMicroseconds = try? DiskProbe.syncMicroseconds(path)
        }
        // Where nothing can be listed there is nothing that a key would have to fit.
        directory.holdsLedgers = (try? Settings.hasRecordings(under: path)) ?? false
        return directory
    }

    private static func text(_ path: String) -> String {
        // Elsewhere than on Linux there is none: then nothing is known.
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// The soft limit of that name in proc_pid_limits(5); `nil` where there is none.
    static func limit(_ name: String, in limits: String) -> Int? {
        limits.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { $0.dropFirst(name.count).split(separator: " ").first }.flatMap { Int($0) }
    }

    /// The kind of the file system that a path lies on, by proc_pid_mounts(5): the mount point that is the longest
    /// beginning of it, the last one where several lie over each other.
    static func fileSystem(of path: String, mounts: String) -> String? {
        var best: (length: Int, kind: String)?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2 else { continue }
            let point = fields[1].replacing("\\040", with: " ").replacing("\\134", with: "\\")
            let beginning = point == "/" ? "/" : point + "/"
            guard (path + "/").hasPrefix(beginning), point.utf8.count >= best?.length ?? 0 else { continue }
            best = (point.utf8.count, String(fields[2]))
        }
        return best?.kind
    }
}
