import Crypto
import Foundation

/// The RFC 6962 tree hash of a growing list of leaves, in memory that grows with the logarithm of their number.
struct MerkleTree: Sendable, Equatable {
    /// INVARIANT: hashes of full subtrees, largest first; one for each bit that is set in `count`.
    private(set) var subtrees: [[UInt8]] = []
    private(set) var count: UInt64 = 0
    /// Sizes whose roots are kept in ``roots`` when the tree passes them.
    private var watched: Set<UInt64>
    private(set) var roots: [UInt64: [UInt8]] = [:]

    init(watching sizes: Set<UInt64> = []) {
        watched = sizes
        if sizes.contains(0) { roots[0] = rootHash }
    }

    /// A tree that goes on where another one stood.
    ///
    /// - Returns: `nil` where a tree of that size has another number of full subtrees.
    init?(subtrees: [[UInt8]], count: UInt64) {
        guard subtrees.count == count.nonzeroBitCount, subtrees.allSatisfy({ $0.count == SHA256.byteCount }) else {
            return nil
        }
        (self.subtrees, self.count, watched) = (subtrees, count, [])
    }

    /// The same tree, which keeps the roots of these sizes, its own among them, from now on.
    func watching(_ sizes: Set<UInt64>) -> MerkleTree {
        var tree = self
        tree.watched = sizes
        if sizes.contains(count) { tree.roots[count] = rootHash }
        return tree
    }

    /// Keeps roots of smaller sizes that are known otherwise.
    mutating func remember(_ others: [UInt64: [UInt8]]) { roots.merge(others) { $1 } }

    mutating func append(_ leaf: ArraySlice<UInt8>) { append(hash: Self.leaf(leaf)) }

    /// - Parameter hash: of the leaf, ``leaf(_:)``.
    mutating func append(hash: [UInt8]) {
        defer { if watched.contains(count) { roots[count] = rootHash } }
        subtrees.append(hash)
        var rest = count
        while rest & 1 == 1 {
            let right = subtrees.removeLast()
            let left = subtrees.removeLast()
            subtrees.append(Self.node(left, right))
            rest >>= 1
        }
        count += 1
    }

    var rootHash: [UInt8] {
        guard var hash = subtrees.last else { return Array(SHA256.hash(data: [UInt8]())) }
        for left in subtrees.dropLast().reversed() { hash = Self.node(left, hash) }
        return hash
    }

    /// The root in base64.
    var root: String { Data(rootHash).base64EncodedString() }

    private static let leafPrefix: [UInt8] = [0]
    private static let nodePrefix: [UInt8] = [1]

    static func leaf(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: leafPrefix)
        hash.update(data: bytes)
        return array(hash.finalize())
    }

    static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: nodePrefix)
        hash.update(data: left)
        hash.update(data: right)
        return array(hash.finalize())
    }

    private static func array(_ digest: SHA256.Digest) -> [UInt8] {
        // INVARIANT: copied before the digest goes. Its iterator would make another array.
        unsafe digest.withUnsafeBytes { unsafe Array($0) }
    }
}

/// The hashes of a proof, computed in one pass over the leaves: each leaf lies below at most one of them.
struct MerkleProof: Sendable {
    private var subtrees: [(leaves: Range<UInt64>, tree: MerkleTree)]
    private var next: UInt64 = 0

    /// That the tree of that size begins with the smaller one's leaves (RFC 6962, section 2.1.2).
    static func consistency(from smaller: UInt64, to size: UInt64) -> MerkleProof {
        if smaller == 0 { return MerkleProof(leaves: []) }
        return MerkleProof(leaves: subproof(smaller, 0..<size, isWhole: true))
    }

    private init(leaves: [Range<UInt64>]) { subtrees = leaves.map { ($0, MerkleTree()) } }

    /// Takes the leaves from the first on, in order.
    mutating func append(_ leaf: ArraySlice<UInt8>) {
        if let position = subtrees.firstIndex(where: { $0.leaves.contains(next) }) {
            subtrees[position].tree.append(leaf)
        }
        next += 1
    }

    var hashes: [[UInt8]] { subtrees.map(\.tree.rootHash) }

    /// The largest power of two below a size.
    private static func split(_ leaves: Range<UInt64>) -> UInt64 {
        let count = leaves.upperBound - leaves.lowerBound
        return leaves.lowerBound + 1 << (63 - (count - 1).leadingZeroBitCount)
    }

