import Detainers

@testable import Ledger

/// The index of a segment: bytes that are none are refused, and no number in them leads a reader beyond what is there.
enum IndexFuzz {
    private static let directory = LedgerFuzz.directory
    private static let name = directory + "/" + LedgerFormat.indexName(1)

    /// A sealed segment of outcomes, some of the same person, with its index.
    private static let base: [String: [UInt8]] = {
        let disk = LedgerFuzz.empty
        do {
            var configuration = LedgerConfiguration()
            configuration.segmentBytes = 2_000
            var writer = try LedgerWriter.open(
                directory: "/ledger", worker: "w", configuration: configuration, now: LedgerFuzz.now, files: disk.files
            ).takeWriter()
            for number in 0..<6 {
                _ = try writer.append([try outcome(number).json()], announcedThrough: 0, now: LedgerFuzz.now)
            }
            writer.close()
            let reader = try LedgerReader(directory: directory, files: disk.files)
            guard try SegmentIndexes(reader).make() > 0 else { broken("there is a sealed segment") }
        } catch { broken("a ledger with an index is made: \(error)") }
        check(disk.contents[name] != nil, "there is an index")
        return disk.contents
    }()

    static func outcome(_ number: Int) throws -> Outcome {
        let json = """
            {"schema":"detainer.request/1","requestId":"6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e4\(number)",\
            "receivedBy":{"agency":"boston-police"},"receipt":{"channel":"fax"},"form":{"kind":"I-247A"},\
            "subject":{"fileNumber":"A00000000\(number / 2)"}}
            """
        let request = try RequestContract.read(Array(json.utf8))
        guard let date = CivilDate(year: 2024, month: 1 + number, day: 3) else { broken("a date") }
        return Outcome(
            request: request, decision: nil, date: RequestDate(date: date, basis: .received),
            pseudonyms: MessageFuzz.key.pseudonyms(of: request), contentKey: MessageFuzz.key.content(of: request),
            recordedAt: LedgerFuzz.now, traceparent: nil, jurisdiction: "boston")
    }

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        switch instructions.byte() % 3 {
        case 0: open(Array(instructions.rest))
        case 1: open(instructions.damage(base[name] ?? []))
        default:
            let end = instructions.rest.firstIndex(of: 0x0a).map { $0 + 1 } ?? instructions.rest.endIndex
            open(LedgerFuzz.checked(instructions.rest[..<end]) + instructions.rest[end...])
        }
    }

    private static func open(_ bytes: [UInt8]) {
        do throws(LedgerError) {
            let content = FileBytes(bytes)
            guard let index = try SegmentIndex(content, segment: 1) else { return }
            check(LedgerFuzz.isIntact(LedgerFuzz.lines(bytes).first ?? []), "the header of an index has its check")
            let opened = try content.opened()
            check(try index.offsets.read(from: opened).count == index.entryCount, "a column has its numbers")
            check(try index.tieEntries.read(from: opened).count == index.tieHashes.count, "a tie has its entry")
            check(index.tieStarts.allSatisfy { (0...index.tieHashes.count).contains(Int($0)) }, "ties lie within")
            _ = try index.traitLines(opened)
            _ = index.tree.root
        } catch { broken("bytes in memory are always read: \(error)") }
        read(bytes)
    }

    /// As a report reads it. What a damaged number says may be refused, and ends nothing.
    private static func read(_ bytes: [UInt8]) {
        var contents = base
        contents[name] = bytes
        guard let first = CivilDate(year: 2023, month: 1, day: 1), let last = CivilDate(year: 2024, month: 12, day: 31)
        else { broken("dates") }
        do {
            let catalog = try LedgerCatalog(LedgerReader(directory: directory, files: MemoryDisk(contents).files))
            let linking = try catalog.linking()
            _ = try linking.lone(first...last, by: LedgerFuzz.now)
            for batch in try linking.linkedBatches(first...last, by: LedgerFuzz.now) { _ = try linking.read(batch) }
            for batch in try linking.loneBatches(first...last, by: LedgerFuzz.now) { _ = try linking.read(batch) }
        } catch is LedgerError {
            // Told as damage.
        } catch is RecordError {
            // A line that is none of ours.
        } catch { broken("damage is told as such: \(error)") }
    }
}
