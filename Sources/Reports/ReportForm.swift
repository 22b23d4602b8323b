public import Detainers
import Yams

// A report's form is a YAML file that the law department writes:
//
//     form: boston
//     jurisdiction: boston
//     letterhead: [City of Boston, Police Department]
//     to: [To the City Clerk]
//     law: which section asks for the report
//     time zone: where it is filed, such as America/New_York (optional): the letter is dated by its clocks
//     subject: one line
//     opening: a paragraph; {period} and {as of} are filled in, here and in every other sentence
//     items:
//       - heading: what stands above the figure
//         figure: one of Figure
//         sentence: what is said of it (optional)
//         zero: what is said of it where it is zero (optional)
//     list: [date, station]          columns of the annex of requests; empty: there is none
//     closing: paragraphs (optional)
//     certification: the sentence that is signed
//     signature: [Police Commissioner]
//
// Members that the form does not know are refused. Everything is plain text.

/// How one jurisdiction's law wants its report: the terms, in the order of the law.
public struct ReportForm: Sendable, Equatable {
    public var name: String
    public var jurisdiction: String
    public var letterhead: [String]
    public var to: [String]
    public var law: String
    /// `nil`: moments have the day that they are written with.
    public var timeZone: TimeZoneName?
    public var subject: String
    public var opening: String
    public var items: [Item]
    public var columns: [Column]
    public var closing: [String]
    public var certification: String
    public var signature: [String]

    public struct Item: Sendable, Equatable {
        public var heading: String
        public var figure: Figure
        public var sentence: String?
        public var zero: String?
    }

    /// What an item counts.
    public enum Figure: String, Sendable, CaseIterable {
        /// Requests lodged, by the reasons given.
        case requests
        /// Requests on which nobody was detained and nobody transferred.
        case notHonored = "requests not honored"
        /// Whom these requests are about, each individual once.
        case individualsNotHonored = "individuals not honored"
        /// Requests that ask for notice only, or that the policy counts elsewhere for another reason.
        case otherRequests = "other requests"
        /// Individuals detained, by the reasons supporting it.
        case detained
        /// Individuals transferred to immigration authorities, by the authority for it.
        case transferred
        /// Costs that the federal government paid, by case.
        case reimbursements
        /// How custody ended.
        case custodyOutcomes = "custody outcomes"
        /// Arrests for criminal re-entry.
        case reentryArrests = "re-entry arrests"
    }

    /// What an annex tells of each request.
    public enum Column: String, Sendable, CaseIterable {
        case request, date, station, channel, form, disposition, cancelled
        case bailPosted = "bail posted"
        case outcome
        case outcomeTime = "outcome time"
        case receivingAgency = "receiving agency"
        case transferred
    }

    /// The file is no form of a report: where and why.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public var description: String

        public init(description: String) { self.description = description }
    }

    /// The four items of the Boston Trust Act without a letterhead, for jurisdictions that have no form on file.
    public static func plain(_ jurisdiction: String) -> ReportForm {
        ReportForm(
            name: "plain", jurisdiction: jurisdiction, letterhead: [jurisdiction], to: ["To the City Clerk"], law: "",
            subject: "Civil immigration detainer requests, {period}",
            opening: "This report covers the {period}, as far as it was on record on {as of}.",
            items: [
                Item(heading: "Requests lodged", figure: .requests),
                Item(heading: "Individuals detained", figure: .detained),
                Item(heading: "Individuals transferred to ICE custody", figure: .transferred),
                Item(heading: "Cost reimbursements received", figure: .reimbursements),
            ],
            columns: [.date, .station], closing: [], certification: "I certify that these figures are complete.",
            signature: [""])
    }

    /// Reads a form's file.
    public static func read(text: String, file: String) throws(Problem) -> ReportForm {
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            throw Problem(description: "\(file): this is no YAML: \(error)")
        }
        guard let mapping = node?.mapping else { throw Problem(description: "\(file): must be a mapping") }
        let reader = FormReader(mapping, file: file)
        try reader.finish([
            "form", "jurisdiction", "letterhead", "to", "law", "time zone", "subject", "opening", "items", "list",
            "closing", "certification", "signature",
        ])
        return ReportForm(
            name: try reader.text("form"), jurisdiction: try reader.text("jurisdiction"),
            letterhead: try reader.texts("letterhead"), to: try reader.texts("to"), law: try reader.text("law"),
            timeZone: try reader.zone("time zone"), subject: try reader.text("subject"),
            opening: try reader.text("opening"),
            items: try reader.mappings("items").map { item throws(Problem) in
                try item.finish(["heading", "figure", "sentence", "zero"])
                return Item(
                    heading: try item.text("heading"), figure: try item.word("figure", Figure.self),
                    sentence: item.optionalText("sentence"), zero: item.optionalText("zero"))
            },
            columns: try reader.words("list", Column.self), closing: try reader.texts("closing", isRequired: false),
            certification: try reader.text("certification"), signature: try reader.texts("signature"))
    }
}

