/// What went wrong with the flat files, where, and what to do about it. Never holds personal data.
public struct LedgerError: Error, Sendable, Equatable {
    public struct Code: Sendable, Equatable {
        private enum Kind: Sendable {
            case locked, notWritable, syncFailed, vanished, corrupted, contradicted, inputOutput, missing, unusable
        }
        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// Another process writes this ledger.
        public static let locked = Code(.locked)
        /// Not now: the disk or the quota is full, or the directory is read-only. Nothing was kept of the batch, and
        /// the writer goes on being usable.
        public static let notWritable = Code(.notWritable)
        /// A sync failed: what is on the disk is unknown. Never retried; end the process and start again.
        public static let syncFailed = Code(.syncFailed)
        /// The open segment is no longer where it was made: unlinked, or its volume unmounted.
        public static let vanished = Code(.vanished)
        /// A file says something that no writer of ours wrote.
        public static let corrupted = Code(.corrupted)
        /// What was signed is not what is on record.
        public static let contradicted = Code(.contradicted)
        public static let inputOutput = Code(.inputOutput)
        public static let missing = Code(.missing)
        /// The writer met a fatal error before and takes nothing more.
        public static let unusable = Code(.unusable)
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}
