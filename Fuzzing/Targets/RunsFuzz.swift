import Detainers

@testable import Ledger

/// A run that tells a worker what is on record: one that is damaged is made again, and what a run says that somebody
/// forged is believed of no entry that is not there.
enum RunsFuzz {
    private static let names = [1...1, 1...2, 1...3, 2...3, 3...3, 2...8, 1...99_999_999, 3...Int.max]

    private static func path(_ segments: ClosedRange<Int>) -> String {
        Companions.directory + "/" + RunFormat.fileName(segments)
    }

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        let mode = instructions.byte()
        let segments = names[Int(instructions.byte()) % names.count]
        var contents = Companions.contents
        switch mode % 4 {
        case 0: contents[path(segments)] = Array(instructions.rest)
        case 1: contents[path(1...1)] = instructions.damage(contents[path(1...1)] ?? [])
        case 2:
            let end = instructions.rest.firstIndex(of: 0x0a).map { $0 + 1 } ?? instructions.rest.endIndex
            let blocks = Array(instructions.rest[end...])
            contents[path(segments)] = LedgerFuzz.checked(instructions.rest[..<end]) + blocks
        default:
            let forged = MemoryDisk(contents)
            forge(&instructions, forged)
            contents = forged.contents
        }
        opened(contents, segments)
        let disk = MemoryDisk(contents)
        // Each damaged run is found once.
        var starts = 1
        while !isAllKnown(disk) {
            starts += 1
            check(starts <= Companions.sealed + 1, "what is damaged is made again")
        }
    }

    /// Writes a run of entries that stand anywhere.
    private static func forge(_ instructions: inout Instructions, _ disk: MemoryDisk) {
        guard let end = end(1) else { broken("the first segment has a run") }
        var entries: [RunEntry] = []
        while !instructions.isEmpty, entries.count < 600 {
            let entry = Companions.entries[Int(instructions.byte()) % Companions.entries.count]
            let segment = UInt32(instructions.byte())
            entries.append(
                RunEntry(hash: EntryKey(entry.identity).hash, segment: segment, offset: UInt32(instructions.word())))
        }
        do throws(LedgerError) {
            var writer = try IdentityRunWriter(
                1...1, end: end, entries: entries.count, in: Companions.directory, files: disk.files)
            for entry in entries.sorted() { try writer.add(entry) }
            try writer.finish()
        } catch { broken("a run is written: \(error)") }
        guard let run = try? IdentityRun.open(1...1, in: Companions.directory, files: disk.files) else {
            broken("a run that was written is opened")
        }
        do throws(LedgerError) {
            var read: [RunEntry] = []
            for block in 0..<run.blockCount { read += try run.block(block) }
            check(read == entries.sorted(), "a run is read as it was written")
            for entry in entries {
                check(try run.mayHold(entry.hash), "the filter forgets nothing")
                check(try run.entries(with: entry.hash).contains(entry), "what is in it is found")
            }
        } catch { broken("a run that was written is read: \(error)") }
    }

    private static func end(_ segment: Int) -> SegmentEnd? {
        let run = try? IdentityRun.open(
            segment...segment, in: Companions.directory, files: MemoryDisk(Companions.contents).files)
        return run.map { SegmentEnd(logID: $0.logID, records: $0.records, root: $0.root) }
    }

    /// Whatever opens, each of its blocks is read or refused, and so is its filter.
    private static func opened(_ contents: [String: [UInt8]], _ segments: ClosedRange<Int>) {
        do throws(LedgerError) {
            let files = MemoryDisk(contents).files
            guard let run = try IdentityRun.open(segments, in: Companions.directory, files: files) else { return }
            for block in 0..<run.blockCount {
                do throws(LedgerError) { _ = try run.block(block) } catch {
                    check(error.code == .corrupted, "damage is told as such: \(error)")
                }
            }
            // The first page of the filter, one within it, and the last; a large run reads them here.
            for hash in [0, 0x5555_5555_5555_5555, .max] as [UInt64] {
                do throws(LedgerError) { _ = try run.mayHold(hash) } catch {
                    check(error.code == .corrupted, "damage is told as such: \(error)")
                }
            }
        } catch { broken("bytes in memory are always read: \(error)") }
    }

    /// A start of a worker that asks for all entries.
    ///
    /// - Returns: whether each was answered; where one was not, a damaged run was removed.
    private static func isAllKnown(_ disk: MemoryDisk) -> Bool {
        var upkeep = Companions.upkeep(disk)
        do { try upkeep.makeMissing() } catch { broken("what is missing is made: \(error)") }
        check(upkeep.runs.through == Companions.sealed, "all sealed segments are in runs")
        for (number, entry) in Companions.entries.enumerated() {
            let isSealed = number < Companions.sealed
            do throws(LedgerError) {
                switch try upkeep.runs.look(IndexedEntry(entry), contentKey: entry.contentKey) {
                case .same: check(isSealed, "what is in no sealed segment is in none")
                case .other: broken("the content of an entry is that of its line")
                case .no: if isSealed { forged(disk) }
                }
            } catch {
                check(error.code == .corrupted, "damage is told as such: \(error)")
                check(error.message.contains("removed"), "a damaged run is removed: \(error.message)")
                return false
            }
        }
        return true
    }

    /// A run that leaves an entry out was written so with all its checks: who verifies the ledger is told.
    private static func forged(_ disk: MemoryDisk) {
        do throws(LedgerError) {
            let report = try LedgerReader(directory: Companions.directory, files: disk.files).verify()
            check(report.problems.contains { $0.contains(".run`") }, "a run that leaves an entry out is told")
        } catch { broken("a ledger is verified: \(error)") }
    }
}
