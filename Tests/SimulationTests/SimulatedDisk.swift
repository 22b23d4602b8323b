import Foundation
import Glibc
import Synchronization

@testable import Ledger

/// A disk that forgets what was not synced, and fails when told.
///
/// A file has bytes that are on the platter and bytes that any process sees; a directory likewise has names. A sync
/// makes the first equal the second. A process that is killed leaves what can be seen; a power cut leaves what is on
/// the platter and, of the rest, whatever the disk had got round to: a prefix of the unsynced bytes, torn anywhere, and
/// a prefix of the unsynced changes of names.
///
/// A failed sync follows Linux: the error is told once, the bytes stay readable, and are never written.
final class SimulatedDisk: Sendable {
    enum Fault: String, CaseIterable, Sendable {
        case noSpace, writeError, syncError, renameError, shortWrite
    }

    private struct Inode {
        var bytes: [UInt8] = []
        var platter: [UInt8] = []
        /// Bytes of a failed sync: readable, and never on the platter.
        var lost: [Range<Int>] = []
        /// When its bytes were written last, and when they or its names.
        var modified: Int64 = 0
        var changed: Int64 = 0

        /// What is written anew behind the cut is not lost any more.
        mutating func cut(to length: Int) {
            bytes = Array(bytes.prefix(length))
            lost = lost.compactMap { $0.lowerBound < length ? $0.clamped(to: 0..<length) : nil }
        }

        /// What a sync, or luck, puts on the platter.
        var writable: [UInt8] {
            if lost.isEmpty { return bytes }
            var bytes = bytes
            for range in lost { for position in range where position < bytes.count { bytes[position] = 0 } }
            return bytes
        }
    }

    private struct Handle {
        var inode: Int
        var offset = 0
        var path: String
        var isLock = false
    }

    private enum NameChange {
        case bind(String, Int)
        case rename(String, String)
        case remove(String)
    }

    private struct State {
        var inodes: [Int: Inode] = [:]
        var names: [String: Int] = [:]
        var platterNames: [String: Int] = [:]
        var unsyncedNames: [NameChange] = []
        var directories: Set<String> = ["/", "/ledger"]
        var handles: [Int32: Handle] = [:]
        var locks: Set<Int> = []
        var next = 1
        /// Goes on with each change.
        var clock: Int64 = 0
        var fault: Fault?
        var skipsDataSync = false
        var skipsDirectorySync = false

        mutating func touch(_ inode: Int?, bytes: Bool = true) {
            guard let inode else { return }
            clock += 1
            inodes[inode]?.changed = clock
            if bytes { inodes[inode]?.modified = clock }
        }
    }

    private let state = Mutex(State())

    /// The next call that the fault can hit fails, once.
    func arm(_ fault: Fault) { state.withLock { $0.fault = fault } }
    func disarm() { state.withLock { $0.fault = nil } }

    /// Breaks the disk's user, to see whether anybody notices.
    func skipDataSyncs() { state.withLock { $0.skipsDataSync = true } }
    func skipDirectorySyncs() { state.withLock { $0.skipsDirectorySync = true } }

    /// The process is gone: its files are closed and its locks released; what it wrote can still be seen.
    func processDied(holding prefix: String) {
        state.withLock { state in
            for (number, handle) in state.handles where handle.path.hasPrefix(prefix) {
                if handle.isLock { state.locks.remove(handle.inode) }
                state.handles[number] = nil
            }
        }
    }

    /// The power goes: all processes die, and only the platter and some luck remain.
    func powerCut(_ random: inout Dice) {
        state.withLock { state in
            state.handles = [:]
            state.locks = []
            state.fault = nil
            var names = state.platterNames
            let survivors = random.number(0...state.unsyncedNames.count)
            for change in state.unsyncedNames.prefix(survivors) { Self.apply(change, to: &names) }
            for (number, inode) in state.inodes.sorted(by: { $0.key < $1.key }) {
                var kept = inode.platter
                let seen = inode.writable
                if seen.count >= kept.count {
                    kept += seen[kept.count...].prefix(random.number(0...(seen.count - kept.count)))
                } else if random.chance(1, of: 2) {
                    kept = seen
                }
                let isSame = kept == inode.bytes
                state.inodes[number] = Inode(
                    bytes: kept, platter: kept, modified: inode.modified, changed: inode.changed)
                if !isSame { state.touch(number) }
            }
            state.names = names
            state.platterNames = names
            state.unsyncedNames = []
        }
    }

