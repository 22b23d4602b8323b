public import Detainers
import Foundation
public import Ledger

/// The flat files that dead letters are kept in, so that reading costs no delivery and needs no broker.
///
/// Letters hold persons. The files are 0600 and what is shown of them is masked.
public struct LetterStore: Sendable {
    public static let folder = LedgerStore.deadLetters.rawValue
    static let bodies = "bodies"
    /// A segment is read whole: it bounds the memory of every command here.
    static let segmentBytes = 16 << 20

    public let ledger: String
    /// What checkpoints are signed with, each time that a command has written; without it none is.
    private let signingKey: LedgerSigningKey?
    private let warn: @Sendable (String) -> Void
    public var directory: String { ledger + "/" + Self.folder }

    /// Whether anything was ever kept in it.
    public var isThere: Bool { FileManager.default.fileExists(atPath: directory) }

    /// Where discarded letters are kept.
    public var archiveDirectory: String { directory + "/archive" }

    /// - Parameters:
    ///   - ledger: the ledger's directory, which need not hold a store yet.
    ///   - warn: is told of damage: what was set aside when the store was opened, and letters without their bodies.
    public init(
        ledger: String, signingKey: LedgerSigningKey? = nil, warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.ledger = ledger
        self.signingKey = signingKey
        self.warn = warn
    }

    /// Every record in its order; none where there is no store yet.
    public func records(_ body: (LetterRecord, UInt64) throws -> Void) throws {
        guard isThere else { return }
        try LedgerReader(directory: directory).records { stored in
            if let record = try LetterRecord(json: stored.value) { try body(record, stored.index) }
        }
    }

    /// Where each letter stands now.
    ///
    /// - Parameter deed: takes each record that is no letter.
    public func index(_ deed: (LetterRecord) -> Void = { _ in }) throws -> LetterIndex {
        var index = LetterIndex()
        guard isThere else { return index }
        try LedgerReader(directory: directory).records { stored in
            if let record = try index.take(stored.value, at: stored.index) { deed(record) }
        }
        return index
    }

    /// The latest death of each letter that a filter wants, in the order of their records.
    ///
    /// - Returns: how many were left out because the filter looks into a body that cannot be read; each was warned of.
    @discardableResult
    public func letters(
        _ index: LetterIndex, _ filter: LetterFilter, _ body: (StoredLetter, LetterIndex.Standing) throws -> Void
    ) throws -> Int {
        var leftOut = 0
        try records { record, position in
            guard case .letter(let letter) = record, let standing = index[letter.id], standing.record == position
            else { return }
            let isWanted = try filter.wants(letter, standing) {
                if let whole = try readable(letter) { return LetterEdit.readableBody(of: whole.letter) }
                leftOut += 1
                return nil
            }
            if isWanted { try body(letter, standing) }
        }
        return leftOut
    }

    /// The letter with its body; `nil` where that is gone or was changed, of which a warning tells: one such letter
    /// must not keep the others.
    public func readable(_ letter: StoredLetter) throws -> StoredLetter? {
        do { return try whole(letter) } catch let error as LedgerError where error.code == .corrupted {
            warn(error.message)
            return nil
        }
    }

    /// The letter with its body, wherever that is kept.
    public func whole(_ letter: StoredLetter) throws -> StoredLetter {
        guard let file = letter.bodyFile else { return try letter.decoded() }
        guard file == Self.bodies + "/" + Self.bodyName(letter.id),
            let body = FileManager.default.contents(atPath: directory + "/" + file),
            letter.bodyDigest == StoredLetter.digest(Array(body))
        else {
            throw LedgerError(
                code: .corrupted,
                message: "the body of letter \(letter.id.text) is not in `\(directory)/\(file)`, or was changed there: "
                    + "restore the file, or import an export of this letter")
        }
        var letter = letter
        letter.letter.body = Array(body)
        return letter
    }

    /// Where an archive of that name lies; makes the folder.
    func archivePath(_ name: String) throws -> String {
        let folder = archiveDirectory
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return folder + "/" + name
    }

    static func bodyName(_ id: LetterID) -> String { id.text }

    // MARK: - writing

    /// Opens the store for writing; one process at a time.
    ///
    /// - Throws: `LedgerError`, `.locked` where another one writes.
    public func open(now: Moment) throws(LedgerError) -> Writer {
        var configuration = LedgerConfiguration()
        configuration.segmentBytes = Self.segmentBytes
        configuration.signingKey = signingKey
        do throws(LedgerError) {
            let opening = try LedgerWriter.open(
                directory: ledger, worker: Self.folder, configuration: configuration, now: now)
            let report = opening.report
            if let file = report.setAsideFile {
                warn("\(report.setAside) damaged lines of the dead-letter store were set aside in \(file)")
            }
            if report.contradicted != nil {
                warn("the dead-letter store is not the one that was signed: run `detainer ledger verify`")
            }
            return Writer(writer: opening.takeWriter())
        } catch {
            guard error.code == .locked else { throw error }
            throw LedgerError(
                code: .locked, message: "another command writes the dead-letter store just now: wait for it, or stop it"
            )
        }
    }

    /// Appends to the store; what ``append(_:now:)`` returned for is on the disk.
    public struct Writer: ~Copyable {
        private var writer: LedgerWriter

        fileprivate init(writer: consuming LedgerWriter) { self.writer = writer }

        public mutating func append(_ records: [LetterRecord], now: Moment) throws(LedgerError) {
            if records.isEmpty { return }
            for case .letter(let letter) in records { try keepBody(of: letter) }
            _ = try writer.append(records.map(\.json), announcedThrough: 0, now: now)
        }

        /// Puts the body of a letter beside the records, where it is too large for one; a damaged one is replaced.
        ///
        /// - Returns: whether it was not there, or was another.
        @discardableResult
        mutating func keepBody(of letter: StoredLetter) throws(LedgerError) -> Bool {
            if letter.bodyFile == nil { return false }
            return try writer.keep(
                letter.letter.body, folder: LetterStore.bodies, name: LetterStore.bodyName(letter.id))
        }

        /// Signs what was written and gives up the lock.
        public consuming func close() throws(LedgerError) {
            try writer.signCheckpoint()
            writer.close()
        }
    }
}
