/// The members of the contracts as tables for people, in Markdown.
public enum ContractReference {
    /// The file `config/schemas/README.md`.
    public static func text(asyncAPI: String) -> String {
        var lines = [
            "# The contracts", "",
            "Made by `detainer intake schema`; [docs/intake.md](../../docs/intake.md) tells how they are used.", "",
            "| file | what it is |", "| --- | --- |",
        ]
        for contract in Contract.all {
            lines.append("| [\(contract.fileName)](\(contract.fileName)) | `\(contract.name)`: \(contract.summary) |")
        }
        lines += [
            "| [\(asyncAPI)](\(asyncAPI)) | AsyncAPI 3: exchanges, queues, headers, limits, what is refused and how |",
            "", "What a schema cannot say, `\(JSONSchema.unspoken)` in it says:", "",
        ]
        lines += UnspokenRule.allCases.map { "- **\($0.rawValue)**: \($0.sentence)." }
        lines += [
            "",
            "A **name** is lower-case letters, digits and hyphens. A **date** is a day of the calendar, such as "
                + "`2025-12-31`. A **time** is a date, or a date and time with an offset (RFC 3339), such as "
                + "`2025-12-31T23:50:00-05:00`. **Text** is not empty and holds no control characters. Bounds are bytes "
                + "of UTF-8.",
        ]
        for contract in Contract.all {
            lines += ["", "## \(contract.title): `\(contract.name)`", "", contract.summary, ""]
            if contract.shape.isOpen {
                lines += ["A later version may add members: leave alone what you do not know.", ""]
            }
            lines += ["| member | type | required | what it is |", "| --- | --- | --- | --- |"]
            lines += rows(of: contract.shape, prefix: "")
        }
        lines += [
            "", "## What is refused", "",
            "A message that is refused becomes a dead letter; nothing of it is recorded or counted until it is mended.",
            "",
            "| reason | when | who mends it |", "| --- | --- | --- |",
        ]
        lines += DeadLetterReason.allCases.map {
            "| `\($0.rawValue)` | \($0.meaning) | \($0.isForSender ? "the sender" : "operations") |"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func rows(of object: ObjectShape, prefix: String) -> [String] {
        var rows: [String] = []
        for member in object.members {
            let name = prefix + member.name
            let condition = condition(of: member.name, in: object.rules)
            let required = member.isRequired ? "yes" : condition ?? ""
            rows.append("| `\(name)` | \(type(of: member.shape)) | \(required) | \(member.summary) |")
            switch member.shape {
            case .object(let inner): rows += Self.rows(of: inner, prefix: name + ".")
            case .list(.object(let inner), _): rows += Self.rows(of: inner, prefix: name + "[].")
            default: break
            }
        }
        for case .variants(let name, let selector, let variants, let summary) in object.rules {
            rows.append("| `\(prefix)\(name)` | object | where a member of it is | \(summary) |")
            for variant in variants {
                let inner = Self.rows(of: variant.shape, prefix: prefix + name + ".")
                let head = "| | *where `\(selector)` is `\(variant.word)`:*"
                rows.append(inner.isEmpty ? head + " no member | | |" : head + " | | |")
                rows += inner
            }
        }
        return rows
    }

    private static func condition(of name: String, in rules: [ObjectShape.Rule]) -> String? {
        for rule in rules {
            switch rule {
            case .required(name, let conditions, let word, _):
                return "where " + conditions.map { "`\($0)`" }.joined(separator: " or ") + " is `\(word)`"
            case .oneOf(let names, _) where names.contains(name):
                return "one of " + names.map { "`\($0)`" }.joined(separator: ", ")
            case .above(name, let number, let smallest, _, _):
                return "where `\(number)` is above \(smallest), and only there"
            default: continue
            }
        }
        return nil
    }

    private static func type(of shape: Shape) -> String {
        switch shape {
        case .constant(let text): "`\(text)`"
        case .text(let maximum): "text, at most \(maximum) bytes"
        case .name(let maximum): "name, at most \(maximum) bytes"
        case .uuid: "UUID"
        case .date: "date"
        case .moment: "time"
        case .digest: "`sha-256:` and 64 lower-case hexadecimal digits"
        case .number(let range):
            range.upperBound == .max
                ? "whole number from \(range.lowerBound)" : "whole number, \(range.lowerBound) to \(range.upperBound)"
        case .word(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .words(let words): "list of different ones of " + words.map { "`\($0)`" }.joined(separator: ", ")
        case .list(_, let maximum): "list of objects, at most \(maximum)"
        case .object: "object"
        case .pattern(_, let says): says
        }
    }
}
