import Detainers
import Dispatch
import Ledger

/// Asks the runs of sealed segments whether arrivals are on record.
///
/// Of a small ledger mostly nothing is read: filters in memory say that they are not. Where those cannot tell, the disk
/// is read on a queue of its own and waited for, no longer than for any other answer of the disk.
struct RecordedLook {
    var runs: IdentityRuns
    private let queue = DispatchQueue(label: "look")
    private let waitMilliseconds: Int

    /// - Parameter waitMilliseconds: how long the disk may take.
    init(_ runs: IdentityRuns, waitMilliseconds: Int64 = Pipeline.Limits().diskMilliseconds) {
        self.runs = runs
        self.waitMilliseconds = Int(waitMilliseconds)
    }

    /// The arrivals, each with what is known of it.
    ///
    /// - Returns: a failure where that cannot be told; it must end the worker, for a guess would be a wrong answer.
    func look(_ arrivals: [Arrival]) -> Result<[Arrival], LedgerError> {
        let candidates = arrivals.indices.filter { position in
            if case .entry(let entry) = arrivals[position].verdict { runs.mayHold(entry.indexed) } else { false }
        }
        if candidates.isEmpty { return .success(arrivals) }
        let found = Shared<Result<[Arrival], LedgerError>?>(nil)
        let done = DispatchSemaphore(value: 0)
        queue.async { [runs] in
            let result = Self.read(arrivals, candidates, runs)
            found.withLock { $0 = result }
            done.signal()
        }
        guard done.wait(timeout: .now() + .milliseconds(waitMilliseconds)) == .success,
            let result = found.withLock({ $0 })
        else {
            return .failure(LedgerError(code: .inputOutput, message: Pipeline.Failure.diskHangs.rawValue))
        }
        return result
    }

    private static func read(
        _ arrivals: [Arrival], _ candidates: [Int], _ runs: IdentityRuns
    ) -> Result<[Arrival], LedgerError> {
        var arrivals = arrivals
        for position in candidates {
            guard case .entry(let entry) = arrivals[position].verdict else { continue }
            do throws(LedgerError) {
                arrivals[position].recordedBefore = try runs.look(entry.indexed, contentKey: entry.contentKey)
            } catch { return .failure(error) }
        }
        return .success(arrivals)
    }
}
