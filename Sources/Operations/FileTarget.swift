import Foundation

/// What a path leads to, past symbolic links.
enum FileTarget {
    /// Of what opening the path reads: a link's own mode is always 0777, and each file of a Secret that Kubernetes
    /// mounts is a link.
    ///
    /// - Throws: where nothing is there, or not for this user to see.
    static func attributes(_ path: String) throws -> [FileAttributeKey: Any] {
        try FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    }
}
