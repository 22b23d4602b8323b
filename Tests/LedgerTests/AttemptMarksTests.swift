import Detainers
import Foundation
import Glibc
import Testing

@testable import Ledger

struct AttemptMarksTests {
    private static let now = Moment(secondsSinceEpoch: 1_700_000_000)

    private static func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/marks-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// The process is gone without a word: its file is closed and nothing else happens.
    private static func abandon(_ marks: consuming AttemptMarks) {}

    @Test func marksOfDeathsAddUpAndADecisionTakesThemBack() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for count in 0...3 {
            var marks = try AttemptMarks.open(directory: folder)
            let (wasUnclean, attempts) = (marks.wasUnclean, marks.attempts)
            #expect(wasUnclean == (count > 0))
            #expect(attempts == (count > 0 ? ["guilty": count] : [:]))
            // When the first of them was is kept, however often the file is written anew.
            let first = marks.firstAttempts
            #expect(first == (count > 0 ? ["guilty": Self.now.text] : [:]))
            try marks.mark("innocent", now: Self.now)
            try marks.clear("innocent", now: Self.now)
            try marks.mark("guilty", now: Moment(secondsSinceEpoch: 1_700_000_000 + Int64(count)))
            Self.abandon(marks)
        }
        var marks = try AttemptMarks.open(directory: folder)
        try marks.clear("guilty", now: Self.now)
        let (cleared, first) = (marks.attempts, marks.firstAttempts)
        #expect(cleared == [:] && first == [:])
        try marks.close()
        let next = try AttemptMarks.open(directory: folder)
        let (wasUnclean, attempts) = (next.wasUnclean, next.attempts)
        #expect(!wasUnclean)
        #expect(attempts == [:])
    }

    @Test func aTornLastLineIsNoMark() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var marks = try AttemptMarks.open(directory: folder)
        try marks.mark("a", now: Self.now)
        let path = folder + "/" + AttemptMarks.fileName
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        Self.abandon(marks)
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            let torn = try AttemptMarks.open(directory: folder)
            let (wasUnclean, attempts) = (torn.wasUnclean, torn.attempts)
            // Without its newline the line is whole all the same.
            #expect(attempts == (length == whole.count - 1 ? ["a": 1] : [:]))
            #expect(wasUnclean)
        }
    }

    @Test func aDiskThatFailsBlamesNoMessage() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for _ in 0..<5 {
            let failing = LedgerFaultTests.Switch()
            var files = FileSystem()
            let sync = files.dataSync
            files.dataSync = { file throws(FileSystem.Errno) in
                if failing.value { throw .init(number: EIO) }
                try sync(file)
            }
            var marks = try AttemptMarks.open(directory: folder, files: files)
            failing.turnOn()
            do throws(LedgerError) {
                try marks.mark("innocent", now: Self.now)
                Issue.record("marked without a sync")
            } catch { #expect(error.code == .syncFailed) }
            Self.abandon(marks)
        }
        let attempts = try AttemptMarks.open(directory: folder).attempts
        #expect(attempts == [:])
    }

    /// A worker that pauses for a full disk goes on when the probe says so.
    @Test func aProbeSaysWhetherAMarkCouldBeWritten() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let full = LedgerFaultTests.Switch()
        var files = FileSystem()
        files.reserve = { _, _, _ throws(FileSystem.Errno) in
            if full.value { throw .init(number: ENOSPC) }
        }
        let marks = try AttemptMarks.open(directory: folder, files: files)
        try marks.probe()
        full.turnOn()
        do throws(LedgerError) {
            try marks.probe()
            Issue.record("there is no room")
        } catch { #expect(error.code == .notWritable) }
        Self.abandon(marks)
    }
}
