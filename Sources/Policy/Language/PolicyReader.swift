import Detainers
import Yams

// A policy file is YAML 1.2, where a bare `no` is a word; docs/policies.md tells its author what may stand in it:
//
//     policy, jurisdiction, receivers, in force from, time zone, status, approved by     who and when
//     law:       {KEY: {cite: …, quote: … | reported: …}}
//     not known: [sentence]
//     facts:     {NAME: [word, …] | {any of: [word, …]} | date | whole number}
//     hold, transfer, notify, report line:
//                {law: [KEY],
//                 ROW: {exception to: ROW, when: {NAME: …} | always, answer: …, to: …, because: …, law: …}}
//     duties:    {DUTY: {when: …, do: …, law: …}}
//     examples:  {NAME: {given: {NAME: …}, expect: [ROW, …]}}
//
// Every key is checked. Reading goes on after a mistake, so that an author hears of all of them at once.

/// Reads one policy file.
struct PolicyReader {
    /// A policy is a few pages; this is a book.
    static let maximumBytes = 256 << 10
    /// One bit each in a machine word, and more than anyone can follow.
    static let maximumRows = 64

    static let tableNames = ["hold", "transfer", "notify", "report line"]
    /// Counted as a detainer request, or among the others: the lines that the report has.
    static let reportLines = ["item 1", "other requests"]
    private static let keys =
        [
            "policy", "jurisdiction", "receivers", "in force from", "time zone", "status", "approved by", "law",
            "not known", "facts",
        ] + tableNames + ["duties", "examples"]
    private static let optionalKeys = ["jurisdiction", "status", "not known", "duties"]

    let file: String
    private(set) var problems: [PolicyProblem] = []
    /// The row, duty or example that is being read.
    private var place: String?

    init(file: String) { self.file = file }

