import Foundation
import Ledger
import Operations

extension Settings {
    /// The key that checkpoints are signed with; `nil`, told aloud, where there is none.
    func signingKey(isQuiet: Bool = false) throws -> LedgerSigningKey? {
        let path = signingKeyPath
        guard FileManager.default.fileExists(atPath: path) else {
            if self[.signingKeyFile].isEmpty {
                if !isQuiet {
                    Log.warning("checkpoints are not signed: `detainer ledger keygen` makes a key in \(path)")
                }
                return nil
            }
            throw Settings.Problem(description: "the signing key \(path) is missing: `detainer ledger keygen` makes it")
        }
        let text = try KeyFile.text(path)
        do throws(NoteError) { return try LedgerSigningKey(file: text) } catch {
            throw Settings.Problem(description: "the signing key \(path): \(error.description)")
        }
    }
}

/// Small text files that a command line names.
enum TextFile {
    /// Keys, checkpoints and proofs are far below this.
    static let maximumBytes = 4 << 20

    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    static func read(_ path: String) throws -> String {
        let content: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer {
                // Nothing was written.
                try? handle.close()
            }
            content = try handle.read(upToCount: maximumBytes + 1) ?? Data()
        } catch { throw Problem(description: "\(path): cannot be read: is it there, and may you read it?") }
        guard content.count <= maximumBytes, let text = String(bytes: content, encoding: .utf8) else {
            throw NoteError(description: "`\(path)` is no key, checkpoint or proof")
        }
        return text
    }

    static func publicKey(_ path: String) throws -> LedgerPublicKey {
        let text = try read(path)
        do throws(NoteError) { return try LedgerPublicKey(file: text) } catch {
            throw NoteError(description: "`\(path)`: \(error.description)")
        }
    }
}
