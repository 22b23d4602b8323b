import Detainers
import Foundation
import Testing

@testable import DeadLetters

/// A plan's file: what was planned is what is read back, or nothing.
struct ReplayPlanTests {
    static let entries: [ReplayPlan.Entry] = (0..<5).map { number in
        ReplayPlan.Entry(
            id: LetterIndexTests.letter(number + 1).id, record: UInt64(number) * 3,
            deadAt: "2026-03-04T10:00:0\(number).00Z", body: String(repeating: String(number), count: 32),
            fate: ReplayPlan.Fate.allCases[number % 3], detail: #"kind \#(number % 3), a "quoted" é"#)
    }

    private static func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/plan-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private static func begin(_ path: String) throws -> ReplayPlan.Writer {
        try ReplayPlan.Writer(
            path, plan: "0123456789abcdef", madeAt: Moment(secondsSinceEpoch: 1_772_800_000), madeBy: "operator@host",
            filter: "all that wait", policies: ["sha-256:00"])
    }

    /// Writes a whole plan and returns its lines, each with its newline.
    private static func plan(_ path: String) throws -> [[UInt8]] {
        let writer = try begin(path)
        for entry in entries { try writer.add(entry) }
        try writer.finish()
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        return bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
    }

    /// Whether a file of these bytes is refused as no plan, or not as the plan that was made.
    private static func isRefused(_ bytes: [UInt8], _ path: String) throws -> Bool {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            _ = try ReplayPlan.check(path)
            return false
        } catch is ReplayPlan.Problem {
            return true
        } catch is PrivateFile.Unfinished {
            return true
        }
    }

    private static func whole(_ lines: [[UInt8]]) -> [UInt8] { lines.flatMap { $0 } }

