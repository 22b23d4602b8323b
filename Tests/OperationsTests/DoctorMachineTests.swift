import Foundation
import Testing

@testable import Operations

/// Reads like a transcript: what was seen, what the doctor says.
struct DoctorMachineTests {
    private func healthy() -> MachineFacts {
        var facts = MachineFacts(ledgerPath: "/var/lib/detainer")
        var directory = MachineFacts.Directory(mode: 0o700, isWritable: true)
        directory.fileSystem = "ext4"
        directory.freeBytes = 50 << 30
        directory.syncMicroseconds = 1_234
        facts.ledger = directory
        facts.openFiles = 1_048_576
        facts.coreBytes = 0
        facts.clockIsSynchronised = true
        facts.policies = .loaded([.init(name: "boston", isApproved: true, timeZone: "America/New_York")])
        facts.pseudonymKeys = [.init(path: "p.key", state: .closed)]
        facts.signingKey = .init(path: "s.key", state: .closed)
        facts.settingsFile = .init(path: "worker.yaml", isOpen: false, holdsPassword: true)
        return facts
    }

    /// What is not good, verdict and name.
    private func complaints(_ change: (inout MachineFacts) -> Void) -> [String] {
        var facts = healthy()
        change(&facts)
        return facts.findings().filter { $0.verdict != .good }.map { "\($0.verdict.rawValue) \($0.name)" }
    }

