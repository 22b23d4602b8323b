import Detainers

@testable import Ledger
@testable import Worker

/// What must hold, whatever happened.
extension Simulation {
    /// Settling is the promise: what it settles must survive a power cut in this very moment.
    mutating func acknowledge(_ worker: Int, tag: UInt64, generation: Int) {
        guard let settled = broker.acknowledge(worker: worker, tag: tag, generation: generation) else {
            problems.append("worker \(worker) acknowledged a delivery it does not hold")
            return
        }
        for message in settled {
            let body = message.body
            if broker.letters[body.text] != nil { continue }
            if body.isBroken || body.isGuilty {
                problems.append("\(body.text) was settled before its letter was confirmed")
                continue
            }
            let mark = "\"requestId\":\"\(body.identity.requestID)\",\"revision\":\(body.revision),"
            if !disk.isOnPlatter(mark, folder: "/ledger/w\(worker)") {
                problems.append("\(body.text) was settled before it was on the disk")
            }
            if broker.events[body.identity.eventID] == nil {
                problems.append("\(body.text) was settled before its event was confirmed")
            }
        }
    }

    mutating func check() {
        var union = LedgerUnion()
        for worker in workers.indices {
            do {
                let reader = try LedgerReader(directory: "/ledger/w\(worker)", files: disk.files)
                let report = try reader.verify()
                problems += report.problems
                if report.problems.isEmpty { try union.add(reader) }
                var seen: Set<LedgerEntry.Identity> = []
                try reader.records { record in
                    guard let entry = try LedgerEntry(json: record.json) else { return }
                    if !seen.insert(entry.identity).inserted {
                        problems.append("worker \(worker) recorded \(entry.identity) twice")
                    }
                }
            } catch {
                problems.append("the ledger of worker \(worker) cannot be read: \(error)")
            }
        }
        if union.conflicts > 0 { problems.append("readers see \(union.conflicts) conflicts") }
        for body in Set(submitted) {
            let hasOutcome = union.outcomes[body.identity] != nil
            let hasLetter = broker.letters[body.text] != nil
            if broker.dropped.contains(body) { problems.append("\(body.text) died of the delivery limit") }
            if body.isBroken || body.isGuilty {
                if !hasLetter { problems.append("\(body.text) has no letter") }
                if hasOutcome, body.isGuilty { problems.append("\(body.text) was decided and kills who decides it") }
                continue
            }
            if !hasOutcome { problems.append("\(body.text) has no outcome") }
            if hasLetter { problems.append("\(body.text) is healthy and became a letter") }
            if broker.events[body.identity.eventID] == nil { problems.append("\(body.text) has no confirmed event") }
        }
    }
}
