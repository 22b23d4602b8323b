public import Detainers

/// All policies of a jurisdiction, one for each time its law changed.
public struct PolicySet: Sendable {
    public let documents: [PolicyDocument]
    public let jurisdiction: String
    public let timeZone: TimeZoneName

    /// Which policy a request falls under.
    public enum Selection: Sendable {
        case decided(PolicyDocument, RequestDate)
        /// No policy serves the agency that the request was lodged with.
        case notOurs
        /// Policies serve the agency, but all of them from a later date on.
        case noneInForce(RequestDate)
    }

    /// Parses and proves the files; reads none.
    public static func load(
        files: [(name: String, text: String)], allowDrafts: Bool
    ) throws(PolicyError) -> PolicySet {
        var documents: [PolicyDocument] = []
        for file in files { documents.append(try PolicyDocument.parse(text: file.text, file: file.name)) }
        return try PolicySet(documents, allowDrafts: allowDrafts)
    }

    /// - Throws: where there is none, where one is not approved and drafts are not allowed, where two cannot be told
    ///   apart, and where they are not of one jurisdiction and time zone.
    public init(_ documents: [PolicyDocument], allowDrafts: Bool) throws(PolicyError) {
        guard let first = documents.first else {
            throw PolicyError(file: "policies", explanation: "there is no policy file: name their directory")
        }
        for document in documents {
            if !allowDrafts, !document.isApproved {
                throw PolicyError(
                    file: document.file,
                    explanation: "nobody has approved this policy: set policy.allow-unapproved to load it all the same")
            }
            if document.jurisdiction != first.jurisdiction || document.timeZone != first.timeZone {
                throw PolicyError(
                    file: document.file, explanation: "is not of the same jurisdiction and time zone as \(first.file)")
            }
        }
        for (position, one) in documents.enumerated() {
            for other in documents[(position + 1)...] where one.inForceFrom == other.inForceFrom {
                guard Set(one.receivers).isDisjoint(with: other.receivers) else {
                    throw PolicyError(
                        file: other.file,
                        explanation: "is in force from the same day as \(one.file), for the same agency")
                }
            }
        }
        self.documents = documents
        jurisdiction = first.jurisdiction
        timeZone = first.timeZone
    }

    /// The policy in force on the request's date, in the jurisdiction's time zone.
    public func policy(for request: Request, recordedAt: Moment) -> Selection {
        let serving = documents.filter { $0.receivers.contains(request.receivedBy.agency) }
        if serving.isEmpty { return .notOurs }
        let date = RequestDate.of(request, in: timeZone, recordedAt: recordedAt)
        let inForce = serving.filter { $0.inForceFrom <= date.date }.max { $0.inForceFrom < $1.inForceFrom }
        return inForce.map { .decided($0, date) } ?? .noneInForce(date)
    }
}
