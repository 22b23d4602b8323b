import Foundation
import Testing

@testable import Operations

struct KeyFileTests {
    /// A folder as Kubernetes mounts a Secret: each file a link into `..data`, which is a link to the files of today.
    private static func withMountedSecret(_ body: (_ link: String, _ target: String) throws -> Void) throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.path + "/secret-" + UUID().uuidString
        let today = "..2026_03_01"
        try files.createDirectory(atPath: folder + "/" + today, withIntermediateDirectories: true)
        defer {
            // What stays behind is a temporary folder.
            try? files.removeItem(atPath: folder)
        }
        let target = folder + "/" + today + "/password"
        try "secret".write(toFile: target, atomically: true, encoding: .utf8)
        try files.createSymbolicLink(atPath: folder + "/..data", withDestinationPath: today)
        try files.createSymbolicLink(atPath: folder + "/password", withDestinationPath: "..data/password")
        try body(folder + "/password", target)
    }

    @Test func theFileThatIsReadIsJudgedAndNotALinkToIt() throws {
        try Self.withMountedSecret { link, target in
            for (mode, isOpen) in [(0o600, false), (0o400, false), (0o604, true), (0o644, true)] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target)
                #expect(KeyFile.isOpenToOthers(link) == isOpen, "\(String(mode, radix: 8))")
                if isOpen {
                    #expect(throws: KeyFile.Problem.self) { _ = try KeyFile.text(link) }
                } else {
                    #expect(try KeyFile.text(link) == "secret")
                }
            }
        }
    }

    @Test func aKeyIsMadeOnceForItsOwnerAloneAndNothingStaysBesideIt() throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.path + "/keys-" + UUID().uuidString
        defer {
            // What stays behind is a temporary folder.
            try? files.removeItem(atPath: folder)
        }
        let path = folder + "/boston.key"
        #expect(try KeyFile.readOrMake(path, unless: nil).isNew)
        let made = files.contents(atPath: path)
        #expect(try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let again = try KeyFile.readOrMake(path, unless: nil)
        #expect(!again.isNew)
        #expect(files.contents(atPath: path) == made)
        #expect(throws: KeyFile.Problem.self) { try KeyFile.writeNew("another", to: path, mode: 0o600) }
        #expect(files.contents(atPath: path) == made)
        try KeyFile.writeNew("public", to: path + ".pub", mode: 0o644)
        #expect(try files.attributesOfItem(atPath: path + ".pub")[.posixPermissions] as? Int == 0o644)
        #expect(try files.contentsOfDirectory(atPath: folder).sorted() == ["boston.key", "boston.key.pub"])
    }
}
