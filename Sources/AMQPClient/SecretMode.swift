/// Whether the mode of a file lets others read what only this process's user should.
///
/// As PostgreSQL has it: a file of one's own must be closed to group and others. One of root's may be read by a group,
/// for whoever is not root can read it by no other right, and root chose the group: so it is what Kubernetes mounts for
/// a pod's `fsGroup`, and what packages leave in `/etc`. Nobody but the owner may ever write or execute it.
public enum SecretMode {
    /// - Parameters:
    ///   - mode: the file's; bits above the rights are left out.
    ///   - owner: the user whose file it is.
    ///   - user: the user of this process.
    public static func isOpenToOthers(_ mode: UInt32, owner: UInt32, user: UInt32) -> Bool {
        mode & (owner == 0 && user != 0 ? 0o037 : 0o077) != 0
    }
}