    /// - Throws: all that is wrong with the file.
    mutating func document(_ text: String) throws(PolicyError) -> PolicyDocument {
        guard text.utf8.count <= Self.maximumBytes else {
            throw PolicyError(file: file, explanation: "is longer than \(Self.maximumBytes) bytes")
        }
        if text.contains(/(?m)(^|[\s\[{,:-])[&*][A-Za-z0-9_]/) {
            throw PolicyError(file: file, explanation: "has an anchor or an alias (&name, *name): write it out")
        }
        guard let zone = TimeZoneName("UTC"), let root = compose(text) else { throw PolicyError(problems) }
        var draft = PolicyDraft(timeZone: zone)
        let members = mapping(root, "the policy", allowed: Self.keys)
        for key in Self.keys where !Self.optionalKeys.contains(key) && members[key] == nil {
            problems.append(PolicyProblem(file: file, explanation: "lacks `\(key)`"))
        }
        head(members, &draft)
        draft.law = law(members["law"])
        draft.facts = facts(members["facts"])
        for name in Self.tableNames {
            if let node = members[name] { draft.tables.append(table(name, node, draft)) }
        }
        draft.duties = duties(members["duties"], draft)
        checkNames(draft)
        draft.examples = examples(members["examples"], draft)
        let document: PolicyDocument
        do throws(PolicyError) { document = try PolicyDocument(draft, text: text, file: file) } catch {
            throw PolicyError(problems + error.problems)
        }
        if !problems.isEmpty { throw PolicyError(problems) }
        return document
    }

    // MARK: - YAML

    private mutating func compose(_ text: String) -> Node? {
        do {
            if let node = try Yams.compose(yaml: text) { return node }
            problems.append(PolicyProblem(file: file, explanation: "is empty"))
        } catch {
            problems.append(.ofYAML(error, in: text, file: file))
        }
        return nil
    }

    mutating func problem(_ node: Node?, _ explanation: String) {
        problems.append(
            PolicyProblem(
                file: file, line: node?.mark?.line, column: node?.mark?.column, row: place, explanation: explanation))
    }

    static func mark(_ node: Node) -> Mark { Mark(line: node.mark?.line ?? 0, column: node.mark?.column ?? 0) }

    /// The members of a mapping by name, in their order.
    struct Members {
        var list: [(name: String, key: Node, value: Node)] = []
        subscript(_ name: String) -> Node? { list.first { $0.name == name }?.value }
    }

    /// - Parameter allowed: the names that may stand there; `nil`: any.
    mutating func mapping(_ node: Node, _ what: String, allowed: [String]?) -> Members {
        var members = Members()
        guard case .mapping(let mapping) = node else {
            problem(node, "\(what) must be a list of names, each with what belongs to it")
            return members
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string, !name.isEmpty else {
                problem(key, "\(what) has a name that is no word")
                continue
            }
            if let allowed, !allowed.contains(name) {
                problem(key, "\(what) knows no `\(name)`; it knows \(allowed.joined(separator: ", "))")
            } else {
                members.list.append((name, key, value))
            }
        }
        return members
    }

    /// A word or a sentence.
    mutating func text(_ node: Node?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, text.contains(where: { !$0.isWhitespace }),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else {
            problem(node, "\(what) must be a word or a sentence")
            return nil
        }
        return text
    }

    /// One word or several, each with its node.
    mutating func words(_ node: Node?, _ what: String) -> [(text: String, node: Node)] {
        guard let node else { return [] }
        guard case .sequence(let sequence) = node else { return text(node, what).map { [($0, node)] } ?? [] }
        var words: [(text: String, node: Node)] = []
        var seen: Set<String> = []
        for element in sequence {
            guard let word = text(element, what) else { continue }
            if !seen.insert(word).inserted { problem(element, "\(what) has `\(word)` twice") }
            words.append((word, element))
        }
        if words.isEmpty { problem(node, "\(what) must not be empty") }
        return words
    }

    // MARK: - who and when

    private mutating func head(_ members: Members, _ draft: inout PolicyDraft) {
        draft.name = text(members["policy"], "`policy`") ?? ""
        draft.receivers = words(members["receivers"], "`receivers`").map(\.text)
        draft.jurisdiction = text(members["jurisdiction"], "`jurisdiction`") ?? draft.receivers.first ?? ""
        let slug = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        let names =
            [("policy", draft.name), ("jurisdiction", draft.jurisdiction)] + draft.receivers.map { ("receivers", $0) }
        for (key, name) in names where !name.allSatisfy(slug.contains) {
            problem(members[key] ?? members["receivers"], "`\(name)` must be lower-case letters, digits and hyphens")
        }
        if let text = text(members["in force from"], "`in force from`") {
            if let date = CivilDate(text) {
                draft.inForceFrom = date
            } else {
                problem(members["in force from"], "`in force from` must be a date such as 2019-12-19")
            }
        }
        if let text = text(members["time zone"], "`time zone`") {
            if let zone = TimeZoneName(text) {
                draft.timeZone = zone
            } else {
                problem(members["time zone"], "`time zone` must be an IANA name such as America/New_York")
            }
        }
        if let text = text(members["status"], "`status`") {
            if let status = PolicyDocument.Status(rawValue: text) {
                draft.status = status
            } else {
                problem(members["status"], "`status` is draft or approved")
            }
        }
        let approver = text(members["approved by"], "`approved by`")
        let isNobody = approver.map { ["~", "null"].contains($0) || $0.lowercased().hasPrefix("nobody") } ?? true
        draft.approvedBy = isNobody ? nil : approver
        draft.notKnown = words(members["not known"], "`not known`").map(\.text)
    }

    private mutating func law(_ node: Node?) -> [Citation] {
        guard let node else { return [] }
        return mapping(node, "`law`", allowed: nil).list.compactMap { name, key, value in
            let members = mapping(value, "law `\(name)`", allowed: ["cite", "quote", "reported"])
            let quote = text(members["quote"], "law `\(name)`, `quote`")
            let reported = text(members["reported"], "law `\(name)`, `reported`")
            if (quote == nil) == (reported == nil) {
                problem(key, "law `\(name)` needs either `quote`, where its words are known, or `reported`")
            }
            guard let cite = text(members["cite"], "law `\(name)`, `cite`") else {
                problem(key, "law `\(name)` lacks `cite`")
                return nil
            }
            return Citation(key: name, mark: Self.mark(key), cite: cite, quote: quote, reported: reported)
        }
    }

    private mutating func facts(_ node: Node?) -> [FactDeclaration] {
        guard let node else { return [] }
        let known = WorldFact.allCases.map(\.name)
        return mapping(node, "`facts`", allowed: known).list.compactMap { name, key, value in
            guard let fact = WorldFact(name: name) else { return nil }
            checkType(fact, value)
            return FactDeclaration(fact: fact, mark: Self.mark(key))
        }
    }

    private mutating func checkType(_ fact: WorldFact, _ node: Node) {
        let expected: String
        let isRight: Bool
        switch fact.type {
        case .word(let all):
            expected = "[\(all.joined(separator: ", "))]"
            isRight = node.sequence != nil && Set(words(node, "fact `\(fact.name)`").map(\.text)) == Set(all)
        case .anyOf(let all):
            expected = "{any of: [\(all.joined(separator: ", "))]}"
            let list = node.mapping.flatMap { $0.count == 1 ? $0["any of"] : nil }
            isRight = Set(words(list, "fact `\(fact.name)`").map(\.text)) == Set(all)
        case .date:
            expected = "date"
            isRight = node.scalar?.string == expected
        case .wholeNumber:
            expected = "whole number"
            isRight = node.scalar?.string == expected
        }
        if !isRight { problem(node, "fact `\(fact.name)` must be: \(expected)") }
    }

    // MARK: - rows

    private mutating func table(_ name: String, _ node: Node, _ draft: PolicyDraft) -> Table {
        var table = Table(name: name, mark: Self.mark(node), rows: [])
        var tableLaw: [String] = []
        var citesForAll = false
        for (key, keyNode, value) in mapping(node, "table `\(name)`", allowed: nil).list {
            if key == "law" {
                tableLaw = citations(value, draft)
                citesForAll = true
            } else {
                place = "row \(key)"
                if let row = row(key, keyNode, value, of: name, draft) { table.rows.append(row) }
                place = nil
            }
        }
        if table.rows.count > Self.maximumRows {
            problem(node, "table `\(name)` has more than \(Self.maximumRows) rows")
            table.rows = []
        }
        for position in table.rows.indices where table.rows[position].law.isEmpty {
            table.rows[position].law = tableLaw
        }
        for row in table.rows { checkReferences(row, table, citesSomething: citesForAll) }
        return table
    }

    private mutating func checkReferences(_ row: Row, _ table: Table, citesSomething: Bool) {
        func add(_ explanation: String) -> PolicyProblem {
            PolicyProblem(
                file: file, line: row.mark.line, column: row.mark.column, row: "row \(row.id)", explanation: explanation
            )
        }
        if row.law.isEmpty, !citesSomething { problems.append(add("cites no law: give it, or its table, a `law`")) }
        var seen = [row.id]
        var next = row.exceptionTo
        while let base = next {
            if seen.contains(base) {
                problems.append(add("is an exception to itself: \((seen + [base]).joined(separator: " to "))"))
                return
            }
            guard let found = table.rows.first(where: { $0.id == base }) else {
                problems.append(add("is an exception to \(base), which is no row of table `\(table.name)`"))
                return
            }
            seen.append(base)
            next = found.exceptionTo
        }
    }

    private mutating func citations(_ node: Node?, _ draft: PolicyDraft) -> [String] {
        words(node, "`law`").compactMap { key, node in
            if draft.law.contains(where: { $0.key == key }) { return key }
            problem(node, "cites `\(key)`, which is not among the `law` at the top")
            return nil
        }
    }

    private mutating func row(
        _ id: String, _ key: Node, _ node: Node, of table: String, _ draft: PolicyDraft
    ) -> Row? {
        let members = mapping(node, "a row", allowed: ["exception to", "when", "answer", "to", "because", "law"])
        for needed in ["when", "answer", "because"] where members[needed] == nil { problem(key, "lacks `\(needed)`") }
        let role = text(members["to"], "`to`")
        let answer = text(members["answer"], "`answer`") ?? ""
        if let node = members["answer"] { checkAnswer(answer, role, node, of: table) }
        return Row(
            id: id, mark: Self.mark(key), exceptionTo: text(members["exception to"], "`exception to`"),
            conditions: conditions(members["when"], draft), answer: answer, role: role,
            because: text(members["because"], "`because`") ?? "", law: citations(members["law"], draft))
    }

    private mutating func checkAnswer(_ answer: String, _ role: String?, _ node: Node, of table: String) {
        if table == Self.tableNames[3] {
            if !Self.reportLines.contains(answer) {
                problem(node, "`\(answer)` is no line of the report: \(Self.reportLines.joined(separator: " or "))")
            }
            if role != nil { problem(node, "a line of the report goes to nobody: take `to` out") }
        } else if let kind = AnswerKind(rawValue: answer) {
            if kind == .refer, role == nil { problem(node, "`refer` needs `to`: the human role that it goes to") }
            if kind != .refer, role != nil { problem(node, "only `refer` goes `to` somebody") }
        } else {
            problem(node, "answers `\(answer)`: software answers decline, refer or not_asked and nothing else")
        }
    }

    private mutating func duties(_ node: Node?, _ draft: PolicyDraft) -> [Duty] {
        guard let node else { return [] }
        return mapping(node, "`duties`", allowed: nil).list.map { name, key, value in
            place = "duty \(name)"
            defer { place = nil }
            let members = mapping(value, "a duty", allowed: ["when", "do", "law"])
            for needed in ["when", "do", "law"] where members[needed] == nil { problem(key, "lacks `\(needed)`") }
            return Duty(
                id: name, mark: Self.mark(key), conditions: conditions(members["when"], draft),
                text: text(members["do"], "`do`") ?? "", law: citations(members["law"], draft))
        }
    }

    private mutating func checkNames(_ draft: PolicyDraft) {
        var names: Set<String> = []
        let all = draft.tables.flatMap { $0.rows.map { ($0.id, $0.mark) } } + draft.duties.map { ($0.id, $0.mark) }
        for (name, mark) in all where !names.insert(name).inserted {
            problems.append(
                PolicyProblem(
                    file: file, line: mark.line, column: mark.column, row: "row \(name)",
                    explanation: "has the name of another row: give it one of its own"))
        }
    }

    // MARK: - conditions and examples

    private mutating func conditions(_ node: Node?, _ draft: PolicyDraft) -> [Condition] {
        guard let node, node.scalar?.string != "always" else { return [] }
        let members = mapping(node, "`when`", allowed: draft.facts.map(\.name))
        if let mapping = node.mapping, mapping.isEmpty { problem(node, "says nothing: write `always`, or some facts") }
        return members.list.compactMap { name, key, value in
            guard let fact = draft.facts.firstIndex(where: { $0.name == name }) else { return nil }
            let reader = AlternativeReader(declaration: draft.facts[fact])
            let alternatives = words(value, "`\(name)`").compactMap { text, node in
                let alternative = reader.read(text)
                if alternative == nil { problem(node, reader.explanation) }
                return alternative
            }
            return Condition(fact: fact, alternatives: alternatives, mark: Self.mark(value))
        }
    }

    private mutating func examples(_ node: Node?, _ draft: PolicyDraft) -> [Example] {
        guard let node else { return [] }
        return mapping(node, "`examples`", allowed: nil).list.map { name, key, value in
            place = "example `\(name)`"
            defer { place = nil }
            let members = mapping(value, "an example", allowed: ["given", "expect"])
            for needed in ["given", "expect"] where members[needed] == nil { problem(key, "lacks `\(needed)`") }
            let expect = words(members["expect"], "`expect`")
            return Example(
                name: name, mark: Self.mark(key), given: given(members["given"], draft), expect: expect.map(\.text))
        }
    }

    private mutating func given(_ node: Node?, _ draft: PolicyDraft) -> [FactValue] {
        var values = [FactValue?](repeating: nil, count: draft.facts.count)
        var members = Members()
        if let node { members = mapping(node, "`given`", allowed: draft.facts.map(\.name)) }
        for (name, _, value) in members.list {
            guard let fact = draft.facts.firstIndex(where: { $0.name == name }) else { continue }
            let type = draft.facts[fact].type
            let read: FactValue?
            if value.sequence != nil {
                read = type.anyOf(words(value, "`\(name)`").map(\.text))
            } else {
                read = text(value, "`\(name)`").flatMap(type.value)
            }
            if let read { values[fact] = read } else { problem(value, "this is no value of `\(name)`") }
        }
        return WorldFact.completed(values, of: draft.facts.map(\.fact))
    }
}
