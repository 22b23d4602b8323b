import Detainers
import Operations

extension PoolStatus {
    /// For people: as many lines as workers, queues and reasons, and one for what to do next.
    func lines(at now: Moment) -> [String] {
        var lines: [String] = []
        for worker in workers {
            lines.append(worker.line(at: now))
            if worker.isCurrent == false {
                lines.append("    the policies on the disk are others: send the worker SIGHUP to load them")
            }
            lines += worker.problems.map { "    problem: \($0)" }
        }
        switch queues {
        case .unseen(let why): lines.append("queues: not seen (\(why))")
        case .seen: lines += queues.all.map(\.line)
        }
        lines += leftovers.map {
            "queue \($0.queue), of settings with other partitions: \($0.waiting) ready, \($0.consumers) consumers"
        }
        let reasons = letters.map { "\($0.count) \($0.reason)" }.joined(separator: ", ")
        lines.append("dead letters: " + (letters.isEmpty ? "none wait" : "\(letterCount) wait: \(reasons)"))
        return lines + ["next: \(next)"]
    }

    var objects: [JSONValue] {
        var objects = workers.map(\.json)
        switch queues {
        case .unseen(let why): objects.append(["queues": .null, "why": .string(why)])
        case .seen: objects += queues.all.map(\.json)
        }
        objects += leftovers.map {
            [
                "leftover": .string($0.queue), "ready": .number(String($0.waiting)),
                "consumers": .number(String($0.consumers)),
            ]
        }
        objects.append([
            "deadLetters": .number(String(letterCount)),
            "byReason": .object(letters.map { JSONMember(name: $0.reason, value: .number(String($0.count))) }),
        ])
        return objects + [["next": .string(next), "isWell": .bool(isWell)]]
    }
}

extension PoolStatus.Worker {
    private var state: String? { isRunning.map { $0 ? "running" : "not running" } }

    /// So much of a digest tells any two policies apart.
    private static let digestLetters = 12

    fileprivate func line(at now: Moment) -> String {
        func age(_ text: String?) -> String {
            guard let then = text.flatMap({ Moment(text: $0) })?.secondsSinceEpoch, let now = now.secondsSinceEpoch
            else {
                return "never"
            }
            return Age.text(seconds: now - then) + " ago"
        }
        let policies = policies.map { policy in
            let digest = policy.digest.replacing("sha-256:", with: "").prefix(Self.digestLetters)
            return "\(policy.name) \(digest)"
        }
        let state = state ?? "whether it runs is not known from here"
        return "\(name): \(state), \(records) records, announced through \(announcedThrough), last checkpoint "
            + "\(age(checkpointAt)), last record \(age(lastRecordAt)), policies "
            + (policies.isEmpty ? "unknown" : policies.joined(separator: ", "))
    }

    fileprivate var json: JSONValue {
        [
            "worker": .string(name), "state": .string(state ?? "unknown"), "records": .number(String(records)),
            "announcedThrough": .number(String(announcedThrough)), "unannounced": .number(String(unannounced)),
            "checkpointAt": checkpointAt.map(JSONValue.string) ?? .null,
            "lastRecordAt": lastRecordAt.map(JSONValue.string) ?? .null,
            "policies": .array(policies.map { ["name": .string($0.name), "digest": .string($0.digest)] }),
            "loadedAt": loadedAt.map(JSONValue.string) ?? .null,
            "policiesAreThoseOnDisk": isCurrent.map(JSONValue.bool) ?? .null,
            "problems": .array(problems.map(JSONValue.string)),
        ]
    }
}

extension PoolStatus.Queue {
    fileprivate var line: String {
        guard isThere else { return "queue \(name): not there" }
        var parts = [ready.map { "\($0) ready" } ?? "what waits is not for this user to see"]
        if let unacknowledged { parts.append("\(unacknowledged) in hand") }
        if let consumers { parts.append("\(consumers) consumers") }
        if let publishRate, let acknowledgeRate { parts.append("\(publishRate)/s in, \(acknowledgeRate)/s done") }
        return "queue \(name): " + parts.joined(separator: ", ")
    }

    fileprivate var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map { .number(String($0)) } ?? .null }
        return [
            "queue": .string(name), "isThere": .bool(isThere), "ready": number(ready),
            "unacknowledged": number(unacknowledged), "consumers": number(consumers),
            "publishRate": publishRate.map(JSONValue.number) ?? .null,
            "acknowledgeRate": acknowledgeRate.map(JSONValue.number) ?? .null,
        ]
    }
}
