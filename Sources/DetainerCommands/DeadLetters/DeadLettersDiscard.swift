import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Operations
import Worker

struct DeadLettersDiscard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Give letters up for good, with a reason; their messages are archived first.",
        discussion: "Only letters of the store, which `list` has shown: nothing is collected first.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var letters: LetterOptions

    @Option(help: "Why, in a sentence without personal data; it is recorded.")
    var because: String

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if letters.isEmpty { throw ValidationError("name the letters: --id, --reason, --source, --since, --match …") }
        if !because.contains(where: { !$0.isWhitespace }) { throw ValidationError("--because needs a reason") }
        if because.utf8.count > 1_000 { throw ValidationError("--because: at most 1000 bytes") }
    }

    func run() async throws {
        try await Exit.mapping {
            let filter = try letters.filter()
            let store = try common.settings().letterStore()
            let now = WallClock.now()
            try filter.checkThatEachIDNamesOne(store, try store.index())
            let archive = "discarded-\(now.text.filter(\.isNumber))-\(ReplayPlan.newID().prefix(4)).jsonl"
            let discarded = try LetterTransfer.discard(
                store, filter, reason: because, archive: archive, by: Operator.name, now: { WallClock.now() })
            tell(discarded, "\(store.archiveDirectory)/\(archive)")
            if discarded.leftOut > 0 { throw Exit.no }
        }
    }

    private func tell(_ discarded: LetterTransfer.Exported, _ archive: String) {
        let count = discarded.count
        switch format {
        case .json:
            Output.print([
                "discarded": .number(String(count)), "leftOut": .number(String(discarded.leftOut)),
                "archive": count == 0 ? .null : .string(archive),
            ])
        case .text:
            LetterStore.tell(leftOut: discarded.leftOut)
            if count == 0 {
                let why = discarded.leftOut == 0 ? "none of that kind waits: " : ""
                return Output.print(why + "nothing is discarded")
            }
            Output.print("\(count) discarded; archived in \(archive)")
            Output.print("`detainer dead-letters import` of that file brings them back")
        }
    }
}

struct DeadLettersExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write letters with their messages into a file of JSON Lines (0600).",
        discussion: "The file holds persons; that it was made is recorded. Stopped, the same command goes on.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var letters: LetterOptions

    @Argument(help: "The file to write.")
    var file: String

    @Flag(help: "Also those that were replayed, mended or discarded.")
    var all = false

    func run() async throws {
        try await Exit.mapping {
            let filter = try letters.filter(all ? Set(LetterIndex.State.allCases) : [.waiting])
            let settings = try common.settings()
            let store = try await DeadLettersCollect.collectIfPossible(settings)
            try filter.checkThatEachIDNamesOne(store, try store.index())
            let progress = Progress("exported")
            let exported = try LetterTransfer.export(
                store, filter, to: file, progress: { if $0 % 1_000 == 0 { progress.tell($0) } }
            ) { count in
                // Before the file is there: what cannot be recorded is not exported.
                let now = WallClock.now()
                var writer = try store.open(now: now)
                try writer.append([.export(letters: count, .init(at: now.text, by: Operator.name))], now: now)
                try writer.close()
            }
            progress.end()
            Output.print("\(exported.count) exported to \(file)")
            LetterStore.tell(leftOut: exported.leftOut)
            if exported.leftOut > 0 { throw Exit.no }
        }
    }
}

struct DeadLettersImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring exported or archived letters back; they wait then.",
        discussion: """
            What waits already is left alone, so that the same command can be given again; bodies that are gone or \
            damaged are mended.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "A file that export or discard wrote.")
    var file: String

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let progress = Progress("imported")
            let imported = try LetterTransfer.restore(
                file, into: try settings.letterStoreToFill(), key: try settings.letterKey(), by: Operator.name,
                now: { WallClock.now() }
            ) { progress.tell($0) }
            progress.end()
            Output.print(
                "\(imported.added) new, \(imported.restored) brought back, \(imported.known) waited already")
            if imported.healed > 0 {
                Output.print("\(imported.healed) bodies were gone or damaged, and are whole again")
            }
        }
    }
}