    @Test func aPlanIsReadBackAsItWasWritten() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/plan.jsonl"
        let writer = try Self.begin(path)
        for entry in Self.entries { try writer.add(entry) }
        try writer.finish()
        let head = try ReplayPlan.check(path)
        #expect(head.plan == "0123456789abcdef" && head.letters == 5)
        var read: [ReplayPlan.Entry] = []
        var totals = ReplayPlan.Totals()
        try ReplayPlan.entries(path) { entry in
            read.append(entry)
            totals.add(entry)
        }
        #expect(read == Self.entries)
        #expect(totals.counts == writer.totals.counts && totals.letters == 5 && writer.totals.letters == 5)
        #expect(totals[.decided] == 2 && totals[.dies] == 2 && totals[.recorded] == 1)
        #expect(totals.sorted.map { $0.key.fate } == [.decided, .dies, .recorded])
        #expect(totals.sorted.map { $0.count } == [2, 2, 1])
    }

    @Test func aPlanOfNoLettersIsAPlan() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/plan.jsonl"
        try Self.begin(path).finish()
        #expect(try ReplayPlan.check(path).letters == 0)
    }

    @Test func aPlanTakesItsNameOnlyWhenItIsFinishedAndOnlyItsOwnerMayReadIt() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/plan.jsonl"
        let writer = try Self.begin(path)
        try writer.add(Self.entries[0])
        // Two commands that make the same file at once do not write into one part.
        let name = "plan.jsonl.\(ProcessInfo.processInfo.processIdentifier).part"
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
        let part = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
        #expect(part[.posixPermissions] as? Int == 0o600)
        #expect(throws: PrivateFile.Problem.self) { try ReplayPlan.check(path) }
        try writer.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["plan.jsonl"])
        let file = try FileManager.default.attributesOfItem(atPath: path)
        #expect(file[.posixPermissions] as? Int == 0o600)
    }

    @Test func aPlanThatIsNotFinishedLeavesNothing() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do { try Self.begin(folder + "/plan.jsonl").add(Self.entries[0]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }

    @Test func aNameThatExistsIsNotTaken() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/plan.jsonl"
        try Data("of somebody".utf8).write(to: URL(fileURLWithPath: path))
        let problem = try #require(throws: PrivateFile.Problem.self) { try Self.begin(path) }
        #expect(problem.description.contains("is there already"))
        #expect(FileManager.default.contents(atPath: path) == Data("of somebody".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["plan.jsonl"])
    }

    @Test func aFolderThatIsNotThereIsAProblem() throws {
        let path = FileManager.default.temporaryDirectory.path + "/none-" + UUID().uuidString + "/plan.jsonl"
        #expect(throws: PrivateFile.Problem.self) { try Self.begin(path) }
        #expect(throws: PrivateFile.Problem.self) { try ReplayPlan.check(path) }
    }

    // MARK: - what is not the plan that was made

    /// The places where a changed byte goes unseen.
    private static func unseenChanges(_ range: (_ endsAt: Int, _ count: Int) -> Range<Int>) throws -> [Int] {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lines = try plan(folder + "/plan.jsonl")
        let bytes = whole(lines)
        let end = bytes.count - (lines.last?.count ?? 0)
        return try range(end, bytes.count).filter { position in
            var changed = bytes
            changed[position] ^= 1
            return try !isRefused(changed, folder + "/changed.jsonl")
        }
    }

    @Test func aChangedByteInTheHeadOrALetterIsSeen() throws {
        let unseen = try Self.unseenChanges { end, _ in 0..<end }
        #expect(unseen == [])
    }

    @Test func aChangedByteInTheEndIsSeen() throws {
        let unseen = try Self.unseenChanges { end, count in end..<count }
        #expect(unseen == [])
    }

    @Test func aLineThatIsMissingAddedOrInAnotherPlaceIsSeen() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lines = try Self.plan(folder + "/plan.jsonl")
        let copy = folder + "/changed.jsonl"
        #expect(lines.count == 7)
        #expect(try !Self.isRefused(Self.whole(lines), copy))
        for number in lines.indices {
            var missing = lines
            missing.remove(at: number)
            #expect(try Self.isRefused(Self.whole(missing), copy))
            var twice = lines
            twice.insert(lines[number], at: number)
            #expect(try Self.isRefused(Self.whole(twice), copy))
            for other in lines.indices where other != number {
                var swapped = lines
                swapped.swapAt(number, other)
                #expect(try Self.isRefused(Self.whole(swapped), copy))
            }
            for more in ["\n", "{}\n", "\"MARKED\"\n", #"{"kind":"note"}"# + "\n"] {
                var longer = lines
                longer.insert(Array(more.utf8), at: number)
                #expect(try Self.isRefused(Self.whole(longer), copy))
            }
        }
    }

    @Test func blanksThatJSONAllowsAreSeen() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lines = try Self.plan(folder + "/plan.jsonl")
        for number in lines.indices {
            for blank in [" ", "\r", "\t"] {
                var longer = lines
                longer[number].insert(contentsOf: blank.utf8, at: lines[number].count - 1)
                #expect(try Self.isRefused(Self.whole(longer), folder + "/changed.jsonl"))
            }
        }
    }

    @Test func aFileThatIsCutAnywhereIsSeen() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bytes = Self.whole(try Self.plan(folder + "/plan.jsonl"))
        let copy = folder + "/cut.jsonl"
        let unseen = try bytes.indices.filter { try !Self.isRefused(Array(bytes[..<$0]), copy) }
        #expect(unseen == [])
    }

    @Test func aFileCutAtALinesEndHasNoEndAndOneCutWithinALineIsTorn() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lines = try Self.plan(folder + "/plan.jsonl")
        let copy = folder + "/cut.jsonl"
        try Data(Self.whole(Array(lines.dropLast()))).write(to: URL(fileURLWithPath: copy))
        let problem = try #require(throws: ReplayPlan.Problem.self) { try ReplayPlan.check(copy) }
        #expect(problem.description.contains("has no end"))
        try Data(Self.whole(lines).dropLast()).write(to: URL(fileURLWithPath: copy))
        #expect(throws: PrivateFile.Unfinished.self) { try ReplayPlan.check(copy) }
    }

    @Test func whatStandsBehindTheEndIsSeen() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lines = try Self.plan(folder + "/plan.jsonl")
        for more in [lines[1], lines[6], lines[0], [UInt8(ascii: "\n")], [UInt8(ascii: "x")]] {
            #expect(try Self.isRefused(Self.whole(lines) + more, folder + "/longer.jsonl"))
        }
    }

    @Test(arguments: ["", "\n", "{}\n", "MARKED\n", #"{"kind":"plan","format":"detainer.plan/2","plan":"x"}"# + "\n"])
    func whatIsNoPlanIsRefused(_ text: String) throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try Self.isRefused(Array(text.utf8), folder + "/other.jsonl"))
    }

    @Test func anIdIsSixteenDigits() {
        let id = ReplayPlan.newID()
        #expect(id.utf8.count == 16 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
    }
}