/// Reads the members of one mapping of a form; errors name file and line.
private struct FormReader {
    let mapping: Node.Mapping
    let file: String

    init(_ mapping: Node.Mapping, file: String) { (self.mapping, self.file) = (mapping, file) }

    private func problem(_ what: String, at node: Node? = nil) -> ReportForm.Problem {
        let line = (node?.mark ?? mapping.mark).map { ":\($0.line)" } ?? ""
        return ReportForm.Problem(description: "\(file)\(line): \(what)")
    }

    func finish(_ known: Set<String>) throws(ReportForm.Problem) {
        for (key, _) in mapping where !known.contains(key.string ?? "") {
            throw problem(
                "`\(key.string ?? "?")` is no member of a report's form; it knows "
                    + known.sorted().joined(separator: ", "), at: key)
        }
    }

    func zone(_ name: String) throws(ReportForm.Problem) -> TimeZoneName? {
        guard let node = mapping[name] else { return nil }
        guard let zone = node.string.flatMap(TimeZoneName.init) else {
            throw problem("`\(name)` must be an IANA name such as America/New_York", at: node)
        }
        return zone
    }

    func optionalText(_ name: String) -> String? { mapping[name]?.string }

    func text(_ name: String) throws(ReportForm.Problem) -> String {
        guard let text = mapping[name]?.string else { throw problem("`\(name)` must be a text") }
        return text
    }

    func texts(_ name: String, isRequired: Bool = true) throws(ReportForm.Problem) -> [String] {
        guard let node = mapping[name] else {
            if isRequired { throw problem("`\(name)` must be a list of texts") }
            return []
        }
        guard let sequence = node.sequence else { throw problem("`\(name)` must be a list of texts", at: node) }
        let texts = sequence.compactMap(\.string)
        guard texts.count == sequence.count else { throw problem("`\(name)` must be a list of texts", at: node) }
        return texts
    }

    func mappings(_ name: String) throws(ReportForm.Problem) -> [FormReader] {
        guard let sequence = mapping[name]?.sequence, !sequence.isEmpty else {
            throw problem("`\(name)` must be a list")
        }
        var readers: [FormReader] = []
        for node in sequence {
            guard let mapping = node.mapping else { throw problem("must be a mapping", at: node) }
            readers.append(FormReader(mapping, file: file))
        }
        return readers
    }

    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, _: Word.Type
    ) throws(ReportForm.Problem) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try text(name)) else { throw unknown(name, Word.self) }
        return word
    }

    func words<Word: RawRepresentable & CaseIterable>(
        _ name: String, _: Word.Type
    ) throws(ReportForm.Problem) -> [Word] where Word.RawValue == String {
        var words: [Word] = []
        for text in try texts(name, isRequired: false) {
            guard let word = Word(rawValue: text) else { throw unknown(name, Word.self) }
            words.append(word)
        }
        return words
    }

    private func unknown<Word: RawRepresentable & CaseIterable>(
        _ name: String, _: Word.Type
    ) -> ReportForm.Problem where Word.RawValue == String {
        problem(
            "`\(name)` must be of \(Word.allCases.map(\.rawValue).joined(separator: ", "))", at: mapping[name])
    }
}
