public import Detainers

/// What changes between two policies: the exact regions of facts whose answer differs, and the law that they rest on.
public struct PolicyDifference: Sendable, Equatable {
    /// Requests that were answered in one way and are answered in another.
    public struct Change: Sendable, Equatable {
        public var question: String
        public var old: String
        public var oldRules: [String]
        public var new: String
        public var newRules: [String]
        /// Which requests, in as few regions as can be; regions may overlap.
        public var requests: [String]
    }

    /// Law that the answers to a question rest on, and did not before, or do not any more.
    public struct LawChange: Sendable, Equatable {
        public var question: String
        public var added: [String]
        public var removed: [String]
    }

    public var changes: [Change]
    public var laws: [LawChange]
    /// Sentences; one whose words or conditions changed is removed and added.
    public var addedDuties: [String]
    public var removedDuties: [String]
    /// Differences of the head: names, dates, agencies.
    public var heads: [(what: String, old: String, new: String)]

    public static func == (one: Self, other: Self) -> Bool {
        one.changes == other.changes && one.laws == other.laws && one.addedDuties == other.addedDuties
            && one.removedDuties == other.removedDuties && one.heads.map(\.new) == other.heads.map(\.new)
    }

    /// - Throws: where the two together distinguish more than can be told apart.
    public init(from old: PolicyDocument, to new: PolicyDocument) throws(PolicyError) {
        let space = try Self.space(old, new)
        changes = []
        laws = []
        for table in old.tables.indices {
            let before = Self.regions(old, table, space)
            let after = Self.regions(new, table, space)
            let changed = Self.changes(before, after)
            if changed.isTooLarge {
                throw PolicyError(
                    file: new.file,
                    explanation:
                        "differs from \(old.file) in more regions of `\(old.tables[table].name)` than can be told")
            }
            changes += changed.list
            let (cited, citing) = (Self.cited(old, table), Self.cited(new, table))
            let law = LawChange(
                question: old.tables[table].name, added: citing.filter { !cited.contains($0) },
                removed: cited.filter { !citing.contains($0) })
            if !law.added.isEmpty || !law.removed.isEmpty { laws.append(law) }
        }
        let (oldDuties, newDuties) = (Self.duties(old), Self.duties(new))
        addedDuties = newDuties.filter { !oldDuties.contains($0) }
        removedDuties = oldDuties.filter { !newDuties.contains($0) }
        heads = [
            ("jurisdiction", old.jurisdiction, new.jurisdiction),
            ("receivers", old.receivers.joined(separator: ", "), new.receivers.joined(separator: ", ")),
            ("in force from", old.inForceFrom.description, new.inForceFrom.description),
            ("time zone", old.timeZone.name, new.timeZone.name),
        ].filter { $0.1 != $0.2 }
    }

    /// Whether any request is answered otherwise.
    public var changesAnswers: Bool { !changes.isEmpty }

    private static func space(_ old: PolicyDocument, _ new: PolicyDocument) throws(PolicyError) -> FactSpace {
        var facts: [WorldFact] = []
        var cells: [Cells] = []
        for fact in WorldFact.allCases {
            let alternatives = old.alternatives(of: fact) + new.alternatives(of: fact)
            if alternatives.isEmpty { continue }
            guard let made = Cells(fact.type, for: alternatives) else {
                throw PolicyError(
                    file: new.file,
                    explanation: "together with \(old.file) it tells `\(fact.name)` apart in too many ways")
            }
            facts.append(fact)
            cells.append(made)
        }
        return FactSpace(facts: facts, cells: cells)
    }

    private static func regions(_ document: PolicyDocument, _ table: Int, _ space: FactSpace) -> TableRegions {
        let sides = document.facts.map { declaration in space.facts.firstIndex(of: declaration.fact) ?? 0 }
        return TableRegions(document.tables[table], in: space) { sides[$0] }
    }

    private static func changes(_ before: TableRegions, _ after: TableRegions) -> (list: [Change], isTooLarge: Bool) {
        struct Pair {
            var old: Row
            var new: Row
            var region: Region
            var oldRules: [String]
            var newRules: [String]
        }
        var pairs: [Pair] = []
        for (oldPosition, old) in before.table.rows.enumerated() {
            for (newPosition, new) in after.table.rows.enumerated() where old.words != new.words {
                let both = before.space.withoutImpossible(
                    TableRegions.both(before, oldPosition, after, newPosition))
                if both.isEmpty { continue }
                if let known = pairs.firstIndex(where: { $0.old.words == old.words && $0.new.words == new.words }) {
                    pairs[known].region = pairs[known].region.union(both)
                    if !pairs[known].oldRules.contains(old.id) { pairs[known].oldRules.append(old.id) }
                    if !pairs[known].newRules.contains(new.id) { pairs[known].newRules.append(new.id) }
                } else {
                    pairs.append(Pair(old: old, new: new, region: both, oldRules: [old.id], newRules: [new.id]))
                }
            }
        }
        let list = pairs.map { pair in
            Change(
                question: before.table.name, old: pair.old.words, oldRules: pair.oldRules, new: pair.new.words,
                newRules: pair.newRules,
                requests: before.space.withoutImpossible(pair.region.simplified()).boxes.map(before.space.words))
        }
        return (list, pairs.contains { $0.region.isTooLarge })
    }

    /// What the answers of a table rest on, as sentences.
    private static func cited(_ document: PolicyDocument, _ table: Int) -> [String] {
        let keys = Set(document.tables[table].rows.flatMap(\.law))
        return document.law.filter { keys.contains($0.key) }.map(\.sentence)
    }

    private static func duties(_ document: PolicyDocument) -> [String] {
        document.duties.map { duty in
            duty.conditions.isEmpty
                ? duty.text : duty.text + " Where " + document.space.words(document.space.box(duty.conditions))
        }
    }

    // MARK: - telling

    /// For people: what changes, in plain words.
    public var lines: [String] {
        var lines = heads.map { "\($0.what): \($0.old) → \($0.new)" }
        for change in changes {
            lines.append("\(change.question): \(change.old) → \(change.new)")
            lines.append(
                "    by \(change.oldRules.joined(separator: ", ")) → \(change.newRules.joined(separator: ", "))")
            lines += change.requests.map { "    where " + $0 }
        }
        if changes.isEmpty { lines.append("every request gets the same answers") }
        for law in laws {
            lines += law.added.map { "\(law.question): now also rests on \($0)" }
            lines += law.removed.map { "\(law.question): no longer rests on \($0)" }
        }
        lines += addedDuties.map { "duty, from now on: \($0)" }
        lines += removedDuties.map { "duty no longer: \($0)" }
        return lines
    }

    public var json: JSONValue {
        func strings(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }
        return [
            "heads": .array(heads.map { ["what": .string($0.what), "old": .string($0.old), "new": .string($0.new)] }),
            "changes": .array(
                changes.map {
                    [
                        "question": .string($0.question), "old": .string($0.old), "oldRules": strings($0.oldRules),
                        "new": .string($0.new), "newRules": strings($0.newRules), "requests": strings($0.requests),
                    ]
                }),
            "law": .array(
                laws.map {
                    ["question": .string($0.question), "added": strings($0.added), "removed": strings($0.removed)]
                }),
            "duties": ["added": strings(addedDuties), "removed": strings(removedDuties)],
        ]
    }
}

extension PolicyDocument {
    fileprivate func alternatives(of fact: WorldFact) -> [Condition.Alternative] {
        facts.firstIndex { $0.fact == fact }.map(draft.alternatives) ?? []
    }
}
