import Detainers
import Foundation
import Glibc
import Synchronization

@testable import Ledger

/// A ledger of outcomes in small sealed segments, for one test.
struct SealedBench {
    let bench = Bench()
    var worker: String { bench.worker }

    static func outcome(_ number: Int, revision: Int = 1, content: String = "same") -> LedgerEntry {
        let digits = String(number)
        let request = Request(
            requestID: "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits,
            revision: revision, receivedBy: .init(agency: "elsewhere"), receipt: .init(channel: .fax),
            form: .init(kind: .i247A))
        return .outcome(
            Outcome(
                request: request, decision: nil,
                date: RequestDate(date: CivilDate(daysSinceEpoch: 20_000), basis: .recorded),
                pseudonyms: Pseudonyms(keyID: "test"), contentKey: content,
                recordedAt: Moment(secondsSinceEpoch: 1_700_000_000), traceparent: nil, jurisdiction: "boston"))
    }

    /// Appends outcomes, so many a batch, each batch a segment of its own; all but the last segment are sealed.
    ///
    /// - Parameter committed: called with each batch.
    func fill(
        _ range: ClosedRange<Int>, each count: Int = 3, files: FileSystem = FileSystem(),
        committed: (Commit, [LedgerEntry]) throws -> Void = { _, _ in }
    ) throws {
        var configuration = LedgerConfiguration()
        // More than a header.
        configuration.segmentBytes = 300
        var writer = try bench.open(configuration, files: files).takeWriter()
        var announced: UInt64 = 0
        for start in stride(from: range.lowerBound, through: range.upperBound, by: count) {
            let entries = (start...min(range.upperBound, start + count - 1)).map { Self.outcome($0) }
            let commit = try writer.append(entries.map { $0.json() }, announcedThrough: announced, now: Bench.now)
            // All but the last.
            announced = commit.firstIndex + UInt64(entries.count) - 1
            try committed(commit, entries)
        }
        writer.close()
    }

    func reader(_ files: FileSystem = FileSystem()) throws -> LedgerReader {
        try LedgerReader(directory: worker, files: files)
    }

    func path(_ name: String) -> String { worker + "/" + name }

    func names(_ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: worker).filter { $0.hasSuffix(suffix) }.sorted()
    }

    /// Changes one byte of a file, in a way that shows in its stamp however coarse the clock of the file system is.
    func flip(_ name: String, at position: Int) throws {
        let before = try FileSystem().stamp(path(name))
        var bytes = try bench.bytes(path(name))
        bytes[position] ^= 1
        repeat { try bench.write(bytes, path(name)) } while try FileSystem().stamp(path(name)) == before
    }

    func remove() { bench.remove() }
}

/// A process that dies at its Nth change of the disk: from then on nothing it does has any effect.
final class Death: Sendable {
    private let left: Mutex<Int>

    init(after changes: Int) { left = Mutex(changes) }

    var hasCome: Bool { left.withLock { $0 < 0 } }

    private func step() throws(FileSystem.Errno) {
        let isDead = left.withLock { left in
            left -= 1
            return left < 0
        }
        if isDead { throw FileSystem.Errno(number: EIO) }
    }

    var files: FileSystem {
        var files = FileSystem()
        let real = FileSystem()
        files.open = { path, flags throws(FileSystem.Errno) in
            if flags & (O_CREAT | O_WRONLY | O_RDWR) != 0 { try self.step() }
            return try real.open(path, flags)
        }
        files.write = { file, bytes throws(FileSystem.Errno) in
            try self.step()
            return try real.write(file, bytes)
        }
        files.rename = { from, to throws(FileSystem.Errno) in
            try self.step()
            try real.rename(from, to)
        }
        files.remove = { path throws(FileSystem.Errno) in
            try self.step()
            try real.remove(path)
        }
        // Nothing here loses power.
        files.dataSync = { _ throws(FileSystem.Errno) in }
        files.sync = { _ throws(FileSystem.Errno) in }
        return files
    }
}
