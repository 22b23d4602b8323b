import Foundation

// Proofs that can be checked with nothing but themselves and the public key.
//
// Inclusion, that a record is in the ledger (C2SP tlog-proof, the record's line as extra data):
//
//     c2sp.org/tlog-proof@v1
//     extra <the record's line, base64>
//     index 17
//     <hashes from the record's sibling to the root's child, base64, one a line>
//
//     <the signed checkpoint>
//
// Consistency, that the ledger begins as an earlier checkpoint says (as a request to a C2SP tlog-witness):
//
//     old 512
//     <hashes, base64, one a line>
//
//     <the signed checkpoint>

/// What a proof shows.
public enum LedgerProof: Sendable, Equatable {
    static let inclusionLine = "c2sp.org/tlog-proof@v1"
    /// A record line is at most 1 MiB; in base64, with 64 hashes and a checkpoint, it stays below this.
    static let maximumBytes = 2 << 20

    /// This line is the record of that index in the ledger.
    case inclusion(line: [UInt8], index: UInt64, in: TreeHead)
    /// The ledger begins with all the records that the earlier checkpoint covers.
    case consistency(from: TreeHead, to: TreeHead)

    /// Checks a proof.
    ///
    /// - Parameter earlier: the signed checkpoint that a proof of consistency starts from.
    /// - Throws: where it proves nothing, with the reason.
    public init(text: String, key: LedgerPublicKey, earlier: String? = nil) throws(NoteError) {
        guard text.utf8.count <= Self.maximumBytes, let blank = text.range(of: "\n\n") else {
            throw NoteError(description: "this is no proof: lines of hashes, an empty line, a signed checkpoint")
        }
        var lines = text[..<blank.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)[...]
        let head = try key.open(String(text[blank.upperBound...]))
        if lines.first.map(String.init) == Self.inclusionLine {
            lines.removeFirst()
            self = try Self.inclusion(lines, head)
        } else {
            self = try Self.consistency(lines, head, key, earlier)
        }
    }

    private static func inclusion(_ lines: ArraySlice<Substring>, _ head: TreeHead) throws(NoteError) -> LedgerProof {
        var lines = lines
        guard let record = lines.popFirst()?.after("extra ").flatMap({ Data(base64Encoded: String($0)) }),
            let index = lines.popFirst()?.after("index ").flatMap({ UInt64($0) })
        else { throw NoteError(description: "the proof lacks its record or its index") }
        let line = Array(record)
        guard
            MerkleProof.verifiesInclusion(
                leaf: MerkleTree.leaf(line[...]), index: index, size: head.size, root: head.rootHash,
                path: try hashes(lines))
        else { throw NoteError(description: "the record is not in the ledger that was signed") }
        return .inclusion(line: line, index: index, in: head)
    }

    private static func consistency(
        _ lines: ArraySlice<Substring>, _ head: TreeHead, _ key: LedgerPublicKey, _ earlier: String?
    ) throws(NoteError) -> LedgerProof {
        var lines = lines
        guard let size = lines.popFirst()?.after("old ").flatMap({ UInt64($0) }) else {
            throw NoteError(description: "this is no proof: it begins with neither `\(inclusionLine)` nor `old`")
        }
        guard let earlier else {
            throw NoteError(description: "a proof of consistency needs the earlier checkpoint that it starts from")
        }
        let old = try key.open(earlier)
        guard old.size == size, old.origin == head.origin else {
            throw NoteError(description: "the proof does not start from that checkpoint")
        }
        guard
            MerkleProof.verifiesConsistency(
                smaller: size, smallerRoot: old.rootHash, size: head.size, root: head.rootHash, path: try hashes(lines))
        else { throw NoteError(description: "the later ledger does not begin with the records of the earlier one") }
        return .consistency(from: old, to: head)
    }

    private static func hashes(_ lines: ArraySlice<Substring>) throws(NoteError) -> [[UInt8]] {
        var hashes: [[UInt8]] = []
        for line in lines {
            guard let hash = Data(base64Encoded: String(line)), hash.count == 32, hashes.count < 128 else {
                throw NoteError(description: "a hash of the proof cannot be read")
            }
            hashes.append(Array(hash))
        }
        return hashes
    }
}