    @Test func aFitMachineHasNothingButGoodFindings() {
        #expect(complaints { _ in }.isEmpty)
        #expect(
            healthy().findings().first { $0.check == .diskSync }?.text
                == "good  disk sync: 4 KiB are on the disk after 1.2 ms")
    }

    @Test func theLedgersDirectory() {
        #expect(complaints { $0.ledger = nil } == ["warning ledger directory /var/lib/detainer"])
        // Before the first start it is the disk that counts, of whatever is there.
        var early = healthy()
        early.ledger = nil
        var above = MachineFacts.Directory(mode: 0o755, isWritable: false)
        (above.fileSystem, above.freeBytes) = ("tmpfs", 50 << 30)
        early.nearest = ("/var/lib", above)
        let disk = early.findings().filter { ["file system", "free space", "disk sync"].contains($0.name) }
        #expect(disk.map(\.verdict) == [.warning, .good, .unseen])
        #expect(disk.allSatisfy { $0.sentence.hasSuffix(" (seen of /var/lib, the nearest directory that is there)") })
        #expect(complaints { $0.ledger?.isWritable = false } == ["bad ledger directory /var/lib/detainer"])
        #expect(complaints { $0.ledger?.mode = 0o755 } == ["warning ledger directory /var/lib/detainer"])
        for kind in ["tmpfs", "overlay", "nfs4", "fuse.sshfs", "9p"] {
            #expect(complaints { $0.ledger?.fileSystem = kind } == ["warning file system"], "\(kind)")
        }
        #expect(complaints { $0.ledger?.fileSystem = "xfs" } == [])
        #expect(complaints { $0.ledger?.fileSystem = nil } == ["unseen file system"])
        #expect(complaints { $0.ledger?.freeBytes = 500 << 20 } == ["warning free space"])
        #expect(complaints { $0.ledger?.freeBytes = 1 << 20 } == ["bad free space"])
        #expect(complaints { $0.ledger?.syncMicroseconds = 50_001 } == ["warning disk sync"])
        #expect(complaints { $0.ledger?.syncMicroseconds = 50_000 } == [])
        #expect(complaints { $0.ledger?.syncMicroseconds = nil } == ["unseen disk sync"])
    }

    @Test func theMachine() {
        #expect(complaints { $0.openFiles = 1_024 }.isEmpty)
        #expect(complaints { $0.openFiles = 1_023 } == ["warning file descriptors"])
        #expect(complaints { $0.coreBytes = nil } == ["warning core files"])
        #expect(complaints { $0.clockIsSynchronised = false } == ["warning clock"])
        #expect(complaints { $0.clockIsSynchronised = nil } == ["unseen clock"])
        #expect(complaints { $0.plainHosts = ["broker.example"] } == ["warning encryption"])
        #expect(complaints { $0.missingFiles = ["ca.pem"] } == ["bad encryption ca.pem"])
    }

    @Test func policiesAndKeys() {
        #expect(complaints { $0.policies = .refused("incomplete") } == ["bad policies"])
        #expect(
            complaints { $0.policies = .loaded([.init(name: "draft", isApproved: false, timeZone: "UTC")]) }
                == ["warning policies"])
        #expect(complaints { $0.pseudonymKeys[0].state = .missing } == ["warning pseudonym key p.key"])
        // With ledgers there, another key would break every link.
        #expect(
            complaints {
                $0.pseudonymKeys[0].state = .missing
                $0.ledger?.holdsLedgers = true
            } == ["bad pseudonym key p.key"])
        #expect(complaints { $0.signingKey?.state = .missing } == ["warning signing key s.key"])
        #expect(complaints { $0.settingsFile?.isOpen = true } == ["bad settings file worker.yaml"])
        #expect(complaints { $0.settingsFile = .init(path: "w", isOpen: true, holdsPassword: false) }.isEmpty)
    }

    /// A remedy is a command that does what it says as it is printed.
    @Test func aRemedyNamesWhatItIsOfAndLeavesRootsFilesToTheirReader() {
        var facts = healthy()
        facts.policies = .refused("incomplete")
        facts.policyDirectory = "/etc/detainer/policies"
        facts.signingKey?.state = .open
        facts.settingsFile?.isOpen = true
        func remedies() -> [String?] { facts.findings().filter { $0.verdict == .bad }.map(\.remedy) }
        #expect(
            remedies() == [
                "chmod 600 worker.yaml, or put the password into broker.password-file",
                "detainer policy check /etc/detainer/policies", "chmod 600 s.key, and think of making another",
            ])
        // Root's own, read by the service's group: with mode 600 nobody but root could.
        facts.signingKey?.group = 998
        facts.settingsFile?.group = 998
        #expect(
            remedies() == [
                "chgrp 998 worker.yaml && chmod 640 worker.yaml, or put the password into broker.password-file",
                "detainer policy check /etc/detainer/policies",
                "chgrp 998 s.key && chmod 640 s.key, and think of making another",
            ])
    }

    @Test func onlyOpenSecretsForbidAWorkerOfAFitBrokerToStart() {
        var facts = healthy()
        facts.ledger?.isWritable = false
        facts.ledger?.fileSystem = "tmpfs"
        #expect(Doctor.unsafeToStart(facts.findings()).isEmpty)
        facts.pseudonymKeys[0].state = .open
        facts.otherSecrets = [.init(path: "password", state: .open)]
        #expect(
            Doctor.unsafeToStart(facts.findings()).map(\.name) == ["pseudonym key p.key", "password file password"])
    }

    @Test func whatTheSystemTellsIsRead() {
        let limits = """
            Limit                     Soft Limit           Hard Limit           Units
            Max core file size        0                    unlimited            bytes
            Max open files            1024                 524288               files
            Max file size             unlimited            unlimited            bytes
            """
        #expect(MachineFacts.limit("Max open files", in: limits) == 1_024)
        #expect(MachineFacts.limit("Max core file size", in: limits) == 0)
        #expect(MachineFacts.limit("Max file size", in: limits) == nil)
        let mounts = """
            /dev/sda1 / ext4 rw 0 0
            tmpfs /run tmpfs rw 0 0
            server:/export /srv/my\\040disk nfs4 rw 0 0
            /dev/sdb1 /var/lib xfs rw 0 0
            overlay /var/lib overlay rw 0 0
            """
        #expect(MachineFacts.fileSystem(of: "/etc/x", mounts: mounts) == "ext4")
        #expect(MachineFacts.fileSystem(of: "/run", mounts: mounts) == "tmpfs")
        #expect(MachineFacts.fileSystem(of: "/runner", mounts: mounts) == "ext4")
        #expect(MachineFacts.fileSystem(of: "/srv/my disk/ledger", mounts: mounts) == "nfs4")
        #expect(MachineFacts.fileSystem(of: "/var/lib/detainer", mounts: mounts) == "overlay")
        #expect(MachineFacts.fileSystem(of: "/x", mounts: "") == nil)
        #expect(
            MachineFacts.holdsPassword("amqp://u:secret@h/") && !MachineFacts.holdsPassword("amqp://guest:guest@h/"))
        #expect(
            MachineFacts.plainHosts(["amqp://u@Broker.example/", "http://[::1]:1", "amqps://x/", "amqp://127.0.0.1"])
                == ["broker.example"])
    }

    @Test func theManualHasARowForEachCheckAndEachVersion() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let manual = try String(contentsOfFile: root + "/docs/operations.md", encoding: .utf8)
        for check in Doctor.Check.allCases { #expect(manual.contains("| \(check.rawValue) | \(check.question) |\n")) }
        for change in BrokerChange.all {
            let versions = "\(change.since)" + (change.until.map { ", gone in \($0)" } ?? "")
            #expect(manual.contains("| \(versions) | \(change.change) |\n"), "\(versions)")
        }
    }
}