    /// The subtrees on the way from the leaf of that index to the root (RFC 6962, section 2.1.1).
    fileprivate static func path(_ index: UInt64, _ leaves: Range<UInt64>) -> [Range<UInt64>] {
        // Not `count`, which is an Int: a checkpoint may say any size.
        if leaves.upperBound - leaves.lowerBound <= 1 { return [] }
        let middle = split(leaves)
        return index < middle
            ? path(index, leaves.lowerBound..<middle) + [middle..<leaves.upperBound]
            : path(index, middle..<leaves.upperBound) + [leaves.lowerBound..<middle]
    }

    private static func subproof(_ end: UInt64, _ leaves: Range<UInt64>, isWhole: Bool) -> [Range<UInt64>] {
        if end == leaves.upperBound { return isWhole ? [] : [leaves] }
        let middle = split(leaves)
        return end <= middle
            ? subproof(end, leaves.lowerBound..<middle, isWhole: isWhole) + [middle..<leaves.upperBound]
            : subproof(end, middle..<leaves.upperBound, isWhole: false) + [leaves.lowerBound..<middle]
    }

    /// Whether a leaf is the one of that index in the tree with that root (RFC 9162, section 2.1.3.2).
    static func verifiesInclusion(
        leaf: [UInt8], index: UInt64, size: UInt64, root: [UInt8], path: [[UInt8]]
    ) -> Bool {
        guard index < size else { return false }
        var (node, last, hash) = (index, size - 1, leaf)
        for sibling in path {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                hash = MerkleTree.node(sibling, hash)
                while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                hash = MerkleTree.node(hash, sibling)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && hash == root
    }

    /// Whether the tree with the second root begins with the leaves of the first (RFC 9162, section 2.1.4.2).
    static func verifiesConsistency(
        smaller: UInt64, smallerRoot: [UInt8], size: UInt64, root: [UInt8], path: [[UInt8]]
    ) -> Bool {
        if smaller == 0 { return path.isEmpty && smallerRoot == MerkleTree().rootHash }
        if smaller == size { return path.isEmpty && smallerRoot == root }
        guard smaller < size else { return false }
        let whole = smaller.nonzeroBitCount == 1 ? [smallerRoot] + path : path
        guard let seed = whole.first else { return false }
        var (node, last, old, new) = (smaller - 1, size - 1, seed, seed)
        while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
        for sibling in whole.dropFirst() {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                old = MerkleTree.node(sibling, old)
                new = MerkleTree.node(sibling, new)
                while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                new = MerkleTree.node(new, sibling)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && old == smallerRoot && new == root
    }
}

/// Proofs that leaves are in the tree of that size, made in one pass over all its leaves.
///
/// Subtrees that several proofs need are hashed once; each leaf is in as many of them as the tree is deep at most.
struct InclusionProofs: Sendable {
    private let paths: [UInt64: [Range<UInt64>]]
    /// By their beginning, the last one first.
    private var coming: [Range<UInt64>]
    private var open: [(leaves: Range<UInt64>, tree: MerkleTree)] = []
    private var done: [Range<UInt64>: [UInt8]] = [:]
    private var next: UInt64 = 0

    init(of indices: Set<UInt64>, size: UInt64) {
        paths = Dictionary(
            uniqueKeysWithValues: indices.filter { $0 < size }.map { ($0, MerkleProof.path($0, 0..<size)) })
        coming = Set(paths.values.joined()).sorted { $0.lowerBound > $1.lowerBound }
    }

    /// Takes the leaves from the first on, in order.
    mutating func append(_ leaf: ArraySlice<UInt8>) {
        while let first = coming.last, first.lowerBound == next {
            open.append((first, MerkleTree()))
            coming.removeLast()
        }
        for position in open.indices { open[position].tree.append(leaf) }
        next += 1
        for closed in open where closed.leaves.upperBound == next { done[closed.leaves] = closed.tree.rootHash }
        open.removeAll { $0.leaves.upperBound == next }
    }

    /// The hashes from the leaf's sibling to the root's child; `nil` for a leaf that nobody asked for.
    func hashes(of index: UInt64) -> [[UInt8]]? { paths[index]?.compactMap { done[$0] } }
}
