import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations
import Worker

struct DeadLettersEdit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Mend a letter's message: the mended one waits in its place.",
        discussion: """
            Without --patch the message opens in $VISUAL or $EDITOR, unmasked, which is recorded. What does not keep \
            the contract is not taken. The original stays in the store.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "A letter's id, or the beginning of it.")
    var id: String

    @Option(help: "A JSON merge patch (RFC 7396) in a file; - is standard input.")
    var patch: String?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let store = try await DeadLettersCollect.collectIfPossible(settings)
            let (letter, standing) = try store.one(id)
            guard standing.state == .waiting else { throw LetterEdit.Problem.notWaiting(standing.state) }
            let key = try settings.letterKey()
            let mended: StoredLetter
            if let patch {
                mended = try patched(letter, with: patch, key)
                try LetterEdit.record(mended, in: store, by: Operator.name, now: WallClock.now())
            } else {
                mended = try edited(letter, store, key)
            }
            switch format {
            case .json: Output.print(["id": .string(letter.id.text), "newId": .string(mended.id.text)])
            case .text:
                Output.print("letter \(mended.id.text) waits in place of \(letter.id.text)")
                Output.print("next: `detainer dead-letters plan --id \(mended.id.text)`")
            }
        }
    }

    private func patched(_ letter: StoredLetter, with file: String, _ key: PseudonymKey) throws -> StoredLetter {
        let patch: JSONValue
        let bytes = try MessageFiles.content(file)
        do throws(JSONError) { patch = try JSONValue.parse(bytes) } catch {
            Log.error("\(file): is no JSON: \(error.explanation)")
            throw Exit.badInput
        }
        let body: JSONValue
        do throws(JSONError) { body = try JSONValue.parse(LetterEdit.readableBody(of: letter.letter)) } catch {
            Log.error("the letter's body is no JSON, which no patch can mend: edit it without --patch")
            throw Exit.badInput
        }
        return try LetterEdit.mended(letter, body: body.merging(patch).serialized(), key: key, at: WallClock.now())
    }

    // MARK: - in an editor

    /// Recorded when it returns: the text is nowhere else.
    private func edited(_ letter: StoredLetter, _ store: LetterStore, _ key: PseudonymKey) throws -> StoredLetter {
        let environment = ProcessInfo.processInfo.environment
        guard let editor = ["VISUAL", "EDITOR"].lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty })
        else {
            Log.error("set EDITOR to your editor, or give a merge patch with --patch FILE")
            throw Exit.badConfiguration
        }
        let now = WallClock.now()
        var writer = try store.open(now: now)
        try writer.append([.reveal(id: letter.id, .init(at: now.text, by: Operator.name))], now: now)
        try writer.close()
        // It holds a person: in the store's own directory, for its owner alone, and gone afterwards.
        let folder = store.directory + "/edit-" + letter.id.text
        let path = folder + "/message.json"
        let text = MaskedMessage.revealed(LetterEdit.readableBody(of: letter.letter)).joined(separator: "\n") + "\n"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // An interrupt typed into the editor must not leave the message behind.
        let signals = Signals([SIGINT: {}, SIGTERM: {}, SIGHUP: {}])
        defer { signals.cancel() }
        var isKept = false
        // With the editor's own copies; the folder lies in the store, 0700, should it not go.
        defer { if !isKept { try? FileManager.default.removeItem(atPath: folder) } }
        if FileManager.default.fileExists(atPath: path) {
            Log.info("\(path): an earlier run left it there, and it goes on with that text")
        } else if !FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        {
            Log.error("\(path): cannot be written")
            throw Exit.inputOutput
        }
        while true {
            try open(path, in: editor)
            let body = Array(FileManager.default.contents(atPath: path) ?? Data())
            do {
                let mended =
                    body == Array(text.utf8)
                    ? try unchanged(letter, key)
                    : try LetterEdit.mended(letter, body: body, key: key, at: WallClock.now())
                try record(mended, in: store)
                return mended
            } catch let error as LetterEdit.Problem {
                Log.error(error.description)
                guard Terminal.isPerson(FileHandle.standardInput) else { throw error }
                Log.info("Enter opens it again; anything else gives up, and nothing is changed")
                if readLine() != "" { throw error }
            } catch let error as LedgerError {
                isKept = true
                Log.warning("\(path): holds the mended text, which is not recorded: the same command goes on with it")
                throw error
            }
        }
    }

    /// The letter with its own body: its properties alone may be what is mended.
    private func unchanged(_ letter: StoredLetter, _ key: PseudonymKey) throws -> StoredLetter {
        do throws(LetterEdit.Problem) {
            return try LetterEdit.mended(
                letter, body: LetterEdit.readableBody(of: letter.letter), key: key, at: WallClock.now())
        } catch {
            // Why the letter died is told already; a person who left the editor as it was has changed nothing.
            throw LetterEdit.Problem.unchanged
        }
    }

    /// Tries for as long as a person says so: a full disk can be mended while the text waits.
    private func record(_ mended: StoredLetter, in store: LetterStore) throws {
        while true {
            do { return try LetterEdit.record(mended, in: store, by: Operator.name, now: WallClock.now()) } catch
                let error as LedgerError
            {
                guard Terminal.isPerson(FileHandle.standardInput) else { throw error }
                Log.error(error.message)
                Log.info("Enter tries again; anything else gives up")
                if readLine() != "" { throw error }
            }
        }
    }

    private func open(_ path: String, in editor: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // An editor may have arguments of its own, as `code --wait` does; the path stays one word.
        process.arguments = ["-c", editor + " \"$1\"", "sh", path]
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 {
            Log.error("the editor ended with \(process.terminationStatus): nothing is changed")
            throw Exit.no
        }
    }
}
