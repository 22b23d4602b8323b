import AMQPClient

// What the client's values mean to the pipeline and to the person who runs it.

extension PublishResult.Outcome {
    var settled: Publishing.Settled.Result {
        switch self {
        case .confirmed: .confirmed
        case .nacked: .nacked
        case .returned: .returned
        }
    }
}

extension AMQPError {
    var loss: Pipeline.Loss { code == .notFound ? .missing : needsAPerson ? .refused : .broken }

    /// What to tell in place of the pipeline's own words, which know of users only.
    var refusal: String? { code == .tlsRefused ? message : nil }

    var sentence: String {
        guard code == .notFound else { return message }
        return message + ": run `detainer topology apply`; if it was there before, what it held may be lost"
    }
}

extension Pipeline.PauseReason {
    func sentence(_ refusal: String?) -> String { self == .refused ? refusal ?? rawValue : rawValue }
}

extension Delivery {
    /// How often the broker delivered it before: quorum queues count in a header, others only tell that there was one.
    var earlierDeliveries: Int {
        for case ("x-delivery-count", .int(let count)) in headers {
            // A publisher can write this header too.
            return Int(max(0, min(count, 1_000_000)))
        }
        return redelivered ? 1 : 0
    }
}
