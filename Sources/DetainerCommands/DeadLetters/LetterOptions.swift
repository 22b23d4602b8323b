import ArgumentParser
import DeadLetters
import Detainers
import Foundation
import Ledger
import Operations
import Worker

/// Which letters a command is about.
struct LetterOptions: ParsableArguments {
    @Option(help: "Why they died: \(DeadLetterReason.allCases.map(\.rawValue).joined(separator: ", ")); repeatable.")
    var reason: [String] = []

    @Option(help: "Died at this moment or later: 2026-03-04, or 2026-03-04T05:06:07Z.")
    var since: String?

    @Option(help: "Died before this moment.")
    var until: String?

    @Option(help: "What sent them, as the list shows it; repeatable.")
    var source: [String] = []

    @Option(help: "A letter's id or its beginning; repeatable.")
    var id: [String] = []

    @Option(help: "PATH=VALUE, a member of the message: receivedBy.agency=boston-police; repeatable, all must hold.")
    var match: [String] = []

    var isEmpty: Bool {
        reason.isEmpty && since == nil && until == nil && source.isEmpty && id.isEmpty && match.isEmpty
    }

    /// - Throws: a usage error.
    func filter(_ states: Set<LetterIndex.State> = [.waiting]) throws -> LetterFilter {
        var filter = LetterFilter()
        filter.states = states
        for name in reason {
            guard let reason = DeadLetterReason(rawValue: name) else {
                throw ValidationError(
                    "--reason \(name): is none of \(DeadLetterReason.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.reasons.insert(reason)
        }
        filter.since = try moment("--since", since)
        filter.until = try moment("--until", until)
        filter.sources = Set(source)
        for id in id {
            guard id.utf8.count >= 4, id.allSatisfy(\.isHexDigit) else {
                throw ValidationError("--id: needs a letter's id, or at least four digits of its beginning")
            }
            filter.ids.append(id.lowercased())
        }
        filter.matches = try match.map { text in
            guard let match = LetterFilter.Match(text) else {
                throw ValidationError("--match: must be PATH=VALUE, as receivedBy.agency=boston-police")
            }
            return match
        }
        return filter
    }

    private func moment(_ option: String, _ text: String?) throws -> Moment? {
        guard let text else { return nil }
        guard let moment = Moment(text: text) else {
            throw ValidationError(
                "\(option): must be a day such as 2026-03-04, or a moment such as 2026-03-04T05:06:07Z")
        }
        return moment
    }
}

extension LetterFilter {
    /// The beginning of an id must not take a letter that nobody meant, and a mistyped one must not take none.
    ///
    /// - Throws: a usage error.
    func checkThatEachIDNamesOne(_ store: LetterStore, _ index: LetterIndex) throws {
        if ids.isEmpty { return }
        // Whether a body matches is another question, for which bodies would have to be read.
        var named = self
        named.matches = []
        var found = [String: Int]()
        try store.letters(index, named) { letter, _ in
            for id in ids where letter.id.text.hasPrefix(id) { found[id, default: 0] += 1 }
        }
        for id in ids where found[id, default: 0] != 1 {
            let none = states == [.waiting] ? "no such letter waits" : "there is no such letter"
            let why = found[id] == nil ? none : "several letters begin so: give more digits"
            throw ValidationError("--id \(id): \(why)")
        }
    }
}

/// What every dead-letter command needs of the settings.
extension Settings {
    /// What is on file, to be read or mended.
    ///
    /// - Throws: `LedgerError`, `.missing` where the ledger's directory is not there.
    func letterStore() throws -> LetterStore {
        _ = try LedgerReader.directories(under: self[.ledgerDirectory])
        return try letterStoreToFill()
    }

    /// For what brings letters, which makes one where there is none.
    func letterStoreToFill() throws -> LetterStore {
        LetterStore(ledger: self[.ledgerDirectory], signingKey: try signingKey(isQuiet: true)) { Log.warning($0) }
    }

    var intakeRoute: IntakeRoute {
        IntakeRoute(
            exchange: self[.intakeExchange], routingKey: "request",
            forbidden: [self[.outcomeExchange], self[.deadExchange]])
    }

    /// Letters may be of any jurisdiction or of none, and are collected while policies are broken too: where
    /// jurisdictions have keys, letters have one of their own.
    func letterKey() throws -> PseudonymKey {
        let name = LetterStore.folder
        let path = try pseudonymKeyFiles([name])[name] ?? ""
        var use: KeyFile.Use?
        if !FileManager.default.fileExists(atPath: path),
            try !LetterStore(ledger: self[.ledgerDirectory]).index().standings.isEmpty
        {
            use = .letters
        }
        return try KeyFile.readOrMake(path, unless: use).key
    }
}

extension LetterStore {
    /// Which ones they are was warned of.
    static func tell(leftOut: Int) {
        if leftOut > 0 { Output.print("\(leftOut) left out: their bodies cannot be read; they still wait") }
    }

    /// The one letter that an id or its beginning names, with its body.
    func one(_ id: String) throws -> (letter: StoredLetter, standing: LetterIndex.Standing) {
        guard id.utf8.count >= 4, id.utf8.count <= 24, id.allSatisfy(\.isHexDigit) else {
            throw ValidationError("an id is 24 hexadecimal digits; at least four of its beginning are needed")
        }
        let prefix = id.lowercased()
        var found: [(StoredLetter, LetterIndex.Standing)] = []
        var filter = LetterFilter()
        filter.states = Set(LetterIndex.State.allCases)
        filter.ids = [prefix]
        try letters(try index(), filter) { if found.count < 2 { found.append(($0, $1)) } }
        guard let first = found.first else {
            Log.error("no letter \(id): `detainer dead-letters list --all` shows them")
            throw Exit.no
        }
        if found.count > 1 {
            Log.error("several letters begin with \(id): give more of its digits")
            throw Exit.no
        }
        return (try whole(first.0), first.1)
    }
}
