import Testing

@testable import Operations

/// What `status` says is to be done first.
struct PoolStatusTests {
    private func pool(_ change: (inout PoolStatus) -> Void = { _ in }) -> PoolStatus {
        func queue(_ name: String) -> PoolStatus.Queue {
            var queue = PoolStatus.Queue(name: name)
            (queue.ready, queue.consumers) = (0, 1)
            return queue
        }
        var worker = PoolStatus.Worker(name: "w1")
        (worker.isRunning, worker.isCurrent, worker.records, worker.announcedThrough) = (true, true, 10, 9)
        var status = PoolStatus(
            queues: .seen(requests: [queue("requests")], deadLetters: queue("dead"), report: queue("report")))
        status.workers = [worker]
        change(&status)
        return status
    }

    private func queues(_ change: (inout [PoolStatus.Queue]) -> Void) -> PoolStatus {
        pool { status in
            var queues = status.queues.all
            change(&queues)
            status.queues = .seen(requests: [queues[0]], deadLetters: queues[1], report: queues[2])
        }
    }

    @Test func whatIsWorseIsToldFirst() {
        #expect(pool().next == "nothing has to be done" && pool().isWell && pool().workers[0].unannounced == 1)
        #expect(pool { $0.workers = [] }.next.contains("detainer worker run"))
        let down = pool {
            $0.workers[0].isRunning = false
            $0.letters = [("malformed-json", 2)]
        }
        #expect(down.next.hasPrefix("w1 does not run") && !down.isWell)
        #expect(pool { $0.queues = .unseen("refused") }.next.contains("detainer doctor"))
        let other = pool {
            $0.workers[0].isCurrent = false
            $0.policyDirectory = "/etc/detainer/policies"
        }
        #expect(other.next.hasSuffix("`detainer policy check /etc/detainer/policies`, then send it SIGHUP"))
        // A worker that runs goes on; it could not start again.
        let refused = pool {
            $0.policiesLoad = false
            $0.workers[0].isCurrent = nil
            $0.policyDirectory = "/etc/detainer/policies"
        }
        #expect(!refused.isWell)
        #expect(
            refused.next
                == "the policies on the disk do not load: run `detainer policy check /etc/detainer/policies`")
        #expect(pool { $0.workers[0].problems = ["x"] }.next.contains("detainer ledger verify"))
        #expect(pool { $0.letters = [("malformed-json", 2)] }.next.contains("dead-letters list"))
        #expect(queues { $0[2].isThere = false }.next.contains("topology apply"))
        #expect(queues { $0[0].consumers = 0 }.next.hasPrefix("nobody consumes from requests"))
        #expect(queues { $0[1].ready = 3 }.next.contains("dead-letters list"))
        #expect(
            queues {
                $0[2].ready = 5
                $0[2].consumers = 0
            }.next.hasPrefix("5 events wait"))
    }
}
