import Crypto
import Detainers

/// The texts of policies beside a ledger's segments, each under its digest: they are no leaves of the tree, so that
/// only their names tell whether they are what decided.
enum PolicyTexts {
    static let folder = "policies"
    private static let suffix = ".yaml"

    /// - Parameter digest: in hexadecimal, also behind `sha-256:`.
    static func fileName(digest: String) -> String {
        (digest.hasPrefix("sha-256:") ? String(digest.dropFirst("sha-256:".count)) : digest) + suffix
    }

    /// A sentence for each that is not the text that its name says.
    static func problems(_ directory: String, files: FileSystem) throws(LedgerError) -> [String] {
        let folder = directory + "/" + Self.folder
        guard files.exists(folder) else { return [] }
        var problems: [String] = []
        for name in try names(folder, files) where name.hasSuffix(suffix) {
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
