import Foundation
import Glibc
import Synchronization
import Testing

@testable import Ledger

struct OwnerFileTests {
    /// The modes that a folder's files were seen with, from any thread.
    private final class Modes: Sendable {
        private let modes = Mutex<[Int?]>([])

        func look(into folder: String) {
            // A folder that cannot be listed has none of the modes that are expected.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names {
                // Nor has a file that cannot be looked at.
                let mode = try? OwnerFileTests.mode(folder + "/" + name)
                modes.withLock { $0.append(mode) }
            }
        }

        var all: [Int?] { modes.withLock { $0 } }
    }

    private let folder = FileManager.default.temporaryDirectory.path + "/owner-" + UUID().uuidString
    private var path: String { folder + "/key" }

    private func inFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            // What stays behind is a temporary folder.
            try? FileManager.default.removeItem(atPath: folder)
        }
        try body()
    }

    private static func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func nobodyElseMayOpenItWhenTheFirstByteIsWritten() throws {
        try inFolder {
            let (modes, place) = (Modes(), folder)
            var files = FileSystem()
            let write = files.write
            files.write = { file, bytes throws(FileSystem.Errno) in
                modes.look(into: place)
                return try write(file, bytes)
            }
            try OwnerFile.make(Array("secret".utf8), at: path, files: files)
            try FileManager.default.removeItem(atPath: path)
            try OwnerFile.replace(Array("secret".utf8), at: path, files: files)
            #expect(modes.all == [0o600, 0o600])
            #expect(try Self.mode(path) == 0o600)
            #expect(try names() == ["key"])
        }
    }

    @Test func whatIsThereIsKeptOrReplacedAsAWhole() throws {
        try inFolder {
            try "old".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            #expect(throws: OwnerFile.Problem.self) { try OwnerFile.make(Array("new".utf8), at: path) }
            #expect(try text() == "old")
            var full = FileSystem()
            full.dataSync = { _ throws(FileSystem.Errno) in throw FileSystem.Errno(number: ENOSPC) }
            #expect(throws: FileSystem.Errno.self) {
                try OwnerFile.replace(Array("new".utf8), at: path, files: full)
            }
            #expect(try text() == "old")
            try OwnerFile.replace(Array("new".utf8), at: path)
            #expect(try text() == "new")
            #expect(try Self.mode(path) == 0o600)
            #expect(try names() == ["key"])
        }
    }
}
