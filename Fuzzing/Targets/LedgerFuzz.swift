import Detainers

@testable import Ledger

/// Recovery of a ledger that was damaged in any way: it ends, keeps every intact record and no other, sets aside what
/// was damaged, and has nothing to do the second time.
enum LedgerFuzz {
    static let directory = "/ledger/w"
    static let now = Moment(secondsSinceEpoch: 1_700_000_000)
    static let sealed = directory + "/" + LedgerFormat.sealedName(1)
    static let open = directory + "/" + LedgerFormat.openName(2)
    static let marks = directory + "/" + AttemptMarks.fileName

    /// A ledger of no records, whose id is always the same: what an input does to it, it does again.
    static var empty: MemoryDisk {
        let header = LedgerFormat.header(
            logID: String(repeating: "0", count: 32), segment: 1, firstRecord: 0, root: MerkleTree().root)
        return MemoryDisk([directory + "/" + LedgerFormat.openName(1): LedgerFormat.line(header)])
    }

    /// A sealed segment, and an open one with two batches.
    static let base: [String: [UInt8]] = {
        let disk = empty
        do throws(LedgerError) {
            var configuration = LedgerConfiguration()
            configuration.segmentBytes = 700
            var writer = try LedgerWriter.open(
                directory: "/ledger", worker: "w", configuration: configuration, now: now, files: disk.files
            ).takeWriter()
            var number = 0
            for size in [3, 4, 2, 1] {
                let records: [JSONValue] = (0..<size).map { position in
                    ["kind": "outcome", "n": .number(String(number + position)), "text": "Ünïcode \" and more"]
                }
                number += size
                _ = try writer.append(records, announcedThrough: UInt64(number - size), now: now)
            }
            writer.close()
        } catch { broken("a ledger is written: \(error)") }
        let contents = disk.contents.filter { $0.key == sealed || $0.key == open }
        check(contents.count == 2, "one segment is sealed and one is open: \(disk.contents.keys.sorted())")
        return contents
    }()

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        let mode = instructions.byte()
        var contents = base
        switch mode % 6 {
        case 0: contents[open] = Array(instructions.rest)
        case 1: contents[open] = instructions.damage(base[open] ?? [])
        case 2: contents[open] = (base[open] ?? []) + checked(instructions.rest)
        case 3: contents[open] = checked(instructions.rest)
        case 4:
            contents[sealed] = instructions.damage(base[sealed] ?? [])
            sealedDamage(contents)
            return
        default:
            contents[marks] = mode & 64 == 0 ? Array(instructions.rest) : checked(instructions.rest)
            attempts(contents)
            return
        }
        openDamage(contents)
    }

    private static func recover(_ disk: MemoryDisk) -> Result<Recovery.Result, LedgerError> {
        Result { () throws(LedgerError) in
            try Recovery(directory: directory, files: disk.files, now: now).run { _ in }
        }
    }

    private static func openDamage(_ contents: [String: [UInt8]]) {
        let damaged = contents[open] ?? []
        let disk = MemoryDisk(contents)
        guard case .success(let result) = recover(disk) else {
            let first = lines(damaged).first ?? []
            check(
                isIntact(first) && String(decoding: first, as: UTF8.self).contains("\"format\":"),
                "an open segment is recovered, unless its intact header follows something else")
            check(disk.contents == contents, "a refusal changes nothing")
            return
        }
        let recovered = disk.contents[open] ?? []
        let expected = records(damaged)
        check(records(recovered) == expected, "every intact record is kept, in order, and no other")
        check(result.report.kept == UInt64(expected.count), "the report counts them")
        check(result.report.announcedThrough <= result.report.recordCount, "nothing is announced that is not there")
        check(disk.contents[sealed] == contents[sealed], "a sealed segment is not touched")
        let aside = result.report.setAsideFile.flatMap { disk.contents[$0] } ?? []
        check(isWithin(lines(damaged).filter { !isIntact($0) }, lines(aside)), "damaged lines are set aside")
        read(disk, count: result.report.recordCount)

        let before = disk.contents
        guard case .success(let again) = recover(disk) else { broken("what was recovered is recovered") }
        check(again.report.setAside == 0, "the second time nothing is damaged")
        check(disk.contents == before, "the second time nothing changes")
        check(again.report.root == result.report.root, "the root stays")
        check(again.report.announcedThrough == result.report.announcedThrough, "what is announced stays")
    }

    private static func sealedDamage(_ contents: [String: [UInt8]]) {
        let disk = MemoryDisk(contents)
        if contents[sealed] == base[sealed] { return }
        guard case .failure(let error) = recover(disk), error.code == .corrupted else {
            broken("damage in a sealed segment is refused")
        }
        check(disk.contents == contents, "a refusal changes nothing")
        guard let reader = try? LedgerReader(directory: directory, files: disk.files) else { return }
        if (try? reader.records { _ in }) != nil { broken("readers refuse it too") }
    }

    private static func read(_ disk: MemoryDisk, count: UInt64) {
        var seen: UInt64 = 0
        do {
            try LedgerReader(directory: directory, files: disk.files).records { record in
                check(record.index == seen, "records are read in order")
                seen += 1
            }
        } catch { broken("what was recovered is read: \(error)") }
        check(seen == count, "all that was recovered is read: \(seen) of \(count)")
    }

    private static func attempts(_ contents: [String: [UInt8]]) {
        let bytes = contents[marks] ?? []
        let disk = MemoryDisk(contents)
        let first: [String: Int]
        do throws(LedgerError) {
            let opened = try AttemptMarks.open(directory: directory, files: disk.files)
            check(opened.wasUnclean, "a file that is there tells of an unclean end")
            first = opened.attempts
        } catch { broken("marks are always read: \(error)") }
        check(first.values.reduce(0, +) <= lines(bytes).count { isIntact($0) }, "an attempt is an intact line")
        check(first.values.allSatisfy { $0 > 0 }, "who is named tried")
        let before = disk.contents
        do throws(LedgerError) {
            check(try AttemptMarks.open(directory: directory, files: disk.files).attempts == first, "marks stay")
        } catch { broken("marks are read again: \(error)") }
        check(disk.contents == before, "the second time nothing changes")
    }

    // MARK: - the format, as it is documented, a second time

    static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var (lines, line) = ([[UInt8]](), [UInt8]())
        for byte in bytes {
            line.append(byte)
            if byte == 0x0a {
                lines.append(line)
                line = []
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// CRC-32C, a bit at a time (RFC 3720, appendix B.4).
    static func checksum(_ bytes: some Sequence<UInt8>) -> String {
        var value = ~UInt32(0)
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
        }
        let text = String(~value, radix: 16)
        return String(repeating: "0", count: 8 - text.utf8.count) + text
    }

    private static let checkBytes = 20

    static func isIntact(_ line: [UInt8]) -> Bool {
        let content = line.dropLast()
        guard line.last == 0x0a, content.count > checkBytes, content.count <= 1 << 20 else { return false }
        return content.suffix(checkBytes).elementsEqual(
            ",\"check\":\"\(checksum(content.dropLast(checkBytes)))\"}".utf8)
    }

    /// The lines that are records: intact, JSON, of a kind, and that is none of the two others.
    private static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        lines(bytes).filter { line in
            guard isIntact(line), let value = try? JSONValue.parse(Array(line.dropLast())),
                let kind = value["kind"]?.stringValue
            else { return false }
            return kind != "segment" && kind != "checkpoint"
        }
    }

    /// Lines with the check that they lack, so that what stands behind it is reached.
    static func checked(_ text: some Sequence<UInt8>) -> [UInt8] {
        lines(Array(text)).flatMap { line -> [UInt8] in
            guard line.last == 0x0a, line.count > 2, line[line.count - 2] == 0x7d else { return line }
            let content = line.dropLast(2)
            return Array(content) + ",\"check\":\"\(checksum(content))\"}\n".utf8
        }
    }

    private static func isWithin(_ some: [[UInt8]], _ all: [[UInt8]]) -> Bool {
        var rest = all[...]
        return some.allSatisfy { line in
            guard let place = rest.firstIndex(of: line) else { return false }
            rest = rest[(place + 1)...]
            return true
        }
    }
}
