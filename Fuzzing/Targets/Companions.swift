import Detainers

@testable import Ledger

/// A ledger with sealed segments and all that lies beside them.
enum Companions {
    static let directory = LedgerFuzz.directory
    /// A start reads each of them: with more of them it is slower and says no more.
    static let sealed = 3

    static let entries: [LedgerEntry] = {
        do { return try (0...sealed).map { .outcome(try IndexFuzz.outcome($0)) } } catch {
            broken("outcomes are made: \(error)")
        }
    }()

    /// A key of nobody.
    static let key: LedgerSigningKey = {
        let seed = "AQ" + String(repeating: "A", count: 42)
        guard let key = try? LedgerSigningKey(file: "PRIVATE+KEY+fuzz.example+14e9d81a+\(seed)\n") else {
            broken("the key file is one")
        }
        return key
    }()

    /// An entry in each segment, the last one of which is open, and two signed checkpoints.
    static let contents: [String: [UInt8]] = {
        let disk = LedgerFuzz.empty
        do {
            var configuration = LedgerConfiguration()
            // More than a header.
            configuration.segmentBytes = 300
            configuration.signingKey = key
            var writer = try LedgerWriter.open(
                directory: "/ledger", worker: "w", configuration: configuration, now: LedgerFuzz.now, files: disk.files
            ).takeWriter()
            for (number, entry) in entries.enumerated() {
                _ = try writer.append([entry.json()], announcedThrough: UInt64(number), now: LedgerFuzz.now)
                // Within the sealed segments, not at their end.
                if number < sealed - 1 { try writer.signCheckpoint() }
            }
            writer.close()
            // Again as a start finds it.
            let start = MemoryDisk(disk.contents)
            var upkeep = SegmentUpkeep(try LedgerReader(directory: directory, files: start.files))
            check(try upkeep.makeMissing() == sealed, "so many segments are sealed: \(start.contents.keys.sorted())")
            return start.contents
        } catch { broken("a ledger is written: \(error)") }
    }()

    static let root: String = {
        guard let recovered = try? recover(MemoryDisk(contents)) else { broken("it is recovered") }
        return recovered.tree.root
    }()

    static func recover(_ disk: MemoryDisk) throws(LedgerError) -> Recovery.Result {
        try Recovery(directory: directory, files: disk.files, now: LedgerFuzz.now).run { _ in }
    }

    static func upkeep(_ disk: MemoryDisk) -> SegmentUpkeep {
        guard let reader = try? LedgerReader(directory: directory, files: disk.files) else { broken("it is there") }
        return SegmentUpkeep(reader)
    }
}