extension LedgerReader {
    /// The proof that the record of that index is in this ledger.
    ///
    /// - Returns: `nil` where no signed checkpoint covers it yet.
    /// - Throws: `NoteError`, `LedgerError`: `.contradicted` where the newest signed checkpoint is not one of these
    ///   records, so that no proof would hold.
    public func proof(of index: UInt64) throws -> String? { try evidence(of: [index])[index]?.proof }

    /// A record as it stands on file.
    public struct RecordEvidence: Sendable, Equatable {
        public var line: [UInt8]
        /// That it is in this ledger; `nil` where no signed checkpoint covers it yet.
        public var proof: String?
    }

    /// The records of these indices, each with its proof, read in one pass.
    ///
    /// - Throws: as ``proof(of:)``.
    public func evidence(of indices: Set<UInt64>) throws -> [UInt64: RecordEvidence] {
        let signed = try newestSigned()
        let size = signed?.head.size ?? 0
        var proofs = InclusionProofs(of: indices, size: size)
        var tree = MerkleTree(watching: [size])
        var evidence: [UInt64: RecordEvidence] = [:]
        try records { stored in
            if stored.index < size {
                proofs.append(stored.line[...])
                tree.append(stored.line[...])
            }
            if indices.contains(stored.index) { evidence[stored.index] = RecordEvidence(line: stored.line) }
        }
        if let signed { try check(signed.head, "`\(signed.path)`", against: tree) }
        for (index, record) in evidence {
            guard let note = signed?.note, let hashes = proofs.hashes(of: index) else { continue }
            let extra = Data(record.line).base64EncodedString()
            evidence[index]?.proof =
                "\(LedgerProof.inclusionLine)\nextra \(extra)\nindex \(index)\n" + Self.lines(hashes) + "\n" + note
        }
        return evidence
    }

    /// The proof that this ledger, as far as it is signed, begins as the earlier checkpoint says.
    ///
    /// - Returns: `nil` where no signed checkpoint reaches as far.
    /// - Throws: as ``proof(of:)``, and where the earlier checkpoint is not one of these records.
    public func proof(since earlier: TreeHead) throws -> String? {
        guard let (path, note, head) = try newestSigned(), head.size >= earlier.size else { return nil }
        var proof = MerkleProof.consistency(from: earlier.size, to: head.size)
        var tree = MerkleTree(watching: [earlier.size, head.size])
        try records { stored in
            if stored.index >= head.size { return }
            proof.append(stored.line[...])
            tree.append(stored.line[...])
        }
        try check(head, "`\(path)`", against: tree)
        try check(earlier, "the earlier checkpoint", against: tree)
        return "old \(earlier.size)\n" + Self.lines(proof.hashes) + "\n" + note
    }

    /// Whoever signed it: a proof that leads to a root which these records do not have proves nothing.
    ///
    /// - Parameter tree: of the ledger, which kept the root of that size where it has so many records.
    private func check(_ head: TreeHead, _ place: String, against tree: MerkleTree) throws(LedgerError) {
        if !head.isOf(logID: try logID()) { throw Self.contradicted(place, Self.otherLedger) }
        guard let root = tree.roots[head.size] else {
            throw Self.contradicted(place, "covers \(head.size) records, and the ledger has fewer")
        }
        guard root == head.rootHash else {
            throw Self.contradicted(
                place, "covers \(head.size) records, and the first \(head.size) are not those that were signed")
        }
    }

    private static let otherLedger = "is the checkpoint of another ledger"

    private static func contradicted(_ place: String, _ what: String) -> LedgerError {
        LedgerError(
            code: .contradicted, message: "\(place) \(what): nothing is proved by it; run `detainer ledger verify`")
    }

    private func newestSigned() throws -> (path: String, note: String, head: TreeHead)? {
        guard let file = try signedCheckpoints().last else { return nil }
        let head = try SignedNote.parts(file.note).head
        if !head.isOf(logID: try logID()) {
            throw Self.contradicted("`\(file.path)`", Self.otherLedger)
        }
        return (file.path, file.note, head)
    }

    private static func lines(_ hashes: [[UInt8]]) -> String {
        hashes.map { Data($0).base64EncodedString() + "\n" }.joined()
    }
}

extension Substring {
    fileprivate func after(_ prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }
}
