import Glibc

/// A file that its owner alone may read, from before anything is in it: a key, a list of requests.
public enum OwnerFile {
    /// The disk does not take the file.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        let path: String
        let reason: FileSystem.Errno

        public var description: String { "\(path): cannot be written: \(reason.text)" }
    }

    /// Makes a file that must not be there yet; on the disk when this returns.
    public static func make(_ bytes: [UInt8], at path: String) throws(Problem) {
        do throws(FileSystem.Errno) { try make(bytes, at: path, files: FileSystem()) } catch {
            throw Problem(path: path, reason: error)
        }
    }

    /// Writes a file whole or not at all, in the place of one that may be there.
    public static func replace(_ bytes: [UInt8], at path: String) throws(Problem) {
        do throws(FileSystem.Errno) { try replace(bytes, at: path, files: FileSystem()) } catch {
            throw Problem(path: path, reason: error)
        }
    }

    static func make(_ bytes: [UInt8], at path: String, files: FileSystem) throws(FileSystem.Errno) {
        let file = try files.open(path, O_CREAT | O_EXCL | O_WRONLY)
        defer { files.close(file) }
        do throws(FileSystem.Errno) {
            try files.writeAll(file, bytes)
            try files.dataSync(file)
        } catch {
            // What stays behind where it cannot be removed is closed to others.
            try? files.remove(path)
            throw error
        }
    }

    static func replace(_ bytes: [UInt8], at path: String, files: FileSystem) throws(FileSystem.Errno) {
        // A name that nobody can have taken beforehand.
        let draft = path + "." + String(UInt64.random(in: 0...UInt64.max), radix: 16) + ".new"
        try make(bytes, at: draft, files: files)
        do throws(FileSystem.Errno) { try files.rename(draft, path) } catch {
            // What stays behind where it cannot be removed is closed to others.
            try? files.remove(draft)
            throw error
        }
    }
}
