import Crypto
import Detainers

/// The texts of policies beside a ledger's segments, each under its digest: they are no leaves of the tree, so that
/// only their names tell whether they are what decided.
///
/// What a worker decides by is told by records of the kind ``loadKind``, whose member `policies` has an object for each
/// with its `digest`; its text was kept before.
public enum PolicyTexts {
    public static let loadKind = "policy-load"
    static let folder = "policies"
    private static let suffix = ".yaml"

    /// - Parameter digest: in hexadecimal, also behind `sha-256:`.
    static func fileName(digest: String) -> String {
        (digest.hasPrefix("sha-256:") ? String(digest.dropFirst("sha-256:".count)) : digest) + suffix
    }

    /// The digests that a record names; none where it tells of no load.
    static func digests(in record: JSONNode) -> [String] {
        guard let kind = record["kind"], kind.isString(loadKind) else { return [] }
        return (record["policies"]?.arrayValue ?? []).compactMap { $0["digest"]?.stringValue }
    }

    /// A sentence for each that is not the text that its name says, and for each that is not there.
    ///
    /// - Parameter loaded: the digests that the ledger's records name.
    static func problems(
        _ directory: String, loaded: Set<String>, files: FileSystem
    ) throws(LedgerError) -> [String] {
        let folder = directory + "/" + Self.folder
        let kept = files.exists(folder) ? try names(folder, files) : []
        var problems = Set(loaded.map { fileName(digest: $0) }).subtracting(kept).sorted().map {
            "`\(folder)/\($0)` is missing, the text of a policy that decided: put it back from a copy, or start a "
                + "worker by that policy"
        }
        for name in kept where name.hasSuffix(suffix) {
            let path = folder + "/" + name
            let text: [UInt8]
            do throws(FileSystem.Errno) { text = try files.content(path) } catch { throw .failed("read", path, error) }
            if name != fileName(digest: Hexadecimal.text(SHA256.hash(data: text))) {
                problems.append(
                    "`\(path)` is not the text that its name says: it was changed; put it back from a copy, or delete "
                        + "it and start a worker by that policy")
            }
        }
        return problems
    }

    private static func names(_ folder: String, _ files: FileSystem) throws(LedgerError) -> [String] {
        do throws(FileSystem.Errno) { return try files.names(folder) } catch { throw .failed("list", folder, error) }
    }
}
