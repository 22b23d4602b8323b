import Detainers

@testable import Ledger

/// The file that spares a start from reading sealed segments: whatever it says, the ledger is found to be what it is,
/// and then the file says so.
enum CheckedFuzz {
    private static let path = Companions.directory + "/" + CheckedSegments.fileName

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        var contents = Companions.contents
        let known = contents[path] ?? []
        switch instructions.byte() % 4 {
        case 0: contents[path] = Array(instructions.rest)
        case 1: contents[path] = instructions.damage(known)
        case 2: contents[path] = LedgerFuzz.checked(instructions.rest)
        default:
            // Lines that were changed and have their checks again.
            let lines = LedgerFuzz.lines(known).map { Array($0.dropLast(LedgerFormat.checkBytes + 1)) + "}\n".utf8 }
            contents[path] = LedgerFuzz.checked(instructions.damage(Array(lines.joined())))
        }
        let disk = MemoryDisk(contents)
        guard let recovered = try? Companions.recover(disk) else { broken("it is recovered") }
        check(recovered.tree.root == Companions.root, "the ledger is what it is")
        check(recovered.report.setAside == 0, "nothing of it is damaged")
        check(recovered.report.contradicted == nil, "nothing of what was signed is contradicted")
        var upkeep = Companions.upkeep(disk)
        do {
            try upkeep.makeMissing()
            check(upkeep.runs.through == Companions.sealed, "all sealed segments are in runs")
            for segment in 1...Companions.sealed { try upkeep.check(segment) }
        } catch { broken("what is missing is made: \(error)") }
        let (told, expected) = (
            CheckedSegments(Companions.directory, files: disk.files), MemoryDisk(Companions.contents)
        )
        let truth = CheckedSegments(Companions.directory, files: expected.files)
        for segment in 1...Companions.sealed {
            check(told.entries[segment] == truth.entries[segment], "it says what segment \(segment) is")
        }
        let before = disk.contents
        guard let made = try? Companions.upkeep(disk).missing() else { broken("it is asked again") }
        check(made.isEmpty && disk.contents == before, "the second time nothing is missing: \(made)")
    }
}
