import Detainers
import Dispatch
import Ledger

/// Makes what lies beside sealed segments while the worker works, on queues of its own that nothing waits for: indexes
/// for reports, and the runs that tell what is on record.
///
/// What is written to the open segment is gathered as it is written, so that a sealed one need not be read again.
/// Without it nothing is wrong: reports take longer, and the worker remembers a segment's identities a while longer. So
/// what keeps it from being made is told and tried again, and no more. Only damage ends the worker: each minute one
/// sealed segment is read and checked again, in turn.
final class SegmentIndexing: Sendable {
    /// A segment a minute is a quarter of a megabyte a second, and a ledger of ten million records in half a day.
    static let checkSeconds = 60

    private struct Work {
        var upkeep: SegmentUpkeep
        var contents: OpenSegmentContents
        /// The newest sealed segment.
        var sealed: Int
        var isMerging = false
        /// The segment that was checked last.
        var checked = 0
    }

    private struct Standing {
        var runs: IdentityRuns
        var isEnded = false
        var filed: @Sendable () -> Void = {}
        var damaged: @Sendable (String) -> Void = { _ in }
    }

    private let queue = DispatchQueue(label: "indexing", qos: .utility)
    /// Merges take a second for millions of records; the other queue must not wait that long.
    private let merging = DispatchQueue(label: "merging", qos: .background)
    /// Of the first queue alone.
    private let work: Shared<Work>
    private let standing: Shared<Standing>
    private let tell: @Sendable (String) -> Void
    private let directory: String

    /// - Parameters:
    ///   - contents: what the open segment holds.
    ///   - tell: what keeps anything from being made.
    init(
        directory: String, _ upkeep: SegmentUpkeep, _ contents: OpenSegmentContents,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.directory = directory
        self.tell = tell
        work = Shared(Work(upkeep: upkeep, contents: contents, sealed: upkeep.runs.through))
        standing = Shared(Standing(runs: upkeep.runs))
        queue.async { self.mergeNext() }
        waitAMinute()
    }

    private func waitAMinute() {
        queue.asyncAfter(deadline: .now() + .seconds(Self.checkSeconds)) { [weak self] in
            guard let self, !self.isEnded else { return }
            self.minutePassed()
            self.waitAMinute()
        }
    }

    /// What can be asked of sealed segments now.
    var runs: IdentityRuns { standing.withLock { $0.runs } }

    /// - Parameters:
    ///   - filed: called when ``runs`` holds more than before, or the same in fewer files.
    ///   - damaged: called with file and line where a sealed segment is damaged.
    func listen(filed: @escaping @Sendable () -> Void, damaged: @escaping @Sendable (String) -> Void) {
        standing.withLock {
            $0.filed = filed
            $0.damaged = damaged
        }
    }

    private var isEnded: Bool { standing.withLock { $0.isEnded } }

    /// A batch was written; these are its records, where they are entries.
    func committed(_ commit: Commit, _ entries: [PendingEntry]) {
        queue.async {
            if let sealed = commit.sealed { self.seal(sealed) }
            self.work.withLock { work in
                for (entry, (number, offset)) in zip(entries, commit.offsets.enumerated()) {
                    work.contents.add(entry.indexed, record: commit.firstIndex + UInt64(number), offset: offset)
                }
            }
        }
    }

    private func seal(_ sealed: SealedSegment) {
        let contents = work.withLock { work in
            work.sealed = sealed.number
            defer { work.contents = OpenSegmentContents(after: sealed) }
            return work.contents
        }
        attempt { upkeep in
            if upkeep.runs.through == sealed.number - 1, contents.segment == sealed.number {
                try upkeep.seal(sealed, contents)
            } else {
                try upkeep.makeMissing { _ in !self.isEnded }
            }
        }
        mergeNext()
    }

    /// Lets the upkeep do something, and hands on what came of it.
    private func attempt(_ what: (inout SegmentUpkeep) throws -> Void) {
        if isEnded { return }
        let failure = work.withLock { work -> String? in
            do { try what(&work.upkeep) } catch { return Self.sentence(error) }
            return nil
        }
        if let failure {
            tell("what lies beside a sealed segment was not made, and is tried again: \(failure)")
        }
        let runs = work.withLock { $0.upkeep.runs }
        let filed = standing.withLock { standing in
            // Of what is filed a worker keeps nothing else: runs that cannot be opened just now still answer.
            if runs.records >= standing.runs.records { standing.runs = runs }
            return standing.filed
        }
        filed()
    }

    private static func sentence(_ error: any Error) -> String { (error as? LedgerError)?.message ?? "\(error)" }

    private func mergeNext() {
        let merge = work.withLock { work -> SegmentUpkeep.Merge? in
            if work.isMerging { return nil }
            let merge = work.upkeep.dueMerge
            work.isMerging = merge != nil
            return merge
        }
        guard let merge else { return }
        merging.async {
            let written = Result { try merge.write { !self.isEnded } }
            self.queue.async {
                self.work.withLock { $0.isMerging = false }
                switch written {
                case .success(true):
                    self.attempt { try $0.adopt(merge) }
                    self.mergeNext()
                case .success(false): break
                // Tried again when the next segment is sealed.
                case .failure(let error): self.tell("runs were not merged: \(Self.sentence(error))")
                }
            }
        }
    }

    private func minutePassed() {
        let (isBehind, next) = work.withLock { work in
            work.checked = work.checked >= work.upkeep.runs.through ? 1 : work.checked + 1
            return (work.upkeep.runs.through < work.sealed, work.checked)
        }
        if isBehind { attempt { try $0.makeMissing { _ in !self.isEnded } } }
        if isEnded { return }
        let damage = work.withLock { work -> String? in
            do throws(LedgerError) { try work.upkeep.check(next) } catch { return error.message }
            return nil
        }
        if let damage { standing.withLock { $0.damaged }(damage) }
    }

    /// Waits for what is being made, a fraction of a second, and makes no more.
    func end() {
        standing.withLock { $0.isEnded = true }
        merging.sync {}
        queue.sync {}
    }
}
