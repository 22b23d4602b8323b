import Dispatch
import Ledger

/// Makes the indexes of sealed segments while the worker works, on a queue of its own that nothing waits for.
///
/// Without them nothing is wrong: reports take longer. So what keeps one from being made is told and no more.
final class SegmentIndexing: Sendable {
    private struct State {
        var segment: Int?
        var isEnded = false
    }

    private let queue = DispatchQueue(label: "indexing", qos: .utility)
    private let state = Shared(State())
    private let directory: String
    private let tell: @Sendable (String) -> Void

    init(directory: String, tell: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.tell = tell
    }

    /// A batch was written into that segment: the first time, and when it is another one, those before it are indexed.
    func committed(segment: Int) {
        let isNew = state.withLock { state in
            defer { state.segment = segment }
            return state.segment != segment && !state.isEnded
        }
        if isNew { queue.async { self.make() } }
    }

    private func make() {
        do {
            let indexes = SegmentIndexes(try LedgerReader(directory: directory))
            try indexes.make { _ in !state.withLock { $0.isEnded } }
        } catch {
            tell("a sealed segment was not indexed, reports read it instead: \(error)")
        }
    }

    /// Waits for the one that is being made, a fraction of a second, and makes no more.
    func end() {
        state.withLock { $0.isEnded = true }
        queue.sync {}
    }
}
