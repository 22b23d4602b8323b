import Testing

@testable import Ledger

struct MerkleProofTests {
    private static let leaves: [[UInt8]] = (0..<33).map { Array("leaf \($0)".utf8) }

    private static func root(_ size: Int) -> [UInt8] {
        var tree = MerkleTree()
        for leaf in leaves.prefix(size) { tree.append(leaf[...]) }
        return tree.rootHash
    }

    /// The paths of all leaves, made in one pass.
    private static func paths(_ size: Int) -> [[[UInt8]]] {
        var proofs = InclusionProofs(of: Set(0..<UInt64(size)), size: UInt64(size))
        for leaf in leaves.prefix(size) { proofs.append(leaf[...]) }
        return (0..<size).map { proofs.hashes(of: UInt64($0)) ?? [] }
    }

    private static func hashes(_ proof: MerkleProof, _ size: Int) -> [[UInt8]] {
        var proof = proof
        for leaf in leaves.prefix(size) { proof.append(leaf[...]) }
        return proof.hashes
    }

    @Test func everyLeafIsProvedInEveryTreeAndNoOtherLeafIs() {
        for size in 1...Self.leaves.count {
            let root = Self.root(size)
            for (index, path) in Self.paths(size).enumerated() {
                func holds(_ leaf: Int, at place: Int, path: [[UInt8]]) -> Bool {
                    MerkleProof.verifiesInclusion(
                        leaf: MerkleTree.leaf(Self.leaves[leaf][...]), index: UInt64(place), size: UInt64(size),
                        root: root, path: path)
                }
                #expect(holds(index, at: index, path: path))
                #expect(!holds((index + 1) % Self.leaves.count, at: index, path: path))
                #expect(size == 1 || !holds(index, at: (index + 1) % size, path: path))
                #expect(path.isEmpty || !holds(index, at: index, path: path.dropLast()))
                #expect(!holds(index, at: index, path: path + [root]))
            }
        }
    }

    /// A checkpoint may say any size.
    @Test func aPathIsFoundInTheLargestTreeThatThereMayBe() {
        var proofs = InclusionProofs(of: [0, .max - 1], size: .max)
        proofs.append(Self.leaves[0][...])
        #expect(proofs.hashes(of: 1) == nil && proofs.hashes(of: 0)?.count == 0)
    }

    @Test func everyTreeIsProvedToBeginAsEverySmallerOne() {
        for size in 0...Self.leaves.count {
            let root = Self.root(size)
            for smaller in 0...size {
                let path = Self.hashes(.consistency(from: UInt64(smaller), to: UInt64(size)), size)
                func holds(_ old: [UInt8], _ new: [UInt8], _ path: [[UInt8]]) -> Bool {
                    MerkleProof.verifiesConsistency(
                        smaller: UInt64(smaller), smallerRoot: old, size: UInt64(size), root: new, path: path)
                }
                let old = Self.root(smaller)
                let wrong = [UInt8](repeating: 7, count: 32)
                #expect(holds(old, root, path), "\(smaller) in \(size)")
                #expect(!holds(wrong, root, path), "\(smaller) in \(size)")
                #expect(smaller == 0 || !holds(old, wrong, path), "\(smaller) in \(size)")
                #expect(path.isEmpty || !holds(old, root, path.dropLast()), "\(smaller) in \(size)")
            }
        }
    }
}
