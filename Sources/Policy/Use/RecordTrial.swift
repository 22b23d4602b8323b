public import Detainers

/// Tries recorded requests under another policy, from their facts alone; nothing is decided again by it.
///
/// A record holds the facts that its own policy asked for. Where another policy asks for more, its answer may depend on
/// what the record does not say: then every answer that is possible is told, and which facts are missing.
public struct RecordTrial {
    /// One question to which another answer than the recorded one is given, or may be.
    public struct Change: Sendable, Equatable {
        public var question: String
        public var recorded: String
        /// More than one: which of them it is depends on ``missing``.
        public var possible: [String]
        /// Facts that the policy asks for here and the record lacks.
        public var missing: [String]

        public var isCertain: Bool { !possible.contains(recorded) }
    }

    private let document: PolicyDocument
    private let tables: [TableRegions]

    public init(_ document: PolicyDocument) {
        self.document = document
        tables = document.tables.map { TableRegions($0, in: document.space) }
    }

    /// - Throws: where a recorded fact has a value that it cannot have.
    public func changes(of decision: Decision) throws(PolicyError) -> [Change] {
        let values = try document.values(of: decision.facts)
        let missing = document.facts.indices.filter { fact in
            !decision.facts.contains { $0.name == document.facts[fact].name }
        }
        var box = document.space.point(values)
        for fact in missing { box.sides[fact] = document.space.cells[fact].all }
        return tables.indices.compactMap { position in
            let regions = tables[position]
            let recorded = decision.words[position]
            let here = zip(regions.table.rows, regions.answers).map { row, region in
                (words: row.words, region: Region(region.boxes.map { $0.intersection(box) }))
            }.filter { !$0.region.isEmpty }
            let possible = Self.distinct(
                here.filter { document.space.possible(in: $0.region) != nil }.map(\.words),
                // A record of a time when requests became facts in another way is taken as it is.
                else: here.map(\.words))
            if possible == [recorded] { return nil }
            let asked = regions.table.facts.filter(missing.contains).map { document.facts[$0].name }
            return Change(
                question: regions.table.name, recorded: recorded, possible: possible,
                missing: possible.count > 1 ? asked : [])
        }
    }

    private static func distinct(_ words: [String], else others: [String]) -> [String] {
        var list: [String] = []
        for word in words.isEmpty ? others : words where !list.contains(word) { list.append(word) }
        return list
    }
}

extension Decision {
    /// The answers in words, in the order of the tables.
    fileprivate var words: [String] {
        [hold, transfer, notify].map { answer in
            answer.to.map { "\(answer.answer.rawValue) to the \($0)" } ?? answer.answer.rawValue
        } + [reportLine]
    }
}
