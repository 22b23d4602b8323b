import Foundation
import Glibc

@testable import Ledger

/// A disk in memory that never fails: thousands of ledgers a second are recovered on it.
///
/// Readers open files on several threads at once: a lock guards all that changes then.
final class MemoryDisk: @unchecked Sendable {
    private final class Node {
        var bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    private var nodes: [String: Node] = [:]
    private var opened: [Int32: (node: Node, position: Int)] = [:]
    private var nextFile: Int32 = 3
    private let lock = NSRecursiveLock()

    init(_ contents: [String: [UInt8]]) { nodes = contents.mapValues(Node.init) }

    var contents: [String: [UInt8]] { nodes.mapValues(\.bytes) }

    private func open(_ path: String, _ flags: Int32) throws(FileSystem.Errno) -> Int32 {
        lock.lock()
        defer { lock.unlock() }
        if flags & O_EXCL != 0, nodes[path] != nil { throw FileSystem.Errno(number: EEXIST) }
        let isMade = flags & O_CREAT != 0
        guard let node = flags & O_DIRECTORY != 0 ? Node([]) : nodes[path] ?? (isMade ? Node([]) : nil) else {
            throw FileSystem.Errno(number: ENOENT)
        }
        if flags & O_TRUNC != 0 { node.bytes = [] }
        if isMade { nodes[path] = node }
        defer { nextFile += 1 }
        opened[nextFile] = (node, 0)
        return nextFile
    }

    private func node(_ file: Int32) throws(FileSystem.Errno) -> Node {
        lock.lock()
        defer { lock.unlock() }
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

    var files: FileSystem {
        var files = FileSystem()
        files.open = { [self] path, flags throws(FileSystem.Errno) in try open(path, flags) }
        files.write = { [self] file, bytes throws(FileSystem.Errno) in
            try node(file).bytes += bytes
            return bytes.count
        }
        files.read = { [self] file, count throws(FileSystem.Errno) in
            let (node, position) = (try node(file), opened[file]?.position ?? 0)
            let part = Self.slice(node.bytes, position, count)
            opened[file]?.position = position + part.count
            return part
        }
        files.readAt = { [self] file, offset, count throws(FileSystem.Errno) in
            Self.slice(try node(file).bytes, offset, count)
        }
        files.truncate = { [self] file, length throws(FileSystem.Errno) in
            let node = try node(file)
            node.bytes = Self.slice(node.bytes, 0, length)
        }
        files.rename = { [self] from, to throws(FileSystem.Errno) in
            nodes[to] = try node(from)
            nodes[from] = nil
        }
        files.remove = { [self] path throws(FileSystem.Errno) in
            _ = try node(path)
            nodes[path] = nil
        }
        files.dataSync = { _ in }
        files.sync = { _ in }
        files.reserve = { _, _, _ in }
        files.makeDirectory = { _ in }
        files.lock = { _ in }
        files.unlock = { _ in }
        files.close = { [self] file in lock.withLock { opened[file] = nil } }
        files.exists = { [self] path in
            nodes[path] != nil || nodes.keys.contains { $0.hasPrefix(path + "/") }
        }
        files.size = { [self] path throws(FileSystem.Errno) in try node(path).bytes.count }
        files.stamp = { [self] path throws(FileSystem.Errno) in
            let node = try node(path)
            // No time passes here: a file that is put in the place of another is told by its node.
            return FileSystem.Stamp(bytes: node.bytes.count, inode: try identity(node).inode, modified: 0, changed: 0)
        }
        files.identity = { [self] path throws(FileSystem.Errno) in try identity(try node(path)) }
        files.identityOfFile = { [self] file throws(FileSystem.Errno) in try identity(try node(file)) }
        files.names = { [self] directory in
            nodes.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.utf8.count + 1)) }
                .filter { !$0.contains("/") }.sorted()
        }
        return files
    }

    private func identity(_ node: Node) throws(FileSystem.Errno) -> FileSystem.Identity {
        FileSystem.Identity(device: 1, inode: UInt64(UInt(bitPattern: ObjectIdentifier(node).hashValue)))
    }
}