    /// Whether a power cut now would leave these bytes in a file of that folder for certain.
    func isOnPlatter(_ text: String, folder: String) -> Bool {
        let needle = Data(text.utf8)
        return state.withLock { state in
            state.platterNames.contains { name, inode in
                name.hasPrefix(folder + "/segment-")
                    && Data(state.inodes[inode]?.platter ?? []).range(of: needle) != nil
            }
        }
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        switch change {
        case .bind(let name, let inode): names[name] = inode
        case .rename(let from, let to):
            if let inode = names.removeValue(forKey: from) { names[to] = inode }
        case .remove(let name): names[name] = nil
        }
    }

    private static func take(_ state: inout State, _ faults: Fault...) -> Fault? {
        guard let fault = state.fault, faults.contains(fault) else { return nil }
        state.fault = nil
        return fault
    }

    private func call<Value: Sendable>(
        _ body: @Sendable (inout State) -> Result<Value, FileSystem.Errno>
    ) throws(FileSystem.Errno) -> Value {
        let result = state.withLock { body(&$0) }
        return try result.get()
    }

    /// The system calls, on this disk.
    var files: FileSystem {
        var files = FileSystem()
        files.open = { path, flags throws(FileSystem.Errno) in try self.open(path, flags) }
        files.write = { file, bytes throws(FileSystem.Errno) in try self.write(file, Array(bytes)) }
        files.read = { file, count throws(FileSystem.Errno) in try self.read(file, count) }
        files.dataSync = { file throws(FileSystem.Errno) in try self.dataSync(file) }
        files.sync = { file throws(FileSystem.Errno) in try self.syncNames() }
        files.reserve = { _, _, _ throws(FileSystem.Errno) in
            try self.call { Self.take(&$0, .noSpace) == nil ? .success(()) : .failure(.init(number: ENOSPC)) }
        }
        files.truncate = { file, length throws(FileSystem.Errno) in
            try self.call { state in
                guard let inode = state.handles[file]?.inode else { return .failure(.init(number: EBADF)) }
                state.inodes[inode]?.cut(to: length)
                state.touch(inode)
                return .success(())
            }
        }
        files.rename = { from, to throws(FileSystem.Errno) in try self.rename(from, to) }
        files.remove = { path throws(FileSystem.Errno) in
            try self.call { state in
                guard state.names[path] != nil else { return .failure(.init(number: ENOENT)) }
                Self.apply(.remove(path), to: &state.names)
                state.unsyncedNames.append(.remove(path))
                return .success(())
            }
        }
        files.makeDirectory = { path throws(FileSystem.Errno) in
            try self.call { state in
                state.directories.insert(path)
                return .success(())
            }
        }
        files.identity = { path throws(FileSystem.Errno) in
            try self.call { state in
                guard let inode = state.names[path] else { return .failure(.init(number: ENOENT)) }
                return .success(.init(device: 1, inode: UInt64(inode)))
            }
        }
        files.size = { path throws(FileSystem.Errno) in try self.stamp(path).bytes }
        files.stamp = { path throws(FileSystem.Errno) in try self.stamp(path) }
        files.readAt = { file, offset, count throws(FileSystem.Errno) in
            try self.call { state in
                guard let handle = state.handles[file], let inode = state.inodes[handle.inode] else {
                    return .failure(.init(number: EBADF))
                }
                return .success(Array(inode.bytes.dropFirst(offset).prefix(count)))
            }
        }
        files.identityOfFile = { file throws(FileSystem.Errno) in
            try self.call { state in
                guard let handle = state.handles[file] else { return .failure(.init(number: EBADF)) }
                return .success(.init(device: 1, inode: UInt64(handle.inode)))
            }
        }
        files.lock = { file throws(FileSystem.Errno) in
            try self.call { state in
                guard let inode = state.handles[file]?.inode, state.locks.insert(inode).inserted else {
                    return .failure(.init(number: EWOULDBLOCK))
                }
                state.handles[file]?.isLock = true
                return .success(())
            }
        }
        files.close = { file in
            self.state.withLock { state in
                guard let handle = state.handles.removeValue(forKey: file) else { return }
                if handle.isLock { state.locks.remove(handle.inode) }
            }
        }
        files.exists = { path in self.state.withLock { $0.names[path] != nil || $0.directories.contains(path) } }
        files.names = { directory throws(FileSystem.Errno) in
            try self.call { state in
                let prefix = directory + "/"
                let inside = (Array(state.names.keys) + Array(state.directories)).filter { $0.hasPrefix(prefix) }
                return .success(Set(inside.map { String($0.dropFirst(prefix.count).prefix { $0 != "/" }) }).sorted())
            }
        }
        return files
    }

