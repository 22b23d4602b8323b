import Foundation
import Glibc

@testable import Ledger

/// A disk in memory that never fails: thousands of ledgers a second are recovered on it.
///
/// Readers read files on several threads at once: a lock guards all of it.
final class MemoryDisk: @unchecked Sendable {
    private final class Node {
        let inode: UInt64
        var bytes: [UInt8]
        init(_ inode: UInt64, _ bytes: [UInt8]) { (self.inode, self.bytes) = (inode, bytes) }
    }

    private var nodes: [String: Node] = [:]
    private var opened: [Int32: (node: Node, position: Int)] = [:]
    private var nextFile: Int32 = 3
    /// Above those of files that were there at the beginning.
    private var nextNode: UInt64 = 1 << 32
    private let lock = NSRecursiveLock()

    /// A file that is there at the beginning has the same inode on each disk, so that what one tells of it holds on the
    /// next.
    init(_ contents: [String: [UInt8]]) {
        for (path, bytes) in contents {
            // FNV-1a.
            let inode = path.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
            nodes[path] = Node(UInt64(inode), bytes)
        }
    }

    private func made(_ bytes: [UInt8] = []) -> Node {
        defer { nextNode += 1 }
        return Node(nextNode, bytes)
    }

    var contents: [String: [UInt8]] { lock.withLock { nodes.mapValues(\.bytes) } }

    /// All that is done to it is done by one thread at a time.
    private func alone<Value>(
        _ body: () throws(FileSystem.Errno) -> Value
    ) throws(FileSystem.Errno) -> Value {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    private func open(_ path: String, _ flags: Int32) throws(FileSystem.Errno) -> Int32 {
        if flags & O_EXCL != 0, nodes[path] != nil { throw FileSystem.Errno(number: EEXIST) }
        let isMade = flags & O_CREAT != 0
        guard let node = flags & O_DIRECTORY != 0 ? made() : nodes[path] ?? (isMade ? made() : nil) else {
            throw FileSystem.Errno(number: ENOENT)
        }
        if flags & O_TRUNC != 0 { node.bytes = [] }
        if isMade { nodes[path] = node }
        defer { nextFile += 1 }
        opened[nextFile] = (node, 0)
        return nextFile
    }

    private func node(_ file: Int32) throws(FileSystem.Errno) -> Node {
        guard let node = opened[file]?.node else { throw FileSystem.Errno(number: EBADF) }
        return node
    }

    private func node(_ path: String) throws(FileSystem.Errno) -> Node {
        guard let node = nodes[path] else { throw FileSystem.Errno(number: ENOENT) }
        return node
    }

    private static func slice(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> [UInt8] {
        let start = min(max(0, offset), bytes.count)
        return Array(bytes[start..<min(bytes.count, start + max(0, count))])
    }

    private func read(_ file: Int32, _ count: Int) throws(FileSystem.Errno) -> [UInt8] {
        let (node, position) = (try node(file), opened[file]?.position ?? 0)
        let part = Self.slice(node.bytes, position, count)
        opened[file]?.position = position + part.count
        return part
    }

    private func rename(_ from: String, _ to: String) throws(FileSystem.Errno) {
        nodes[to] = try node(from)
        nodes[from] = nil
    }

    private func names(_ directory: String) -> [String] {
        nodes.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.utf8.count + 1)) }
            .filter { !$0.contains("/") }.sorted()
    }

    /// No time passes here: a file that is put in the place of another is told by its node.
    private func stamp(_ path: String) throws(FileSystem.Errno) -> FileSystem.Stamp {
        let node = try node(path)
        return FileSystem.Stamp(bytes: node.bytes.count, inode: node.inode, modified: 0, changed: 0)
    }

    var files: FileSystem {
        typealias Errno = FileSystem.Errno
        var files = FileSystem()
        files.open = { [self] path, flags throws(Errno) in
            try alone { () throws(Errno) in try open(path, flags) }
        }
        files.write = { [self] file, bytes throws(Errno) in
            try alone { () throws(Errno) in try node(file).bytes += bytes }
            return bytes.count
        }
        files.read = { [self] file, count throws(Errno) in
            try alone { () throws(Errno) in try read(file, count) }
        }
        files.readAt = { [self] file, offset, count throws(Errno) in
            try alone { () throws(Errno) in Self.slice(try node(file).bytes, offset, count) }
        }
        files.truncate = { [self] file, length throws(Errno) in
            try alone { () throws(Errno) in
                let node = try node(file)
                node.bytes = Self.slice(node.bytes, 0, length)
            }
        }
        files.rename = { [self] from, to throws(Errno) in
            try alone { () throws(Errno) in try rename(from, to) }
        }
        files.remove = { [self] path throws(Errno) in
            try alone { () throws(Errno) in
                _ = try node(path)
                nodes[path] = nil
            }
        }
        files.dataSync = { _ in }
        files.sync = { _ in }
        files.reserve = { _, _, _ in }
        files.makeDirectory = { _ in }
        files.lock = { _ in }
        files.unlock = { _ in }
        files.close = { [self] file in lock.withLock { opened[file] = nil } }
        files.exists = { [self] path in
            lock.withLock { nodes[path] != nil || nodes.keys.contains { $0.hasPrefix(path + "/") } }
        }
        files.size = { [self] path throws(Errno) in
            try alone { () throws(Errno) in try node(path).bytes.count }
        }
        files.stamp = { [self] path throws(Errno) in
            try alone { () throws(Errno) in try stamp(path) }
        }
        files.identity = { [self] path throws(Errno) in
            try alone { () throws(Errno) in identity(try node(path)) }
        }
        files.identityOfFile = { [self] file throws(Errno) in
            try alone { () throws(Errno) in identity(try node(file)) }
        }
        files.names = { [self] directory in lock.withLock { names(directory) } }
        return files
    }

    private func identity(_ node: Node) -> FileSystem.Identity {
        FileSystem.Identity(device: 1, inode: node.inode)
    }
}
