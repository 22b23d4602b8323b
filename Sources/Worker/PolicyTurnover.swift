/// When loaded policies take over from those before: between two batches, each with a record on the disk.
///
/// Generic so that its order can be shown without policies.
struct PolicyTurnover<Load> {
    /// A full disk is looked at again after that long; a person frees room.
    static var againMilliseconds: Int64 { 5_000 }

    /// Its texts are kept; it waits for the end of a batch. A later one takes its place.
    private var next: Load?
    /// It decides already, and the disk had no room for its record.
    private var unrecorded: (load: Load, again: Int64)?

    enum Action {
        /// Decide by it from now on, and record that.
        case takeOver(Load)
        /// Record it, once more.
        case record(Load)
    }

    /// The texts of a load are on the disk: outcomes may name them.
    mutating func kept(_ load: Load) { next = load }

    mutating func notWritable(_ load: Load, at now: Int64) { unrecorded = (load, now + Self.againMilliseconds) }

    /// - Parameter isBetweenBatches: whether all that was decided so far is with the disk, so that the record of the
    ///   new policies comes behind it and before anything that they decide.
    mutating func advance(isBetweenBatches: Bool, at now: Int64) -> Action? {
        if isBetweenBatches, let load = next {
            next = nil
            // The record of the newer one says all that matters.
            unrecorded = nil
            return .takeOver(load)
        }
        if let waiting = unrecorded, now >= waiting.again {
            unrecorded = nil
            return .record(waiting.load)
        }
        return nil
    }
}
