public import Detainers

/// All policies that a worker decides by: of one or several jurisdictions, one for each time that a law changed.
public struct PolicySet: Sendable {
    public let documents: [PolicyDocument]
    /// The jurisdiction whose workers these are: what was lodged with an agency that no policy serves is recorded under
    /// its name.
    public let home: String
    private let homeTimeZone: TimeZoneName
    /// By agency, the newest first.
    private let serving: [String: [PolicyDocument]]

    /// Which policy a request falls under.
    public enum Selection: Sendable {
        case decided(PolicyDocument, RequestDate)
        /// No policy serves the agency that the request was lodged with.
        case notOurs(RequestDate)
        /// Policies serve the agency, but all of them from a later date on.
        case noneInForce(RequestDate)
    }

    /// Parses and proves the files; reads none.
    ///
    /// - Throws: all that is wrong with any of them.
    public static func load(
        files: [(name: String, text: String)], allowDrafts: Bool, home: String? = nil
    ) throws(PolicyError) -> PolicySet {
        var documents: [PolicyDocument] = []
        var problems: [PolicyProblem] = []
        for file in files {
            do throws(PolicyError) {
                documents.append(try PolicyDocument.parse(text: file.text, file: file.name))
            } catch {
                problems += error.problems
            }
        }
        if !problems.isEmpty { throw PolicyError(problems) }
        return try PolicySet(documents, allowDrafts: allowDrafts, home: home)
    }

    /// - Parameter home: needed where the policies are of several jurisdictions.
    /// - Throws: where there is none, where one is not approved and drafts are not allowed, where two cannot be told
    ///   apart, where two jurisdictions claim one agency, and where one jurisdiction has two time zones.
    public init(_ documents: [PolicyDocument], allowDrafts: Bool, home: String? = nil) throws(PolicyError) {
        var problems: [PolicyProblem] = []
        for document in documents where !allowDrafts && !document.isApproved {
            problems.append(
                PolicyProblem(
                    file: document.file,
                    explanation: "nobody has approved this policy: set policy.allow-unapproved to load it all the same")
            )
        }
        for (position, one) in documents.enumerated() {
            for other in documents[(position + 1)...] {
                if let conflict = Self.conflict(one, other) {
                    problems.append(PolicyProblem(file: other.file, explanation: conflict))
                }
            }
        }
        let jurisdictions = Set(documents.map(\.jurisdiction)).sorted()
        let chosen = home ?? (jurisdictions.count == 1 ? jurisdictions[0] : "")
        let own = documents.first { $0.jurisdiction == chosen }
        if documents.isEmpty {
            problems.append(
                PolicyProblem(file: "policies", explanation: "there is no policy file: name their directory"))
        } else if own == nil {
            problems.append(
                PolicyProblem(
                    file: "policies",
                    explanation: "set policy.home to the jurisdiction whose workers these are: "
                        + jurisdictions.joined(separator: ", ")))
        }
        guard problems.isEmpty, let own else { throw PolicyError(problems) }
        self.documents = documents
        self.home = chosen
        homeTimeZone = own.timeZone
        var serving: [String: [PolicyDocument]] = [:]
        for document in documents.sorted(by: { $0.inForceFrom > $1.inForceFrom }) {
            for receiver in document.receivers { serving[receiver, default: []].append(document) }
        }
        self.serving = serving
    }

    private static func conflict(_ one: PolicyDocument, _ other: PolicyDocument) -> String? {
        let shared = Set(one.receivers).intersection(other.receivers)
        if one.jurisdiction == other.jurisdiction, one.timeZone != other.timeZone {
            return "has another time zone than \(one.file), which is of the same jurisdiction"
        }
        if let agency = shared.min(), one.jurisdiction != other.jurisdiction {
            return "serves \(agency), and so does \(one.file) of another jurisdiction"
        }
        if !shared.isEmpty, one.inForceFrom == other.inForceFrom {
            return "is in force from the same day as \(one.file), for the same agency"
        }
        return nil
    }

    /// All jurisdictions, in the order of their names.
    public var jurisdictions: [String] { Set(documents.map(\.jurisdiction)).sorted() }

    /// Where an agency is: the jurisdiction of the policies that serve it, else our own.
    public struct Place: Sendable {
        public var jurisdiction: String
        public var timeZone: TimeZoneName
        /// Whether any policy serves it.
        public var isServed: Bool
    }

    public func place(of agency: String) -> Place {
        guard let policy = serving[agency]?.first else {
            return Place(jurisdiction: home, timeZone: homeTimeZone, isServed: false)
        }
        return Place(jurisdiction: policy.jurisdiction, timeZone: policy.timeZone, isServed: true)
    }

    /// The policy in force on the request's date, in its jurisdiction's time zone.
    public func policy(for request: Request, recordedAt: Moment) -> Selection {
        guard let serving = serving[request.receivedBy.agency], let zone = serving.first?.timeZone else {
            return .notOurs(RequestDate.of(request, in: homeTimeZone, recordedAt: recordedAt))
        }
        let date = RequestDate.of(request, in: zone, recordedAt: recordedAt)
        let inForce = serving.first { $0.inForceFrom <= date.date }
        return inForce.map { .decided($0, date) } ?? .noneInForce(date)
    }
}
