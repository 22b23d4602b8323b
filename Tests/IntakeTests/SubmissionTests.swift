import Foundation
import Intake
import Testing

struct SubmissionTests {
    private func bodies(_ count: Int) -> [[UInt8]] { (0..<count).map { Array("message \($0)".utf8) } }

    @Test func aPrefixGrowsOnlyWithoutAGap() {
        var prefix = ConfirmedPrefix(SubmissionPlace())
        var place = SubmissionPlace()
        for (number, body) in bodies(4).enumerated() {
            place = place.after(body, file: 0)
            prefix.sent(UInt64(number), place)
        }
        prefix.confirmed(1)
        prefix.confirmed(3)
        #expect(prefix.place.messages == 0)
        prefix.confirmed(0)
        #expect(prefix.place.messages == 2)
        prefix.confirmed(2)
        #expect(prefix.place == place)
    }

    @Test func aMarkTellsOrderContentAndBoundariesApart() {
        let all = [["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc"], ["ab", "c", ""]].map { texts in
            texts.reduce(ContentMark()) { $0.after(Array($1.utf8)) }
        }
        for (position, mark) in all.enumerated() { #expect(all.firstIndex(of: mark) == position) }
    }

    @Test func aPlaceCountsAnewInTheNextFileAndItsMarkIsOfAllFiles() {
        let place = SubmissionPlace().after([1], file: 0).after([2], file: 2)
        #expect((place.file, place.messages, place.confirmed) == (2, 1, 2))
        #expect(place.mark == ContentMark().after([1]).after([2]))
        var finished = place
        finished.isFinished = true
        #expect(finished.after([3], file: 2) == place.after([3], file: 2), "one more message is still to be sent")
    }

    @Test func aPaceKeepsToItsRate() {
        var pace = Pace(rate: 100)
        var sent = pace.take(1_000, at: .zero)
        #expect(sent == 5)
        var now = Duration.zero
        while now < .seconds(10) {
            now += pace.wait
            sent += pace.take(1_000, at: now)
        }
        #expect((990...1_010).contains(sent), "\(sent)")
        #expect(pace.take(1_000, at: now + .seconds(3_600)) == 5, "a pause gives no credit")
    }
}

/// The file on a real disk.
struct SubmissionFileTests {
    private let path = FileManager.default.temporaryDirectory.path + "/submission-" + UUID().uuidString

    private func open(_ files: [String] = ["a.jsonl"], exchange: String = "detainer.intake") throws -> SubmissionFile {
        try SubmissionFile(path, exchange: exchange, files: files)
    }

    private func remove() {
        // What stays behind is a temporary file.
        try? FileManager.default.removeItem(atPath: path)
    }

    @Test func itGoesOnWhereItWasSaved() throws {
        defer { remove() }
        let place = SubmissionPlace().after([1], file: 0).after([2], file: 0)
        do {
            let file = try open()
            #expect(file.place == SubmissionPlace())
            try file.save(place)
            #expect(throws: SubmissionFile.Problem.self, "one run at a time") { try open() }
        }
        #expect(try open().place == place)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    /// Its mark is of the last file alone: that says all only where this is the first.
    @Test func aPlaceThatAnEarlierVersionKeptHoldsInTheFirstFileAlone() throws {
        defer { remove() }
        let place = SubmissionPlace().after([1], file: 0)
        func keep(_ file: Int) throws {
            let header =
                #"{"format":"detainer.submission/1","exchange":"detainer.intake","files":["a.jsonl","b.jsonl"]}"#
            let line = #"{"file":\#(file),"messages":1,"mark":"\#(Self.markOfOne)","confirmed":\#(file + 1)}"#
            try Data("\(header)\n\(line)\n".utf8).write(to: URL(fileURLWithPath: path))
        }
        try keep(0)
        #expect(try open(["a.jsonl", "b.jsonl"]).place == place)
        try keep(1)
        let error = #expect(throws: SubmissionFile.Problem.self) { try open(["a.jsonl", "b.jsonl"]) }
        #expect(try #require(error).description.hasSuffix("name another file with --resume to begin anew"))
    }

    /// SHA-256 of 32 zeros and a one.
    private static let markOfOne = "1fd4247443c9440cb3c48c28851937196bc156032d70a96c98e127ecb347e45f"

    /// Whatever of the last line reached the disk: the one before it holds.
    @Test func aTornLineIsCutOffAtEveryByte() throws {
        defer { remove() }
        let first = SubmissionPlace().after([1], file: 0)
        let second = first.after([2], file: 0)
        let before: Int
        do {
            let file = try open()
            try file.save(first)
            before = try Data(contentsOf: URL(fileURLWithPath: path)).count
            try file.save(second)
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in before...whole.count {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            let file = try open()
            #expect(file.place == (length == whole.count ? second : first), "\(length)")
            try file.save(second)
        }
        // A line behind a torn one must not run into it.
        #expect(try open().place == second)
    }

    @Test func itBelongsToItsFilesAndItsExchange() throws {
        defer { remove() }
        do { try open().save(SubmissionPlace().after([1], file: 0)) }
        #expect(throws: SubmissionFile.Problem.self) { try open(["b.jsonl"]) }
        #expect(throws: SubmissionFile.Problem.self) { try open(exchange: "other") }
        // A request in one line, whose end a program leaves out, looks like a torn one.
        for alien in ["{\"schema\":1}\n", "{\"schema\":1}", "a note", "{\"format\":\"other\""] {
            try Data(alien.utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: SubmissionFile.Problem.self) { try open() }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == alien, "nothing of it is touched")
        }
    }

    @Test func aTornHeaderIsWrittenAgain() throws {
        defer { remove() }
        do { _ = try open() }
        let header = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in header.indices {
            try header.prefix(length).write(to: URL(fileURLWithPath: path))
            do { #expect(try open().place == SubmissionPlace()) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == header)
        }
    }
}
