import Detainers
import Dispatch
import Ledger
import Synchronization

/// The thread that waits for the disk, so that nothing else has to.
///
/// Batches are written one after the other, in the order they were handed in. Answers arrive on the desk's own queue.
final class LedgerDesk: Sendable {
    private let queue = DispatchQueue(label: "ledger")
    private let writer: Mutex<LedgerWriter?>

    init(_ writer: consuming LedgerWriter) {
        self.writer = Mutex(consume writer)
    }

    /// Writes and syncs one batch, then answers with what was committed.
    func record(
        _ outcomes: [Outcome], announcedThrough: UInt64,
        answer: @escaping @Sendable (Result<Commit, LedgerError>) -> Void
    ) {
        queue.async {
            answer(self.append(outcomes.map { $0.json() }, announcedThrough: announcedThrough))
        }
    }

    /// Writes the last checkpoint and closes the ledger.
    func finish(announcedThrough: UInt64) async -> LedgerError? {
        await withCheckedContinuation { continuation in
            queue.async {
                let result = self.append([], announcedThrough: announcedThrough)
                self.writer.withLock { writer in
                    if let open = writer.take() { open.close() }
                }
                if case .failure(let error) = result {
                    continuation.resume(returning: error)
                } else {
                    continuation.resume(returning: nil)
                }
            }
        }
    }

    private func append(_ records: [JSONValue], announcedThrough: UInt64) -> Result<Commit, LedgerError> {
        let now = WallClock.now()
        return writer.withLock { writer in
            do throws(LedgerError) {
                guard let commit = try writer?.append(records, announcedThrough: announcedThrough, now: now) else {
                    preconditionFailure("the ledger was closed before its last batch")
                }
                return .success(commit)
            } catch {
                return .failure(error)
            }
        }
    }
}
