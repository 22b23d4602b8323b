import Detainers
import Ledger
import Policy

/// Policies that a worker decides by from now on: who judges by them, their texts, and the record that says so.
///
/// The record, of which each start and each reload writes one:
///
///     {"kind":"policy-load","recordedAt":…,"occasion":"start"|"reload","home":"boston",
///      "policies":[{"name":…,"jurisdiction":…,"receivers":[…],"inForceFrom":…,"status":…,"approvedBy":…,"digest":…}]}
///
/// Outcomes before it were decided by what the record before it names, those behind it by what it names.
public struct PolicyLoad: Sendable {
    public static let kind = PolicyTexts.loadKind

    public enum Occasion: String, Sendable {
        case start, reload
    }

    public let judge: Judge
    let occasion: Occasion
    /// The how-manieth time that policies were to be loaded; the start is 0.
    var number = 0

    public init(_ judge: Judge, occasion: Occasion) {
        self.judge = judge
        self.occasion = occasion
    }

    /// Digest and text of each policy.
    var texts: [(digest: String, text: String)] { judge.policies.documents.map { ($0.digest, $0.text) } }

    var status: [WorkerStatus.Policy] {
        judge.policies.documents.map {
            WorkerStatus.Policy(
                name: $0.name, jurisdiction: $0.jurisdiction, digest: $0.digest, isApproved: $0.isApproved)
        }
    }

    func record(at now: Moment) -> JSONValue {
        let policies = judge.policies.documents.map { policy -> JSONValue in
            [
                "name": .string(policy.name), "jurisdiction": .string(policy.jurisdiction),
                "receivers": .array(policy.receivers.map(JSONValue.string)),
                "inForceFrom": .string(policy.inForceFrom.description), "status": .string(policy.status.rawValue),
                "approvedBy": policy.approvedBy.map(JSONValue.string) ?? .null, "digest": .string(policy.digest),
            ]
        }
        return [
            "kind": .string(Self.kind), "recordedAt": .string(now.text), "occasion": .string(occasion.rawValue),
            "home": .string(judge.policies.home), "policies": .array(policies),
        ]
    }
}
