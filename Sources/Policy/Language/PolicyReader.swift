import Detainers
import Yams

/// Reads a policy file: YAML 1.2, where a bare `no` is a word, into tables; strict about every key.
struct PolicyReader {
    let file: String

    static let tableNames = ["hold", "transfer", "notify", "report line"]

    func error(_ node: Node?, _ explanation: String) -> PolicyError {
        PolicyError(file: file, line: node?.mark?.line, explanation: explanation)
    }

    func root(_ text: String) throws(PolicyError) -> [(key: String, value: Node)] {
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch let error as YamlError {
            throw PolicyError(file: file, explanation: "is not YAML: \(error)")
        } catch {
            throw PolicyError(file: file, explanation: "is not YAML")
        }
        guard let node else { throw PolicyError(file: file, explanation: "is empty") }
        return try mapping(node, "the policy", allowed: nil)
    }

    /// The members of a mapping, each key once and, where a list is given, each key in it.
    func mapping(_ node: Node, _ what: String, allowed: [String]?) throws(PolicyError) -> [(key: String, value: Node)] {
        guard case .mapping(let mapping) = node else { throw error(node, "\(what) must be a mapping") }
        var members: [(key: String, value: Node)] = []
        for (key, value) in mapping {
            guard let name = key.string else { throw error(key, "\(what) has a key that is no word") }
            if members.contains(where: { $0.key == name }) { throw error(key, "\(what) has `\(name)` twice") }
            if let allowed, !allowed.contains(name) {
                throw error(key, "\(what) has an unknown key `\(name)`; known are \(allowed.joined(separator: ", "))")
            }
            members.append((name, value))
        }
        return members
    }

    func text(_ node: Node, _ what: String) throws(PolicyError) -> String {
        guard let text = node.scalar?.string, !text.isEmpty else {
            throw error(node, "\(what) must be a word or a sentence")
        }
        return text
    }

    /// One word, or a list of different words.
    func words(_ node: Node, _ what: String) throws(PolicyError) -> [String] {
        guard case .sequence(let sequence) = node else { return [try text(node, what)] }
        var words: [String] = []
        for element in sequence {
            let word = try text(element, what)
            if words.contains(word) { throw error(element, "\(what) has `\(word)` twice") }
            words.append(word)
        }
        return words
    }

    func law(_ node: Node) throws(PolicyError) -> [String: Citation] {
        var law: [String: Citation] = [:]
        for (key, value) in try mapping(node, "law", allowed: nil) {
            let members = try mapping(value, "law `\(key)`", allowed: ["cite", "quote", "reported"])
            func member(_ name: String) throws(PolicyError) -> String? {
                guard let node = members.first(where: { $0.key == name })?.value else { return nil }
                return try text(node, "law `\(key)`, `\(name)`")
            }
            guard let cite = try member("cite") else { throw error(value, "law `\(key)` lacks `cite`") }
            let quote = try member("quote")
            let reported = try member("reported")
            guard (quote == nil) != (reported == nil) else {
                throw error(value, "law `\(key)` needs either `quote`, where its words are known, or `reported`")
            }
            law[key] = Citation(cite: cite, quote: quote, reported: reported)
        }
        return law
    }

    func facts(_ node: Node) throws(PolicyError) -> [FactDeclaration] {
        var declarations: [FactDeclaration] = []
        for (name, value) in try mapping(node, "facts", allowed: FactsOfRequest.names) {
            let values = try words(value, "fact `\(name)`")
            if values.contains(FactDeclaration.unknown) {
                throw error(value, "every fact may be unknown: leave it out")
            }
            let known = FactsOfRequest.values(of: name)
            guard Set(values) == Set(known) else {
                throw error(value, "fact `\(name)` must have the values \(known.joined(separator: ", "))")
            }
            declarations.append(FactDeclaration(name: name, values: values))
        }
        return declarations
    }

