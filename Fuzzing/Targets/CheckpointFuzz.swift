import Detainers

@testable import Ledger

/// Signed checkpoints as they lie beside a ledger: only what was signed is opened, and what is said of other records is
/// told and keeps no worker from starting.
enum CheckpointFuzz {
    private static let folder = Companions.directory + "/" + SignedCheckpoints.folder + "/"
    private static let names = [
        "000000000001.txt", "000000000002.txt", "999999999999.txt", "1.txt", "0000000000000.txt",
    ]

    /// The notes that were signed, oldest first.
    private static let signed: [String] = Companions.contents.filter { $0.key.hasPrefix(folder) }
        .sorted { $0.key < $1.key }.map { String(decoding: $0.value, as: UTF8.self) }

    private static let roots: [UInt64: [UInt8]] = Dictionary(
        signed.compactMap { try? parts($0).get() }.map { ($0.size, $0.rootHash) },
        uniquingKeysWith: { first, _ in first })

    static func run(_ bytes: [UInt8]) {
        var instructions = Instructions(bytes)
        let (mode, name) = (instructions.byte(), folder + names[Int(instructions.byte()) % names.count])
        let base = Array((signed.last ?? "").utf8)
        check(!base.isEmpty, "checkpoints were signed")
        let note = mode % 2 == 0 ? Array(instructions.rest) : instructions.damage(base)
        read(String(decoding: note, as: UTF8.self))
        var contents = Companions.contents
        contents[name] = note
        start(MemoryDisk(contents))
    }

    private static func read(_ note: String) {
        let (first, second) = (parts(note), parts(note))
        check(first == second, "reading is deterministic")
        if case .success(let head) = first {
            check(note.unicodeScalars.starts(with: head.text.unicodeScalars), "a note begins with what it says")
            check(head.rootHash.count == 32, "a root is one")
        }
        if let head = try? Companions.key.publicKey.open(note) {
            check(first == .success(head), "what is signed is what the note says")
            check(signed.contains { parts($0) == .success(head) }, "only what was signed is opened")
        }
    }

    private static func parts(_ note: String) -> Result<TreeHead, NoteError> {
        Result { () throws(NoteError) in try TreeHead(note: note) }
    }

    private static func start(_ disk: MemoryDisk) {
        let before = disk.contents.filter { $0.key.hasPrefix(folder) }
        guard let recovered = try? Companions.recover(disk) else { broken("it is recovered") }
        check(recovered.tree.root == Companions.root, "the ledger is what it is")
        check(disk.contents.filter { $0.key.hasPrefix(folder) } == before, "checkpoints are not touched")
        let report = recovered.report
        let newest = try? SignedCheckpoints.newest(Companions.directory, files: disk.files)
        check(report.signedThrough == newest?.size ?? 0, "what was signed last is known")
        if let head = report.contradicted { check(head == newest, "it is the newest that is contradicted") }
        guard let files = try? SignedCheckpoints.read(Companions.directory, files: disk.files) else {
            broken("checkpoints are listed")
        }
        let key = Companions.key.publicKey
        let heads = SignedCheckpoints.Heads(files, key: key)
        let known = files.count { (try? key.open($0.note)) != nil }
        check(heads.signed == known, "what was signed is known")
        let told = heads.problems(roots: roots, logID: report.logID)
        check(told.count == files.count - known, "each other is told: \(told)")
    }
}
