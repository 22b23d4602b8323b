import AMQPClient
import Detainers
import Dispatch
import Ledger
import Synchronization

/// The thread that waits for the disk, so that nothing else has to.
///
/// Batches are written one after the other, in the order they were handed in. Answers arrive on the desk's own queue.
final class LedgerDesk: Sendable {
    private let queue = DispatchQueue(label: "ledger")
    private let began = Shared<Int64?>(nil)
    private let writer: Mutex<LedgerWriter?>
    private let marks: Mutex<AttemptMarks?>
    let indexing: SegmentIndexing

    init(_ writer: consuming LedgerWriter, marks: consuming AttemptMarks, indexing: SegmentIndexing) {
        self.indexing = indexing
        self.writer = Mutex(consume writer)
        self.marks = Mutex(consume marks)
    }

    /// When the job that the disk has not finished yet began, on the steady clock; `nil` while it has none.
    var busySince: Int64? { began.withLock { $0 } }

    private func perform(_ job: @escaping @Sendable () -> Void) {
        queue.async { [began] in
            began.withLock { $0 = SteadyClock.milliseconds() }
            job()
            began.withLock { $0 = nil }
        }
    }

    /// Marks that a message is about to be decided.
    func mark(_ message: String, answer: @escaping @Sendable (Result<Void, LedgerError>) -> Void) {
        perform {
            let now = WallClock.now()
            answer(
                self.marks.withLock { marks in
                    do throws(LedgerError) { return .success(try marks?.mark(message, now: now) ?? ()) } catch {
                        return .failure(error)
                    }
                })
        }
    }

    /// Takes a message's marks back.
    func clear(_ message: String, answer: @escaping @Sendable (Result<Void, LedgerError>) -> Void) {
        perform {
            let now = WallClock.now()
            answer(
                self.marks.withLock { marks in
                    do throws(LedgerError) { return .success(try marks?.clear(message, now: now) ?? ()) } catch {
                        return .failure(error)
                    }
                })
        }
    }

    private func closeMarks() -> Result<Void, LedgerError> {
        marks.withLock { marks in
            do throws(LedgerError) { return .success(try marks.take()?.close() ?? ()) } catch {
                return .failure(error)
            }
        }
    }

    /// Writes and syncs one batch, then answers with what was committed.
    func record(
        _ entries: [PendingEntry], announcedThrough: UInt64,
        answer: @escaping @Sendable (Result<Commit, LedgerError>) -> Void
    ) {
        perform {
            answer(self.append(entries.map(\.prepared.record), of: entries, announcedThrough: announcedThrough))
        }
    }

    /// Writes and syncs a record that is no entry, behind all that was handed in before.
    func record(_ record: JSONValue, answer: @escaping @Sendable (Result<Commit, LedgerError>) -> Void) {
        perform { answer(self.append([record.serialized()], announcedThrough: 0)) }
    }

    /// Looks whether a batch and a mark could be written now.
    func probe(answer: @escaping @Sendable (Result<Void, LedgerError>) -> Void) {
        perform {
            let segment = self.writer.withLock { writer in
                Result { () throws(LedgerError) in try writer?.probe() ?? () }
            }
            answer(
                segment.flatMap {
                    self.marks.withLock { marks in Result { () throws(LedgerError) in try marks?.probe() ?? () } }
                })
        }
    }

    /// Keeps the texts of policies beside the records.
    func keep(
        _ policies: [(digest: String, text: String)], answer: @escaping @Sendable (Result<Void, LedgerError>) -> Void
    ) {
        perform {
            answer(
                self.writer.withLock { writer in
                    do throws(LedgerError) {
                        for policy in policies { try writer?.keepPolicy(digest: policy.digest, text: policy.text) }
                        return .success(())
                    } catch {
                        return .failure(error)
                    }
                })
        }
    }

    /// Signs what is on the disk, where there is a key and anything new.
    func sign(answer: @escaping @Sendable (Result<Void, LedgerError>) -> Void) {
        perform { answer(self.sign()) }
    }

    private func sign() -> Result<Void, LedgerError> {
        writer.withLock { writer in
            do throws(LedgerError) { return .success(try writer?.signCheckpoint() ?? ()) } catch {
                return .failure(error)
            }
        }
    }

    /// Writes the last checkpoint, signs it and closes the ledger; answers with what failed, the worst first.
    func finish(announcedThrough: UInt64, answer: @escaping @Sendable (LedgerError?) -> Void) {
        perform {
            let last = self.append([], announcedThrough: announcedThrough)
            let signed = self.sign()
            let closed = self.closeMarks()
            self.indexing.end()
            self.writer.withLock { writer in
                if let open = writer.take() { open.close() }
            }
            let failures = [last.map { _ in }, signed, closed].compactMap { result -> LedgerError? in
                if case .failure(let error) = result { error } else { nil }
            }
            answer(failures.first { $0.code != .notWritable } ?? failures.first)
        }
    }

    private func append(
        _ records: [[UInt8]], of entries: [PendingEntry] = [], announcedThrough: UInt64
    ) -> Result<Commit, LedgerError> {
        let now = WallClock.now()
        return writer.withLock { writer in
            do throws(LedgerError) {
                guard let commit = try writer?.append(objects: records, announcedThrough: announcedThrough, now: now)
                else {
                    preconditionFailure("the ledger was closed before its last batch")
                }
                indexing.committed(commit, entries)
                return .success(commit)
            } catch {
                return .failure(error)
            }
        }
    }
}

/// A value that several threads look at.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
}