    func table(
        _ name: String, _ node: Node, facts: [FactDeclaration], law: [String: Citation]
    ) throws(PolicyError) -> Table {
        var rows: [Row] = []
        var tableLaw: [String] = []
        for (key, value) in try mapping(node, "table `\(name)`", allowed: nil) {
            if key == "law" {
                tableLaw = try citations(value, law)
            } else {
                rows.append(try row(key, value, table: name, facts: facts, law: law))
            }
        }
        for position in rows.indices where rows[position].law.isEmpty { rows[position].law = tableLaw }
        for row in rows {
            if row.law.isEmpty {
                throw PolicyError(file: file, line: row.line, explanation: "row \(row.id) cites no law")
            }
            guard let base = row.exceptionTo else { continue }
            guard base != row.id, rows.contains(where: { $0.id == base }) else {
                throw PolicyError(
                    file: file, line: row.line,
                    explanation: "row \(row.id) is an exception to \(base), which is no other row here")
            }
        }
        return Table(name: name, line: node.mark?.line ?? 0, rows: rows)
    }

    private func citations(_ node: Node, _ law: [String: Citation]) throws(PolicyError) -> [String] {
        let keys = try words(node, "law")
        for key in keys where law[key] == nil { throw error(node, "`\(key)` is not in `law`") }
        return keys
    }

    private func row(
        _ id: String, _ node: Node, table: String, facts: [FactDeclaration], law: [String: Citation]
    ) throws(PolicyError) -> Row {
        let members = try mapping(
            node, "row \(id)", allowed: ["exception to", "when", "answer", "to", "because", "law"])
        func member(_ name: String) -> Node? { members.first { $0.key == name }?.value }
        guard let answerNode = member("answer"), let because = member("because"), let when = member("when") else {
            throw error(node, "row \(id) needs `when`, `answer` and `because`")
        }
        let answer = try text(answerNode, "row \(id), `answer`")
        let role = try member("to").map { role throws(PolicyError) in try text(role, "row \(id), `to`") }
        if table != "report line" {
            guard let kind = AnswerKind(rawValue: answer) else {
                throw error(
                    answerNode,
                    "row \(id) answers `\(answer)`: software answers decline, refer or not_asked and nothing else")
            }
            if (kind == .refer) != (role != nil) { throw error(node, "row \(id): `refer` and `to` go together") }
        } else if role != nil {
            throw error(node, "row \(id): a report line goes to nobody")
        }
        var conditions: [Row.Condition] = []
        for (fact, value) in try mapping(when, "row \(id), `when`", allowed: facts.map(\.name)) {
            let values = try words(value, "row \(id), `\(fact)`")
            let domain = facts.first { $0.name == fact }?.domain ?? []
            for word in values where !domain.contains(word) {
                throw error(value, "row \(id): `\(fact)` is never `\(word)`")
            }
            conditions.append(Row.Condition(fact: fact, values: values))
        }
        return Row(
            id: id, line: node.mark?.line ?? 0,
            exceptionTo: try member("exception to").map { base throws(PolicyError) in try text(base, "row \(id)") },
            conditions: conditions, answer: answer, role: role, because: try text(because, "row \(id), `because`"),
            law: try member("law").map { node throws(PolicyError) in try citations(node, law) } ?? [])
    }

    func examples(_ node: Node, facts: [FactDeclaration]) throws(PolicyError) -> [Example] {
        var examples: [Example] = []
        for (name, value) in try mapping(node, "examples", allowed: nil) {
            let members = try mapping(value, "example `\(name)`", allowed: ["given", "expect"])
            guard let given = members.first(where: { $0.key == "given" })?.value,
                let expect = members.first(where: { $0.key == "expect" })?.value
            else { throw error(value, "example `\(name)` needs `given` and `expect`") }
            var values: FactValues = [:]
            for (fact, word) in try mapping(given, "example `\(name)`", allowed: facts.map(\.name)) {
                let text = try text(word, "example `\(name)`, `\(fact)`")
                guard facts.first(where: { $0.name == fact })?.domain.contains(text) == true else {
                    throw error(word, "example `\(name)`: `\(fact)` is never `\(text)`")
                }
                values[fact] = text
            }
            examples.append(
                Example(name: name, line: value.mark?.line ?? 0, given: values, expect: try words(expect, "`expect`")))
        }
        return examples
    }
}

/// A piece of law: quoted where its words are known, else marked as reported.
struct Citation: Sendable, Equatable {
    var cite: String
    var quote: String?
    var reported: String?
}

/// A case that the policy's author worked out by hand: these facts, these rows.
struct Example: Sendable, Equatable {
    var name: String
    var line: Int
    var given: FactValues
    var expect: [String]
}
