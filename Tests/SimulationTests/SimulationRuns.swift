import Detainers

@testable import Ledger
@testable import Worker

/// What lies beside sealed segments: made some time after they are sealed, merged, and asked before anything is taken
/// for new.
extension Simulation {
    mutating func arrived(_ worker: Int, _ arrivals: [Arrival], _ generation: Int) {
        guard let runs = workers[worker].upkeep?.runs else { return }
        var arrivals = arrivals
        for position in arrivals.indices where mutation != .neverLookInRuns {
            guard case .entry(let entry) = arrivals[position].verdict, runs.mayHold(entry.indexed) else { continue }
            do throws(LedgerError) {
                arrivals[position].recordedBefore = try runs.look(entry.indexed, contentKey: entry.contentKey)
            } catch {
                problems.append("worker \(worker) cannot ask its runs: \(error.message)")
                return
            }
            if arrivals[position].recordedBefore == .same { faults["found in a run", default: 0] += 1 }
        }
        handle(worker, .arrived(arrivals, generation: generation))
    }

    /// Takes what was written into the contents of the open segment.
    mutating func gather(_ commit: Commit, _ entries: [IndexedEntry], _ worker: Int) {
        if let sealed = commit.sealed, let contents = workers[worker].contents {
            pending.append(Pending(worker: worker, life: workers[worker].life, what: .seal(sealed, contents)))
            workers[worker].contents = OpenSegmentContents(after: sealed)
        }
        for (number, entry) in entries.enumerated() {
            workers[worker].contents?.add(
                entry, record: commit.firstIndex + UInt64(number), offset: commit.offsets[number])
        }
    }

    mutating func seal(_ sealed: SealedSegment, _ contents: OpenSegmentContents, _ worker: Int) {
        keepUp(worker) { upkeep in
            if upkeep.runs.through == sealed.number - 1 {
                try upkeep.seal(sealed, contents)
            } else {
                try upkeep.makeMissing()
            }
        }
    }

    mutating func merge(_ worker: Int) {
        keepUp(worker) { upkeep in
            guard let merge = upkeep.dueMerge else { return }
            if try merge.write() { try upkeep.adopt(merge) }
        }
    }

    private mutating func keepUp(_ worker: Int, _ what: (inout SegmentUpkeep) throws -> Void) {
        guard var upkeep = workers[worker].upkeep else { return }
        do { try what(&upkeep) } catch let error as LedgerError where error.code != .corrupted {
            // Tried again when the next segment is sealed.
            faults["not made beside a segment", default: 0] += 1
        } catch {
            problems.append("worker \(worker) finds damage where there is none: \(error)")
        }
        workers[worker].upkeep = upkeep
        if upkeep.dueMerge != nil {
            pending.append(Pending(worker: worker, life: workers[worker].life, what: .merge))
        }
        handle(worker, .filed(below: upkeep.runs.records))
    }
}