    private func stamp(_ path: String) throws(FileSystem.Errno) -> FileSystem.Stamp {
        try call { state in
            guard let number = state.names[path], let inode = state.inodes[number] else {
                return .failure(.init(number: ENOENT))
            }
            return .success(
                .init(
                    bytes: inode.bytes.count, inode: UInt64(number), modified: inode.modified, changed: inode.changed))
        }
    }

    private func open(_ path: String, _ flags: Int32) throws(FileSystem.Errno) -> Int32 {
        try call { state in
            state.next += 1
            let number = Int32(state.next)
            if state.directories.contains(path) {
                state.handles[number] = Handle(inode: 0, path: path)
                return .success(number)
            }
            if let inode = state.names[path] {
                if flags & O_EXCL != 0 { return .failure(.init(number: EEXIST)) }
                if flags & O_TRUNC != 0 {
                    state.inodes[inode]?.cut(to: 0)
                    state.touch(inode)
                }
                state.handles[number] = Handle(inode: inode, path: path)
                return .success(number)
            }
            guard flags & O_CREAT != 0 else { return .failure(.init(number: ENOENT)) }
            state.next += 1
            let inode = state.next
            state.inodes[inode] = Inode()
            state.names[path] = inode
            state.unsyncedNames.append(.bind(path, inode))
            state.handles[number] = Handle(inode: inode, path: path)
            return .success(number)
        }
    }

    private func write(_ file: Int32, _ bytes: [UInt8]) throws(FileSystem.Errno) -> Int {
        try call { state in
            guard let inode = state.handles[file]?.inode else { return .failure(.init(number: EBADF)) }
            state.touch(inode)
            switch Self.take(&state, .noSpace, .writeError, .shortWrite) {
            case .noSpace?:
                // Some of it still fitted.
                state.inodes[inode]?.bytes += bytes.prefix(bytes.count / 3)
                return .failure(.init(number: ENOSPC))
            case .writeError?: return .failure(.init(number: EIO))
            case .shortWrite?:
                let count = max(1, bytes.count / 2)
                state.inodes[inode]?.bytes += bytes.prefix(count)
                return .success(count)
            default:
                state.inodes[inode]?.bytes += bytes
                return .success(bytes.count)
            }
        }
    }

    private func read(_ file: Int32, _ count: Int) throws(FileSystem.Errno) -> [UInt8] {
        try call { state in
            guard let handle = state.handles[file], let inode = state.inodes[handle.inode] else {
                return .failure(.init(number: EBADF))
            }
            let part = Array(inode.bytes.dropFirst(handle.offset).prefix(count))
            state.handles[file]?.offset += part.count
            return .success(part)
        }
    }

    private func dataSync(_ file: Int32) throws(FileSystem.Errno) {
        try call { state -> Result<Void, FileSystem.Errno> in
            guard let number = state.handles[file]?.inode, let inode = state.inodes[number] else {
                return .failure(.init(number: EBADF))
            }
            if Self.take(&state, .syncError) != nil {
                state.inodes[number]?.lost.append(min(inode.platter.count, inode.bytes.count)..<inode.bytes.count)
                return .failure(.init(number: EIO))
            }
            if !state.skipsDataSync { state.inodes[number]?.platter = inode.writable }
            return .success(())
        }
    }

    private func syncNames() throws(FileSystem.Errno) {
        try call { state -> Result<Void, FileSystem.Errno> in
            if Self.take(&state, .syncError) != nil { return .failure(.init(number: EIO)) }
            if state.skipsDirectorySync { return .success(()) }
            state.platterNames = state.names
            state.unsyncedNames = []
            return .success(())
        }
    }

    private func rename(_ from: String, _ to: String) throws(FileSystem.Errno) {
        try call { state -> Result<Void, FileSystem.Errno> in
            if Self.take(&state, .renameError) != nil { return .failure(.init(number: EIO)) }
            guard state.names[from] != nil else { return .failure(.init(number: ENOENT)) }
            Self.apply(.rename(from, to), to: &state.names)
            state.touch(state.names[to], bytes: false)
            state.unsyncedNames.append(.rename(from, to))
            return .success(())
        }
    }
}

/// Random numbers from one seed (SplitMix64, by Sebastiano Vigna), the same on every machine.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    mutating func chance(_ share: Int, of whole: Int) -> Bool { number(1...whole) <= share }
}
